"""The addresses of the API: companies, the rows of each page below one, lines below a document, metadata."""

import re
from typing import Any, Final, Literal
from xml.sax.saxutils import quoteattr

import msgspec
from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import CALL, Answer, Box, Record, Refused, answer, decode
from system_apis.business_central.sandbox import tables
from system_apis.business_central.sandbox.entra import enter
from system_apis.business_central.sandbox.errors import (
    JSON,
    invalid,
    no_segment,
    no_version,
    refused,
    stale,
)
from system_apis.business_central.sandbox.queries import Query, etag
from system_apis.business_central.sandbox.schema import PAGES, Field, Page

AnyRequest = Request[Any, Any, Any]
Method = Literal["GET", "POST", "PATCH", "DELETE"]
_SEGMENT: Final = re.compile(r"(\w+)(?:\(([^)]*)\))?")
_EDM: Final = {
    "text": "Edm.String",
    "decimal": "Edm.Decimal",
    "date": "Edm.Date",
    "guid": "Edm.Guid",
    "bool": "Edm.Boolean",
    "instant": "Edm.DateTimeOffset",
}
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
        return answer(200, _metadata(box, standard=_is_standard(request)), media_type="application/xml")
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
    name, id = _parsed(second)
    page = _page(box, name, standard=_is_standard(request))
    if id is None:
        if request.method == "GET":
            return _listed(box, page, box.store.find(page.set, _company=company), request)
        if request.method != "POST" or not page.writable:
            raise _not_allowed(request)
        if page.parent:
            raise refused(400, "Application_DialogException", "You must specify a document ID to create a line.")
        made = tables.create(box, company, page, await _body(request))
        return _shown(box, page, box.store.get(page.set, made["id"]) or made, request, 201)
    found = tables.find(box, company, page, id)
    if request.method == "GET":
        return _shown(box, page, found, request)
    if request.method == "POST" or not page.writable:
        raise _not_allowed(request)
    _matching(found)
    if request.method == "DELETE":
        box.store.delete(page.set, found["id"])
        return answer(204)
    body = await _body(request)
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
    """The lines of a document: listed, or a new one."""
    _entered(box, environment)
    company = _company(box, first)
    name, id = _parsed(second)
    page = _page(box, name, standard=_is_standard(request))
    document = tables.find(box, company, page, id or "")
    if not page.lines or third != page.lines:
        raise no_segment(third)
    below = _page(box, page.lines, standard=_is_standard(request))
    if request.method == "GET":
        return _listed(box, below, tables.lines_of(box, page, document), request)
    made = tables.create(box, company, below, await _body(request), document["id"])
    return _shown(box, below, box.store.get(below.set, made["id"]) or made, request, 201)


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


async def _body(request: AnyRequest) -> Record:
    try:
        body = decode(await request.body())
    except msgspec.DecodeError as wrong:
        raise invalid(f"The request body is not valid JSON: {wrong}") from wrong
    if not isinstance(body, dict):
        raise invalid("An object was expected in the request body.")
    return body


def _root(request: AnyRequest) -> str:
    return str(request.base_url).rstrip("/")


def _listed(box: Box, page: Page, rows: list[Record], request: AnyRequest) -> Answer:
    query = Query(box, page, dict(request.query_params))
    found, token = query.page(rows)
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


def _metadata(box: Box, *, standard: bool) -> str:
    """The service's metadata, CSDL 4.0; lists are enumerations."""
    pages = [page for page in PAGES.values() if page.standard == standard]
    enums = [
        f"<EnumType Name={quoteattr(_enum(page, field))}>"
        + "".join(
            f'<Member Name={quoteattr(word)} Value="{number}"/>' for number, word in enumerate(_words(box, page, field))
        )
        + "</EnumType>"
        for page in pages
        for field in page.fields.values()
        if field.type == "list"
    ]
    entities = [
        f"<EntityType Name={quoteattr(page.entity)}>"
        '<Key><PropertyRef Name="id"/></Key>'
        + "".join(
            _property(page, field) for field in page.fields.values() if not tables.is_hidden(box, page, field.name)
        )
        + "</EntityType>"
        for page in pages
    ]
    sets = "".join(f'<EntitySet Name="{page.set}" EntityType="Microsoft.NAV.{page.entity}"/>' for page in pages)
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        '<edmx:DataServices><Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f'{"".join(enums)}{"".join(entities)}<EntityContainer Name="NAV">{sets}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


def _property(page: Page, field: Field) -> str:
    kind = f"Microsoft.NAV.{_enum(page, field)}" if field.type == "list" else _EDM[field.type]
    return f"<Property Name={quoteattr(field.name)} Type={quoteattr(kind)}/>"


def _enum(page: Page, field: Field) -> str:
    return f"{page.entity}{field.name.capitalize()}"


def _words(box: Box, page: Page, field: Field) -> list[str]:
    return [*field.words, *box.option("more_values").get(f"{page.entity}.{field.name}", [])]


ROUTES: Final = (top, of_company, lines)
