"""The addresses of the API: companies, the rows of each page below one, lines below a document, metadata."""

import re
from typing import Any, Final, Literal

import msgspec
from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import CALL, Answer, Box, Record, Refused, answer, decode
from system_apis.business_central.sandbox import ledger, metadata, ordering, tables
from system_apis.business_central.sandbox.entra import enter
from system_apis.business_central.sandbox.errors import (
    JSON,
    invalid,
    no_segment,
    no_version,
    refused,
    stale,
)
from system_apis.business_central.sandbox.fields import Page, caption
from system_apis.business_central.sandbox.queries import Query, etag
from system_apis.business_central.sandbox.schema import PAGES

AnyRequest = Request[Any, Any, Any]
Method = Literal["GET", "POST", "PATCH", "DELETE"]
_SEGMENT: Final = re.compile(r"(\w+)(?:\(([^)]*)\))?")
_METHODS: Final[list[Method]] = ["GET", "POST", "PATCH", "DELETE"]
_STANDARD: Final = "/v2.0/{environment:str}/api/v2.0"
_EXTENSION: Final = "/v2.0/{environment:str}/api/tiergate/erp/v1.0"


@route([f"{_STANDARD}/{{first:str}}", f"{_EXTENSION}/{{first:str}}"], http_method=_METHODS, status_code=200)
async def top(
    box: NamedDependency[Box], environment: FromPath[str], first: FromPath[str], request: AnyRequest
) -> Answer:
    """The companies, or the service's metadata."""
    _entered(box, environment)
    if first == "$metadata":
        return _described(box, request)
    name, id = _parsed(first)
    if name != "companies":
        raise no_segment(name)
    if request.method != "GET":
        raise _not_allowed(request)
    page = PAGES["companies"]
    if id is None:
        return _listed(box, page, box.store.all("companies"), request)
    return _shown(box, page, tables.find(box, "", page, id), request)


@route(
    [f"{_STANDARD}/{{first:str}}/{{second:str}}", f"{_EXTENSION}/{{first:str}}/{{second:str}}"],
    http_method=_METHODS,
    status_code=200,
)
async def of_company(
    box: NamedDependency[Box],
    environment: FromPath[str],
    first: FromPath[str],
    second: FromPath[str],
    request: AnyRequest,
) -> Answer:
    """The rows of a page in a company, or one of them."""
    _entered(box, environment)
    company = _company(box, first)
    if second == "$metadata":
        return _described(box, request)
    name, id = _parsed(second)
    page = _page(box, name, standard=_is_standard(request))
    if id is None:
        if request.method == "GET":
            query = Query(box, page, dict(request.query_params))
            return _told(page, query, *query.of_company(company), request)
        if request.method != "POST" or not page.writable:
            raise _not_allowed(request)
        if page.parent:
            raise refused(400, "Application_DialogException", "You must specify a document ID to create a line.")
        made = tables.create(box, company, page, await _body(page, request))
        return _shown(box, page, box.store.get(page.set, made["id"]) or made, request, 201)
    found = tables.find(box, company, page, id)
    if request.method == "GET":
        return _shown(box, page, found, request)
    if request.method == "POST" or not page.writable:
        raise _not_allowed(request)
    _matching(found)
    if request.method == "DELETE":
        tables.delete(box, page, found)
        return answer(204)
    body = await _body(page, request)
    if page.lines in body and page.lines:
        raise invalid(f"The navigation property '{page.lines}' cannot be changed by a PATCH.")
    return _shown(box, page, tables.update(box, company, page, found, body), request)


@route(
    [
        f"{_STANDARD}/{{first:str}}/{{second:str}}/{{third:str}}",
        f"{_EXTENSION}/{{first:str}}/{{second:str}}/{{third:str}}",
    ],
    http_method=["GET", "POST"],
    status_code=200,
)
async def lines(
    box: NamedDependency[Box],
    environment: FromPath[str],
    first: FromPath[str],
    second: FromPath[str],
    third: FromPath[str],
    request: AnyRequest,
) -> Answer:
    """The lines of a document: listed, or a new one; or its bound action."""
    _entered(box, environment)
    company = _company(box, first)
    name, id = _parsed(second)
    page = _page(box, name, standard=_is_standard(request))
    document = tables.find(box, company, page, id or "")
    if page.set in ledger.WORDS and third == "Microsoft.NAV.post" and request.method == "POST":
        ledger.post(box, company, page, document)
        return answer(204)
    if page.set == ordering.ORDERS and third in ordering.ACTIONS and request.method == "POST":
        ordering.ACTIONS[third](box, document)
        return answer(204)
    if not page.lines or third != page.lines:
        raise no_segment(third)
    below = _page(box, page.lines, standard=_is_standard(request))
    if request.method == "GET":
        return _listed(box, below, tables.lines_of(box, page, document), request)
    if not below.writable:
        raise _not_allowed(request)
    made = tables.create(box, company, below, await _body(below, request), document["id"])
    return _shown(box, below, box.store.get(below.set, made["id"]) or made, request, 201)


