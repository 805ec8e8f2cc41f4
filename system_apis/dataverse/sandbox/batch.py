"""`$batch`: several calls in one body (multipart/mixed); those of a change set are done all or not at all.

Calls are done in order. The first that fails ends it, with 400 for the whole, unless `Prefer: odata.continue-on-error`
asks to go on; what was done before it stays done. In a change set `$1` stands for the record that part 1 made.
"""

from typing import Any, Final

from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import KEPT, Answer, Box, answer, odata_batch
from system_apis.dataverse.sandbox.entra import enter
from system_apis.dataverse.sandbox.errors import PAYLOAD, refused

MOST: Final = 1000
"""Calls in one batch."""

AnyRequest = Request[Any, Any, Any]


@route("/api/data/{version:str}/$batch", http_method="POST", status_code=200)
async def batch(box: NamedDependency[Box], version: FromPath[str], request: AnyRequest) -> Answer:
    """Every call of the body, each answered in a part of its own."""
    enter(box)
    parts = odata_batch.read(RULES, request.headers.get("content-type", ""), await request.body())
    going_on = "odata.continue-on-error" in request.headers.get("prefer", "")
    content, kind, ended = await odata_batch.play(box, request, RULES, parts, going_on=going_on)
    return answer(400 if ended else 200, content, {"OData-Version": "4.0", KEPT: "yes"}, media_type=kind)


def _malformed(words: str) -> Exception:
    return refused(400, PAYLOAD, f"Error identified in Payload provided by the user: {words}")


RULES: Final = odata_batch.Rules(
    malformed=_malformed,
    shown={"odata-entityid": "OData-EntityId", "location": "Location", "odata-version": "OData-Version"},
    made_at="odata-entityid",
    most=MOST,
    only_crlf=True,
    in_bodies=True,
)
ROUTES: Final = (batch,)
