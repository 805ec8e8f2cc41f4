"""What the port suite has to know of Deskly."""

from typing import Final

from canonical.objects import Ticket
from canonical.ports.systems import Tickets
from foundation.sandbox import Strange, Suite, Switch
from tests.extend.deskly.mapping import TITLE

SUITE: Final = Suite(
    url="https://acme.deskly.example",
    sign_in={"key": "${DESKLY_KEY}"},
    unguarded={Tickets: "It takes no revision with a change: the last write wins."},
    cuts={Ticket: {"summary": TITLE}},
    denied=Switch(option="denied", value=["issue"], object="issue"),
    hidden=Switch(option="hidden", value=["notes"], object="issue", field="notes"),
    strange=Strange(
        kind=Ticket,
        table="issue",
        column="state",
        value="NAPPING",
        field="issue.state",
        word="NAPPING",
    ),
    signs_in_once="A key does not expire.",
)
