"""What the port suite has to know of Business Central."""

from typing import Final

from canonical.objects import BillingSchedule, Contract, Customer, Project
from foundation.sandbox import Box, Suite, Switch
from foundation.sandbox.suite import Touch
from system_apis.business_central import lengths
from system_apis.business_central.sandbox import tables
from system_apis.business_central.sandbox.schema import PAGES


def _edited(name: str, field: str) -> Touch:
    def touch(box: Box, native_id: str) -> None:
        row = box.store.get(name, native_id.rpartition(".")[2])
        assert row is not None, f"{native_id} is not there"
        tables.update(box, row["_company"], PAGES[name], row, {field: "50" if field == "phoneNumber" else "Edited"})

    return touch


SUITE: Final = Suite(
    url="https://api.businesscentral.dynamics.com",
    sign_in={
        "tenant": "${BUSINESS_CENTRAL_TENANT}",
        "environment": "${BUSINESS_CENTRAL_ENVIRONMENT}",
        "client_id": "${BUSINESS_CENTRAL_CLIENT_ID}",
        "client_secret": "${BUSINESS_CENTRAL_CLIENT_SECRET}",
    },
    loses={
        Project: {
            "tasks": "Tasks are the PSA's; job tasks there would be a second plan beside it.",
            "milestones": "Milestones are the PSA's; what they bill stands in the billing schedule.",
        },
    },
    cuts={
        Customer: {"legal_name": lengths.NAME},
        Contract: {"title": lengths.TITLE},
        Project: {"name": lengths.NAME},
        BillingSchedule: {"name": lengths.NAME},
    },
    refuses={Contract: {"po_number": lengths.PO_NUMBER}, Project: {"code": lengths.PROJECT_NUMBER}},
    touch={
        Customer: _edited("customers", "phoneNumber"),
        Contract: _edited("salesOrders", "contractTitle"),
        Project: _edited("projects", "practice"),
        BillingSchedule: _edited("billingSchedules", "displayName"),
    },
    denied=Switch(option="denied_pages", value=["billingSchedule"], object="billingSchedule"),
    hidden=Switch(option="hidden_fields", value=["customer.taxCountry"], object="customer", field="taxCountry"),
)
