"""Several records in one call (sObject collections): 200 with one result each, whose code is `statusCode` here."""

from collections.abc import Callable
from typing import Any, Final

from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import Answer, Box, Record, Refused, answer, decode
from foundation.sandbox.salesforce import rows
from foundation.sandbox.salesforce.errors import refused
from foundation.sandbox.salesforce.org import org_of
from foundation.sandbox.salesforce.rest import body_of, enter, permitted
from foundation.sandbox.salesforce.select import path_of, render

MOST: Final = 200
_PATH: Final = "/services/data/{version:str}/composite/sobjects"
_ROLLED_BACK: Final = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    "fields": [],
}


@route(_PATH, http_method=["POST", "PATCH", "DELETE"], status_code=200)
async def collection(box: NamedDependency[Box], version: FromPath[str], request: Request[Any, Any, Any]) -> Answer:
    """Make, change or delete up to 200 records."""
    enter(box, version)
    if request.method == "DELETE":
        ids = [each for each in request.query_params.get("ids", "").split(",") if each]
        all_or_none = request.query_params.get("allOrNone") == "true"
        return answer(200, _each(box, [{"id": each} for each in ids], all_or_none, _deleted))
    body = body_of(await request.body())
    work = _created if request.method == "POST" else _updated
    return answer(200, _each(box, body.get("records", []), bool(body.get("allOrNone")), work))


@route(_PATH + "/{name:str}/{field:str}", http_method="PATCH", status_code=200)
async def upserts(
    box: NamedDependency[Box],
    version: FromPath[str],
    name: FromPath[str],
    field: FromPath[str],
    request: Request[Any, Any, Any],
) -> Answer:
    """Make or change up to 200 records of one kind, each by the external id it carries."""
    enter(box, version)
    kind = rows.kind_of(box, name)
    permitted(box, kind, "")
    body = body_of(await request.body())

    def upserted(box: Box, record: Record) -> Record:
        if rows.kind_of(box, _type(record)) is not kind:
            raise refused(400, "INVALID_TYPE", f"{_type(record)} is not of type {kind.name}", [])
        id, created = rows.upsert(box, kind, field, record)
        return {"id": id, "created": created}

    return answer(200, _each(box, body.get("records", []), bool(body.get("allOrNone")), upserted))


@route(_PATH + "/{name:str}", http_method=["GET", "POST"], status_code=200)
async def retrieved(
    box: NamedDependency[Box], version: FromPath[str], name: FromPath[str], request: Request[Any, Any, Any]
) -> Answer:
    """Records of one kind by their ids, in that order; null for one that is not there."""
    enter(box, version)
    kind = rows.kind_of(box, name)
    if request.method == "POST":
        body = body_of(await request.body())
        ids, fields = body.get("ids", []), body.get("fields", [])
    else:
        ids, fields = (request.query_params.get(each, "").split(",") for each in ("ids", "fields"))
    permitted(box, kind, ",".join(fields))
    paths = tuple(path_of(org_of(box).kinds, kind, each) for each in fields)
    found = [rows.sought(box, kind, each) for each in ids]
    shown = [each and render(org_of(box).kinds, kind, each, paths, version, box.store) for each in found]
    return answer(200, shown)


class _RolledBack(Exception):  # noqa: N818 - leaves the transaction, nothing more
    pass


def _each(box: Box, records: list[Record], all_or_none: bool, work: Callable[[Box, Record], Record]) -> list[Record]:
    if len(records) > MOST:
        raise refused(400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST} records")
    results: list[Record] = []
    try:
        with box.store.transaction():
            results = [_one(box, record, work) for record in records]
            if all_or_none and not all(each["success"] for each in results):
                raise _RolledBack
    except _RolledBack:
        undone = {"success": False, "errors": [_ROLLED_BACK]}
        results = [undone if each["success"] else each for each in results]
    return results


def _one(box: Box, record: Record, work: Callable[[Box, Record], Record]) -> Record:
    try:
        with box.store.transaction():
            done = work(box, record)
        return {**done, "success": True, "errors": []}
    except Refused as refusal:
        entry = decode(refusal.answer.content)[0]
        error = {"statusCode": entry["errorCode"], "message": entry["message"], "fields": entry.get("fields", [])}
        return {"success": False, "errors": [error]}


def _created(box: Box, record: Record) -> Record:
    return {"id": rows.create(box, rows.kind_of(box, _type(record)), record)["Id"]}


def _updated(box: Box, record: Record) -> Record:
    fields = {name: value for name, value in record.items() if name.lower() != "id"}
    given = record.get("id") or record.get("Id") or ""
    return {"id": rows.update(box, rows.kind_of(box, _type(record)), given, fields)["Id"]}


def _deleted(box: Box, record: Record) -> Record:
    kind = next((each for each in org_of(box).kinds.values() if record["id"].startswith(each.prefix)), None)
    if kind is None:
        raise refused(404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    rows.delete(box, kind, record["id"])
    return {"id": record["id"]}


def _type(record: Record) -> str:
    return str(record.get("attributes", {}).get("type", ""))


ROUTES: Final = (collection, upserts, retrieved)
