"""What the port suite has to know of SAP S/4HANA."""

from decimal import Decimal
from typing import Final

from canonical.objects import (
    BillingSchedule,
    Contact,
    Contract,
    Customer,
    Invoice,
    Payment,
    Project,
    SalesOrder,
    TimeEntry,
)
from canonical.ports.effort import TimePostings
from canonical.ports.systems import Contracts
from foundation.sandbox import Box, Strange, Suite, Switch
from foundation.sandbox.suite import Touch
from system_apis.sap_s4hana import lengths
from system_apis.sap_s4hana.sandbox import billing_service
from system_apis.sap_s4hana.sandbox.writing import stamp


def _deleted(kind: str, skip: int = 0) -> Touch:
    def delete(box: Box, native_id: str) -> None:
        box.store.delete(kind, native_id[skip:])

    return delete


def _edited(kind: str, skip: int = 0) -> Touch:
    def touch(box: Box, native_id: str) -> None:
        box.store.update(kind, native_id[skip:], stamp(box))

    return touch


def plant_payment(box: Box, payment: Payment) -> str:
    """A bank statement's line is posted: held against invoices, what is left on account."""
    company = box.store.find("A_CustomerCompany", Customer=payment.account_id)[0]["CompanyCode"]
    fields = {
        "Customer": payment.account_id,
        "PostingDate": payment.received_on.isoformat(),
        "TransactionCurrency": payment.currency,
        "DocumentReferenceID": payment.bank_reference,
        "PaymentMethod": payment.method[:1],
    }
    parts: list[tuple[str, Decimal]] = []
    for each in payment.allocations:
        (item,) = box.store.find("A_BillingDocumentItem", ReferenceSDDocument=each.invoice_id[1:])[:1]
        bill = box.store.get("A_BillingDocument", item["BillingDocument"]) or {}
        parts.append((bill["AccountingDocument"], each.amount.amount))
    if payment.unapplied.amount:
        parts.append(("", payment.unapplied.amount))
    return billing_service.paid(box, company, fields, parts)


def _payment_gone(box: Box, native_id: str) -> None:
    company, year, number = native_id.split(".")
    for each in box.store.find(
        billing_service.ENTRIES, CompanyCode=company, FiscalYear=year, AccountingDocument=number
    ):
        box.store.delete(billing_service.ENTRIES, f"{company}|{year}|{number}|{each['AccountingDocumentItem']}")


SUITE: Final = Suite(
    url="https://my300001-api.s4hana.ondemand.com",
    sign_in={
        "flow": "client_credentials",
        "client_id": "${SAP_S4HANA_CLIENT_ID}",
        "client_secret": "${SAP_S4HANA_CLIENT_SECRET}",
    },
    fits={Project: {"stage": "active"}},  # time is taken by a project that is released
    loses={
        Contact: {
            "roles": "What somebody is to a customer is a function of the firm's own list, and another thing.",
            "language": "The language a partner is written to is the one of the company's documents.",
            "marketing_opt_out": "Who may be advertised to stands in marketing permissions, of another service.",
        },
        Invoice: {"due_on": "When an invoice is due its terms of payment say, and not before it is billed."},
        Project: {
            "tasks": "A project's tasks are the PSA's until it is set up: its work breakdown is written page by page.",
            "milestones": "Milestones are the PSA's; what they bill stands in the billing plan.",
        },
    },
    cuts={
        Customer: {"legal_name": lengths.NAME},
        Contact: {"family": lengths.NAME},
        Contract: {"title": lengths.ITEM_TEXT},
        SalesOrder: {"title": lengths.OWN},
        Project: {"name": lengths.PROJECT_NAME},
        BillingSchedule: {"name": lengths.OWN},
        Invoice: {"title": lengths.OWN},
        TimeEntry: {"work_type": lengths.OWN, "role": lengths.OWN},
    },
    refuses={
        Contact: {"phone": lengths.PHONE},
        Contract: {"po_number": lengths.PO_NUMBER},
        SalesOrder: {"po_number": lengths.PO_NUMBER},
        Project: {"code": lengths.PROJECT_CODE},
        Invoice: {"po_number": lengths.PO_NUMBER},
        TimeEntry: {"corrects": lengths.OWN},
    },
    plant={Payment: plant_payment},
    touch={
        Customer: _edited("A_BusinessPartner"),
        Contact: _edited("A_BusinessPartner"),
        Contract: _edited("A_SalesContract"),
        Project: _edited("A_EnterpriseProject"),
        BillingSchedule: _edited("A_SalesOrder"),
        SalesOrder: _edited("A_SalesOrder"),
        Invoice: _edited("A_DebitMemoRequest", skip=1),
    },
    unguarded={
        Contracts: "What changes of it without lines stands in its item, and an item has no version of its own.",
        TimePostings: "A record of a time sheet has no version: it is replaced by another, and never edited.",
    },
    remove={
        Customer: "SAP deletes no business partner: it is blocked, or marked for archiving.",
        Contact: "SAP deletes no business partner: it is blocked, or marked for archiving.",
        Project: _deleted("A_EnterpriseProject"),
        Invoice: _deleted("A_DebitMemoRequest", skip=1),
        Payment: _payment_gone,
    },
    remade={TimeEntry: "What changes an approved record takes its place, under a number of its own."},
    no_tombstones={Project: "Deletions are not exposed by the service."},
    by_day=dict.fromkeys(
        (Customer, Contact),
        "A business partner tells the day of its last change, and its time in no form to filter by.",
    ),
    denied=Switch(option="denied_services", value=["API_DEBIT_MEMO_REQUEST_SRV"], object="A_DebitMemoRequest"),
    hidden=Switch(
        option="hidden_fields",
        value=["A_SalesContract.YY1_TGKey_SDH"],
        object="A_SalesContract",
        field="YY1_TGKey_SDH",
    ),
    strange=Strange(
        kind=Project,
        table="A_EnterpriseProject",
        column="ProcessingStatus",
        value="77",
        field="A_EnterpriseProject.ProcessingStatus",
        word="77",
    ),
)
