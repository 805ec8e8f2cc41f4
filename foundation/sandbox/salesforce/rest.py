"""The REST API: versions, describe, rows, upserts, feeds, limits."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, Final

import msgspec
from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import CALL, Answer, Box, Record, answer, decode
from foundation.sandbox.salesforce import rows
from foundation.sandbox.salesforce.errors import not_found, refused
from foundation.sandbox.salesforce.oauth import calls_made, signed_in
from foundation.sandbox.salesforce.org import org_of
from foundation.sandbox.salesforce.schema import Kind
from foundation.sandbox.salesforce.select import Path, path_of, render

VERSIONS: Final = {"59.0": "Winter '24", "60.0": "Spring '24", "61.0": "Summer '24", "62.0": "Winter '25"}
RETIRED_BELOW: Final = 31
_VERSION: Final = re.compile(r"v(\d{2})\.0")
_ROOT: Final = "/services/data/{version:str}"
_ROW: Final = _ROOT + "/sobjects/{name:str}/{row_id:str}"


@route("/services/data", http_method="GET", status_code=200)
async def versions() -> Answer:
    """Needs no sign-in."""
    listed = [
        {"label": label, "url": f"/services/data/v{version}", "version": version} for version, label in VERSIONS.items()
    ]
    return answer(200, listed)


@route(_ROOT, http_method="GET", status_code=200)
async def resources(box: NamedDependency[Box], version: FromPath[str]) -> Answer:
    """What a version offers."""
    enter(box, version)
    root = f"/services/data/{version}"
    return answer(200, {name: f"{root}/{name}" for name in ("sobjects", "query", "queryAll", "limits", "composite")})


@route(_ROOT + "/limits", http_method="GET", status_code=200)
async def limits(box: NamedDependency[Box], version: FromPath[str]) -> Answer:
    """How much of the day's calls is left."""
    enter(box, version)
    most = box.option("daily_limit")
    return answer(200, {"DailyApiRequests": {"Max": most, "Remaining": max(0, most - calls_made(box))}})


@route(_ROOT + "/sobjects", http_method="GET", status_code=200)
async def describe_all(box: NamedDependency[Box], version: FromPath[str]) -> Answer:
    """Every object."""
    enter(box, version)
    listed = [kind.described(version) for kind in org_of(box).kinds.values()]
    return answer(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})


@route(_ROOT + "/sobjects/{name:str}", http_method=["GET", "POST"], status_code=200)
async def kind_root(
    box: NamedDependency[Box], version: FromPath[str], name: FromPath[str], request: Request[Any, Any, Any]
) -> Answer:
    """About one object; POST makes a record."""
    enter(box, version)
    kind = rows.kind_of(box, name)
    if request.method == "GET":
        return answer(200, {"objectDescribe": kind.described(version), "recentItems": []})
    made = rows.create(box, kind, body_of(await request.body()))
    location = f"/services/data/{version}/sobjects/{kind.name}/{made['Id']}"
    return answer(201, {"id": made["Id"], "success": True, "errors": []}, {"Location": location})


@route(_ROOT + "/sobjects/{name:str}/describe", http_method="GET", status_code=200)
async def describe(box: NamedDependency[Box], version: FromPath[str], name: FromPath[str]) -> Answer:
    """The fields of one object."""
    enter(box, version)
    kind = rows.kind_of(box, name)
    permitted(box, kind, "")
    more, hidden = box.option("more_values"), box.option("hidden_fields")
    fields = [field.described() for field in kind.fields.values() if f"{kind.name}.{field.name}" not in hidden]
    for each in fields:
        added = more.get(f"{kind.name}.{each['name']}", ())
        each["picklistValues"] += [{"value": value, "label": value, "active": True} for value in added]
    return answer(200, {**kind.described(version), "fields": fields, "childRelationships": [], "recordTypeInfos": []})


