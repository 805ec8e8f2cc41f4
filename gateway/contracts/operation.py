"""What the contract says of one operation, compiled: its parameters, its body, and its answers by status."""

from collections.abc import Mapping
from typing import Final

import msgspec

from canonical.faults import Malformed
from foundation.violations import Violation
from gateway.contracts.bodies import Content, picked
from gateway.contracts.parameters import Asked, Parameter, wrong_with
from gateway.refusals import UnsupportedMedia

_NO_CONTENT: Final = (204, 205, 304)


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What may be sent."""

    required: bool
    contents: tuple[Content, ...]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """One header of an answer."""

    name: str
    required: bool
    parameter: Parameter
    """It is read as one."""


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer of one status looks like."""

    contents: tuple[Content, ...]
    headers: tuple[Header, ...]


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of a contract. It holds no state of a call, and may be asked from any thread."""

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: Body | None
    responses: Mapping[str, Response]
    """By status as the contract has it: `200`, `2XX`, `default`."""

    def wrong_parameters(self, path: Mapping[str, str], query: bytes, headers: Mapping[str, str]) -> list[Violation]:
        """What is wrong with the parameters: all of it at once."""
        return list(wrong_with(self.parameters, Asked.of(path, query, headers)))

    def wrong_body(self, raw: bytes, media: str) -> list[Violation]:
        """What is wrong with a request's body. Raises `UnsupportedMedia`, or `Malformed` for one nobody can read."""
        if self.body is None:
            if raw:
                raise Malformed("The operation takes no body.")
            return []
        if not raw:
            missing = Violation(keyword="required", says="is missing: the operation needs a body", seen="nothing")
            return [missing] if self.body.required else []
        content = picked(self.body.contents, media)
        if content is None:
            taken = ", ".join(each.media for each in self.body.contents)
            raise UnsupportedMedia(f"The body is {_bare(media) or 'of no media type'}; send {taken}.")
        return content.wrong_with(raw, sent_to_us=True)

    def response(self, status: int) -> Response | None:
        """What the contract says of a status; None for one it does not have."""
        known = self.responses
        return known.get(str(status)) or known.get(f"{status // 100}XX") or known.get("default")

    def wrong_answer(self, status: int, headers: Mapping[str, str], raw: bytes | None) -> list[Violation]:
        """What is wrong with an answer; `headers` by name in lower case, `raw` None when the body is not looked at.

        The first part of each place is `status`, `header:<name>` or `body`.
        """
        said = self.response(status)
        if said is None:
            known = ", ".join(sorted(self.responses)) or "none"
            says = f"the contract has no answer with status {status}"
            return [Violation(place=("status",), keyword="status", says=says, expected=known, seen=str(status))]
        found = [each for header in said.headers for each in _wrong_header(header, headers)]
        return [*found, *_wrong_content(said, status, headers.get("content-type", ""), raw)]

    def looks_at_body(self, status: int, media: str) -> bool:
        """Whether an answer's body must be had, whole, to know if it is as it should be."""
        said = self.response(status)
        if said is None:
            return False
        content = picked(said.contents, media)
        return content is not None and content.validator is not None


def _wrong_content(said: Response, status: int, media: str, raw: bytes | None) -> list[Violation]:
    place: tuple[str | int, ...] = ("body",)
    if (not raw and (status in _NO_CONTENT or not said.contents)) or (raw is None and not media):
        return []
    content = picked(said.contents, media)
    if content is None:
        expected = ", ".join(each.media for each in said.contents) or "no body"
        seen = _bare(media) or "of no media type"
        says = f"must be {expected}, and is {seen}"
        return [Violation(place=place, keyword="media type", says=says, expected=expected, seen=seen)]
    if raw is None:
        return []
    try:
        found = content.wrong_with(raw, sent_to_us=False)
    except Malformed:
        says = f"cannot be read as {content.media}"
        return [Violation(place=place, keyword="media type", says=says, expected=content.media, seen="unreadable")]
    return [msgspec.structs.replace(each, place=(*place, *each.place)) for each in found]


def _wrong_header(header: Header, headers: Mapping[str, str]) -> list[Violation]:
    place = f"header:{header.name}"
    asked = Asked(path={}, query=[], headers=headers)
    found = wrong_with((header.parameter,), asked)
    return [msgspec.structs.replace(each, place=(place, *each.place[1:])) for each in found]


def _bare(media: str) -> str:
    return media.partition(";")[0].strip().lower()
