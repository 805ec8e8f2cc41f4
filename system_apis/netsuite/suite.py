"""What the port suite has to know of NetSuite."""

from typing import Final

from canonical.objects import BillingSchedule, Contract, Customer, Project
from foundation.sandbox import Suite, Switch
from system_apis.netsuite import lengths

SUITE: Final = Suite(
    url="https://1234567-sb1.suitetalk.api.netsuite.com",
    sign_in={
        "flow": "oauth2",
        "client_id": "${NETSUITE_CLIENT_ID}",
        "certificate_id": "${NETSUITE_CERTIFICATE_ID}",
        "private_key": "${NETSUITE_PRIVATE_KEY}",
    },
    loses={
        Project: {
            "tasks": "Tasks are the PSA's; NetSuite's own project tasks would be a second plan beside it.",
            "milestones": "Milestones are the PSA's; what they bill stands in the billing schedule.",
        },
    },
    cuts={
        Customer: {"legal_name": lengths.NAME},
        Contract: {"title": lengths.MEMO},
        Project: {"name": lengths.NAME},
        BillingSchedule: {"name": lengths.NAME},
    },
    refuses={Contract: {"po_number": lengths.PO_NUMBER}, Project: {"code": lengths.CODE}},
    denied=Switch(option="denied_records", value=["billingSchedule"], object="billingSchedule"),
    hidden=Switch(
        option="hidden_fields",
        value=["customer.custentity_tg_tax_country"],
        object="customer",
        field="custentity_tg_tax_country",
    ),
)
