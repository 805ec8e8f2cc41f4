"""What a field of a record type may hold: its kinds, the values of lists, the fields of lines."""

from typing import Final, Literal

import msgspec

Kind = Literal["text", "number", "bool", "date", "datetime", "ref", "enum", "sublist", "subrecord"]


class Field(msgspec.Struct, frozen=True):
    """One field. `of` names what a reference points to, a list's values, or the fields of a line."""

    kind: Kind
    of: str = ""
    length: int = 0
    label: str = ""
    """Set for a required field: how the error message calls it."""
    read_only: bool = False


class RecordType(msgspec.Struct, frozen=True, kw_only=True):
    """One record type."""

    name: str
    family: str
    """External ids and internal ids are unique within a family."""
    fields: dict[str, Field]
    sql: str = ""
    """Its SuiteQL table, where that has another name."""
    type: str = ""
    """Of a transaction, what SuiteQL calls its sort."""
    read_only: bool = False

    @property
    def table(self) -> str:
        """Its SuiteQL table."""
        return self.sql or self.name.lower()


TEXT: Final = Field("text", length=4000)
NUMBER: Final = Field("number")
BOOL: Final = Field("bool")
DATE: Final = Field("date")
STAMP: Final = Field("datetime", read_only=True)
STAMPS: Final = {"dateCreated": STAMP, "lastModifiedDate": STAMP}
CODE: Final = Field("text", length=83)

VALUES: Final[dict[str, dict[str, str]]] = {
    "creditHold": {"AUTO": "Auto", "ON": "On", "OFF": "Off"},
    "orderStatus": {
        "A": "Pending Approval",
        "B": "Pending Fulfillment",
        "C": "Cancelled",
        "G": "Billed",
        "H": "Closed",
    },
    "jobBillingType": {
        "TM": "Time and Materials",
        "FBI": "Fixed Bid, Interval",
        "FBM": "Fixed Bid, Milestone",
        "CB": "Charge-Based",
    },
    "scheduleType": {"STD": "Standard", "FBI": "Fixed Bid, Interval", "FBM": "Fixed Bid, Milestone"},
    "approvalStatus": {"1": "Pending Approval", "2": "Approved", "3": "Rejected"},
    "timeApproval": {"1": "Open", "2": "Pending Approval", "3": "Approved", "4": "Rejected"},
    "paymentMethod": {"1": "Bank transfer", "2": "Check"},
    "taskStatus": {"NOTSTART": "Not Started", "PROGRESS": "In Progress", "COMPLETE": "Completed"},
    "constraintType": {"ASAP": "As Soon As Possible", "FIXEDSTART": "Fixed Start"},
    "country": {},
    "entityStatus": {
        "1": "Closed",
        "2": "In Progress",
        "3": "Not Awarded",
        "4": "Pending",
        "5": "Awarded",
        "13": "Closed Won",
    },
}
"""The values of each list; an empty one takes any two capital letters."""

LINES: Final[dict[str, dict[str, Field]]] = {
    "addressBook": {
        "defaultBilling": BOOL,
        "defaultShipping": BOOL,
        "addressBookAddress": Field("subrecord", "address"),
    },
    "address": {
        "addr1": Field("text", length=150),
        "addr2": Field("text", length=150),
        "city": Field("text", length=50),
        "state": Field("text", length=50),
        "zip": Field("text", length=36),
        "country": Field("enum", "country"),
    },
    "item": {
        "item": Field("ref", "serviceSaleItem", label="Item"),
        "quantity": NUMBER,
        "rate": NUMBER,
        "amount": NUMBER,
        "description": Field("text", length=999),
        "isClosed": BOOL,
        "quantityBilled": Field("number", read_only=True),
        "custcol_tg_ref": TEXT,
        "custcol_tg_from": DATE,
        "custcol_tg_to": DATE,
        "custcol_tg_method": TEXT,
        "custcol_tg_nte": NUMBER,
    },
    "billed": {
        "item": Field("ref", "serviceSaleItem", label="Item"),
        "quantity": NUMBER,
        "rate": NUMBER,
        "amount": NUMBER,
        "description": Field("text", length=999),
        "custcol_tg_kind": TEXT,
        "custcol_tg_unit": TEXT,
        "custcol_tg_refs": TEXT,
    },
    "apply": {"doc": Field("ref", "invoice", label="Apply To"), "apply": BOOL, "amount": NUMBER, "disc": NUMBER},
    "expense": {
        "expenseDate": DATE,
        "category": Field("ref", "expenseCategory", label="Category"),
        "amount": NUMBER,
        "currency": Field("ref", "currency"),
        "customer": Field("ref", "job"),
        "isBillable": BOOL,
        "memo": Field("text", length=999),
        "custcol_tg_ref": TEXT,
    },
    "milestone": {"milestoneDate": DATE, "milestoneAmount": NUMBER, "comments": Field("text", length=999)},
    "recurrence": {"recurrenceDate": DATE, "amount": NUMBER},
}
"""The fields of sublist lines and subrecords."""
