"""The addresses of a database: signing in, and the methods of its models."""

import secrets
from base64 import b64decode
from typing import Any, Final

import msgspec
from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import Answer, Box, Record, Refused, answer, decode
from system_apis.tryton.sandbox import billing, records, searching, selling
from system_apis.tryton.sandbox.errors import RpcError, refused, told, unauthorized, user_error
from system_apis.tryton.sandbox.schema import Field, Model

AnyRequest = Request[Any, Any, Any]
SESSION: Final = "_session"
_JSON: Final = "application/json"
_FORBIDDEN: Final = "You don&#39;t have the permission to access the requested resource."


@route("/{database:str}/rpc/", http_method="POST", status_code=200)
async def rpc(box: NamedDependency[Box], database: FromPath[str], request: AnyRequest) -> Answer:
    """One call."""
    method, params = await _asked(request)
    if method == "common.db.login":
        return _login(box, database, params)
    if database != box.option("database"):
        raise refused(503, "Service Unavailable", "The server is temporarily unable to service your request.")
    session = session_of(box, request.headers.get("authorization", ""))
    if session is None:
        raise Refused(unauthorized())
    if method == "common.db.logout":
        box.store.delete(SESSION, session["id"])
        return _told(None)
    box.store.update(SESSION, session["id"], {"used": box.now().timestamp()})
    try:
        with box.store.transaction():
            return _told(_dispatched(box, method, params))
    except RpcError as error:
        return told(error)


@route("/", http_method="POST", status_code=200)
async def root(request: AnyRequest) -> Answer:
    """What may be asked of the server without a session."""
    method, _ = await _asked(request)
    if method != "common.server.version":
        raise refused(403, "Forbidden", _FORBIDDEN)
    return _told("8.2")


def session_of(box: Box, header: str) -> Record | None:
    """The session a call carries: `Session base64(user:id:key)`; none that has ended."""
    kind, _, encoded = header.partition(" ")
    try:
        user, _, key = b64decode(encoded, validate=True).decode().rpartition(":")
    except ValueError:
        return None
    found = box.store.get(SESSION, key) if kind == "Session" else None
    if found is None or found["user"] != user:
        return None
    idle = box.now().timestamp() - float(found["used"])
    return found if idle <= box.option("session_seconds") else None


def _login(box: Box, database: str, params: list[Any]) -> Answer:
    name, said = params[0], params[1]
    if database != box.option("database"):
        raise refused(404, "Not Found", "The requested URL was not found on the server.")
    if box.option("login_throttled"):
        raise refused(429, "Too Many Requests", "This user has exceeded an allotted request count. Try again later.")
    if "password" not in said:
        asks = ["password", f"Password for {name}", "password"]
        return answer(200, {"id": 1, "error": ["LoginException", asks]}, media_type=_JSON)
    known = box.option("users").get(name)
    if known is None or said["password"] != known:
        raise Refused(unauthorized())
    id, key = 2 + sorted(box.option("users")).index(name), secrets.token_hex(32)
    session = {"id": key, "user": f"{name}:{id}", "used": box.now().timestamp()}
    box.store.insert(SESSION, key, session)
    return _told([id, key, None])


async def _asked(request: AnyRequest) -> tuple[str, list[Any]]:
    try:
        body = decode(await request.body())
        if "json" not in request.headers.get("content-type", ""):
            raise ValueError("not JSON")
        return str(body["method"]), list(body["params"] or [])
    except (msgspec.DecodeError, ValueError, KeyError, TypeError) as wrong:
        raise refused(400, "Bad Request", "Unable to read JSON request") from wrong


def _told(result: Any) -> Answer:
    return answer(200, {"id": 1, "result": result}, media_type=_JSON)


def _dispatched(box: Box, method: str, params: list[Any]) -> Any:
    kind, _, rest = method.partition(".")
    name, _, verb = rest.rpartition(".")
    if kind != "model":
        raise refused(403, "Forbidden", _FORBIDDEN)
    if not params or not isinstance(params[-1], dict):
        raise refused(422, "Unprocessable Entity", "Missing context argument")
    *arguments, context = params
    token = records.COMPANY.set(context.get("company"))
    try:
        return _done(box, name, verb, arguments, context)
    finally:
        records.COMPANY.reset(token)