@route(_ROOT + "/sobjects/{name:str}/updated", http_method="GET", status_code=200)
async def updated(
    box: NamedDependency[Box], version: FromPath[str], name: FromPath[str], request: Request[Any, Any, Any]
) -> Answer:
    """Ids of what changed in a window."""
    enter(box, version)
    start, end = _window(box, request, days=30)
    found = [
        each["Id"]
        for each in box.store.all(rows.kind_of(box, name).name)
        if not each["IsDeleted"] and start <= datetime.fromisoformat(each["SystemModstamp"]) <= end
    ]
    return answer(200, {"ids": found, "latestDateCovered": rows.stamp(min(end, box.now()))})


@route(_ROOT + "/sobjects/{name:str}/deleted", http_method="GET", status_code=200)
async def deleted(
    box: NamedDependency[Box], version: FromPath[str], name: FromPath[str], request: Request[Any, Any, Any]
) -> Answer:
    """What was deleted in a window."""
    enter(box, version)
    start, end = _window(box, request, days=15)
    found = [
        {"id": each["Id"], "deletedDate": each["SystemModstamp"]}
        for each in box.store.find(rows.kind_of(box, name).name, IsDeleted=True)
        if start <= datetime.fromisoformat(each["SystemModstamp"]) <= end
    ]
    earliest = rows.stamp(box.now() - timedelta(days=15))
    covered = rows.stamp(min(end, box.now()))
    return answer(200, {"deletedRecords": found, "earliestDateAvailable": earliest, "latestDateCovered": covered})


@route(_ROW, http_method=["GET", "PATCH", "DELETE"], status_code=200)
async def row(
    box: NamedDependency[Box],
    version: FromPath[str],
    name: FromPath[str],
    row_id: FromPath[str],
    request: Request[Any, Any, Any],
) -> Answer:
    """One record by id."""
    enter(box, version)
    kind = rows.kind_of(box, name)
    permitted(box, kind, request.query_params.get("fields", ""))
    if request.method == "GET":
        return _shown(box, version, kind, rows.read(box, kind, row_id), request.query_params.get("fields", ""))
    if request.method == "DELETE":
        rows.delete(box, kind, row_id)
        return answer(204)
    found = box.store.get(kind.name, row_id)
    if found and not _unmodified(found):
        return answer(412)
    rows.update(box, kind, row_id, body_of(await request.body()))
    return answer(204)


@route(_ROOT + "/sobjects/{name:str}/{field:str}/{value:str}", http_method=["GET", "PATCH", "DELETE"], status_code=200)
async def by_key(
    box: NamedDependency[Box],
    version: FromPath[str],
    name: FromPath[str],
    field: FromPath[str],
    value: FromPath[str],
    request: Request[Any, Any, Any],
) -> Answer:
    """One record by an external id; PATCH makes it when there is none."""
    enter(box, version)
    kind = rows.kind_of(box, name)
    found = rows.by_external_id(box, kind, field, value)
    if len(found) > 1:
        return answer(300, [f"/services/data/{version}/sobjects/{kind.name}/{each['Id']}" for each in found])
    if request.method == "PATCH":
        update_only = request.query_params.get("updateOnly") == "true"
        return _upserted(box, version, kind, (field, value), found, body_of(await request.body()), update_only)
    if not found:
        raise not_found()
    if request.method == "DELETE":
        rows.delete(box, kind, found[0]["Id"])
        return answer(204)
    return _shown(box, version, kind, found[0], request.query_params.get("fields", ""))


def enter(box: Box, version: str) -> Record:
    """Every call: the session, and a version this API has."""
    session = signed_in(box)
    known = _VERSION.fullmatch(version)
    if not known:
        raise not_found()
    if int(known[1]) < RETIRED_BELOW:
        raise refused(410, "UNSUPPORTED_API_VERSION", "This API version is retired")
    return session


