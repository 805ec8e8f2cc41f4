"""Several calls in one: `composite`, whose parts may refer to earlier ones, and `batch`, whose parts may not.

A composite is answered with 200 whatever becomes of its parts; each has a status and a body of its own. With
`allOrNone` one failure undoes all, and the others say PROCESSING_HALTED.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import Answer, Box, Record, answer, decode, encode
from foundation.sandbox.salesforce.errors import refused
from foundation.sandbox.salesforce.rest import body_of, enter

MOST: Final = 25
MOST_QUERIES: Final = 5
"""Of the parts of a composite, queries and collections."""
_PATH: Final = "/services/data/{version:str}/composite"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")
_REFERENCE: Final = re.compile(r"@\{(\w+)\.([\w.\[\]]+)\}")
_STEP: Final = re.compile(r"\w+")
_METHODS: Final = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"})
_OURS: Final = frozenset({"accept", "authorization", "content-type"})
"""Headers that belong to the whole call."""
_TOLD: Final = {"location": "Location", "etag": "ETag"}
"""Headers of a part's answer that are passed on."""
_UNDONE: Final = "The transaction was rolled back since another operation in the same transaction failed."

AnyRequest = Request[Any, Any, Any]


class _RolledBack(Exception):  # noqa: N818 - leaves the transaction, nothing more
    pass


class _Unresolved(Exception):  # noqa: N818 - this part is not done, and says so
    pass


@route(_PATH, http_method="POST", status_code=200)
async def composite(box: NamedDependency[Box], version: FromPath[str], request: AnyRequest) -> Answer:
    """Up to 25 calls, one after the other; `@{name.field}` stands for what an earlier one answered."""
    enter(box, version)
    body = body_of(await request.body())
    parts = _parts(body, "compositeRequest")
    _checked(parts)
    all_or_none = body.get("allOrNone") is True
    told: list[Record] = []
    try:
        with box.store.transaction():
            done: dict[str, Any] = {}
            for part in parts:
                told.append(await _one(box, request, part, done, all_or_none=all_or_none))
                if all_or_none and _failed(told[-1]):
                    raise _RolledBack
    except _RolledBack:
        told = [*(_halted(each["referenceId"], _UNDONE) for each in parts[: len(told) - 1]), told[-1]]
        told += [_halted(each["referenceId"], _UNDONE) for each in parts[len(told) :]]
    return answer(200, {"compositeResponse": told})


@route(f"{_PATH}/batch", http_method="POST", status_code=200)
async def batch(box: NamedDependency[Box], version: FromPath[str], request: AnyRequest) -> Answer:
    """Up to 25 calls that know nothing of each other; `haltOnError` leaves out those after a failure."""
    enter(box, version)
    body = body_of(await request.body())
    told: list[Record] = []
    for part in _parts(body, "batchRequests"):
        if body.get("haltOnError") and any(each["statusCode"] >= 400 for each in told):
            message = "Batch processing halted per request"
            told.append({"statusCode": 412, "result": [{"errorCode": "BATCH_PROCESSING_HALTED", "message": message}]})
            continue
        path = "/services/data/" + str(part.get("url", "")).removeprefix("/services/data/").lstrip("/")
        given = encode(part["richInput"]).encode() if "richInput" in part else b""
        replied = await box.part(request.scope, str(part.get("method")), path, _headers(request), given)
        told.append({"statusCode": replied.status_code, "result": _said(replied)})
    return answer(200, {"hasErrors": any(each["statusCode"] >= 400 for each in told), "results": told})


def _parts(body: Record, name: str) -> list[Record]:
    parts = body.get(name)
    if not isinstance(parts, list) or not parts or not all(isinstance(each, dict) for each in parts):
        raise refused(400, "JSON_PARSER_ERROR", f"Cannot deserialize the request body: {name} must be a list")
    if len(parts) > MOST:
        raise refused(400, "LIMIT_EXCEEDED", f"The request contains {len(parts)} subrequests, the limit is {MOST}")
    return parts


def _checked(parts: Sequence[Record]) -> None:
    """Raises the 400 for a composite that cannot be begun."""
    names = [str(part.get("referenceId", "")) for part in parts]
    if any(not _NAME.fullmatch(name) for name in names) or len(set(names)) < len(names):
        raise refused(400, "INVALID_INPUT", "Each referenceId must be unique, of letters, digits and underscores")
    for part in parts:
        url = str(part.get("url", ""))
        if part.get("method") not in _METHODS or not url.startswith("/services/data/v"):
            raise refused(400, "INVALID_INPUT", f"Subrequest {part['referenceId']} has no method and URL of the API")
        if _OURS & {name.lower() for name in part.get("httpHeaders", {})}:
            raise refused(400, "INVALID_INPUT", f"Subrequest {part['referenceId']} sets a header it may not")
    heavy = [part for part in parts if re.search(r"/(query|queryAll|composite/sobjects)\b", str(part["url"]))]
    if len(heavy) > MOST_QUERIES:
        raise refused(400, "LIMIT_EXCEEDED", f"At most {MOST_QUERIES} subrequests may be queries or collections")


async def _one(box: Box, request: AnyRequest, part: Record, done: dict[str, Any], *, all_or_none: bool) -> Record:
    name = part["referenceId"]
    try:
        url = _filled(part["url"], done)
        body = _filled(part.get("body"), done)
    except _Unresolved as wrong:
        return _halted(name, str(wrong))
    if all_or_none and "/composite/sobjects" in url and isinstance(body, dict):
        body = body | {"allOrNone": True}
    headers = _headers(request) | {key.lower(): str(value) for key, value in part.get("httpHeaders", {}).items()}
    given = b"" if body is None else encode(body).encode()
    replied = await box.part(request.scope, part["method"], url, headers, given)
    said = _said(replied)
    status = replied.status_code or 200
    if status < 400:
        done[name] = said
    shown = {_TOLD[key]: value for key, value in replied.headers.items() if key in _TOLD}
    return {"body": said, "httpHeaders": shown, "httpStatusCode": status, "referenceId": name}


def _filled(value: Any, done: Mapping[str, Any]) -> Any:
    """With what earlier parts answered. Raises `_Unresolved` for what none did."""
    if isinstance(value, dict):
        return {name: _filled(each, done) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, done) for each in value]
    return _REFERENCE.sub(lambda found: _looked_up(done, *found.groups()), value) if isinstance(value, str) else value


def _looked_up(done: Mapping[str, Any], name: str, path: str) -> str:
    here: Any = done.get(name)
    for step in _STEP.findall(path):
        if isinstance(here, list) and step.isdigit():
            here = here[int(step)] if int(step) < len(here) else None
        else:
            here = here.get(step) if isinstance(here, dict) else None
    if here is None:
        raise _Unresolved(f"Invalid reference specified. No value for {name}.{path} found in {name}")
    return str(here)


def _failed(told: Record) -> bool:
    """Whether a part was refused, or a record of its collection."""
    said = told["body"] if isinstance(told["body"], list) else []
    return told["httpStatusCode"] >= 400 or any(
        isinstance(each, dict) and each.get("success") is False for each in said
    )


def _halted(name: str, message: str) -> Record:
    body = [{"errorCode": "PROCESSING_HALTED", "message": message}]
    return {"body": body, "httpHeaders": {}, "httpStatusCode": 400, "referenceId": name}


def _headers(request: AnyRequest) -> dict[str, str]:
    kept = {name: request.headers[name] for name in ("authorization", "host") if name in request.headers}
    return kept | {"content-type": "application/json"}


def _said(replied: Answer) -> Any:
    return decode(replied.content) if replied.content else None


ROUTES: Final = (composite, batch)
