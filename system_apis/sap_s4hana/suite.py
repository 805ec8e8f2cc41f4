"""What the port suite has to know of SAP S/4HANA."""

from typing import Final

from canonical.objects import BillingSchedule, Contract, Customer, Project
from foundation.sandbox import Suite, Switch
from system_apis.sap_s4hana import lengths

SUITE: Final = Suite(
    url="https://my300001-api.s4hana.ondemand.com",
    sign_in={
        "flow": "client_credentials",
        "client_id": "${SAP_S4HANA_CLIENT_ID}",
        "client_secret": "${SAP_S4HANA_CLIENT_SECRET}",
    },
    loses={
        Project: {
            "tasks": "Tasks are the PSA's; work packages in SAP would be a second plan beside it.",
            "milestones": "Milestones are the PSA's; what they bill stands in the billing plan.",
        },
    },
    cuts={
        Customer: {"legal_name": lengths.NAME},
        Contract: {"title": lengths.ITEM_TEXT},
        Project: {"name": lengths.PROJECT_NAME},
        BillingSchedule: {"name": lengths.OWN},
    },
    refuses={Contract: {"po_number": lengths.PO_NUMBER}, Project: {"code": lengths.PROJECT_CODE}},
    denied=Switch(option="denied_services", value=["API_SALES_ORDER_SRV"], object="A_SalesOrder"),
    hidden=Switch(
        option="hidden_fields",
        value=["A_SalesContract.YY1_TGKey_SDH"],
        object="A_SalesContract",
        field="YY1_TGKey_SDH",
    ),
)
