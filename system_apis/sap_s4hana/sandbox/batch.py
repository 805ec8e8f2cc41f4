"""`$batch` of a service: 202 in V2, where each part stands for itself; 200 in V4, which ends with the first that fails.

A change set of which one part fails is answered by that part alone. Some services take one operation in a change set
and refuse more: `single_change_services` names them. What SAP answers to that, and to a body that is no batch, is
unverified: `change_set_of_one` and `batch_malformed` are a status and a code.
"""

from collections.abc import Callable
from typing import Any, Final

from litestar import Request

from foundation.sandbox import Answer, Box, Refused, answer, odata_batch
from system_apis.sap_s4hana.sandbox.errors import error

ONLY_ONE: Final = "Default changeset implementation allows only one operation"
_PASSED: Final = ("authorization", "host", "cookie", "x-csrf-token")
"""Of the whole, each of its calls has these: a token is asked of the batch alone."""
_SHOWN: Final = {
    "location": "Location",
    "etag": "etag",
    "retry-after": "Retry-After",
    "dataserviceversion": "DataServiceVersion",
    "odata-version": "OData-Version",
}

AnyRequest = Request[Any, Any, Any]


async def v2(box: Box, request: AnyRequest, service: str) -> Answer:
    """Every part is answered, whatever became of the others."""
    rules = _rules(box, writes_alone=False, many=_only_one(box, service))
    return await _answered(box, request, rules, 202, {"DataServiceVersion": "2.0"}, going_on=True)


async def v4(box: Box, request: AnyRequest) -> Answer:
    """Parts are answered until one fails, unless the caller prefers to go on."""
    going_on = "odata.continue-on-error" in request.headers.get("prefer", "")
    return await _answered(box, request, _rules(box), 200, {"OData-Version": "4.0"}, going_on=going_on)


async def _answered(
    box: Box, request: AnyRequest, rules: odata_batch.Rules, status: int, headers: dict[str, str], *, going_on: bool
) -> Answer:
    if request.method != "POST":
        raise Refused(error(405, "/IWFND/CM_COS/069", "Method not allowed"))
    parts = odata_batch.read(rules, request.headers.get("Content-Type", ""), await request.body())
    content, kind, _ = await odata_batch.play(box, request, rules, parts, going_on=going_on)
    return answer(status, content, headers, media_type=kind)


def _rules(
    box: Box, *, writes_alone: bool = True, many: Callable[[list[odata_batch.Call]], Answer | None] = lambda _: None
) -> odata_batch.Rules:
    def malformed(words: str) -> Exception:
        status, code = box.option("batch_malformed")
        return Refused(error(status, code, f"The request could not be understood due to malformed syntax: {words}"))

    return odata_batch.Rules(
        malformed=malformed, shown=_SHOWN, made_at="location", passed=_PASSED, writes_alone=writes_alone, many=many
    )


def _only_one(box: Box, service: str) -> Callable[[list[odata_batch.Call]], Answer | None]:
    def many(calls: list[odata_batch.Call]) -> Answer | None:
        if len(calls) < 2 or service not in box.option("single_change_services"):
            return None
        status, code = box.option("change_set_of_one")
        return error(status, code, ONLY_ONE)

    return many
