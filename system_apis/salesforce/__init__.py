"""Salesforce, the CRM: deals, and the customer, quote and contract each rests on. See QUIRKS.md."""

from typing import TYPE_CHECKING

import httpx

from canonical.ports.accounts import Accounts
from canonical.ports.contracts import AgreementList, Agreements
from canonical.ports.leads import Leads
from canonical.ports.lists import AccountList
from canonical.ports.orders import CrmOrders, Quotes
from canonical.ports.people import People
from canonical.ports.systems import Changes, Connection, Messages, Opportunities
from foundation.connections import Connection as Configured
from foundation.salesforce.records import org_client
from system_apis import Reads, SystemApi
from system_apis.salesforce.adapter import Salesforce
from system_apis.salesforce.check import CHECKS
from system_apis.salesforce.demo import demo

if TYPE_CHECKING:
    from foundation.sandbox import Sandbox


def connect(connection: Configured, transport: httpx.AsyncBaseTransport | None = None) -> Salesforce:
    """An adapter on this connection; `notifications` may hold `secret` and `previous_secret` of what is signed, and
    `message_key`, `previous_message_key` and `organization` of outbound messages."""
    said = connection.notifications.get
    secrets = (said("secret", ""), said("previous_secret", ""))
    keys = (said("message_key", ""), said("previous_message_key", ""))
    return Salesforce(org_client(connection, transport), secrets, keys, said("organization", ""))


def sandbox() -> "Sandbox":
    """The stand-in that speaks Salesforce's wire; imported late, since a platform on real systems never needs it."""
    from system_apis.salesforce.sandbox import SANDBOX

    return SANDBOX


SYSTEM_API = SystemApi(
    name="salesforce",
    title="Salesforce",
    abbreviation="SF",
    ports=(
        *(Opportunities, Accounts, AccountList, People, Leads, Quotes, CrmOrders, Agreements, AgreementList),
        *(Changes, Messages, Connection),
    ),
    adapter=Salesforce,
    connect=connect,
    roles=("crm",),
    checks=CHECKS,
    reads=Reads(
        why="Records and queries are read from the database itself; the search index, minutes behind, is not asked.",
        verified=True,
    ),
    sandbox=sandbox,
    demo=demo,
)
