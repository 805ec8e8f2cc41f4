"""What the port suite has to know of NetSuite."""

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
from canonical.ports.contracts import ContractTerms
from canonical.ports.effort import ExpensePostings, TimePostings
from canonical.ports.orders import SalesOrders
from canonical.ports.people import CustomerPeople
from canonical.ports.receivables import Invoices
from canonical.ports.systems import BillingSchedules, Contracts, Customers, Projects
from foundation.sandbox import Box, Strange, Suite, Switch
from foundation.sandbox.suite import Touch
from system_apis.netsuite import lengths
from system_apis.netsuite.sandbox.schema import RECORDS
from system_apis.netsuite.sandbox.writing import create


def _deleted(kind: str) -> Touch:
    def delete(box: Box, native_id: str) -> None:
        box.store.delete(kind, native_id)

    return delete


def plant_payment(box: Box, paid: Payment) -> str:
    """Somebody enters a payment, and what it settles."""
    entry = {
        "customer": {"id": paid.account_id},
        "subsidiary": box.store.get("customer", paid.account_id)["subsidiary"],  # type: ignore[index]  # it is there
        "currency": {"id": next(each["id"] for each in box.store.find("currency", symbol=paid.currency))},
        "tranDate": paid.received_on.isoformat(),
        "payment": paid.amount.amount,
        "checkNum": paid.bank_reference,
        "apply": {
            "items": [
                {"doc": {"id": each.invoice_id}, "apply": True, "amount": each.amount.amount}
                for each in paid.allocations
            ]
        },
    }
    return str(create(box, RECORDS["customerpayment"], entry)["id"])


SUITE: Final = Suite(
    url="https://1234567-sb1.suitetalk.api.netsuite.com",
    sign_in={
        "flow": "oauth2",
        "client_id": "${NETSUITE_CLIENT_ID}",
        "certificate_id": "${NETSUITE_CERTIFICATE_ID}",
        "private_key": "${NETSUITE_PRIVATE_KEY}",
    },
    loses={
        Contact: {
            "roles": "A role stands in a sublist of the customer, and is another thing.",
            "language": "A contact has none; a customer has one.",
            "marketing_opt_out": "Its subscription statuses do not tell who was never asked from who said no.",
        },
        Project: {
            "tasks": "A project's tasks are the PSA's until it is set up: its work breakdown is written page by page.",
            "milestones": "Milestones are the PSA's; what they bill stands in the billing schedule.",
        },
    },
    cuts={
        Customer: {"legal_name": lengths.NAME},
        Contact: {"family": lengths.PERSON},
        Contract: {"title": lengths.MEMO},
        SalesOrder: {"title": lengths.MEMO},
        Project: {"name": lengths.NAME},
        BillingSchedule: {"name": lengths.NAME},
        Invoice: {"title": lengths.MEMO},
        TimeEntry: {"notes": lengths.MEMO},
        ExpenseReport: {"title": lengths.MEMO},
    },
    refuses={
        Invoice: {"po_number": lengths.PO_NUMBER},
        Contract: {"po_number": lengths.PO_NUMBER},
        SalesOrder: {"po_number": lengths.PO_NUMBER},
        Project: {"code": lengths.CODE},
        Contact: {"phone": lengths.PHONE},
    },
    heads={
        Customer: {
            "addresses": "SuiteQL keeps them in tables of their own; they are read with one customer.",
            "credit": "What a customer owes is worked out with the record, and no column.",
        },
        Invoice: {
            "lines": "They are rows of another table; they are read with one invoice.",
            "net": "Before tax it is the sum of the lines.",
            "tax": "It stands with the lines.",
        },
    },
    plant={Payment: plant_payment},
    remove={
        Customer: _deleted("customer"),
        Contact: _deleted("contact"),
        Project: _deleted("job"),
        Invoice: _deleted("invoice"),
        Payment: _deleted("customerPayment"),
    },
    no_tombstones=dict.fromkeys(
        (Customer, Contact, Project, Invoice, Payment), "Deleted records stand in a table of their own, unread so far."
    ),
    unguarded=dict.fromkeys(
        (
            *(BillingSchedules, Contracts, ContractTerms, Customers, CustomerPeople, ExpensePostings, Invoices),
            *(Projects, SalesOrders, TimePostings),
        ),
        "An upsert by an external id carries no version: the last write wins.",
    ),
    denied=Switch(option="denied_records", value=["billingSchedule"], object="billingSchedule"),
    hidden=Switch(
        option="hidden_fields",
        value=["customer.custentity_tg_tax_country"],
        object="customer",
        field="custentity_tg_tax_country",
    ),
    strange=Strange(
        kind=Project,
        table="job",
        column="entityStatus",
        value={"id": "77"},
        field="job.entityStatus",
        word="77",
    ),
)
