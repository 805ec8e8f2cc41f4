"""Fusion's business rules, and what it fills in by itself."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from foundation.sandbox import Box, Record
from system_apis.oracle_fusion.sandbox import ordering_rules, owed_rules, working_rules
from system_apis.oracle_fusion.sandbox.errors import Message, not_valid, refused

SOURCES: Final = ("TIERGATE", "RNOW", "Workbench")
"""Source systems that are set up."""
EVENT_TYPES: Final = ("Tiergate Billing", "Percent Complete Billing", "Percent Spent Billing")
TEMPLATES: Final = ("TIERGATE",)
NUMBERS: Final = {
    "accounts": "PartyId",
    "contacts": "PartyId",
    "projects": "ProjectId",
    "receivablesInvoices": "CustomerTransactionId",
    "standardReceipts": "StandardReceiptId",
}
"""The attribute that is the number a row is kept by."""
UNIQUE: Final = {"projects": ("ProjectNumber",), "accounts": ("PartyNumber",), "contracts": ("ContractNumber",)}
"""Attributes that identify a row besides its keys."""


def filled(box: Box, name: str, record: Record, parent: Record | None) -> None:
    """What a new row gets: numbers, defaults, names of what it refers to."""
    if filler := _FILLED.get(name):
        filler(box, record, parent or {})


def summed(name: str, record: Record) -> None:
    """What a new row's children come to."""
    if name == "receivablesInvoices":
        lines = record["receivablesInvoiceLines"]
        record["EnteredAmount"] = sum((Decimal(str(each["LineAmount"])) for each in lines), Decimal(0))
        record["InvoiceBalanceAmount"] = record["EnteredAmount"]


def created(box: Box, name: str, record: Record) -> None:
    """The rules of a new row, with its children."""
    changed(box, name, record, {})
    if name == "accounts" and record["Type"] == "ZCA_CUSTOMER":
        owed_rules.open_account(box, record)


def changed(box: Box, name: str, record: Record, before: Record) -> None:
    """The rules of a row as it shall be."""
    if rule := _RULES.get(name):
        rule(box, record, before)


def deleted(box: Box, name: str, record: Record) -> None:
    """The rules of a row that shall not be any more."""
    if name == "projectBillingEvents":
        _not_invoiced(record)
    if name == "receivablesInvoices":
        owed_rules.only_incomplete(record)
    if name in ("contracts", "projects", "accounts"):
        raise refused(f"The row of {name} cannot be deleted, since other rows may refer to it.")


def changed_below(box: Box, name: str, record: Record, rows: list[Record], row: Record) -> None:
    """The rules of a child as it shall be, among its siblings below `record`."""
    if name == "Tasks":
        working_rules.alone(row, rows)
    if name == "SourceSystemReference":
        _referred(box, record, row)


def _referred(box: Box, record: Record, row: Record) -> None:
    """A source's reference is one party's; the party's own row shows it."""
    said = {name: row[name] for name in ("SourceSystem", "SourceSystemReferenceValue")}
    if any(each["_id"] != record["_id"] for each in box.store.find("accounts", **said)):
        words = f"The source system reference {row['SourceSystemReferenceValue']} already exists."
        raise refused(words, "HZ_API_DUPLICATE_COLUMN", "/SourceSystemReferenceValue")
    record |= said


def deleted_below(box: Box, name: str, rows: list[Record], row: Record) -> None:
    """The rules of a child that shall not be any more."""
    if name == "Tasks":
        working_rules.task_gone(box, row, rows)
    if name == "lines":
        ordering_rules.only_new(row)


def _numbered_party(box: Box, record: Record, parent: Record) -> None:
    number = box.store.next_number("party")
    record["PartyId"] = record["_id"]
    record["PartyNumber"] = record.get("PartyNumber") or f"CDRM_{2000 + number}"
    record.setdefault("PartyStatus", "A")


def _account(box: Box, record: Record, parent: Record) -> None:
    _numbered_party(box, record, parent)
    record["PartyUniqueName"] = f"{record['OrganizationName']} ({record['PartyNumber']})"
    record.setdefault("Type", "ZCA_CUSTOMER")


def _contract(box: Box, record: Record, parent: Record) -> None:
    if record.get("ContractNumber"):
        raise refused("The contract type numbers its contracts: ContractNumber cannot be set.", path="/ContractNumber")
    record["ContractNumber"] = f"C{10000 + box.store.next_number('contract')}"
    record |= {"MajorVersion": 1, "StatusCode": record.get("StatusCode") or "DRAFT"}
    record["BuyerName"] = (_party(box, record["BuyerPartyNumber"]) or {}).get("OrganizationName")


def _line(box: Box, record: Record, parent: Record) -> None:
    record["LineNumber"] = str(len(parent.get("ContractLine", [])) + 1)
    record["StatusCode"] = parent.get("StatusCode")


def _project(box: Box, record: Record, parent: Record) -> None:
    record.setdefault("ProjectStatusCode", "ACTIVE")


def _project_customer(box: Box, record: Record, parent: Record) -> None:
    party = _party(box, record["PartyNumber"])
    if party is None:
        raise refused(f"The PartyNumber {record['PartyNumber']} is not valid.", "PJF_CUSTOMER_INVALID", "/PartyNumber")
    record |= {"PartyId": party["PartyId"], "PartyName": party["OrganizationName"]}


