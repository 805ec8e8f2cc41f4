"""The Web API: tables, rows, upserts, actions, functions, metadata."""

import re
from typing import Any, Final

import msgspec
from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import CALL, Answer, Box, Record, answer, decode
from system_apis.dataverse.sandbox import delta, metadata, org
from system_apis.dataverse.sandbox.entra import enter
from system_apis.dataverse.sandbox.errors import (
    JSON,
    PAYLOAD,
    error,
    no_record,
    no_segment,
    refused,
    stale,
    twin,
)
from system_apis.dataverse.sandbox.queries import Query, etag
from system_apis.dataverse.sandbox.schema import TABLES, Table

VERSIONS: Final = ("v9.0", "v9.1", "v9.2")
_SEGMENT: Final = re.compile(r"^(\w+)(?:\((.*)\))?$")
_NAMED: Final = re.compile(r"^LogicalName='(\w+)'$")
_CLOSING: Final = {"WinOpportunity": True, "LoseOpportunity": False}
_QUOTE_CLOSING: Final = {"WinQuote": (2, {4}), "CloseQuote": (3, {5, 6, 7})}
"""Action -> the state it moves an active quote to, and the reasons it takes."""
_NO_MONEY: Final = 4
"""The one reason for cancelling an order that an organisation has at first."""


@route("/api/data/{version:str}/{segment:str}", http_method=["GET", "POST", "PATCH", "DELETE"], status_code=200)
async def segment_of(
    box: NamedDependency[Box], version: FromPath[str], segment: FromPath[str], request: Request[Any, Any, Any]
) -> Answer:
    """A table, a row, a function, an action, or metadata: the last segment says which."""
    enter(box)
    if version not in VERSIONS:
        raise no_segment(version)
    if segment == "WhoAmI":
        return _json(request, "$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse", _me())
    if segment == "$metadata":
        return answer(200, metadata.document(box), media_type="application/xml")
    if segment in _CLOSING and request.method == "POST":
        return _close(box, body_of(await request.body()), won=_CLOSING[segment])
    if segment in _QUOTE_CLOSING and request.method == "POST":
        return _close_quote(box, body_of(await request.body()), *_QUOTE_CLOSING[segment])
    if segment == "CancelSalesOrder" and request.method == "POST":
        return _cancel_order(box, body_of(await request.body()))
    known = _SEGMENT.match(segment)
    if known is None:
        raise no_segment(segment)
    if known[1] == "EntityDefinitions" and known[2] is None:
        return _json(request, "$metadata#EntityDefinitions", {"value": metadata.definitions(box, request.query_params)})
    if known[1] == "EntityDefinitions":
        found = metadata.definition(box, _named(known[2] or ""), request.query_params)
        return _json(request, "$metadata#EntityDefinitions/$entity", found)
    table = org.table_of(known[1])
    _permitted(box, table, request.method)
    if known[2] is None:
        return await _rows(box, table, request)
    return await _row(box, table, known[2], request)


@route("/api/data/{version:str}/{segment:str}/Attributes/{cast:str}", http_method="GET", status_code=200)
async def attributes(
    box: NamedDependency[Box],
    version: FromPath[str],
    segment: FromPath[str],
    cast: FromPath[str],
    request: Request[Any, Any, Any],
) -> Answer:
    """The columns of a table that are of one kind."""
    enter(box)
    known = _SEGMENT.match(segment)
    if known is None or known[1] != "EntityDefinitions" or version not in VERSIONS:
        raise no_segment(segment)
    found = metadata.choices(box, _named(known[2] or ""), cast)
    return _json(request, f"$metadata#EntityDefinitions/Attributes/{cast}", {"value": found})


def body_of(raw: bytes) -> Record:
    """A JSON object; the vendor's error for anything else."""
    try:
        body = decode(raw)
    except msgspec.DecodeError as wrong:
        raise refused(400, PAYLOAD, f"Error identified in Payload provided by the user: {wrong}") from wrong
    if not isinstance(body, dict):
        raise refused(400, PAYLOAD, "Error identified in Payload provided by the user: an object was expected")
    return body


async def _rows(box: Box, table: Table, request: Request[Any, Any, Any]) -> Answer:
    if request.method == "POST":
        made = org.create(box, table, body_of(await request.body()))
        return _written(box, table, made, request, created=True)
    if request.method != "GET":
        return error(405, "0x8006088a", "The requested resource does not support http method " + request.method)
    asked = dict(request.query_params)
    if delta.is_tracked(asked):
        body = delta.read(box, table, asked, f"{_root(request)}{table.set}")
        changed = "/$delta" if "$deltatoken" in asked else ""
        told = _json(request, f"$metadata#{table.set}{changed}", body)
        told.headers["Preference-Applied"] = delta.PREFERENCE
        return told
    query = Query(box, table, asked)
    rows, cookie = query.page()
    body = {"value": [query.shown(row) for row in rows]}
    if request.query_params.get("$count") == "true":
        body["@odata.count"] = min(len(query.found()), 5000)
    if cookie:
        kept = [part for part in request.url.query.split("&") if not re.match(r"(\$|%24)skiptoken=", part)]
        body["@odata.nextLink"] = f"{_root(request)}{table.set}?{'&'.join([*kept, f'$skiptoken={cookie}'])}"
    return _json(request, f"$metadata#{table.set}", body)


