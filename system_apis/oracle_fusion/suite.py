"""What the port suite has to know of Oracle Fusion."""

from typing import Final

from canonical.objects import (
    BillingSchedule,
    Contact,
    Contract,
    Customer,
    ExpenseReport,
    Invoice,
    Payment,
    Project,
    SalesOrder,
    TimeEntry,
)
from foundation.sandbox import Box, Record, Strange, Suite, Switch
from foundation.sandbox.suite import Touch
from system_apis.oracle_fusion import codes, lengths
from system_apis.oracle_fusion.sandbox.owed_rules import apply
from system_apis.oracle_fusion.sandbox.schema import RESOURCES
from system_apis.oracle_fusion.sandbox.writing import create

CONTRACT: Final = "00000177"
"""The key of the contract that the suite's projects are billed by."""


def prepare(box: Box) -> None:
    """The contract of the suite's project: a billing event needs one. A receipt, and cost of another's project."""
    buyer = box.store.all("accounts")[0]["PartyNumber"]
    line = {"LineTypeName": codes.LINE_TYPE, "LineAmount": 48200, "ItemDescription": "Dock planning"}
    contract = {
        "ContractTypeName": codes.CONTRACT_TYPE,
        "BusinessUnitName": "ACME-DE Business Unit",
        "BuyerPartyNumber": buyer,
        "CurrencyCode": "EUR",
        "ExternalSourceKey": codes.SOURCE,
        "ExternalReferenceKey": CONTRACT,
        "ContractLine": [line],
    }
    receipt = {
        "ReceiptNumber": "R-1",
        "ReceiptMethod": "Manual",
        "BusinessUnit": "ACME-US Business Unit",
        "Amount": 451.23,
        "Currency": "USD",
        "ReceiptDate": "2026-02-20",
        "CustomerAccountNumber": _account(box, buyer),
    }
    with box.store.transaction():
        create(box, RESOURCES["contracts"], contract)
        create(box, RESOURCES["standardReceipts"], receipt)
        row = {"_id": 7, "_version": 0, "ExpenditureItemId": 7, "ProjectId": 8, "TaskId": 9, "Quantity": 6}
        box.store.insert("projectCosts", "7", row)


def plant_payment(box: Box, wanted: Payment) -> str:
    """A receipt as somebody enters it, or a bank statement does."""
    receipt = {
        "ReceiptNumber": f"R-{box.store.next_number('receipt') + 1}",
        "ReceiptMethod": wanted.method or "Manual",
        "BusinessUnit": "ACME-DE Business Unit",
        "Amount": str(wanted.amount.amount),
        "Currency": wanted.currency,
        "ReceiptDate": wanted.received_on.isoformat(),
        "CustomerAccountNumber": _account(box, wanted.account_id),
    }
    with box.store.transaction():
        made = str(create(box, RESOURCES["standardReceipts"], receipt)["StandardReceiptId"])
        for each in wanted.allocations:
            apply(box, made, each.invoice_id, each.amount.amount)
    return made


def _account(box: Box, party: str) -> str:
    found: str = box.store.find("customerAccountSitesLOV", PartyNumber=party)[0]["AccountNumber"]
    return found


def _edited(kind: str, key: str = "_id") -> Touch:
    """Somebody saves each row of a record, those whose key begins with its id, and what stands below them."""

    def touch(box: Box, native_id: str) -> None:
        rows = [row for row in box.store.all(kind) if str(row.get(key)).startswith(native_id)]
        assert rows, f"{native_id} is not there"
        for row in rows:
            _saved(box, row)
            box.store.update(kind, str(row["_id"]), row)

    return touch


def _saved(box: Box, row: Record) -> None:
    row["_version"] = box.store.next_number("version")
    for below in row.values():
        for each in below if isinstance(below, list) else []:
            if isinstance(each, dict):
                _saved(box, each)


def _deleted(kind: str) -> Touch:
    def delete(box: Box, native_id: str) -> None:
        box.store.delete(kind, native_id)

    return delete


SUITE: Final = Suite(
    url="https://acme.fa.us2.oraclecloud.com",
    sign_in={
        "flow": "client_credentials",
        "identity": "https://idcs-0123456789abcdef.identity.oraclecloud.com",
        "client_id": "${ORACLE_FUSION_CLIENT_ID}",
        "client_secret": "${ORACLE_FUSION_CLIENT_SECRET}",
    },
    prepare=prepare,
    loses={
        Contact: {
            "roles": "What somebody is to a customer is a matter of relationships there, not of the contact.",
            "language": "A contact's language is one of each firm's own list.",
            "marketing_opt_out": "Contact preferences are rows of their own, by purpose and way.",
        },
        Invoice: {"title": "An invoice there has no title: what it is for its lines say."},
        Project: {
            "tasks": "A project's tasks are the PSA's until it is set up: its work breakdown is written page by page.",
            "milestones": "Milestones are the PSA's; what they bill are billing events.",
        },
    },
    cuts={
        Customer: {"legal_name": lengths.ORGANIZATION},
        Contact: {"given": lengths.PERSON, "family": lengths.PERSON, "title": lengths.JOB_TITLE},
        Contract: {"title": lengths.TITLE},
        SalesOrder: {"title": lengths.OWN},
        Project: {"name": lengths.PROJECT_NAME},
        BillingSchedule: {"name": lengths.OWN},
        TimeEntry: {"notes": lengths.COMMENT},
        ExpenseReport: {"title": lengths.OWN},
    },
    refuses={
        Contact: {"phone": lengths.PHONE, "email": lengths.MAIL},
        Contract: {"po_number": lengths.OWN},
        SalesOrder: {"po_number": lengths.PURCHASE_ORDER},
        Project: {"code": lengths.PROJECT_NUMBER},
        Invoice: {"po_number": lengths.PURCHASE_ORDER},
    },
    plant={Payment: plant_payment},
    touch={
        Customer: _edited("accounts", "PartyNumber"),
        Contact: _edited("contacts", "PartyNumber"),
        Contract: _edited("contracts"),
        Project: _edited("projects"),
        SalesOrder: _edited("salesOrdersForOrderHub", "OrderKey"),
        BillingSchedule: _edited("projectBillingEvents", "SourceReference"),
        TimeEntry: _edited("unprocessedProjectCosts"),
        ExpenseReport: _edited("unprocessedProjectCosts", "OriginalTransactionReference"),
    },
    remade={Invoice: "Nothing of an invoice changes there but its status: a draft is deleted and made again."},
    heads={
        Invoice: {
            "lines": "Lines are read with one invoice: a child in a list holds the first page of its rows only.",
            "net": "It is the sum of the lines.",
            "tax": "It is what the lines do not come to.",
        },
        Payment: {"allocations": "What a receipt was applied to is told by each account's activities."},
    },
    remove={
        Customer: "An account that other rows may refer to is not deleted there, only made inactive.",
        Contact: "A contact that other rows may refer to is not deleted there, only made inactive.",
        Invoice: _deleted("receivablesInvoices"),
        Payment: _deleted("standardReceipts"),
        Project: "A project that other rows may refer to is not deleted there, only closed.",
    },
    denied=Switch(option="denied_resources", value=["projectBillingEvents"], object="projectBillingEvents"),
    hidden=Switch(option="hidden_fields", value=["accounts.TgTaxCountry_c"], object="accounts", field="TgTaxCountry_c"),
    strange=Strange(
        kind=Project,
        table="projects",
        column="ProjectStatusCode",
        value="LAPSED",
        field="projects.ProjectStatusCode",
        word="LAPSED",
    ),
)
