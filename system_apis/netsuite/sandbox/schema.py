"""The record types the sandbox knows: fields, what they hold, what is required, which external ids share a space."""

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
    "orderStatus": {"A": "Pending Approval", "B": "Pending Fulfillment", "C": "Cancelled", "H": "Closed"},
    "jobBillingType": {
        "TM": "Time and Materials",
        "FBI": "Fixed Bid, Interval",
        "FBM": "Fixed Bid, Milestone",
        "CB": "Charge-Based",
    },
    "scheduleType": {"STD": "Standard", "FBI": "Fixed Bid, Interval", "FBM": "Fixed Bid, Milestone"},
    "taskStatus": {"NOTSTART": "Not Started", "PROGRESS": "In Progress", "COMPLETE": "Completed"},
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
    },
    "milestone": {"milestoneDate": DATE, "milestoneAmount": NUMBER, "comments": Field("text", length=999)},
    "recurrence": {"recurrenceDate": DATE, "amount": NUMBER},
}
"""The fields of sublist lines and subrecords."""

_ENTITY: Final = {"entityId": CODE, "isInactive": BOOL, "externalId": TEXT, **STAMPS}
_TYPES: Final = (
    RecordType(
        name="customer",
        family="entity",
        fields={
            "companyName": Field("text", length=83, label="Company Name"),
            "isPerson": BOOL,
            "firstName": Field("text", length=32),
            "lastName": Field("text", length=32),
            "email": Field("text", length=254),
            "phone": Field("text", length=32),
            "subsidiary": Field("ref", "subsidiary", label="Subsidiary"),
            "currency": Field("ref", "currency"),
            "terms": Field("ref", "term"),
            "vatRegNumber": Field("text", length=20),
            "creditLimit": NUMBER,
            "creditHoldOverride": Field("enum", "creditHold"),
            "balance": Field("number", read_only=True),
            "entityStatus": Field("enum", "entityStatus"),
            "addressBook": Field("sublist", "addressBook"),
            "custentity_tg_tax_country": TEXT,
            "custentity_tg_tax_scheme": TEXT,
            **_ENTITY,
        },
    ),
    RecordType(
        name="contact",
        family="entity",
        fields={
            "firstName": Field("text", length=32),
            "lastName": Field("text", length=32),
            "company": Field("ref", "customer"),
            "email": Field("text", length=254),
            "phone": Field("text", length=32),
            "title": Field("text", length=99),
            "subsidiary": Field("ref", "subsidiary", label="Subsidiary"),
            **_ENTITY,
        },
    ),
    RecordType(
        name="job",
        family="entity",
        fields={
            "companyName": Field("text", length=83, label="Project Name"),
            "parent": Field("ref", "customer"),
            "subsidiary": Field("ref", "subsidiary", label="Subsidiary"),
            "currency": Field("ref", "currency"),
            "entityStatus": Field("enum", "entityStatus"),
            "jobBillingType": Field("enum", "jobBillingType"),
            "estimatedRevenue": NUMBER,
            "estimatedCost": NUMBER,
            "startDate": DATE,
            "projectedEndDate": DATE,
            "custentity_tg_opportunity": TEXT,
            "custentity_tg_contract": TEXT,
            "custentity_tg_method": TEXT,
            "custentity_tg_pm": TEXT,
            "custentity_tg_practice": TEXT,
            **_ENTITY,
        },
    ),
    RecordType(
        name="projectTask",
        family="activity",
        fields={
            "title": Field("text", length=83, label="Name"),
            "company": Field("ref", "job", label="Project"),
            "startDate": DATE,
            "endDate": DATE,
            "estimatedWork": NUMBER,
            "isMilestone": BOOL,
            "status": Field("enum", "taskStatus"),
            "externalId": TEXT,
            **STAMPS,
        },
    ),
    RecordType(
        name="salesOrder",
        family="transaction",
        sql="transaction",
        fields={
            "tranId": CODE,
            "entity": Field("ref", "customer", label="Customer"),
            "tranDate": DATE,
            "subsidiary": Field("ref", "subsidiary"),
            "currency": Field("ref", "currency"),
            "orderStatus": Field("enum", "orderStatus"),
            "otherRefNum": Field("text", length=45),
            "memo": Field("text", length=999),
            "terms": Field("ref", "term"),
            "startDate": DATE,
            "endDate": DATE,
            "job": Field("ref", "job"),
            "subtotal": Field("number", read_only=True),
            "total": Field("number", read_only=True),
            "item": Field("sublist", "item", label="Item"),
            "custbody_tg_contract": TEXT,
            "custbody_tg_opportunity": TEXT,
            "custbody_tg_method": TEXT,
            "custbody_tg_signed": DATE,
            "externalId": TEXT,
            **STAMPS,
        },
    ),
    RecordType(
        name="billingSchedule",
        family="billingSchedule",
        fields={
            "name": Field("text", length=83, label="Name"),
            "scheduleType": Field("enum", "scheduleType", label="Type"),
            "project": Field("ref", "job"),
            "milestone": Field("sublist", "milestone"),
            "recurrence": Field("sublist", "recurrence"),
            "isInactive": BOOL,
            "externalId": TEXT,
            **STAMPS,
        },
    ),
    RecordType(
        name="subsidiary",
        family="subsidiary",
        read_only=True,
        fields={
            "name": TEXT,
            "legalName": TEXT,
            "country": Field("enum", "country"),
            "currency": Field("ref", "currency"),
            "isInactive": BOOL,
            "externalId": TEXT,
            "custrecord_tg_code": TEXT,
            "custrecord_tg_time_zone": TEXT,
            "custrecord_tg_ic_partners": TEXT,
            **STAMPS,
        },
    ),
    RecordType(
        name="currency",
        family="currency",
        read_only=True,
        fields={"name": TEXT, "symbol": TEXT, "isInactive": BOOL, **STAMPS},
    ),
    RecordType(name="term", family="term", read_only=True, fields={"name": TEXT, "isInactive": BOOL, **STAMPS}),
    RecordType(
        name="serviceSaleItem",
        family="item",
        sql="item",
        read_only=True,
        fields={"itemId": CODE, "displayName": TEXT, "externalId": TEXT, "isInactive": BOOL, **STAMPS},
    ),
    RecordType(
        name="accountingPeriod",
        family="accountingPeriod",
        read_only=True,
        fields={
            "periodName": TEXT,
            "startDate": DATE,
            "endDate": DATE,
            "closed": BOOL,
            "arLocked": BOOL,
            "isYear": BOOL,
            "isQuarter": BOOL,
            "isAdjust": BOOL,
            **STAMPS,
        },
    ),
)
RECORDS: Final = {each.name.lower(): each for each in _TYPES}
"""By lower-case name: NetSuite does not mind the case of a record type in an address."""
TABLES: Final = {each.table: each for each in _TYPES}