async def _row(box: Box, table: Table, key: str, request: Request[Any, Any, Any]) -> Answer:
    if request.method == "POST":
        return error(405, "0x8006088a", "The requested resource does not support http method POST")
    found = org.find(box, table, key)
    wanted = CALL.get().headers
    if request.method == "PATCH":
        return await _upserted(box, table, key, found, request)
    if found is None:
        raise no_record(table.name, key)
    if request.method == "GET":
        if wanted.get("if-none-match") == etag(found):
            return answer(304)
        query = Query(box, table, dict(request.query_params))
        return _json(request, f"$metadata#{table.set}/$entity", query.shown(found))
    if wanted.get("if-match", "*") not in ("*", etag(found)):
        return stale()
    org.delete(box, table, found[table.key])
    return answer(204)


async def _upserted(box: Box, table: Table, key: str, found: Record | None, request: Request[Any, Any, Any]) -> Answer:
    """A PATCH makes a row that is not there, unless a header forbids it; whether it did, only a shown row says."""
    wanted = CALL.get().headers
    given = body_of(await request.body())
    if found is None:
        if "if-match" in wanted:
            raise no_record(table.name, key)
        named = dict(re.findall(r"(\w+)='([^']*)'", key)) or {table.key: key}
        return _written(box, table, org.create(box, table, given | named), request, created=True)
    if wanted.get("if-none-match") == "*":
        raise twin()
    if wanted.get("if-match", "*") not in ("*", etag(found)):
        return stale()
    return _written(box, table, org.update(box, table, found[table.key], given), request, created=False)


def _written(box: Box, table: Table, row: Record, request: Request[Any, Any, Any], *, created: bool) -> Answer:
    where = f"{_root(request)}{table.set}({row[table.key]})"
    if "return=representation" in CALL.get().headers.get("prefer", ""):
        shown = Query(box, table, dict(request.query_params)).shown(row)
        told = _json(request, f"$metadata#{table.set}/$entity", shown, 201 if created else 200)
        told.headers["Preference-Applied"] = "return=representation"
        return told
    return answer(204, None, {"OData-EntityId": where, "Location": where})


def _close(box: Box, body: Record, *, won: bool) -> Answer:
    bound = str(body.get("OpportunityClose", {}).get("opportunityid@odata.bind", ""))
    known = re.search(r"opportunities\((.+)\)$", bound)
    if known is None or body.get("Status") not in ({3} if won else {4, 5}):
        raise refused(400, PAYLOAD, "Error identified in Payload provided by the user: OpportunityClose and Status")
    org.close(box, org.read(box, TABLES["opportunity"], known[1])["opportunityid"], won=won)
    return answer(204)


def _close_quote(box: Box, body: Record, state: int, reasons: set[int]) -> Answer:
    bound = str(body.get("QuoteClose", {}).get("quoteid@odata.bind", ""))
    known = re.search(r"quotes\((.+)\)$", bound)
    if known is None or body.get("Status") not in reasons:
        raise refused(400, PAYLOAD, "Error identified in Payload provided by the user: QuoteClose and Status")
    org.close_quote(box, org.read(box, TABLES["quote"], known[1])["quoteid"], state, body["Status"])
    return answer(204)


def _cancel_order(box: Box, body: Record) -> Answer:
    bound = str(body.get("OrderClose", {}).get("salesorderid@odata.bind", ""))
    known = re.search(r"salesorders\((.+)\)$", bound)
    if known is None or body.get("Status") != _NO_MONEY:
        raise refused(400, PAYLOAD, "Error identified in Payload provided by the user: OrderClose and Status")
    org.cancel_order(box, org.read(box, TABLES["salesorder"], known[1])["salesorderid"], body["Status"])
    return answer(204)


def _permitted(box: Box, table: Table, method: str) -> None:
    """A security role has privileges by table; a right that is missing is 403."""
    if table.name in box.option("denied_tables"):
        verb = {"GET": "Read", "POST": "Create", "PATCH": "Write", "DELETE": "Delete"}[method]
        message = (
            f"Principal user (Id={org.INTEGRATION_USER}, type=8, roleCount=1, privilegeCount=1, accessMode='4"
            f" Non-interactive') is missing prv{verb}{table.name.capitalize()} privilege on OTC=1 for entity"
            f" '{table.name}'."
        )
        raise refused(403, "0x80040220", message)


def _named(key: str) -> Table:
    known = _NAMED.match(key)
    if known is None or known[1] not in TABLES:
        raise refused(404, "0x80060888", f"Could not find an entity with {key}.")
    return TABLES[known[1]]


def _me() -> Record:
    return {
        "BusinessUnitId": org.BUSINESS_UNIT,
        "UserId": org.INTEGRATION_USER,
        "OrganizationId": org.ORGANIZATION,
    }


def _root(request: Request[Any, Any, Any]) -> str:
    return f"{str(request.base_url).rstrip('/')}/api/data/v9.2/"


def _json(request: Request[Any, Any, Any], context: str, body: Record, status: int = 200) -> Answer:
    return answer(status, {"@odata.context": _root(request) + context} | body, media_type=JSON)


ROUTES: Final = (segment_of, attributes)
