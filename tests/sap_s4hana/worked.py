"""What people do in SAP beside us: time they enter, and what is blocked for it."""

from foundation.sandbox import Box
from system_apis.sap_s4hana.sandbox.schema import SETS
from system_apis.sap_s4hana.sandbox.writing import create, id_of


def element_of(box: Box, ref: str) -> str:
    """The id of the element that is a task of ours."""
    (found,) = box.store.find("A_EnterpriseProjectElement", YY1_TGRef_PPE=ref)
    return str(found["ProjectElement"])


def worked(box: Box, ref: str) -> str:
    """Somebody's day on a task; the record's key. Refused as SAP refuses it."""
    who = box.store.find("ZTG_Worker", CompanyCode="1010")[0]["PersonWorkAgreementExternalID"]
    data = {"WBSElement": element_of(box, ref), "ActivityType": "T001", "RecordedHours": "8.00"}
    entry = {"PersonWorkAgreementExternalID": who, "CompanyCode": "1010", "TimeSheetDate": "2027-01-11T00:00:00"}
    entry |= {"TimeSheetIsReleasedOnSave": True, "TimeSheetOperation": "C", "TimeSheetDataFields": data}
    return id_of(SETS["TimeSheetEntryCollection"], create(box, SETS["TimeSheetEntryCollection"], entry))


def blocked(box: Box) -> dict[str, bool]:
    """Element to whether it is blocked for time by itself."""
    return {
        each["ProjectElement"]: bool(
            (box.store.get("A_EntProjElmntBlockFunc", each["ProjectElementUUID"]) or {}).get("EntProjTimeRecgIsBlkd")
        )
        for each in box.store.all("A_EnterpriseProjectElement")
    }
