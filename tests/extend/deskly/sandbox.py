"""The desk as we must expect it. Options: `key`, and what it may not see: `denied` (objects), `hidden` (fields)."""

from typing import Any, Final

from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import Answer, Box, Record, Refused, Sandbox, answer, decode

FIELDS: Final = ("id", "ref", "title", "text", "level", "state", "notes", "revision")
AnyRequest = Request[Any, Any, Any]


def _admit(box: Box, request: AnyRequest, kind: str = "") -> None:
    if request.headers.get("x-api-key") != box.option("key"):
        raise Refused(answer(401, {"error": "who are you?"}))
    if kind in box.option("denied"):
        raise Refused(answer(403, {"error": "not yours"}))


@route("/v2/me", http_method="GET", status_code=200)
async def me(box: NamedDependency[Box], request: AnyRequest) -> Answer:
    """Whose the key is."""
    _admit(box, request)
    return answer(200, {"login": "tiergate", "desk": "acme"})


@route("/v2/schema/{kind:str}", http_method="GET", status_code=200)
async def schema(box: NamedDependency[Box], request: AnyRequest, kind: FromPath[str]) -> Answer:
    """The fields of an object."""
    _admit(box, request, kind)
    return answer(200, [name for name in FIELDS if name not in box.option("hidden")])


@route("/v2/issues", http_method="GET", status_code=200)
async def issues(box: NamedDependency[Box], request: AnyRequest) -> Answer:
    """All of them."""
    _admit(box, request, "issue")
    return answer(200, box.store.all("issue")[:1])


@route("/v2/issues/{ref:str}", http_method=["GET", "PUT"], status_code=200)
async def issue(box: NamedDependency[Box], request: AnyRequest, ref: FromPath[str]) -> Answer:
    """One, by what the client calls it; PUT makes it when there is none."""
    _admit(box, request, "issue")
    found = box.store.get("issue", ref)
    if request.method == "PUT":
        found = _kept(box, ref, found, decode(await request.body()))
    return answer(200, found) if found else answer(404, {"error": "no such issue"})


def _kept(box: Box, ref: str, found: Record | None, given: Record) -> Record:
    if len(given["title"]) > 40:
        raise Refused(answer(422, {"error": "a title has 40 characters at most"}))
    if found is None:
        made = {"id": box.store.next_number("issue"), "ref": ref, **given, "revision": 1}
        return box.store.insert("issue", ref, made)
    if {**found, **given} == found:
        return found
    return box.store.update("issue", ref, {**given, "revision": int(found["revision"]) + 1})


SANDBOX: Final = Sandbox(
    name="deskly",
    title="Deskly",
    routes=(me, schema, issues, issue),
    facts={"issue": lambda record, _: str(record["ref"])},
    kinds=frozenset({"issue"}),
    options={"key": "", "denied": [], "hidden": []},
)