def permitted(box: Box, kind: Kind, asked: str) -> None:
    """What our profile does not show us is not there: the object, or a field that `asked` names."""
    if kind.name in box.option("denied_objects"):
        if asked:
            raise refused(400, "INVALID_TYPE", f"sObject type '{kind.name}' is not supported.")
        raise not_found()
    for hidden in box.option("hidden_fields"):
        of, _, field = hidden.partition(".")
        if of == kind.name and re.search(rf"\b{field}\b", asked):
            raise refused(400, "INVALID_FIELD", f"No such column '{field}' on entity '{kind.name}'.")


def body_of(raw: bytes) -> Record:
    """A JSON object; the vendor's error for anything else."""
    try:
        body = decode(raw)
    except msgspec.DecodeError as wrong:
        raise refused(400, "JSON_PARSER_ERROR", f"Unexpected character: {wrong}") from wrong
    if not isinstance(body, dict):
        raise refused(400, "JSON_PARSER_ERROR", "Cannot deserialize the request body: an object was expected")
    return body


def _shown(box: Box, version: str, kind: Kind, found: Record, fields: str) -> Answer:
    headers = CALL.get().headers
    changed = datetime.fromisoformat(found["LastModifiedDate"])
    since = _http_date(headers.get("if-modified-since", ""))
    if since and changed <= since:
        return answer(304)
    if not _unmodified(found):
        return answer(412)
    names = [name.strip() for name in fields.split(",") if name.strip()]
    paths: tuple[Path, ...] = tuple(path_of(org_of(box).kinds, kind, name) for name in names)
    shown = render(
        org_of(box).kinds, kind, found, paths or tuple((field,) for field in kind.fields.values()), version, box.store
    )
    return answer(200, shown, {"Last-Modified": format_datetime(changed.astimezone(UTC), usegmt=True)})


def _upserted(
    box: Box,
    version: str,
    kind: Kind,
    key: tuple[str, str],
    found: list[Record],
    given: Record,
    update_only: bool,
) -> Answer:
    name = kind.fields[key[0].lower()].name
    if any(each.lower() == name.lower() for each in given):
        message = f"The {name} field should not be specified in the sobject data."
        raise refused(400, "INVALID_FIELD", message, [name])
    if found:
        rows.update(box, kind, found[0]["Id"], given)
        return answer(200, {"id": found[0]["Id"], "success": True, "errors": [], "created": False})
    if update_only:
        raise not_found()
    made = rows.create(box, kind, {**given, name: key[1]})
    location = f"/services/data/{version}/sobjects/{kind.name}/{made['Id']}"
    body = {"id": made["Id"], "success": True, "errors": [], "created": True}
    return answer(201, body, {"Location": location})


def _unmodified(found: Record) -> bool:
    """Whether the record is as old as `If-Unmodified-Since` demands; stamps and header have whole seconds."""
    demanded = CALL.get().headers.get("if-unmodified-since")
    if demanded is None:
        return True
    since = _http_date(demanded)
    if since is None:
        raise refused(400, "INVALID_HEADER", "If-Unmodified-Since is not an HTTP date")
    return datetime.fromisoformat(found["LastModifiedDate"]) <= since


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def _window(box: Box, request: Request[Any, Any, Any], days: int) -> tuple[datetime, datetime]:
    try:
        start = datetime.fromisoformat(request.query_params["start"])
        end = datetime.fromisoformat(request.query_params["end"])
    except (KeyError, ValueError) as wrong:
        raise refused(400, "INVALID_REPLICATION_DATE", "start and end are dates with a time and an offset") from wrong
    if start < box.now() - timedelta(days=days):
        raise refused(400, "INVALID_REPLICATION_DATE", "startDate before org replication enabled date")
    if end - start <= timedelta(minutes=1):
        message = "The end date must be at least one minute greater than the start date"
        raise refused(400, "INVALID_REPLICATION_DATE", message)
    return start, end


ROUTES: Final = (versions, resources, limits, describe_all, kind_root, describe, updated, deleted, row, by_key)
