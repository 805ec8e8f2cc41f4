"""A Salesforce org as we must expect it: OAuth, rows, upserts, SOQL with pages, feeds, collections, limits, webhooks.

It keeps only the uniqueness a real org keeps (ids, and external ids marked unique), counts every call against a daily
limit, writes instants in whole seconds, and tells a registered address of won deals with a signed notification:

    PUT /_sandbox/options/connected_apps   {"<consumer key>": {"username", "secret", "public_key"}}
    PUT /_sandbox/options/notifications    {"url": "http://...", "secret": "whsec_..."}
    PUT /_sandbox/options/denied_objects   ["Quote"]                     no right to the object
    PUT /_sandbox/options/hidden_fields    ["Opportunity.Practice__c"]   renamed, or hidden by field-level security
    PUT /_sandbox/options/more_values      {"Contract.Status": ["Lapsed"]}
"""

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime

from foundation.sandbox import CALL, Box, Delivery, Record, Sandbox, Store, answer
from system_apis.salesforce.sandbox import collections, oauth, org, queries, rest
from system_apis.salesforce.sandbox.errors import errors
from system_apis.salesforce.sandbox.schema import KINDS
from system_apis.salesforce.sandbox.seed import seed

_MAINTENANCE = "<html><head><title>Maintenance</title></head><body>We are down for maintenance.</body></html>"


def _limit_info(box: Box) -> Mapping[str, str]:
    """On every REST answer but the list of versions; this is also where calls are counted."""
    path = CALL.get().path.rstrip("/")
    if not path.startswith("/services/data/"):
        return {}
    made = oauth.calls_made(box) + 1
    box.store.set_setting("_calls", made)
    return {"Sforce-Limit-Info": f"api-usage={made}/{box.option('daily_limit')}"}


def _signed(delivery: Delivery, at: datetime) -> Mapping[str, str]:
    """Standard Webhooks, as the org's Apex callout does it."""
    seconds = str(int(at.timestamp()))
    key = b64decode(delivery.target.secret.removeprefix("whsec_"))
    text = f"{delivery.message_id}.{seconds}.{delivery.body}".encode()
    signature = "v1," + b64encode(hmac.digest(key, text, hashlib.sha256)).decode()
    return {"webhook-id": delivery.message_id, "webhook-timestamp": seconds, "webhook-signature": signature}


def _of_account(record: Record, _: Store) -> str:
    return str(record["Name"])


def _of_deal(record: Record, _: Store) -> str:
    return f"{record['AccountId']} {record['Name']}"


def _of_contact(record: Record, _: Store) -> str:
    return f"{record['AccountId']} {record['Email'] or record['Name']}"


SANDBOX = Sandbox(
    name="salesforce",
    title="Salesforce",
    routes=(oauth.token, oauth.userinfo, *rest.ROUTES, *queries.ROUTES, *collections.ROUTES),
    seed=seed,
    enter=lambda box, kind, fields: str(org.create(box, org.kind_of(kind), fields)["Id"]),
    kinds=frozenset(kind.name for kind in KINDS.values() if kind.writable),
    facts={"Account": _of_account, "Opportunity": _of_deal, "Contact": _of_contact},
    answers={
        "throttled": lambda _: errors(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
        "expired_token": oauth.expired,
        "server_error": lambda _: errors(503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable."),
        "html_error": lambda _: answer(503, _MAINTENANCE, media_type="text/html"),
        "stale_version": lambda _: answer(412),
        "not_found": lambda _: errors(404, "NOT_FOUND", "The requested resource does not exist"),
        "method_not_allowed": lambda _: errors(405, "METHOD_NOT_ALLOWED", "HTTP Method not allowed."),
        "crash": lambda _: errors(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    },
    volatile=frozenset({"LastModifiedDate", "SystemModstamp"}),
    sign=_signed,
    options={
        "connected_apps": {},
        "notifications": None,
        "daily_limit": 100_000,
        "smallest_page": 200,
        "duplicate_rule": False,
        "misspelt_duplicate_result": True,
        "denied_objects": [],
        "hidden_fields": [],
        "more_values": {},
    },
    headers=_limit_info,
    tls=True,
)