def _event(box: Box, record: Record, parent: Record) -> None:
    record |= {"EventNumber": box.store.next_number("event"), "Invoiced": "U", "InvoicedAmount": Decimal(0)}
    record["BillHold"] = record.get("BillHold") or "N"


def _valid_contact(box: Box, record: Record, before: Record) -> None:
    _valid_party(box, record, before)
    number = record.get("AccountPartyNumber")
    if number is not None and _party(box, number) is None:
        raise refused(f"The account {number} is not valid.", "HZ_INVALID_ACCOUNT", "/AccountPartyNumber")


def _valid_party(box: Box, record: Record, before: Record) -> None:
    if before.get("PartyStatus") == "I":
        raise refused("Inactive records can't be updated.")
    source = record.get("SourceSystem")
    if source is not None and source not in SOURCES:
        raise refused("The original system is not valid.", "HZ_INVALID_ORIG_SYSTEM", "/SourceSystem")


def _valid_contract(box: Box, record: Record, before: Record) -> None:
    _unit(box, record, "ContractHeaderEO")
    buyer = _party(box, record["BuyerPartyNumber"])
    if buyer is None or buyer["Type"] != "ZCA_CUSTOMER":
        words = f"The party {record['BuyerPartyNumber']} is not a customer."
        raise refused(words, "OKC_BUYER_INVALID", "/BuyerPartyNumber")
    _in_order("ContractHeaderEO", record, "StartDate", "EndDate")
    if not record["ContractLine"]:
        raise refused("A contract must have a line.", "OKC_NO_LINES", "/ContractLine")
    for line in record["ContractLine"]:
        for link in line["AssociatedProject"]:
            if not box.store.find("projects", ProjectNumber=link["ProjectNumber"]):
                words = f"The project {link['ProjectNumber']} is not valid."
                raise refused(words, "OKC_PROJECT_INVALID", "/ProjectNumber")


def _valid_project(box: Box, record: Record, before: Record) -> None:
    unit = _unit(box, record, "ProjectEO")
    record["LegalEntityName"] = unit["_entity"]
    if record["SourceTemplateNumber"] not in TEMPLATES:
        raise refused("The project template is not valid.", "PJF_TEMPLATE_INVALID", "/SourceTemplateNumber")
    _in_order("ProjectEO", record, "ProjectStartDate", "ProjectEndDate")


def _valid_event(box: Box, record: Record, before: Record) -> None:
    if before:
        _not_invoiced(before)
    if record["EventTypeName"] not in EVENT_TYPES:
        raise refused("The event type is not valid.", "PJB_EVT_INVALID_TYPE", "/EventTypeName")
    contracts = box.store.find("contracts", ContractNumber=record["ContractNumber"])
    if not contracts or contracts[0]["ContractTypeName"] != record["ContractTypeName"]:
        raise refused("The contract is not valid.", "PJB_EVT_INVALID_CONTRACT", "/ContractNumber")
    lines = [each for each in contracts[0]["ContractLine"] if each["LineNumber"] == record["ContractLineNumber"]]
    if not lines:
        raise refused("The contract line is not valid.", "PJB_EVT_INVALID_LINE", "/ContractLineNumber")
    if record["ProjectNumber"] not in [each["ProjectNumber"] for each in lines[0]["AssociatedProject"]]:
        words = "The project is not associated with the contract line."
        raise refused(words, "PJB_EVT_INVALID_PROJECT", "/ProjectNumber")


def _not_invoiced(record: Record) -> None:
    if record["Invoiced"] != "U":
        raise refused("The event is invoiced and cannot be changed.", "PJB_EVT_INVOICED")


def _party(box: Box, number: Any) -> Record | None:
    found = box.store.find("accounts", PartyNumber=str(number))
    return found[0] if found else None


def _unit(box: Box, record: Record, entity: str) -> Record:
    found = box.store.find("finBusinessUnitsLOV", BusinessUnitName=record["BusinessUnitName"])
    if not found:
        words = f"The business unit {record['BusinessUnitName']} is not valid."
        raise not_valid(entity, str(record["_id"]), Message(words, path="/BusinessUnitName"))
    return found[0]


def _in_order(entity: str, record: Record, start: str, end: str) -> None:
    first, last = record.get(start), record.get(end)
    if first and last and date.fromisoformat(last) < date.fromisoformat(first):
        words = f"{end} must not be before {start}."
        raise not_valid(entity, str(record["_id"]), Message(words, path=f"/{end}"))


Filler = Callable[[Box, Record, Record], None]
_FILLED: Final[dict[str, Filler]] = {
    "accounts": _account,
    "contacts": _numbered_party,
    "contracts": _contract,
    "ContractLine": _line,
    "projects": _project,
    "ProjectCustomers": _project_customer,
    "Tasks": working_rules.task,
    "projectBillingEvents": _event,
    "itemsV2": ordering_rules.item,
    ordering_rules.KIND: ordering_rules.numbered,
    "lines": ordering_rules.line,
    "receivablesInvoices": owed_rules.numbered,
    "receivablesInvoiceLines": owed_rules.extended,
}
_RULES: Final[dict[str, Filler]] = {
    "accounts": _valid_party,
    "contacts": _valid_contact,
    "contracts": _valid_contract,
    "projects": _valid_project,
    "projectBillingEvents": _valid_event,
    ordering_rules.KIND: ordering_rules.valid,
    "unprocessedProjectCosts": working_rules.valid_cost,
    "receivablesInvoices": owed_rules.valid_invoice,
    "standardReceipts": owed_rules.valid_receipt,
}
