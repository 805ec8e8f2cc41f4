"""Time sheets take one `POST` for all: it says whether a record is made, changed or cancelled.

What changes an approved record takes its place, under a number of its own; `time_changed_in_place` keeps the number,
since which of the two a tenant does is unverified.
"""

from typing import Final

from foundation.sandbox import Box, Record
from system_apis.sap_s4hana.sandbox.entity_sets import EntitySet
from system_apis.sap_s4hana.sandbox.errors import refused
from system_apis.sap_s4hana.sandbox.project_rules import APPROVED, CANCELLED, CHANGED
from system_apis.sap_s4hana.sandbox.writing import create, update

_KEYS: Final = ("PersonWorkAgreementExternalID", "CompanyCode", "TimeSheetRecord")


def posted(box: Box, entity_set: EntitySet, body: Record) -> Record:
    """What becomes of a record."""
    operation = body.get("TimeSheetOperation")
    if operation == "C":
        return create(box, entity_set, body)
    id = "|".join(str(body.get(name, "")) for name in _KEYS)
    found = box.store.get(entity_set.name, id)
    if operation not in ("U", "D") or found is None:
        raise refused(400, "LR/104", f"There is no record {id} to which {operation} could be done")
    if operation == "D":
        return box.store.update(entity_set.name, id, {"TimeSheetStatus": CANCELLED})
    if found["TimeSheetStatus"] != APPROVED or box.option("time_changed_in_place"):
        return update(box, entity_set, found, body)
    box.store.update(entity_set.name, id, {"TimeSheetStatus": CHANGED})
    follows = {"TimeSheetRecord": "", "TimeSheetPredecessorRecord": found["TimeSheetRecord"]}
    return create(box, entity_set, body | follows)
