"""The ServiceNow sandbox: the Table API over incidents and users, and OAuth.

Options: `user`, `password`, `client_id`, `client_secret` (what signs in), `client_credentials` (whether that grant is
on), `invalid_query_returns_no_rows` (the instance property of that name; off: a query's invalid part is dropped),
`unique_correlation_id` (a unique index somebody added), `hidden_fields`, `read_denied` and
`write_denied` (columns and tables that access control keeps from us), `hourly_limit` (a rate limit rule; 0: none).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import Method

from foundation.sandbox import Answer, Box, Refused, Sandbox, answer
from system_apis.servicenow.sandbox.answers import OPERATION_FAILED, failure, refused
from system_apis.servicenow.sandbox.schema import TABLES
from system_apis.servicenow.sandbox.sign_in import caller, oauth_token, unauthenticated
from system_apis.servicenow.sandbox.table import Call, body_of, changed_row, listed, new_row, one, shown

_METHODS: Final[list[Method]] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_HOUR: Final = 3600
_RULE: Final = "d1a0c5f2b7e94c3a8f6e5d4c3b2a1908"


@route(
    ["/api/now/table/{table:str}", "/api/now/{version:str}/table/{table:str}"], http_method=_METHODS, status_code=200
)
async def rows(
    box: NamedDependency[Box], request: Request[Any, Any, Any], table: FromPath[str], version: FromPath[str] = ""
) -> Answer:
    """A table: list, or insert one row."""
    call = _admit(box, request, table, version)
    match _method(request):
        case "GET":
            return listed(call)
        case "HEAD":
            return _bodiless(listed(call))
        case "POST":
            row = new_row(box, table, call.user, await body_of(request))
            headers = {"Location": f"{call.address}/{row['sys_id']}"}
            silent = request.headers.get("x-no-response-body", "").lower() == "true"
            return answer(201, None if silent else {"result": shown(call, row)}, headers)
        case _:
            raise refused(405, "Method not supported")


@route(
    ["/api/now/table/{table:str}/{sys_id:str}", "/api/now/{version:str}/table/{table:str}/{sys_id:str}"],
    http_method=_METHODS,
    status_code=200,
)
async def row(
    box: NamedDependency[Box],
    request: Request[Any, Any, Any],
    table: FromPath[str],
    sys_id: FromPath[str],
    version: FromPath[str] = "",
) -> Answer:
    """One row: read, change, delete."""
    call = _admit(box, request, table, version)
    found = one(call, sys_id)
    match _method(request):
        case "GET":
            return answer(200, {"result": shown(call, found)})
        case "HEAD":
            return answer(200)
        case "PUT" | "PATCH":
            return answer(
                200, {"result": shown(call, changed_row(box, table, call.user, found, await body_of(request)))}
            )
        case "DELETE":
            box.store.delete(table, sys_id)
            return answer(204)
        case _:
            raise refused(405, "Method not supported")


def _bodiless(full: Answer) -> Answer:
    full.content = b""
    return full


def _method(request: Request[Any, Any, Any]) -> str:
    override = request.headers.get("x-http-method-override", "").upper()
    return override if request.method == "POST" and override else str(request.method)


def _admit(box: Box, request: Request[Any, Any, Any], table: str, version: str) -> Call:
    user = caller(box, request)
    needed = ("accept",) if request.method in ("GET", "HEAD") else ("accept", "content-type")
    for name in needed:
        if not request.headers.get(name):
            raise refused(400, "Invalid request", f"The {name.title()} header is missing")
    _count(box)
    _permit(box, _method(request), table)
    root = str(request.base_url).rstrip("/")
    prefix = f"{root}/api/now/{version}/table" if version else f"{root}/api/now/table"
    return Call(
        box=box,
        table=table,
        user=user,
        address=f"{prefix}/{table}",
        root=root,
        parameters=dict(request.query_params.items()),
        version=version,
    )


def _permit(box: Box, method: str, table: str) -> None:
    """Access control: 403 in its own words for each kind of call."""
    if method in ("GET", "HEAD"):
        if table in box.option("read_denied"):
            raise refused(403, "Insufficient rights to query records")
    elif table in box.option("write_denied"):
        action = {"POST": "Insert", "DELETE": "Delete"}.get(method, "Update")
        raise refused(403, OPERATION_FAILED, f"ACL Exception {action} Failed due to security constraints")


def _count(box: Box) -> None:
    """Count this call against the hourly limit; 429 above it."""
    limit = box.option("hourly_limit")
    if not limit:
        return
    hour = int(box.now().timestamp()) // _HOUR
    counted = box.store.setting("_calls", {})
    used = counted.get(str(hour), 0)
    if used >= limit:
        raise Refused(_throttled(box))
    box.store.set_setting("_calls", {str(hour): used + 1})


def _limit_headers(box: Box) -> Mapping[str, str]:
    if not box.option("hourly_limit"):
        return {}
    reset = (int(box.now().timestamp()) // _HOUR + 1) * _HOUR
    named = {"X-RateLimit-Limit": str(box.option("hourly_limit")), "X-RateLimit-Reset": str(reset)}
    return {**named, "X-RateLimit-Rule": _RULE}


def _throttled(box: Box) -> Answer:
    now = box.now()
    left = (now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1) - now).total_seconds()
    limit = box.option("hourly_limit") or 10
    said = failure(429, "Rate limit exceeded", f"Rate limit of {limit} requests per hour for Table API exceeded")
    said.headers["Retry-After"] = str(int(left) + 1)
    return said


def _seed(box: Box) -> None:
    people = (("desk.lead", "Dara Quill"), ("integration.owner", "Ravi Menon"), (box.option("user"), "Tiergate"))
    for user_name, name in people:
        new_row(box, "sys_user", "admin", {"user_name": user_name, "name": name, "email": f"{user_name}@acme.example"})
    new_row(box, "sys_user_group", "admin", {"name": "Integration Support"})


SANDBOX: Final = Sandbox(
    name="servicenow",
    title="ServiceNow",
    routes=(rows, row, oauth_token),
    seed=_seed,
    enter=lambda box, kind, fields: str(new_row(box, kind, "admin", fields)["sys_id"]),
    kinds=frozenset(TABLES),
    facts={"incident": lambda record, _: str(record["correlation_id"])},
    answers={
        "throttled": _throttled,
        "expired_token": lambda _: unauthenticated(),
        "server_error": lambda _: failure(503, "Service Unavailable", "The instance is under maintenance"),
        "not_found": lambda _: failure(400, "Requested URI does not represent any resource"),
        "method_not_allowed": lambda _: failure(405, "Method not supported"),
        "crash": lambda _: failure(500, "java.lang.NullPointerException"),
    },
    volatile=frozenset({"sys_created_on", "sys_updated_on", "sys_mod_count", "opened_at", "resolved_at", "closed_at"}),
    options={
        "user": "tiergate.integration",
        "password": "sandbox",
        "client_id": "tiergate",
        "client_secret": "sandbox",
        "client_credentials": True,
        "invalid_query_returns_no_rows": False,
        "unique_correlation_id": False,
        "hidden_fields": [],
        "read_denied": [],
        "write_denied": [],
        "hourly_limit": 0,
    },
    headers=_limit_headers,
)
