"""The addresses of the sandbox: the record API, SuiteQL and the metadata catalog."""

from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import Answer, Box, Record, answer, decode
from system_apis.netsuite.sandbox import suiteql, tasks
from system_apis.netsuite.sandbox.errors import no_such_record, refused
from system_apis.netsuite.sandbox.governance import governance_limits
from system_apis.netsuite.sandbox.jobs import JOB_ROUTES, deferred, preferred
from system_apis.netsuite.sandbox.schema import RECORDS, RecordType
from system_apis.netsuite.sandbox.showing import RECORDS_PATH, View, page
from system_apis.netsuite.sandbox.sign_in import signed_in, token
from system_apis.netsuite.sandbox.writing import create, found, unknown_fields, update

SINGULAR: Final = "application/vnd.oracle.resource+json; type=singular; charset=UTF-8"
COLLECTION: Final = "application/vnd.oracle.resource+json; type=collection; charset=UTF-8"
MOST: Final = 1000
"""Records a page, and what a page has when nothing is said."""

AnyRequest = Request[Any, Any, Any]


@route(f"{RECORDS_PATH}/{{record:str}}", http_method=["GET", "POST"], status_code=200)
async def records(box: NamedDependency[Box], request: AnyRequest, record: FromPath[str]) -> Answer:
    """List the ids of a record type, or make one."""
    if later := await deferred(box, request):
        return later
    kind = _kind(box, request, record)
    if request.method == "GET":
        return _listed(box, request, kind)
    _writable(kind)
    body = await _body(request)
    made = create(box, kind, body)
    return _written(box, request, kind, made, body)


@route(f"{RECORDS_PATH}/{{record:str}}/{{ident:str}}", http_method=["GET", "PUT", "PATCH", "DELETE"], status_code=200)
async def one_record(
    box: NamedDependency[Box], request: AnyRequest, record: FromPath[str], ident: FromPath[str]
) -> Answer:
    """Read, upsert by external id, change or delete one record."""
    if later := await deferred(box, request):
        return later
    kind = _kind(box, request, record)
    ident = unquote(ident)
    if " " in ident:
        words = "Error while accessing a resource. Invalid url. Spaces are not allowed in the URL."
        raise refused(400, "INVALID_CONTENT", words)
    if request.method == "GET":
        only = request.query_params.get("fields")
        shown = _view(box, request).record(kind, found(box, kind, ident), only.split(",") if only else None)
        return answer(200, shown, media_type=SINGULAR)
    _writable(kind)
    if request.method == "DELETE":
        native_id = found(box, kind, ident)["id"]
        tasks.deletable(box, kind.name, native_id)
        box.store.delete(kind.name, native_id)
        return answer(204)
    body = await _body(request)
    replace = frozenset(request.query_params.get("replace", "").split(","))
    if request.method == "PATCH":
        return _written(box, request, kind, update(box, kind, found(box, kind, ident), body, replace), body)
    if not ident.startswith("eid:"):
        raise refused(400, "INVALID_REQUEST", "Use the external ID of the record for the upsert operation.")
    key = ident.removeprefix("eid:")
    known = box.store.find(kind.name, externalId=key)
    kept = update(box, kind, known[0], body, replace) if known else create(box, kind, body | {"externalId": key})
    return _written(box, request, kind, kept, body)


@route(f"{RECORDS_PATH}/{{record:str}}/{{ident:str}}/{{sublist:str}}", http_method="GET", status_code=200)
async def one_sublist(
    box: NamedDependency[Box], request: AnyRequest, record: FromPath[str], ident: FromPath[str], sublist: FromPath[str]
) -> Answer:
    """The lines of one sublist."""
    if later := await deferred(box, request):
        return later
    kind = _kind(box, request, record)
    if sublist not in kind.fields or kind.fields[sublist].kind != "sublist":
        raise no_such_record()
    shown = _view(box, request).sublist(kind, found(box, kind, unquote(ident)), sublist)
    return answer(200, shown, media_type=COLLECTION)


@route("/services/rest/query/v1/suiteql", http_method="POST", status_code=200)
async def query(box: NamedDependency[Box], request: AnyRequest) -> Answer:
    """Run SuiteQL. Nothing is kept of it, and the caller has to say so: `Prefer: transient`."""
    if later := await deferred(box, request):
        return later
    if "transient" not in preferred(request):
        raise refused(400, "INVALID_HEADER", "The required request header 'Prefer' is missing. Set it to 'transient'.")
    body = await _body(request)
    if not isinstance(body.get("q"), str):
        raise refused(400, "INVALID_CONTENT", "Enter the query in the 'q' property.", path="q")
    limit, offset = _paging(request)
    rows, total = suiteql.run(box, body["q"], limit, offset)
    return answer(200, page(_here(request), rows, total, limit, offset), media_type=COLLECTION)


@route(f"{RECORDS_PATH}/metadata-catalog", http_method="GET", status_code=200)
async def catalog(box: NamedDependency[Box], request: AnyRequest) -> Answer:
    """The record types there are, by name only."""
    signed_in(box, request)
    wanted = request.query_params.get("select", "").lower().split(",")
    kinds = [kind for name, kind in RECORDS.items() if wanted == [""] or name in wanted]
    here = f"{_origin(request)}{RECORDS_PATH}/metadata-catalog"
    items = [{"name": kind.name, "links": [{"rel": "canonical", "href": f"{here}/{kind.name}"}]} for kind in kinds]
    return answer(200, {"items": items, "links": [{"rel": "self", "href": here}]}, media_type=COLLECTION)