def _described(box: Box, request: AnyRequest) -> Answer:
    text = metadata.document(box, standard=_is_standard(request), captions=_has_captions(request))
    return answer(200, text, media_type="application/xml")


def _entered(box: Box, environment: str) -> None:
    enter(box)
    if environment != box.option("environment"):
        raise refused(404, "BadRequest_NotFound", f"Environment '{environment}' does not exist.")


def _is_standard(request: AnyRequest) -> bool:
    return "/api/v2.0/" in request.url.path


def _parsed(segment: str) -> tuple[str, str | None]:
    known = _SEGMENT.fullmatch(segment)
    if known is None:
        raise no_segment(segment)
    return known[1], known[2]


def _company(box: Box, segment: str) -> str:
    name, id = _parsed(segment)
    if name != "companies" or id is None:
        raise no_segment(name)
    found = box.store.get("companies", id.lower())
    if found is None:
        raise refused(404, "Internal_CompanyNotFound", f"The company '{id}' does not exist.")
    return str(found["id"])


def _page(box: Box, name: str, *, standard: bool) -> Page:
    page = PAGES.get(name)
    if page is None or page.standard != standard or name == "companies":
        raise no_segment(name)
    if page.entity in box.option("denied_pages"):
        words = f"Sorry, the current permissions prevented the action. (TableData {page.entity} Read: Tiergate)"
        raise refused(403, "Authorization_RequestDenied", words)
    return page


def _not_allowed(request: AnyRequest) -> Refused:
    return refused(405, "BadRequest_MethodNotAllowed", f"'{request.method}' requests are not allowed here.")


def _matching(row: Record) -> None:
    """A change names the version it means, or `*`."""
    wanted = CALL.get().headers.get("if-match", "")
    if wanted == "*":
        return
    if not re.fullmatch(r'W/"[^"]+"', wanted):
        raise no_version()
    if wanted != etag(row):
        raise Refused(stale())


async def _body(page: Page, request: AnyRequest) -> Record:
    try:
        body = decode(await request.body())
    except msgspec.DecodeError as wrong:
        raise invalid(f"The request body is not valid JSON: {wrong}") from wrong
    if not isinstance(body, dict):
        raise invalid("An object was expected in the request body.")
    return _worded(page, body) if _has_captions(request) else body


def _has_captions(request: AnyRequest) -> bool:
    """Lists in the first version of the schema, which a client still may ask for, are texts as people read them."""
    return request.query_params.get("$schemaversion") == "1.0"


def _worded(page: Page, body: Record) -> Record:
    words = {
        name: next((word for word in page.fields[name].words if caption(word) == value), value)
        for name, value in body.items()
        if name in page.fields and page.fields[name].type == "list"
    }
    return body | words


def _root(request: AnyRequest) -> str:
    return str(request.base_url).rstrip("/")


def _listed(box: Box, page: Page, rows: list[Record], request: AnyRequest) -> Answer:
    query = Query(box, page, dict(request.query_params))
    return _told(page, query, *query.page(rows), request)


def _told(page: Page, query: Query, found: list[Record], token: str, request: AnyRequest) -> Answer:
    body: Record = {"@odata.context": f"{_root(request)}/$metadata#{page.set}"}
    body["value"] = [query.shown(row) for row in found]
    if token:
        kept = [
            part
            for part in request.url.query.split("&")
            if part and not part.startswith(("$skiptoken=", "%24skiptoken="))
        ]
        body["@odata.nextLink"] = f"{_root(request)}{request.url.path}?{'&'.join([*kept, f'$skiptoken={token}'])}"
    return answer(200, body, media_type=JSON)


def _shown(box: Box, page: Page, row: Record, request: AnyRequest, status: int = 200) -> Answer:
    context = {"@odata.context": f"{_root(request)}/$metadata#{page.set}/$entity"}
    return answer(status, context | Query(box, page, dict(request.query_params)).shown(row), media_type=JSON)


ROUTES: Final = (top, of_company, lines)
