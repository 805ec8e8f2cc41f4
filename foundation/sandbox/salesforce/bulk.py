"""Bulk API 2.0: jobs that take a table of records in, and jobs that give the answer to a query out.

A job is made `Open`, takes its table once (201), is closed with `UploadComplete`, and is done a while later: the first
look at it still finds it `InProgress`. Only then are its records there. Each row stands for itself: what is refused is
in `failedResults`, with the reason as `CODE:message:fields --`.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import Answer, Box, Record, Refused, answer, decode
from foundation.sandbox.firm import record_id
from foundation.sandbox.salesforce import rows
from foundation.sandbox.salesforce.bulk_csv import (
    DELIMITERS,
    ENDINGS,
    InvalidBatch,
    Table,
    cells,
    check_header,
    names_of,
    record_of,
)
from foundation.sandbox.salesforce.errors import not_found, refused
from foundation.sandbox.salesforce.org import INTEGRATION_USER, org_of
from foundation.sandbox.salesforce.rest import body_of, enter
from foundation.sandbox.salesforce.schema import Kind
from foundation.sandbox.salesforce.select import Selection, value_of

CSV: Final = "text/csv; charset=UTF-8"
LARGEST_TABLE: Final = 150 * 1024 * 1024
"""Bytes of one job's table."""
MOST_RECORDS: Final = 50_000
"""Of one page of a query job, where nothing is said."""
_JOBS: Final = "/services/data/{version:str}/jobs"
_KEPT: Final = "_bulkjob"
_DONE: Final = frozenset({"JobComplete", "Failed", "Aborted"})

AnyRequest = Request[Any, Any, Any]
Row = tuple[list[str], list[str]]
"""What is said before the row's own cells, and those."""


@route(f"{_JOBS}/ingest", http_method="POST", status_code=200)
async def open_ingest(box: NamedDependency[Box], version: FromPath[str], request: AnyRequest) -> Answer:
    """A new job, waiting for its table."""
    enter(box, version)
    body = body_of(await request.body())
    operation = body.get("operation")
    if operation == "hardDelete":
        raise refused(400, "FEATURENOTENABLED", "hardDelete operation requires special user profile permission")
    if operation not in _WORK:
        raise refused(400, "INVALIDJOB", f"Unable to parse Job: {operation} is no operation")
    kind = rows.kind_of(box, str(body.get("object", "")))
    key = body.get("externalIdFieldName")
    if operation == "upsert" and not _is_key(kind, key):
        raise refused(400, "INVALIDJOB", f"InvalidJob : Field name provided, {key} does not match an External ID")
    made = _made(box, version, body) | {"object": kind.name, "externalIdFieldName": key, "state": "Open"}
    made["contentUrl"] = f"services/data/{version}/jobs/ingest/{made['id']}/batches"
    box.store.insert(_KEPT, made["id"], made | {"query": False, "table": ""})
    return answer(200, made)


@route(f"{_JOBS}/query", http_method="POST", status_code=200)
async def open_query(box: NamedDependency[Box], version: FromPath[str], request: AnyRequest) -> Answer:
    """A new job that runs a query."""
    enter(box, version)
    body = body_of(await request.body())
    if body.get("operation") not in ("query", "queryAll"):
        raise refused(400, "INVALIDJOB", "operation must be query or queryAll")
    selection = Selection(org_of(box).kinds, str(body.get("query", "")))
    if selection.counts_only:
        raise refused(400, "API_ERROR", "Aggregate Relationships not supported in Bulk Query")
    made = _made(box, version, body) | {"object": selection.kind.name, "state": "UploadComplete"}
    box.store.insert(_KEPT, made["id"], made | {"query": True, "soql": body["query"]})
    return answer(200, made)


