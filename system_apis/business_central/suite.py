"""What the port suite has to know of Business Central."""

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
from foundation.sandbox import Box, Strange, Suite, Switch
from foundation.sandbox.suite import Touch
from system_apis.business_central import lengths
from system_apis.business_central.sandbox import ledger, tables
from system_apis.business_central.sandbox.schema import PAGES


def _edited(name: str, field: str) -> Touch:
    def touch(box: Box, native_id: str) -> None:
        row = box.store.get(name, native_id.rpartition(".")[2])
        assert row is not None, f"{native_id} is not there"
        tables.update(box, row["_company"], PAGES[name], row, {field: "50" if field == "phoneNumber" else "Edited"})

    return touch


def _deleted(name: str) -> Touch:
    def delete(box: Box, native_id: str) -> None:
        box.store.delete(name, native_id.rpartition(".")[2])

    return delete


def plant_payment(box: Box, paid: Payment) -> str:
    """Somebody posts a payment journal; what it settles is applied."""
    entity, _, customer = paid.account_id.rpartition(".")
    (company,) = box.store.find("companies", name=entity)
    local = box.store.find("companyInformation", _company=company["id"])[0]["currencyCode"]
    entry = {
        "documentType": "Payment",
        "documentNumber": f"BANK{box.store.next_number('payment'):05}",
        "externalDocumentNumber": paid.bank_reference,
        "postingDate": paid.received_on.isoformat(),
        "customerId": customer,
        "currencyCode": "" if paid.currency == local else paid.currency,
        "amount": -paid.amount.amount,
        "paymentMethodCode": paid.method or "BANK",
    }
    made = str(ledger.entered(box, company["id"], entry)["id"])
    for each in paid.allocations:
        ledger.apply(box, made, each.invoice_id.rpartition(".")[2], each.amount.amount)
    return f"{entity}.{made}"


SUITE: Final = Suite(
    url="https://api.businesscentral.dynamics.com",
    sign_in={
        "tenant": "${BUSINESS_CENTRAL_TENANT}",
        "environment": "${BUSINESS_CENTRAL_ENVIRONMENT}",
        "client_id": "${BUSINESS_CENTRAL_CLIENT_ID}",
        "client_secret": "${BUSINESS_CENTRAL_CLIENT_SECRET}",
    },
    loses={
        Contact: {
            "roles": "What somebody is to a customer is no field of a contact.",
            "language": "It is a code of each company's own list.",
            "marketing_opt_out": "Who is left out of segments was not always asked.",
        },
        Project: {
            "tasks": "A project's tasks are the PSA's until it is set up: its work breakdown is written page by page.",
            "milestones": "Milestones are the PSA's; what they bill stands in the billing schedule.",
        },
    },
    cuts={
        Customer: {"legal_name": lengths.NAME},
        Contact: {"family": lengths.PERSON, "title": lengths.JOB_TITLE},
        Contract: {"title": lengths.TITLE},
        SalesOrder: {"title": lengths.TITLE},
        Project: {"name": lengths.NAME},
        BillingSchedule: {"name": lengths.NAME},
        Invoice: {"title": lengths.TITLE},
        TimeEntry: {"notes": lengths.NAME, "work_type": lengths.WORK_TYPE},
    },
    refuses={
        Contact: {"phone": lengths.PHONE, "email": lengths.MAIL},
        Contract: {"po_number": lengths.PO_NUMBER},
        SalesOrder: {"po_number": lengths.PO_NUMBER},
        Project: {"code": lengths.PROJECT_NUMBER},
        Invoice: {"po_number": lengths.PO_NUMBER},
        TimeEntry: {"task_id": lengths.TASK},
    },
    heads={Invoice: {"lines": "Lines are read with one invoice."}},
    plant={Payment: plant_payment},
    touch={
        Customer: _edited("customers", "phoneNumber"),
        Contact: _edited("contacts", "jobTitle"),
        Contract: _edited("salesOrders", "contractTitle"),
        SalesOrder: _edited("salesOrders", "contractTitle"),
        Project: _edited("projects", "practice"),
        BillingSchedule: _edited("billingSchedules", "displayName"),
        Invoice: _edited("salesInvoices", "title"),
        TimeEntry: _edited("timeRegistrationEntries", "description"),
    },
    remove={
        Customer: _deleted("customers"),
        Contact: _deleted("contacts"),
        Project: _deleted("projects"),
        Invoice: _deleted("salesInvoices"),
        Payment: _deleted("customerLedgerEntries"),
    },
    no_tombstones=dict.fromkeys(
        (Customer, Contact, Project, Invoice, Payment), "A deleted row leaves no trace an API page would show."
    ),
    denied=Switch(option="denied_pages", value=["billingSchedule"], object="billingSchedule"),
    hidden=Switch(option="hidden_fields", value=["customer.taxCountry"], object="customer", field="taxCountry"),
    strange=Strange(
        kind=Project,
        table="projects",
        column="status",
        value="Lapsed",
        field="project.status",
        word="Lapsed",
    ),
)