def _done(box: Box, name: str, verb: str, arguments: list[Any], context: Record) -> Any:
    if (name, verb) == ("res.user", "get_preferences"):
        return _preferences(box)
    model = records.model_of(name)
    if (name, verb) in _CHANGES:
        return _CHANGES[name, verb](box, arguments[0])
    if verb in model.buttons:
        for id in arguments[0]:
            records.push(box, name, verb, id)
        return None
    if verb not in _VERBS:
        raise refused(403, "Forbidden", _FORBIDDEN)
    if name in box.option("denied_models") and verb != "fields_get":
        raise user_error(f'You are not allowed to access "{model.title}".', "Within groups: Administration")
    if verb in ("write", "delete"):
        records.check_version(box, context.get("_timestamp"))
    return _VERBS[verb](box, model, *arguments)


def _preferences(box: Box) -> Record:
    companies = [each["id"] for each in box.store.all("company.company")]
    return {"company_filter": "all", "companies": companies, "company": next(iter(companies), None), "language": "en"}


def _create(box: Box, model: Model, every: list[Record]) -> list[int]:
    return [records.create(box, model.name, values) for values in every]


def _read(box: Box, model: Model, ids: list[Any], names: list[str]) -> list[Record]:
    """Lists alone are read elsewhere, and nobody looks whether the record itself is there."""
    if names and all(name in model.fields and model.fields[name].type == "one2many" for name in names):
        return [{"id": id} | {name: records.listed(box, model, name, id) for name in names} for id in ids]
    return [records.read(box, model.name, records.find(box, model.name, id), names) for id in ids]


def _write(box: Box, model: Model, *said: Any) -> None:
    for ids, values in zip(said[::2], said[1::2], strict=True):
        for id in ids:
            records.write(box, model.name, id, values)


def _delete(box: Box, model: Model, ids: list[int]) -> None:
    for id in ids:
        records.delete(box, model.name, id)


def _search(
    box: Box, model: Model, domain: list[Any], offset: int = 0, limit: int | None = None, order: Any = None
) -> list[int]:
    found = searching.search(box, model.name, domain, order, None if limit is None else offset + limit)[offset:]
    return [each["id"] for each in (found if limit is None else found[:limit])]


def _search_read(
    box: Box,
    model: Model,
    domain: list[Any],
    offset: int = 0,
    limit: int | None = None,
    order: Any = None,
    names: Any = (),
) -> list[Record]:
    return _read(box, model, _search(box, model, domain, offset, limit, order), names)


def _search_count(box: Box, model: Model, domain: list[Any]) -> int:
    return len(_search(box, model, domain))


def _fields_get(box: Box, model: Model, names: list[str]) -> Record:
    for name in names:
        records.field_of(box, model, name)
    hidden = box.option("hidden_fields")
    wanted = names or [name for name in model.fields if f"{model.name}.{name}" not in hidden]
    return {name: _described(box, model, model.fields[name]) for name in wanted}


def _described(box: Box, model: Model, field: Field) -> Record:
    told: Record = {
        "name": field.name,
        "string": field.name.replace("_", " ").title(),
        "type": field.type,
        "required": field.required,
        "readonly": field.readonly,
    }
    if field.relation:
        told["relation"] = field.relation
    if field.type in ("selection", "multiselection"):
        more = box.option("more_values").get(f"{model.name}.{field.name}", [])
        told["selection"] = [[word, word.title()] for word in (*field.selection, *more)]
    return told


_CHANGES: Final = billing.CHANGES | {(selling.SOLD, "on_change_product"): selling.product_changed}
_VERBS: Final[dict[str, Any]] = {
    "create": _create,
    "read": _read,
    "write": _write,
    "delete": _delete,
    "search": _search,
    "search_read": _search_read,
    "search_count": _search_count,
    "fields_get": _fields_get,
}
