"""`body_max: 256KB`: the largest body an operation takes. A larger one is refused before it is read."""

from typing import Final

from gateway.call import Call
from gateway.noun import Noun, Rule, Site
from gateway.refusals import BodyTooLarge
from gateway.words import Size

DEFAULT: Final = Size(256 * 1024)


class BodyMax(Rule):
    """Refuses by Content-Length at once; a body of unknown length is counted while it is read."""

    refuses = (BodyTooLarge,)

    def __init__(self, where: str, maximum: int) -> None:
        super().__init__(where)
        self.maximum = int(maximum)
        """Bytes."""

    def admit(self, call: Call) -> None:
        headers = call.http.headers if call.http is not None else {}
        length = headers.get("content-length")
        if length is None and "transfer-encoding" not in headers:
            return  # no body comes
        call.body_max, call.body_max_at = self.maximum, self.where
        if length is not None and int(length) > self.maximum:
            raise BodyTooLarge(f"The body has {length} bytes; {self.maximum} are taken.")


def build(site: Site) -> Rule | None:
    """Every operation has one; where nothing is said it is 256 KB."""
    return BodyMax(site.where("body_max"), site.said("body_max") or DEFAULT)


NOUN = Noun(name="body_max", stage="size", build=build, operation=Size, default="256KB")
