"""What the port suite has to know of ServiceNow."""

from typing import Final

from canonical.objects import Ticket
from canonical.ports.systems import Tickets
from foundation.sandbox import Strange, Suite, Switch
from system_apis.servicenow.mapping import DESCRIPTION_LENGTH, SUMMARY_LENGTH

SUITE: Final = Suite(
    url="https://acme.service-now.com",
    sign_in={
        "flow": "client_credentials",
        "client_id": "${SERVICENOW_CLIENT_ID}",
        "client_secret": "${SERVICENOW_CLIENT_SECRET}",
    },
    cuts={Ticket: {"summary": SUMMARY_LENGTH, "description": DESCRIPTION_LENGTH}},
    unguarded={Tickets: "A record has no version to be sent with a change: the last write wins."},
    denied=Switch(option="read_denied", value=["incident"], object="incident"),
    hidden=Switch(option="hidden_fields", value=["correlation_id"], object="incident", field="correlation_id"),
    strange=Strange(
        kind=Ticket,
        table="incident",
        column="state",
        value="77",
        field="incident.state",
        word="77",
    ),
)
