"""Asynchronous requests: put in a queue with a 202, done when their turn comes, their answer kept to be asked for.

`async_seconds` is how long a job waits for its turn; at 0 it is done before the next call. A key names one job for good
*(whether it is ever forgotten is unverified)*, whatever else a second request with it says.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import Answer, Box, Record, Refused, answer
from system_apis.netsuite.sandbox.errors import error, no_such_record, refused
from system_apis.netsuite.sandbox.showing import page
from system_apis.netsuite.sandbox.sign_in import LET_IN, signed_in

JOBS_PATH: Final = "/services/rest/async/v1/job"
KEY: Final = "X-NetSuite-Idempotency-Key"
APPLIED: Final = {"Preference-Applied": "respond-async"}
TASK: Final = "1"
"""A job of one request has one task."""
_KIND: Final = "_job"
_KEPT: Final = ("host", "content-type", "x-netsuite-propertynamevalidation", "accept")

AnyRequest = Request[Any, Any, Any]


async def deferred(box: Box, request: AnyRequest) -> Answer | None:
    """Let a call in. The 202 of one that is to be done later; None for one to do at once."""
    signed_in(box, request)
    if LET_IN.get():
        return None
    await _take_turns(box, request)
    if "respond-async" not in preferred(request):
        return None
    key = _key(request)
    if key and (known := box.store.find(_KIND, key=key)):
        words = (
            "A request with the same idempotency key is already submitted."
            ' See the "Location" header for a link to the previously submitted job'
        )
        at = {"Location": _path(known[0]), **APPLIED}
        raise Refused(error(400, "IDEMPOTENCY_ERROR", words, title="Conflict", headers=at))
    job = await _submitted(box, request, key)
    return answer(202, headers={"Location": _path(job), **APPLIED})


def preferred(request: AnyRequest) -> list[str]:
    """What the call prefers (RFC 7240)."""
    return [each.strip().lower() for each in request.headers.get("Prefer", "").split(",")]


@route(f"{JOBS_PATH}/{{job_id:str}}", http_method="GET", status_code=200)
async def one_job(box: NamedDependency[Box], request: AnyRequest, job_id: FromPath[str]) -> Answer:
    """How far a job is."""
    job, here = await _asked_for(box, request, job_id)
    return answer(200, _state(job, here) | {"task": {"links": [_link("self", f"{here}/task")]}})


@route(f"{JOBS_PATH}/{{job_id:str}}/task", http_method="GET", status_code=200)
async def tasks_of_a_job(box: NamedDependency[Box], request: AnyRequest, job_id: FromPath[str]) -> Answer:
    """The one task of a job."""
    _, here = await _asked_for(box, request, job_id)
    only = {"links": [_link("self", f"{here}/task/{TASK}")], "id": TASK}
    return answer(200, page(f"{here}/task", [only], 1, 1, 0))


@route(f"{JOBS_PATH}/{{job_id:str}}/task/{{task_id:str}}", http_method="GET", status_code=200)
async def one_task(
    box: NamedDependency[Box], request: AnyRequest, job_id: FromPath[str], task_id: FromPath[str]
) -> Answer:
    """How far a task is, when it ran, and where its result is."""
    job, here = await _asked_for(box, request, job_id, task_id)
    shown = _state(job | {"id": TASK}, f"{here}/task/{TASK}")
    if shown["completed"]:
        shown["links"].insert(0, _link("related", f"{here}/task/{TASK}/result"))
        shown |= {"startTime": job["done"], "endTime": job["done"]}
    return answer(200, shown)


@route(f"{JOBS_PATH}/{{job_id:str}}/task/{{task_id:str}}/result", http_method="GET", status_code=200)
async def result_of_a_task(
    box: NamedDependency[Box], request: AnyRequest, job_id: FromPath[str], task_id: FromPath[str]
) -> Answer:
    """What the request would have been answered at once."""
    job, _ = await _asked_for(box, request, job_id, task_id)
    if not job["done"]:
        raise no_such_record()
    return answer(job["status"], job["content"], job["headers"], media_type=job["type"])


async def _asked_for(box: Box, request: AnyRequest, job_id: str, task_id: str = TASK) -> tuple[Record, str]:
    signed_in(box, request)
    await _take_turns(box, request)
    job = box.store.get(_KIND, job_id)
    if job is None or task_id != TASK:
        raise no_such_record()
    return job, f"{request.scope['scheme']}://{request.headers['host']}{_path(job)}"


async def _submitted(box: Box, request: AnyRequest, key: str) -> Record:
    number, query = str(box.store.next_number("job")), request.scope["query_string"].decode("latin-1")
    rest = ", ".join(each for each in preferred(request) if each != "respond-async")
    job = {
        "id": number,
        "key": key,
        "method": request.method,
        "target": request.scope["path"] + (f"?{query}" if query else ""),
        "sent": {name: request.headers[name] for name in _KEPT if name in request.headers} | {"prefer": rest},
        "body": (await request.body()).decode(),
        "turn": (box.now() + timedelta(seconds=float(box.option("async_seconds")))).isoformat(),
        "done": "",
    }
    box.store.insert(_KIND, number, job)
    await _take_turns(box, request)
    return job


async def _take_turns(box: Box, request: AnyRequest) -> None:
    """Do what is due, in the order it came."""
    for job in box.store.find(_KIND, done=""):
        if box.now() < datetime.fromisoformat(job["turn"]):
            continue
        token = LET_IN.set(True)
        try:
            gave = await box.part(request.scope, job["method"], job["target"], job["sent"], job["body"].encode())
        finally:
            LET_IN.reset(token)
        told = {"status": gave.status_code, "headers": dict(gave.headers), "type": str(gave.media_type)}
        stamp = box.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        box.store.update(_KIND, job["id"], told | {"content": bytes(gave.content).decode(), "done": stamp})


def _key(request: AnyRequest) -> str:
    said: str = request.headers.get(KEY, "")
    with suppress(ValueError):
        return str(UUID(said)) if said else ""
    raise refused(400, "INVALID_HEADER", f"Invalid value '{said}' for the header '{KEY}'. Use a UUID.")


def _state(job: Record, here: str) -> Record:
    progress = ("succeeded" if job["status"] < 400 else "failed") if job["done"] else "pending"
    return {
        "links": [_link("self", here)],
        "completed": bool(job["done"]),
        "id": job["id"],
        "progress": progress,
    }


def _path(job: Record) -> str:
    return f"{JOBS_PATH}/{job['id']}"


def _link(rel: str, href: str) -> Record:
    return {"rel": rel, "href": href}


JOB_ROUTES: Final = (one_job, tasks_of_a_job, one_task, result_of_a_task)