@route(f"{_JOBS}/ingest/{{job_id:str}}/batches", http_method="PUT", status_code=201)
async def upload(
    box: NamedDependency[Box], version: FromPath[str], job_id: FromPath[str], request: AnyRequest
) -> Answer:
    """The table of a job, once."""
    enter(box, version)
    job = _job(box, job_id, query=False)
    if job["state"] != "Open" or job["table"]:
        raise refused(400, "INVALIDJOBSTATE", f"Invalid job state for upload: {job['state']}")
    if not request.headers.get("content-type", "").lower().startswith("text/csv"):
        raise refused(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be text/csv")
    raw = await request.body()
    if len(raw) > LARGEST_TABLE:
        raise refused(413, "REQUEST_TOO_LARGE", "The uploaded file is larger than 150 MB")
    box.store.update(_KEPT, job["id"], {"table": raw.decode("utf-8")})
    return answer(201)


@route(
    [f"{_JOBS}/ingest/{{job_id:str}}", f"{_JOBS}/query/{{job_id:str}}"],
    http_method=["GET", "PATCH", "DELETE"],
    status_code=200,
)
async def one_job(
    box: NamedDependency[Box], version: FromPath[str], job_id: FromPath[str], request: AnyRequest
) -> Answer:
    """Look at a job, close it, break it off or forget it."""
    enter(box, version)
    query = "/jobs/query/" in request.url.path
    job = _job(box, job_id, query=query)
    if request.method == "DELETE":
        if job["state"] not in _DONE:
            raise refused(400, "INVALIDJOBSTATE", "Job must be in a terminal state to be deleted")
        box.store.delete(_KEPT, job["id"])
        return answer(204)
    if request.method == "PATCH":
        return answer(200, _shown(_set(box, job, body_of(await request.body()).get("state"), query=query)))
    return answer(200, _shown(_looked(box, job), whole=True))


@route(
    [f"{_JOBS}/ingest/{{job_id:str}}/{each}" for each in ("successfulResults", "failedResults", "unprocessedRecords")],
    http_method="GET",
    status_code=200,
)
async def ingested(
    box: NamedDependency[Box], version: FromPath[str], job_id: FromPath[str], request: AnyRequest
) -> Answer:
    """What became of each row."""
    enter(box, version)
    job = _finished(_job(box, job_id, query=False))
    which = request.url.path.rpartition("/")[2]
    before = {"successfulResults": ["sf__Id", "sf__Created"], "failedResults": ["sf__Id", "sf__Error"]}.get(which, [])
    told = [[*said, *row] for said, row in job.get(which, [])]
    return answer(200, _table(job).written([*before, *job.get("header", [])], told), media_type=CSV)


@route(f"{_JOBS}/query/{{job_id:str}}/results", http_method="GET", status_code=200)
async def found(
    box: NamedDependency[Box], version: FromPath[str], job_id: FromPath[str], request: AnyRequest
) -> Answer:
    """A page of what a query found; `Sforce-Locator` says where the next begins, `null` that there is none."""
    enter(box, version)
    job = _finished(_job(box, job_id, query=True))
    start = _offset(request.query_params.get("locator", ""))
    most = request.query_params.get("maxRecords", str(MOST_RECORDS))
    ends = start + max(1, int(most) if most.isdecimal() else MOST_RECORDS)
    page = job["rows"][start:ends]
    following = urlsafe_b64encode(str(ends).encode()).decode().rstrip("=") if ends < len(job["rows"]) else "null"
    told = {"Sforce-Locator": following, "Sforce-NumberOfRecords": str(len(page))}
    return answer(200, _table(job).written(job["header"], page), told, media_type=CSV)


def _made(box: Box, version: str, body: Record) -> Record:
    """What every job has; the org's refusal for a table it cannot read."""
    delimiter, ending = body.get("columnDelimiter", "COMMA"), body.get("lineEnding", "LF")
    if delimiter not in DELIMITERS or ending not in ENDINGS or body.get("contentType", "CSV") != "CSV":
        raise refused(400, "INVALIDJOB", f"Unable to parse Job: {delimiter}, {ending}")
    at = rows.stamp(box.now())
    return {
        "id": record_id("750", box.store.next_number(_KEPT)),
        "operation": body["operation"],
        "createdById": INTEGRATION_USER,
        "createdDate": at,
        "systemModstamp": at,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": Decimal(version.removeprefix("v")),
        "columnDelimiter": delimiter,
        "lineEnding": ending,
    }


def _is_key(kind: Kind, name: Any) -> bool:
    field = kind.fields.get(str(name).lower())
    return field is not None and (field.external or field.type == "id")


def _job(box: Box, job_id: str, *, query: bool) -> Record:
    job = box.store.get(_KEPT, job_id)
    if job is None or job["query"] is not query:
        raise not_found()
    return job


def _table(job: Record) -> Table:
    return Table(delimiter=job["columnDelimiter"], ending=job["lineEnding"])


def _shown(job: Record, *, whole: bool = False) -> Record:
    """As a job is told of; `whole`, with what it has done."""
    kept = {"query", "table", "soql", "header", "rows", "successfulResults", "failedResults", "unprocessedRecords"}
    told = {name: value for name, value in job.items() if name not in kept and value is not None}
    if not whole:
        return told
    good, bad = len(job.get("successfulResults", [])), len(job.get("failedResults", []))
    done = len(job.get("rows", [])) if job["query"] else good + bad
    told |= {"numberRecordsProcessed": done, "retries": 0, "totalProcessingTime": done}
    if job["query"]:
        return told | {"jobType": "V2Query", "isPkChunkingSupported": True}
    times = dict.fromkeys(("apiActiveProcessingTime", "apexProcessingTime"), 0)
    return told | times | {"jobType": "V2Ingest", "numberRecordsFailed": bad}


def _set(box: Box, job: Record, state: Any, *, query: bool) -> Record:
    allowed = ("Aborted",) if query else ("UploadComplete", "Aborted")
    if state not in allowed or job["state"] in _DONE or (state == "UploadComplete" and job["state"] != "Open"):
        raise refused(400, "INVALIDJOBSTATE", f"Job state cannot be set from {job['state']} to {state}")
    return box.store.update(_KEPT, job["id"], {"state": state, "systemModstamp": rows.stamp(box.now())})


def _finished(job: Record) -> Record:
    if job["state"] not in _DONE:
        raise refused(400, "INVALIDJOBSTATE", f"The job is {job['state']}: there are no results yet")
    return job


def _looked(box: Box, job: Record) -> Record:
    """A closed job is under way at the first look at it, and done at the next."""
    if job["state"] == "UploadComplete":
        return box.store.update(_KEPT, job["id"], {"state": "InProgress"})
    if job["state"] != "InProgress":
        return job
    done = _queried(box, job) if job["query"] else _taken_in(box, job)
    return box.store.update(_KEPT, job["id"], {"state": "JobComplete", "systemModstamp": rows.stamp(box.now())} | done)


def _queried(box: Box, job: Record) -> Record:
    selection = Selection(org_of(box).kinds, job["soql"])
    records = selection.run(box.store, deleted=job["operation"] == "queryAll")
    lines = [
        list(cells((path[-1], value_of(record, path, box.store)) for path in selection.paths)) for record in records
    ]
    return {"header": names_of(selection.paths), "rows": lines}


def _taken_in(box: Box, job: Record) -> Record:
    kind = rows.kind_of(box, job["object"])
    try:
        header, lines = _table(job).read(job["table"])
        check_header(org_of(box).kinds, kind, header)
        if job["operation"] in ("update", "delete") and "id" not in [name.lower() for name in header]:
            raise InvalidBatch("InvalidBatch : Field name not found : Id")
    except InvalidBatch as wrong:
        return {"state": "Failed", "errorMessage": str(wrong)}
    good: list[Row] = []
    bad: list[Row] = []
    for row in lines:
        said, fine = _one(box, kind, job, header, row)
        (good if fine else bad).append((said, row))
    return {"header": header, "successfulResults": good, "failedResults": bad}


def _one(box: Box, kind: Kind, job: Record, header: Sequence[str], row: list[str]) -> tuple[list[str], bool]:
    id = ""
    try:
        with box.store.transaction():
            record = record_of(kind, header, row)
            id = str(record.get("Id", ""))
            done, created = _WORK[job["operation"]](box, kind, record, job)
        return [done, str(created).lower()], True
    except Refused as refusal:
        told = decode(refusal.answer.content)[0]
        return [id, f"{told['errorCode']}:{told['message']}:{','.join(told.get('fields') or [])} --"], False


def _inserted(box: Box, kind: Kind, record: Record, _: Record) -> tuple[str, bool]:
    return str(rows.create(box, kind, record)["Id"]), True


def _updated(box: Box, kind: Kind, record: Record, _: Record) -> tuple[str, bool]:
    return str(rows.update(box, kind, str(record.pop("Id", "")), record)["Id"]), False


def _deleted(box: Box, kind: Kind, record: Record, _: Record) -> tuple[str, bool]:
    rows.delete(box, kind, str(record.get("Id", "")))
    return str(record["Id"]), False


def _upserted(box: Box, kind: Kind, record: Record, job: Record) -> tuple[str, bool]:
    key = kind.fields[str(job["externalIdFieldName"]).lower()]
    if key.type == "id":
        return _updated(box, kind, record, job) if record.get("Id") else _inserted(box, kind, record, job)
    return rows.upsert(box, kind, key.name, record)


def _offset(locator: str) -> int:
    try:
        return int(urlsafe_b64decode(locator + "=" * (-len(locator) % 4))) if locator else 0
    except (ValueError, NotBase64) as wrong:
        raise refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator") from wrong


_WORK: Final[dict[str, Callable[[Box, Kind, Record, Record], tuple[str, bool]]]] = {
    "insert": _inserted,
    "update": _updated,
    "delete": _deleted,
    "upsert": _upserted,
}
ROUTES: Final = (open_ingest, open_query, upload, one_job, ingested, found)
