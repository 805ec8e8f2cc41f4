"""Our own service of OData V4, as the tenant's developer would have published it: legal entities, periods, workers."""

import re
from typing import Any, Final

from litestar import Request

from foundation.sandbox import Answer, Box, Record, answer
from system_apis.sap_s4hana.sandbox.errors import no_such_segment, refused
from system_apis.sap_s4hana.sandbox.project_rules import WORKERS

PATH: Final = "/sap/opu/odata4/sap/ztg_firm/srvd_a2x/sap/ztg_firm/0001"
KIND: Final = "ZTG_LegalEntity"
PERIODS: Final = "ZTG_Period"
_SETS: Final = {"LegalEntity": KIND, "Worker": WORKERS}
_EQUAL: Final = re.compile(r"(\w+) eq '((?:[^']|'')*)'")

AnyRequest = Request[Any, Any, Any]


def shown(box: Box, request: AnyRequest) -> Answer:
    """The service document, or legal entities: filtered by one property, with their periods where they are expanded."""
    headers, rest = {"OData-Version": "4.0"}, request.scope["path"].removeprefix(PATH).strip("/")
    if not rest:
        sets = [{"name": name, "url": name} for name in _SETS]
        return answer(200, {"@odata.context": "$metadata", "value": sets}, headers)
    if rest not in _SETS:
        raise no_such_segment(rest)
    said = request.query_params
    found = _filtered(box.store.all(_SETS[rest]), said.get("$filter", ""))
    expand = said.get("$expand", "")
    if expand not in ("", "_Period" if rest == "LegalEntity" else ""):
        raise refused(400, "/IWBEP/CM_V4_RUN/012", f"The navigation property '{expand}' is not known")
    at, size = int(said.get("$skiptoken", "0")), int(box.option("page_size"))
    body: Record = {
        "@odata.context": f"$metadata#{rest}",
        "value": [_entity(box, each, expand) for each in found[at : at + size]],
    }
    if said.get("$count") == "true":
        body["@odata.count"] = len(found)
    if at + size < len(found):
        body["@odata.nextLink"] = f"{rest}?$skiptoken={at + size}"
    return answer(200, body, headers)


def _filtered(found: list[Record], text: str) -> list[Record]:
    if not text:
        return found
    match = _EQUAL.fullmatch(text.strip())
    if match is None or match[1] not in found[0]:
        raise refused(400, "/IWBEP/CM_V4_RUN/014", "The filter expression cannot be read", target="$filter")
    return [each for each in found if each[match[1]] == match[2].replace("''", "'")]


def _entity(box: Box, record: Record, expand: str) -> Record:
    shown = {name: value for name, value in record.items() if name != "id"}
    if expand:
        periods = box.store.find(PERIODS, CompanyCode=record["CompanyCode"])
        shown["_Period"] = [{name: value for name, value in each.items() if name != "id"} for each in periods]
    return shown
