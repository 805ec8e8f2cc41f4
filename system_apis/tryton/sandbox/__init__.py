"""A database of Tryton 8.2 as we must expect it: sessions, typed JSON, domains, lists inside records, its errors.

What is refused is answered with status 200. A field that nobody may write is refused, and so is one that the state of
its record keeps; nothing is filled in but what a model itself fills in. No user is known at first:

    PUT /_sandbox/options/users           {"<user>": "<password>"}
    PUT /_sandbox/options/denied_models   ["sale.sale"]                         our groups may not see it
    PUT /_sandbox/options/hidden_fields   ["party.party.customer_currency"]     its module is not there
    PUT /_sandbox/options/more_values     {"account.period.state": ["audited"]}
    PUT /_sandbox/options/session_seconds 300                                   how long a session lasts unused
    PUT /_sandbox/options/login_throttled true                                  too many wrong passwords
"""

from foundation.sandbox import CALL, Answer, Box, Record, Refused, Sandbox, Store, answer
from system_apis.tryton.people_mapping import GIVEN, TITLE
from system_apis.tryton.sandbox import records, rpc
from system_apis.tryton.sandbox.billing_schema import MODELS
from system_apis.tryton.sandbox.errors import RpcError, page, stale, told, unauthorized
from system_apis.tryton.sandbox.seed import company_of, seed

_MAINTENANCE = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>"


def _enter(box: Box, kind: str, fields: Record) -> str:
    """A record of a seed file; `company` is the code of its legal entity."""
    if "company" in fields and isinstance(fields["company"], str):
        fields["company"] = company_of(box, fields["company"])
    try:
        return str(records.create(box, kind, fields))
    except RpcError as error:
        raise Refused(told(error)) from error


def _expired(box: Box) -> Answer:
    """The fault: the caller's session ends now."""
    session = rpc.session_of(box, CALL.get().headers.get("authorization", ""))
    if session is not None:
        box.store.delete(rpc.SESSION, session["id"])
    return unauthorized()


def _sale(record: Record, _: Store) -> str:
    return f"{record['description']} for party {record['party']}"


def _invoice(record: Record, _: Store) -> str:
    return f"{record['description']} for party {record['party']}, {record['comment']}"


def _identifier(record: Record, _: Store) -> str:
    """A key is one party's; the given name and the job title we note beside it, several people have."""
    said = f"{record['type']} {record['code']}"
    return f"{said} of party {record['party']}" if record["code"].startswith((GIVEN, TITLE)) else said


def _work(record: Record, _: Store) -> str:
    if record["type"] == "task":
        return f"{record['name']} below {record['parent']}"
    return f"{record['name']} for party {record['party']}"


SANDBOX = Sandbox(
    name="tryton",
    title="Tryton",
    routes=(rpc.rpc, rpc.root),
    seed=seed,
    enter=_enter,
    kinds=frozenset(MODELS),
    facts={
        "party.party": lambda record, _: str(record["name"]),
        "party.identifier": _identifier,
        "sale.sale": _sale,
        "sale.line": lambda record, _: f"{record['description']} of sale {record['sale']}",
        "project.work": _work,
        "timesheet.line": lambda record, _: f"{record['description']} of {record['employee']} on {record['date']}",
        "account.invoice": _invoice,
    },
    answers={
        "throttled": lambda _: page(429, "Too Many Requests", "You have exceeded an allotted request count."),
        "expired_token": _expired,
        "server_error": lambda _: page(500, "Internal Server Error", "The server encountered an internal error."),
        "html_error": lambda _: answer(502, _MAINTENANCE, media_type="text/html"),
        "stale_version": lambda _: told(stale()),
        "not_found": lambda _: page(404, "Not Found", "The requested URL was not found on the server."),
        "method_not_allowed": lambda _: page(405, "Method Not Allowed", "The method is not allowed."),
        "crash": lambda _: page(500, "Internal Server Error", "The server encountered an internal error."),
    },
    volatile=frozenset({"_at", "_stamp"}),
    options={
        "database": "erp",
        "users": {},
        "denied_models": [],
        "hidden_fields": [],
        "more_values": {},
        "session_seconds": 300,
        "login_throttled": False,
    },
)
