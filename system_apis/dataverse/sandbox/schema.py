"""The tables of the sandbox's organisation: standard ones as far as we use them, and the firm's own columns (`tg_`)."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

ColumnType = Literal[
    "Uniqueidentifier",
    "String",
    "Memo",
    "Money",
    "Decimal",
    "Integer",
    "BigInt",
    "Boolean",
    "DateOnly",
    "DateTime",
    "Picklist",
    "MultiSelectPicklist",
    "State",
    "Status",
    "Lookup",
]
CHOICES: Final = frozenset({"Picklist", "State", "Status"})
NUMBERS: Final = frozenset({"Money", "Decimal", "Integer", "BigInt"})


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a table."""

    name: str
    type: ColumnType
    length: int = 0
    required: bool = False
    """Must be given when a row is made."""
    writable: bool = True
    default: Any = None
    options: Mapping[int, str] = {}
    """The words of a choice."""
    targets: Mapping[str, str] = {}
    """Navigation property -> the table a lookup of it points at. They are case-sensitive."""

    @property
    def wire(self) -> str:
        """Its name in an answer, a filter or an order."""
        return f"_{self.name}_value" if self.type == "Lookup" else self.name


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """One table."""

    name: str
    set: str
    """Its name in addresses."""
    label: str
    """The column people know a row by."""
    columns: Mapping[str, Column]
    keys: tuple[str, ...] = ()
    """Alternate keys."""
    writable: bool = True

    @property
    def key(self) -> str:
        """The primary key."""
        return f"{self.name}id"

    @property
    def navigations(self) -> dict[str, tuple[Column, str]]:
        """Navigation property -> its lookup and the table it leads to."""
        return {name: (column, target) for column in self.columns.values() for name, target in column.targets.items()}


def _text(name: str, length: int = 100, **more: Any) -> Column:
    return Column(name=name, type="String", length=length, **more)


def _of(of_type: ColumnType, *names: str, **more: Any) -> tuple[Column, ...]:
    return tuple(Column(name=name, type=of_type, **more) for name in names)


def _pick(name: str, options: Mapping[int, str], **more: Any) -> Column:
    return Column(name=name, type="Picklist", options=options, **more)


def _states(states: Mapping[int, str], statuses: Mapping[int, str]) -> tuple[Column, Column]:
    return (
        Column(name="statecode", type="State", options=states, default=0),
        Column(name="statuscode", type="Status", options=statuses, default=1),
    )


def _to(name: str, **targets: str) -> Column:
    return Column(name=name, type="Lookup", targets=targets or {name: name.removesuffix("id")})


def _table(name: str, set_name: str, *columns: Column | tuple[Column, ...], label: str = "name", **more: Any) -> Table:
    given: list[Column] = [Column(name=f"{name}id", type="Uniqueidentifier")]
    for column in (*columns, *_SYSTEM):
        given += [column] if isinstance(column, Column) else column
    return Table(name=name, set=set_name, label=label, columns={each.name: each for each in given}, **more)


_SYSTEM: Final = (
    *_of("DateTime", "createdon", "modifiedon", writable=False),
    *_of("BigInt", "versionnumber", writable=False),
    Column(name="ownerid", type="Lookup", targets={"ownerid": "systemuser"}),
)
_CURRENCY: Final = _to("transactioncurrencyid")
ENTITIES: Final = {100000000: "ACME-US", 100000001: "ACME-DE", 100000002: "ACME-IN"}
CONTRACT_TYPES: Final = {
    100000000: "Time and Materials",
    100000001: "Fixed Price",
    100000002: "Milestone",
    100000003: "Retainer",
    100000004: "Managed Service",
    100000005: "Not to Exceed",
}
CONTACT_ROLES: Final = {100000000: "Buyer", 100000001: "Billing", 100000002: "Sponsor", 100000003: "Approver"}
TERMS: Final = {1: "Net 30", 2: "2% 10, Net 30", 3: "Net 45", 4: "Net 60"}
EXCEPTIONS: Final = dict(
    enumerate(
        (
            "paper_checked",
            "master_agreement",
            "overlapping_work",
            "effective_period",
            "retroactive",
            "unbilled_work",
            "at_risk_cap",
            "purchase_order",
            "project_manager_active",
            "contract_dates",
            "rates",
            "second_customer",
        ),
        100000000,
    )
)
"""Rules that only hold a document, or the work under it, up: somebody entitled to may waive them for it."""
AMENDMENT_KINDS: Final = dict(enumerate(("Change", "Renewal", "Termination", "Assignment"), 100000000))
AMENDMENT_STATUSES: Final = dict(enumerate(("Draft", "In Approval Process", "Agreed", "Void"), 100000000))
_ACTIVE: Final = _states({0: "Active", 1: "Inactive"}, {1: "Active", 2: "Inactive"})
_CONTRACT_TYPE: Final = _pick("tg_contracttype", CONTRACT_TYPES)
_LINE: Final = (
    *_of("Integer", "lineitemnumber"),
    _text("productdescription", 500),
    _to("productid"),
    *_of("Decimal", "quantity", required=True),
    *_of("Money", "priceperunit", required=True),
    *_of("Money", "baseamount", "extendedamount", writable=False),
    _text("tg_role"),
)

