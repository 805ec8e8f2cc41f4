"""How far a project or an element is moves by an action of its service, and by nothing else.

Released, a project takes its elements along; one made later waits to be released, unless `elements_follow` says that it
has the status of its project: which of the two a tenant does is unverified.
"""

from collections.abc import Mapping
from typing import Final

from foundation.sandbox import Box, Record
from system_apis.sap_s4hana.sandbox.errors import no_such_key, precondition_failed, precondition_required, refused
from system_apis.sap_s4hana.sandbox.project_rules import ELEMENTS
from system_apis.sap_s4hana.sandbox.schema import SETS
from system_apis.sap_s4hana.sandbox.showing import etag_of
from system_apis.sap_s4hana.sandbox.writing import stamp

ACTIONS: Final = {
    "ChangeEntProjProcgStatus": ("A_EnterpriseProject", "ProjectUUID"),
    "ChangeEntProjElmntProcgStatus": (ELEMENTS, "ProjectElementUUID"),
}
_STATUSES: Final = ("00", "10", "20", "40")


def acted(box: Box, action: str, said: Mapping[str, str], if_match: str | None) -> tuple[str, Record]:
    """What was moved: its entity set, and what it is now."""
    kind, key = ACTIONS[action]
    found = box.store.get(kind, said.get(key, "").removeprefix("guid").strip("'"))
    if found is None:
        raise no_such_key(SETS[kind].type)
    if SETS[kind].versioned and if_match is None:
        raise precondition_required()
    if SETS[kind].versioned and if_match not in ("*", etag_of(found)):
        raise precondition_failed()
    status = said.get("ProcessingStatus", "").strip("'")
    if status not in _STATUSES:
        raise refused(400, "CJ/118", f"Processing status {status} does not exist", target="ProcessingStatus")
    if kind != ELEMENTS:
        for element in box.store.find(ELEMENTS, ProjectUUID=found["ProjectUUID"]):
            box.store.update(ELEMENTS, element["ProjectElementUUID"], {"ProcessingStatus": status})
    return kind, box.store.update(
        kind, found[key], {"ProcessingStatus": status} | (stamp(box) if SETS[kind].versioned else {})
    )
