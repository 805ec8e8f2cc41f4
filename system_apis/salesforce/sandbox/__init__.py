"""A Salesforce org as we must expect it: the shared org with our firm's objects and flows.

It tells a registered address of won deals and of people with a signed notification:

    PUT /_sandbox/options/notifications    {"url": "http://...", "secret": "whsec_..."}

and, where it is told so, of every change with a change event (change_events.py) or an outbound message
(outbound_messages.py).
"""

from collections.abc import Mapping
from datetime import datetime

from foundation.sandbox import Delivery, Record, Store
from foundation.sandbox.salesforce import Org, org_sandbox
from foundation.standard_webhooks import key_of, signature
from system_apis.salesforce.sandbox import outbound_messages
from system_apis.salesforce.sandbox.change_events import DELETIONS, captured
from system_apis.salesforce.sandbox.org import COMPUTED, DELETED, DELETING, SAVED
from system_apis.salesforce.sandbox.schema import KINDS
from system_apis.salesforce.sandbox.seed import seed


def _signed(delivery: Delivery, at: datetime) -> Mapping[str, str]:
    """Standard Webhooks, as the org's Apex callout does it; an outbound message is not signed."""
    if outbound_messages.is_one(delivery):
        return outbound_messages.HEADERS
    seconds = str(int(at.timestamp()))
    signed = signature(key_of(delivery.target.secret), delivery.message_id, seconds, delivery.body.encode())
    return {"webhook-id": delivery.message_id, "webhook-timestamp": seconds, "webhook-signature": signed}


def _of_account(record: Record, _: Store) -> str:
    return str(record["Name"])


def _of_deal(record: Record, _: Store) -> str:
    return f"{record['AccountId']} {record['Name']}"


def _of_contact(record: Record, _: Store) -> str:
    return f"{record['AccountId']} {record['Email'] or record['Name']}"


SANDBOX = org_sandbox(
    name="salesforce",
    title="Salesforce",
    org=Org(
        kinds=KINDS,
        computed=COMPUTED,
        saved=outbound_messages.told(captured(SAVED)),
        deleting={**DELETIONS, **DELETING},
        deleted=DELETED,
    ),
    seed=seed,
    facts={"Account": _of_account, "Opportunity": _of_deal, "Contact": _of_contact},
    sign=_signed,
    taken=outbound_messages.taken,
    options={
        "notifications": None,
        "change_events": None,
        "outbound_messages": None,
        "duplicate_rule": False,
        "activated_orders_locked": False,
        "lower_case_mail": True,
        "misspelt_duplicate_result": True,
    },
)
