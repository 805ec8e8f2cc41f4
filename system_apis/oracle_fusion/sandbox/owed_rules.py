"""The rules of receivables: numbers, periods, balances, and the account that each customer has."""

from decimal import Decimal
from typing import Final

from foundation.sandbox import Box, Record
from system_apis.oracle_fusion.sandbox.errors import refused

RECEIVABLES: Final = 222
_FIRST_SITE: Final = 300000002000000


def open_account(box: Box, party: Record) -> None:
    """The firm's own process: each customer gets an account in receivables, with one site that is billed."""
    number = box.store.next_number("account")
    site = _FIRST_SITE + number
    account = {
        "SiteUseId": site,
        "CustomerName": party["OrganizationName"],
        "AccountNumber": str(1000 + number),
        "CustomerAccountId": site + 500000,
        "PartyNumber": party["PartyNumber"],
        "SiteName": "1",
        "PrimarySite": "Y",
        "SetName": "COMMON",
    }
    box.store.insert("customerAccountSitesLOV", str(site), {"_id": site, "_version": 0} | account)
    activity = {
        "AccountId": site + 500000,
        "AccountNumber": account["AccountNumber"],
        "CustomerName": party["OrganizationName"],
        "TotalOpenReceivablesForAccount": 0,
        "standardReceiptApplications": [],
    }
    key = str(site + 500000)
    box.store.insert("receivablesCustomerAccountActivities", key, {"_id": site + 500000, "_version": 0} | activity)


def apply(box: Box, receipt: str, invoice: str, amount: Decimal) -> None:
    """What matches receipts with what they settle, a while after they were entered."""
    paid, owed = box.store.get("standardReceipts", receipt), box.store.get("receivablesInvoices", invoice)
    if paid is None or owed is None:
        raise KeyError(f"{receipt} or {invoice}")
    left = Decimal(str(paid["Amount"] if paid["UnappliedAmount"] is None else paid["UnappliedAmount"])) - amount
    box.store.update("standardReceipts", receipt, {"UnappliedAmount": left, "State": "APPLIED"})
    balance = Decimal(str(owed["InvoiceBalanceAmount"])) - amount
    box.store.update("receivablesInvoices", invoice, {"InvoiceBalanceAmount": balance})
    number = box.store.next_number("application")
    row = {"_id": number, "_version": 0, "ApplicationId": number, "ApplicationAmount": amount}
    row |= {"StandardReceiptId": paid["_id"], "ReferenceTransactionId": owed["_id"], "ApplicationStatus": "Applied"}
    kind = "receivablesCustomerAccountActivities"
    (found,) = box.store.find(kind, AccountNumber=paid["CustomerAccountNumber"])
    rows = [*found["standardReceiptApplications"], row]
    box.store.update(kind, str(found["_id"]), {"standardReceiptApplications": rows})


def numbered(box: Box, record: Record, _: Record) -> None:
    """A draft's own number; the legal one comes when it is complete."""
    record["TransactionNumber"] = record.get("TransactionNumber") or str(500000 + box.store.next_number("invoice"))
    record["InvoiceStatus"] = record.get("InvoiceStatus") or "Complete"
    accounts = box.store.find("customerAccountSitesLOV", AccountNumber=record["BillToCustomerNumber"])
    record["BillToCustomerName"] = accounts[0]["CustomerName"] if accounts else None


def extended(_: Box, record: Record, __: Record) -> None:
    """Quantity times price."""
    record["LineAmount"] = Decimal(str(record["Quantity"])) * Decimal(str(record["UnitSellingPrice"]))


def valid_invoice(box: Box, record: Record, before: Record) -> None:
    """Its customer is known, it has lines; a complete one is in an open period, and gets its document's number."""
    unit = _unit(box, record)
    if not box.store.find("customerAccountSitesLOV", AccountNumber=record["BillToCustomerNumber"]):
        raise refused("The bill-to customer number is not valid.", "AR_INVALID_BILL_TO", "/BillToCustomerNumber")
    if not record["receivablesInvoiceLines"]:
        raise refused("An invoice must have at least one line.", "AR_NO_LINES", "/receivablesInvoiceLines")
    reopened = before.get("InvoiceStatus") == "Complete" and record["InvoiceStatus"] == "Incomplete"
    if reopened and record["InvoiceBalanceAmount"] != record["EnteredAmount"]:
        raise refused("A transaction with activities cannot be incomplete.", "AR_HAS_ACTIVITY", "/InvoiceStatus")
    if record["InvoiceStatus"] == "Complete" and not record.get("DocumentNumber"):
        _in_open_period(box, unit, str(record["TransactionDate"]))
        record["DocumentNumber"] = str(box.store.next_number(f"document:{unit['BusinessUnitId']}"))


def valid_receipt(box: Box, record: Record, before: Record) -> None:
    """A receipt is not applied at once."""
    _unit(box, record)
    if not before:
        record |= {"State": None, "Status": None, "UnappliedAmount": None}


def only_incomplete(record: Record) -> None:
    """What is complete is not deleted."""
    if record["InvoiceStatus"] != "Incomplete":
        raise refused("A complete transaction cannot be deleted.", "AR_COMPLETE")


def _unit(box: Box, record: Record) -> Record:
    found = box.store.find("finBusinessUnitsLOV", BusinessUnitName=record["BusinessUnit"])
    if not found:
        raise refused(f"The business unit {record['BusinessUnit']} is not valid.", "AR_INVALID_BU", "/BusinessUnit")
    return found[0]


def _in_open_period(box: Box, unit: Record, day: str) -> None:
    periods = box.store.find(
        "accountingPeriodStatusLOV", LedgerId=unit["PrimaryLedgerId"], ApplicationId=RECEIVABLES, ClosingStatus="O"
    )
    if not any(each["StartDate"] <= day <= each["EndDate"] for each in periods):
        raise refused(f"The date {day} is not in an open period.", "AR_PERIOD_CLOSED", "/TransactionDate")