_DOCUMENT: Final = (
    _text("tg_documenthash", 64),
    _text("tg_signatureenvelope", 80),
    Column(name="tg_approvedexceptions", type="MultiSelectPicklist", options=EXCEPTIONS),
)
_TERMS: Final = (
    _CONTRACT_TYPE,
    *_of("Money", "tg_nottoexceed"),
    *_of("DateOnly", "tg_startson", "tg_endson"),
)

TABLES: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        _table(
            "account",
            "accounts",
            _text("name", 160),
            _text("accountnumber", 20),
            _to("parentaccountid", parentaccountid="account"),
            _to("primarycontactid", primarycontactid="contact"),
            Column(name="masterid", type="Lookup", targets={"masterid": "account"}, writable=False),
            *_of("Boolean", "merged", default=False, writable=False),
            *_of("Boolean", "creditonhold", default=False),
            _text("telephone1", 50),
            _text("emailaddress1"),
            _text("websiteurl", 200),
            *(_text(f"address1_line{number}", 250) for number in (1, 2, 3)),
            *(_text(f"address1_{part}", 80) for part in ("city", "stateorprovince", "postalcode", "country")),
            _pick("paymenttermscode", TERMS),
            _CURRENCY,
            _ACTIVE,
            _text("tg_legalname", 160),
            _text("tg_taxregistration", 40),
            _text("tg_taxscheme", 40),
            _text("tg_taxcountry", 2),
            *_of("Boolean", "tg_porequired", default=False),
            keys=("accountnumber",),
        ),
        _table(
            "contact",
            "contacts",
            _text("firstname", 50),
            _text("lastname", 50),
            _text("fullname", 160, writable=False),
            _text("emailaddress1"),
            _text("telephone1", 50),
            _text("mobilephone", 50),
            _text("jobtitle"),
            _to("parentcustomerid", parentcustomerid_account="account", parentcustomerid_contact="contact"),
            Column(name="masterid", type="Lookup", targets={"masterid": "contact"}, writable=False),
            *_of("Boolean", "merged", default=False, writable=False),
            *_of("Boolean", "donotbulkemail", default=False),
            _ACTIVE,
            _pick("tg_contactrole", CONTACT_ROLES),
            label="fullname",
        ),
        _table(
            "lead",
            "leads",
            _text("companyname", 100),
            _text("firstname", 50),
            _text("lastname", 50),
            _text("fullname", 160, writable=False),
            _text("emailaddress1"),
            _to("parentaccountid", parentaccountid="account"),
            _to("parentcontactid", parentcontactid="contact"),
            Column(name="masterid", type="Lookup", targets={"masterid": "lead"}, writable=False),
            *_of("Boolean", "merged", default=False, writable=False),
            _states({0: "Open", 1: "Qualified", 2: "Disqualified"}, {1: "New", 3: "Qualified", 4: "Lost"}),
            label="fullname",
        ),
        _table(
            "opportunity",
            "opportunities",
            _to("originatingleadid", originatingleadid="lead"),
            _text("name", 300),
            _to("parentaccountid", parentaccountid="account"),
            _to("parentcontactid", parentcontactid="contact"),
            _to("customerid", customerid_account="account", customerid_contact="contact"),
            *_of("Money", "estimatedvalue", "actualvalue"),
            *_of("Boolean", "isrevenuesystemcalculated", default=False),
            *_of("DateOnly", "estimatedclosedate", "actualclosedate"),
            *_of("Integer", "closeprobability"),
            _text("stepname", 200),
            _states({0: "Open", 1: "Won", 2: "Lost"}, {1: "In Progress", 2: "On Hold", 3: "Won", 4: "Canceled"}),
            _CURRENCY,
            _text("tg_legalentity", 20),
            Column(name="tg_deliveryentities", type="MultiSelectPicklist", options=ENTITIES),
            _CONTRACT_TYPE,
            _text("tg_practice"),
            *_of("DateOnly", "tg_expectedstart", "tg_expectedend"),
            _text("tg_projectmanager"),
            _text("tg_ponumber", 80),
            *_of("Integer", "tg_wongeneration", writable=False),
            *_of("DateTime", "tg_wonon", writable=False),
            *(_text(f"tg_{what}", 80) for what in ("projectcode", "erpprojectid", "psaprojectid", "erpcustomerid")),
        ),
        _table(
            "opportunityproduct",
            "opportunityproducts",
            _to("opportunityid", opportunityid="opportunity"),
            _LINE,
            *_of("Money", "manualdiscountamount", "tax"),
            _text("description", 2000),
            *_of("DateOnly", "tg_startson", "tg_endson"),
            label="productdescription",
        ),
        _table(
            "quote",
            "quotes",
            _text("name", 300),
            _text("quotenumber"),
            *_of("Integer", "revisionnumber", default=0, writable=False),
            _to("opportunityid", opportunityid="opportunity"),
            _to("customerid", customerid_account="account", customerid_contact="contact"),
            *_of("DateOnly", "effectivefrom", "effectiveto"),
            *_of("Money", "totalamount", writable=False),
            _states(
                {0: "Draft", 1: "Active", 2: "Won", 3: "Closed"},
                {1: "In Progress", 2: "In Progress", 3: "Open", 4: "Won", 5: "Lost", 6: "Canceled", 7: "Revised"},
            ),
            _CURRENCY,
            *_of("DateOnly", "tg_signedon"),
            _text("tg_signatureenvelope"),
            *_of("Boolean", "tg_taxincluded", "tg_frozen", default=False),
            *_of("Money", "tg_cost"),
            *_of("Decimal", "tg_approveddiscount"),
            _text("tg_erpordernumber", 80),
            _text("tg_erporderid", 80),
        ),
        _table("quotedetail", "quotedetails", _to("quoteid", quoteid="quote"), _LINE, label="productdescription"),
        _table(
            "salesorder",
            "salesorders",
            _text("name", 300),
            _text("ordernumber"),
            _to("opportunityid", opportunityid="opportunity"),
            _to("quoteid", quoteid="quote"),
            _to("customerid", customerid_account="account", customerid_contact="contact"),
            *_of("DateOnly", "requestdeliveryby", "datefulfilled"),
            *_of("Money", "totalamount", writable=False),
            _pick("paymenttermscode", TERMS),
            _states(
                {0: "Active", 1: "Submitted", 2: "Canceled", 3: "Fulfilled", 4: "Invoiced"},
                {1: "New", 2: "Pending", 3: "In Progress", 4: "No Money", 100001: "Complete", 100003: "Invoiced"},
            ),
            _CURRENCY,
            _CONTRACT_TYPE,
            *_of("DateOnly", "tg_startson", "tg_endson", "tg_signedon", "tg_atriskuntil"),
            *_of("Money", "tg_atriskcap"),
            _text("tg_ponumber", 80),
            _DOCUMENT,
            _text("tg_legalentity", 20),
            _text("tg_governinglaw"),
            _to("tg_mastercontract", tg_MasterContract="salesorder"),
            *_of("Boolean", "tg_evergreen", default=False),
            *_of("Decimal", "tg_upliftpercent"),
            *_of("DateOnly", "tg_upliftfrom"),
            *_of("Money", "tg_nottoexceed"),
            *_of("Integer", "tg_carriedamendment"),
            _text("tg_erporderid", 80),
            _text("tg_erpordernumber", 80),
        ),
        _table(
            "salesorderdetail",
            "salesorderdetails",
            _to("salesorderid", salesorderid="salesorder"),
            _LINE,
            *_of("Money", "manualdiscountamount", "tax"),
            _text("description", 2000),
            _TERMS,
            label="productdescription",
        ),
        _table(
            "tg_contractamendment",
            "tg_contractamendments",
            _text("tg_name"),
            _to("tg_contract", tg_Contract="salesorder"),
            *_of("Integer", "tg_number", required=True),
            _pick("tg_kind", AMENDMENT_KINDS, default=100000000),
            _pick("tg_status", AMENDMENT_STATUSES, default=100000000),
            *_of("Integer", "tg_basedon"),
            *_of("DateOnly", "tg_effectiveon", "tg_signedon", "tg_newendson"),
            _DOCUMENT,
            *_of("Money", "tg_valuechange", "tg_nottoexceedchange"),
            _text("tg_newlegalentity", 20),
            _CURRENCY,
            label="tg_name",
        ),
        _table(
            "tg_contractamendmentline",
            "tg_contractamendmentlines",
            _text("tg_name"),
            _to("tg_contract", tg_Contract="salesorder"),
            _to("tg_amendment", tg_Amendment="tg_contractamendment"),
            *_of("Integer", "tg_linenumber"),
            *_of("Money", "tg_amount"),
            _TERMS,
            _CURRENCY,
            label="tg_name",
        ),
        _table(
            "product",
            "products",
            _text("name"),
            _text("productnumber"),
            _pick("producttypecode", {1: "Sales Inventory", 2: "Miscellaneous Charges", 3: "Services", 4: "Flat Fees"}),
            _ACTIVE,
            keys=("productnumber",),
        ),
        _table(
            "transactioncurrency",
            "transactioncurrencies",
            _text("isocurrencycode", 5, required=True),
            _text("currencyname"),
            _text("currencysymbol", 13),
            *_of("Integer", "currencyprecision", default=2),
            label="currencyname",
            keys=("isocurrencycode",),
        ),
        _table(
            "systemuser", "systemusers", _text("fullname", 200), _text("domainname"), label="fullname", writable=False
        ),
    )
}
SETS: Final[Mapping[str, Table]] = {table.set: table for table in TABLES.values()}
