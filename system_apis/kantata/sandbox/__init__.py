"""The Kantata sandbox: workspaces, stories, people's places and hours, posts, invoices, rate cards, our references.

Nothing is unique there, and nothing can be undone: a create sent twice is two records.

Options: `token` (what signs in), `nested_references` (whether an `external_reference` inside a create is taken; what
the vendor does is not published), `search_lag_seconds` (how far the search index is behind), `list_lag_seconds` (how
far any other list is that does not name ids; whether one is, is not published), `denied` (kinds of record our access
group may not see), `approval_touches_expenses` (whether a decision on an expense report moves `updated_at` of its
expenses, which is not published either).
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec
from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from canonical.money import Money
from foundation.sandbox import Answer, Box, Record, Refused, Sandbox, answer, decode, firm
from system_apis.kantata.sandbox.brainstem import (
    cancelled,
    create,
    delete,
    enveloped,
    kind_of,
    listed,
    resolved,
    shown,
    trouble,
    update,
)
from system_apis.kantata.sandbox.kinds import KINDS
from system_apis.kantata.sandbox.submissions import RESOLVED, SUBMISSIONS

TOKEN: Final = "sandbox-kantata-token"  # noqa: S105 - signs in to a sandbox only


@route("/api/v1/{plural:str}", http_method=["GET", "POST"], status_code=200)
async def collection(box: NamedDependency[Box], request: Request[Any, Any, Any], plural: FromPath[str]) -> Answer:
    """A collection: list, or create one (singular key) or several (plural key)."""
    _signed_in(box, request)
    plural = plural.removesuffix(".json")
    if plural in box.option("denied"):
        raise Refused(trouble(403, "You are not allowed to do this"))
    if request.method == "GET":
        return listed(box, plural, dict(request.query_params.items()))
    kind = kind_of(plural)
    if not kind.creates:
        raise Refused(trouble(403, "You are not allowed to do this"))
    body = await _body(request)
    several = body.get(plural) if isinstance(body.get(plural), list) else [_written(body, kind.singular)]
    made = [create(box, plural, given) for given in several or []]
    return enveloped(box, plural, made, dict(request.query_params.items()))


@route("/api/v1/{plural:str}/{id:str}", http_method=["GET", "PUT", "DELETE"], status_code=200)
async def member(
    box: NamedDependency[Box], request: Request[Any, Any, Any], plural: FromPath[str], id: FromPath[str]
) -> Answer:
    """One record: read, change, delete."""
    _signed_in(box, request)
    id, parameters = id.removesuffix(".json"), dict(request.query_params.items())
    if request.method == "GET":
        return shown(box, plural, id, parameters)
    if request.method == "DELETE":
        delete(box, plural, id)
        return answer(204)
    changed = update(box, plural, id, _written(await _body(request), kind_of(plural).singular))
    return enveloped(box, plural, [changed], parameters)


@route("/api/v1/{plural:str}/{id:str}/{what:str}", http_method="PUT", status_code=200)
async def resolution(
    box: NamedDependency[Box],
    request: Request[Any, Any, Any],
    plural: FromPath[str],
    id: FromPath[str],
    what: FromPath[str],
) -> Answer:
    """Cancel an invoice; cancel, reject or approve an expense report. It stays."""
    _signed_in(box, request)
    id, what = id.removesuffix(".json"), what.removesuffix(".json")
    if plural == SUBMISSIONS and what in RESOLVED:
        changed = resolved(box, id, what)
    elif (plural, what) == ("invoices", "cancel"):
        changed = cancelled(box, id)
    else:
        raise Refused(trouble(404, "The requested resource was not found"))
    return enveloped(box, plural, [changed], dict(request.query_params.items()))


def _signed_in(box: Box, request: Request[Any, Any, Any]) -> None:
    if request.headers.get("authorization") != f"Bearer {box.option('token')}":
        raise Refused(_unauthorized(box))


async def _body(request: Request[Any, Any, Any]) -> Record:
    try:
        body = decode(await request.body())
    except msgspec.DecodeError:
        raise Refused(trouble(400, "The request could not be parsed")) from None
    if not isinstance(body, dict):
        raise Refused(trouble(400, "The request could not be parsed"))
    return body


def _written(body: Record, singular: str) -> Record:
    given = body.get(singular)
    if not isinstance(given, dict):
        raise Refused(trouble(400, f"param is missing or the value is empty: {singular}"))
    return given


def _unauthorized(_: Box) -> Answer:
    return trouble(401, "Invalid OAuth 2 Request", "oauth")


def _seed(box: Box) -> None:
    """The people of the firm, and an internal project that is nobody's deal."""
    managers = sorted({deal.project_manager for deal in firm.deals(box.now().date())})
    at = box.now().isoformat(timespec="microseconds")
    for email in ("tiergate@acme.example", *managers):
        name = email.partition("@")[0].replace(".", " ").title()
        id = str(9000 + box.store.next_number("users"))
        person = {"id": id, "full_name": name, "email_address": email, "headline": "", "created_at": at}
        box.store.insert("users", id, {**person, "updated_at": at, "external_reference_ids": []})
    inside = {"title": "Internal: training and bench", "creator_role": "maven", "status_key": 310}
    inside |= {"require_expense_approvals": True}
    of = {"workspace_id": create(box, "workspaces", inside)["id"]}
    _rates(box)
    day = box.now().date().isoformat()
    create(
        box, "time_entries", of | {"date_performed": day, "time_in_minutes": 90, "notes": "Course", "billable": False}
    )
    create(box, "expenses", of | {"date": day, "category": "Other", "amount_in_cents": 1990, "notes": "Book"})


