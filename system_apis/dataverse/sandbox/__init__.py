"""A Dataverse organisation as we must expect it: Entra sign-in, OData v4 rows, pages, versions, keys, actions, limits.

A PATCH makes what is not there, 412 means two things, a page's link forgets the page size, names are case-sensitive,
and a deal is won by an action only. No app is known at first:

    PUT /_sandbox/options/tenant          "<directory id>"
    PUT /_sandbox/options/apps            {"<client id>": {"secret": "...", "application_user": true}}
    PUT /_sandbox/options/denied_tables   ["quote"]                       no privilege on the table
    PUT /_sandbox/options/hidden_fields   ["opportunity.tg_practice"]     not there, or under another name
    PUT /_sandbox/options/more_values     {"opportunity.tg_contracttype": {"100000009": "Success Fee"}}
    PUT /_sandbox/options/closed_quotes_locked   true           a won quote takes no edit (from memory)
    PUT /_sandbox/options/closed_orders_locked   true           a cancelled order takes no edit (from memory)
    PUT /_sandbox/options/untracked_tables       ["account"]    no change tracking; which code says so is from memory
    PUT /_sandbox/options/delta_days      7                               days a delta token is good for
    PUT /_sandbox/options/expired_delta   "everything"          then all rows come as new; "refused" is the default
    PUT /_sandbox/options/request_limit   6000                            calls in five minutes
"""

from foundation.sandbox import Box, Record, Sandbox, Store, answer
from system_apis.dataverse.sandbox import batch, entra, org, rest
from system_apis.dataverse.sandbox.errors import error, stale, throttled
from system_apis.dataverse.sandbox.schema import TABLES
from system_apis.dataverse.sandbox.seed import seed

_MAINTENANCE = "<html><head><title>Service Unavailable</title></head><body>Service Unavailable</body></html>"


def _enter(box: Box, kind: str, fields: Record) -> str:
    made = org.create(box, TABLES[kind], fields)
    return str(made[TABLES[kind].key])


def _of_account(record: Record, _: Store) -> str:
    return str(record["name"])


def _of_deal(record: Record, _: Store) -> str:
    return f"{record['parentaccountid']} {record['name']}"


def _of_contact(record: Record, _: Store) -> str:
    return f"{record['parentcustomerid']} {record['emailaddress1'] or record['fullname']}"


SANDBOX = Sandbox(
    name="dataverse",
    title="Dynamics 365 Sales",
    routes=(entra.token, *batch.ROUTES, *rest.ROUTES),
    seed=seed,
    enter=_enter,
    kinds=frozenset(table.name for table in TABLES.values() if table.writable),
    facts={"account": _of_account, "opportunity": _of_deal, "contact": _of_contact},
    answers={
        "throttled": lambda _: throttled(),
        "expired_token": entra.expired,
        "server_error": lambda _: error(500, "0x80044150", "Sql error: Generic SQL error."),
        "html_error": lambda _: answer(503, _MAINTENANCE, media_type="text/html"),
        "stale_version": lambda _: stale(),
        "not_found": lambda _: error(404, "0x8006088a", "Resource not found for the segment."),
        "method_not_allowed": lambda _: error(405, "0x8006088a", "The requested resource does not support it."),
        "crash": lambda _: error(500, "0x80040216", "An unexpected error occurred."),
    },
    volatile=frozenset({"modifiedon", "versionnumber"}),
    options={
        "tenant": "",
        "apps": {},
        "denied_tables": [],
        "hidden_fields": [],
        "more_values": {},
        "request_limit": 6000,
        "largest_page": 5000,
        "closed_quotes_locked": False,
        "closed_orders_locked": False,
        "untracked_tables": [],
        "delta_days": 7,
        "expired_delta": "refused",
    },
    headers=entra.counted,
    tls=True,
    hosts=("login.microsoftonline.com", *(f"*.crm{number}.dynamics.com" for number in ("", *range(2, 22)))),
)
