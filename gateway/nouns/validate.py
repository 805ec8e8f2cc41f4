"""`validate: {request: enforce}`: the body is checked against the contract before anything is done with it.

The tier decodes strictly too. So where it is in this process nothing is checked twice; in front of a tier elsewhere, or
of an upstream, a bad body is refused here, and the way there is saved.
"""

from collections.abc import Awaitable
from typing import Any, Literal

import msgspec

from canonical.faults import Invalid, Malformed
from canonical.ports import Raw
from foundation.api import PageOperation
from foundation.schemas import decode
from gateway.call import Call, Http
from gateway.noun import Noun, Rule, Site
from gateway.refusals import UnsupportedMedia


class Validate(msgspec.Struct, frozen=True, kw_only=True):
    """What is checked."""

    request: Literal["enforce", "off"] = "enforce"


class RequestBody(Rule):
    """The body of one operation."""

    refuses = (UnsupportedMedia, Malformed, Invalid)

    def __init__(self, where: str, body: Any) -> None:
        super().__init__(where)
        self._body = body

    def admit(self, call: Call) -> Awaitable[None] | None:
        return self._check(call, call.http) if call.http is not None else None

    async def _check(self, call: Call, http: Http) -> None:
        raw = await call.read_body()
        media = http.headers.get("content-type", "").partition(";")[0].strip().lower()
        if raw and media != "application/json":
            raise UnsupportedMedia(f"The body is {media or 'of no media type'}; send application/json.")
        coding = http.headers.get("content-encoding", "identity").strip().lower()
        if raw and coding != "identity":
            raise UnsupportedMedia(f"The body is coded as {coding}; send it as it is.", accept_encoding="identity")
        if call.governed.upstream or not call.served_here:
            decode(raw, self._body)


def build(site: Site) -> Rule | None:
    """Only for an operation whose body has a contract."""
    said: Validate = site.said("validate") or Validate()
    operation = site.operation
    if isinstance(operation, PageOperation) or operation.body in (None, Raw) or said.request == "off":
        return None
    return RequestBody(site.where("validate"), operation.body)


NOUN = Noun(name="validate", stage="validate", build=build, operation=Validate, default="{request: enforce}")