@route(f"{RECORDS_PATH}/metadata-catalog/{{record:str}}", http_method="GET", status_code=200)
async def described(box: NamedDependency[Box], request: AnyRequest, record: FromPath[str]) -> Answer:
    """One record type as a JSON Schema: the fields and, for a list, their plain kinds."""
    signed_in(box, request)
    kind = _kind(box, request, record)
    plain = {"number": "number", "bool": "boolean", "text": "string", "date": "string", "datetime": "string"}
    fields = {
        name: {"type": plain.get(field.kind, "object"), "nullable": not field.label, "readOnly": field.read_only}
        for name, field in kind.fields.items()
        if f"{kind.name}.{name}" not in box.option("hidden_fields")
    }
    schema = {"type": "object", "x-ns-filterable": sorted(fields), "properties": {"id": {"type": "string"}, **fields}}
    return answer(200, schema, media_type="application/schema+json")


def _kind(box: Box, request: AnyRequest, record: str) -> RecordType:
    kind = RECORDS.get(record.lower())
    if kind is None:
        raise refused(404, "NOT_FOUND", f"Record type '{record}' does not exist.")
    if kind.name in box.option("denied_records"):
        words = f"Permission Violation: You need a higher permission for {kind.name} to access this page."
        raise refused(403, "INSUFFICIENT_PERMISSION", words)
    return kind


def _writable(kind: RecordType) -> None:
    if kind.read_only:
        raise refused(403, "INSUFFICIENT_PERMISSION", "You do not have permission to access this resource.")


async def _body(request: AnyRequest) -> Record:
    try:
        body = decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError) as unread:
        raise refused(400, "INVALID_CONTENT", "Invalid content in the request body. Provide valid JSON.") from unread
    if not isinstance(body, dict):
        raise refused(400, "INVALID_CONTENT", "Invalid content in the request body. Provide a JSON object.")
    return body


def _written(box: Box, request: AnyRequest, kind: RecordType, kept: Record, body: Record) -> Answer:
    """204 and the address, alike for a new and an old record. Unknown names are refused, told of, or passed over."""
    headers = {"Location": _view(box, request).address(kind.name, kept["id"])}
    how = request.headers.get("X-NetSuite-PropertyNameValidation", "Warning").capitalize()  # clients write it so and so
    unknown = unknown_fields(kind, body)
    if unknown and how == "Error":
        raise refused(400, "INVALID_CONTENT", f"Unknown reference or field name '{unknown[0]}'.", path=unknown[0])
    if unknown and how == "Warning":
        headers["X-NetSuite-Warnings"] = f"Unknown field names: {', '.join(unknown)}"
    return answer(204, headers=headers)


def _listed(box: Box, request: AnyRequest, kind: RecordType) -> Answer:
    """Ids and links only: the rest is read one by one, or by SuiteQL."""
    if request.query_params.get("q"):
        raise refused(400, "INVALID_PARAMETER", "This sandbox answers 'q' on record lists by no query: use SuiteQL.")
    limit, offset = _paging(request)
    view, total = _view(box, request), box.store.count(kind.name)
    items = [
        {"links": [{"rel": "self", "href": view.address(kind.name, record["id"])}], "id": record["id"]}
        for record in islice(box.store.walk(kind.name, numbers=True), offset, offset + limit)
    ]
    return answer(200, page(_here(request), items, total, limit, offset), media_type=COLLECTION)


def _paging(request: AnyRequest) -> tuple[int, int]:
    limit, offset = (_whole_number(request, name, default) for name, default in (("limit", MOST), ("offset", 0)))
    if not 1 <= limit <= MOST:
        raise refused(400, "INVALID_PARAMETER", f"Invalid value '{limit}' for parameter 'limit'. Use 1 to {MOST}.")
    if offset % limit:
        words = f"Invalid value '{offset}' for parameter 'offset'. The offset must be divisible by the limit {limit}."
        raise refused(400, "INVALID_PARAMETER", words)
    return limit, offset


def _whole_number(request: AnyRequest, name: str, default: int) -> int:
    said = request.query_params.get(name, str(default))
    if not said.isdigit():
        raise refused(400, "INVALID_PARAMETER", f"Invalid value '{said}' for parameter '{name}'.")
    return int(said)


def _view(box: Box, request: AnyRequest) -> View:
    asked = request.query_params
    return View(
        box,
        _origin(request),
        expand=asked.get("expandSubResources") == "true",
        plain_enums=asked.get("simpleEnumFormat") == "true",
    )


def _here(request: AnyRequest) -> str:
    return f"{_origin(request)}{request.scope['path']}"


def _origin(request: AnyRequest) -> str:
    return f"{request.scope['scheme']}://{request.headers['host']}"


ROUTES: Final = (
    *(token, records, one_record, one_sublist, query, catalog, described),
    *(governance_limits, *JOB_ROUTES),
)