def _rates(box: Box) -> None:
    """What the firm sells an hour of each role for, in each of its currencies: one set, from the beginning."""
    of = {"rate_card_set_id": create(box, "rate_card_sets", {"title": "Standard"})["id"]}
    since = create(box, "rate_card_set_versions", {**of, "effective_date": None})
    box.store.update("rate_card_set_versions", since["id"], {"active": True})
    prices: dict[str, dict[str, Decimal]] = {}
    for deal in firm.deals(box.now().date()):
        asked = prices.setdefault(deal.currency, {})
        asked |= {role.name: max(role.rate, asked.get(role.name, role.rate)) for role in deal.roles}
    names = sorted({name for asked in prices.values() for name in asked})
    ids = {name: create(box, "roles", {"name": name})["id"] for name in names}
    for currency, asked in sorted(prices.items()):
        card = create(box, "rate_cards", {**of, "rate_card_set_version_id": since["id"], "currency": currency})
        (own,) = box.store.find("rate_card_versions", rate_card_id=card["id"])
        for name, rate in asked.items():
            units = Money(amount=rate, currency=currency).to_minor()
            create(box, "rate_card_roles", {"rate_card_version_id": own["id"], "role_id": ids[name], "rate": units})


def _together(*names: str) -> Callable[[Record, Any], str]:
    """The business fact of a record: these of its fields."""
    return lambda record, _: " | ".join(str(record[name]) for name in names)


def _bill(record: Record, _: Any) -> str:
    """An invoice under the number another system gave it."""
    numbered = record["user_invoice_title"] and record["status"] != "cancelled"
    return f"{record['workspace_ids']} | {record['user_invoice_title']}" if numbered else ""


SANDBOX: Final = Sandbox(
    name="kantata",
    title="Kantata",
    routes=(collection, member, resolution),
    seed=_seed,
    enter=lambda box, kind, fields: str(create(box, kind, fields)["id"]),
    kinds=frozenset(name for name, kind in KINDS.items() if kind.creates),
    facts={
        "workspaces": _together("title"),
        "stories": _together("workspace_id", "title"),
        "workspace_resources": _together("workspace_id", "label"),
        "workspace_allocations": _together("workspace_resource_id", "start_date", "end_date"),
        "posts": _together("workspace_id", "message"),
        "invoices": _bill,
        "external_references": _together("service_name", "service_model", "service_model_ref"),
    },
    answers={
        "throttled": lambda _: trouble(429, "Too Many Requests"),
        "expired_token": _unauthorized,
        "server_error": lambda _: trouble(503, "Service is unavailable"),
        "stale_version": lambda _: trouble(422, "The record is locked"),
        "not_found": lambda _: trouble(404, "The requested resource was not found"),
        "method_not_allowed": lambda _: trouble(404, "The requested resource was not found"),
        "crash": lambda _: trouble(500, "Something went wrong"),
    },
    volatile=frozenset({"created_at", "updated_at"}),
    options={
        "token": TOKEN,
        "nested_references": True,
        "search_lag_seconds": 0,
        "list_lag_seconds": 0,
        "denied": [],
        "approval_touches_expenses": False,
    },
)
