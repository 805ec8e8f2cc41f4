"""The addresses of the sandbox: every V2 service below one, and our own V4 service."""

import re
from itertools import islice
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from litestar import Request, route
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.params import FromPath

from foundation.sandbox import Answer, Box, Record, Refused, answer, decode
from system_apis.sap_s4hana.sandbox import batch, billing_service, edm, firm_service, timesheets
from system_apis.sap_s4hana.sandbox.entity_sets import EntitySet
from system_apis.sap_s4hana.sandbox.errors import (
    error,
    no_service,
    no_such_key,
    no_such_segment,
    precondition_failed,
    precondition_required,
    refused,
)
from system_apis.sap_s4hana.sandbox.filters import matching
from system_apis.sap_s4hana.sandbox.project_actions import ACTIONS, acted
from system_apis.sap_s4hana.sandbox.project_rules import TIME
from system_apis.sap_s4hana.sandbox.project_schema import EP
from system_apis.sap_s4hana.sandbox.schema import SERVICES, SETS
from system_apis.sap_s4hana.sandbox.showing import ATOM, View, atom, etag_of, related
from system_apis.sap_s4hana.sandbox.sign_in import in_session, signed_in, token, with_session
from system_apis.sap_s4hana.sandbox.writing import create, delete, id_of, touched, update

ROOT: Final = "/sap/opu/odata/sap"
METHODS: Final[list[HttpMethod]] = [
    HttpMethod.GET,
    HttpMethod.HEAD,
    HttpMethod.POST,
    HttpMethod.PATCH,
    HttpMethod.PUT,
    HttpMethod.DELETE,
]
_SEGMENT: Final = re.compile(r"([A-Za-z_]\w*)(?:\((.*)\))?")
_KEY: Final = re.compile(r"(?:(\w+)=)?(?:guid|datetime)?'((?:[^']|'')*)'(?:,|$)")
_CHANGES: Final = frozenset({"POST", "PATCH", "PUT", "DELETE", "MERGE"})
_V4: Final = {"OData-Version": "4.0"}
_XML: Final = "application/xml; charset=utf-8"

AnyRequest = Request[Any, Any, Any]


@route([f"{ROOT}/{{service:str}}", f"{ROOT}/{{service:str}}/{{rest:path}}"], http_method=METHODS, status_code=200)
async def v2(box: NamedDependency[Box], request: AnyRequest, service: FromPath[str]) -> Answer:
    """Whatever a V2 service is asked, several calls in one among it."""
    method = (
        request.headers.get("X-HTTP-Method", request.method).upper() if request.method == "POST" else request.method
    )
    _entered(box, request, method, service)
    rest = request.scope["path"].removeprefix(f"{ROOT}/{service}")
    segments = [part for part in rest.split("/") if part]
    if segments == ["$metadata"]:
        text = edm.document(service, box.option("hidden_fields"))
        return answer(200, text, {"DataServiceVersion": "2.0"}, media_type=_XML)
    if segments == ["$batch"]:
        return with_session(box, request, await batch.v2(box, request, edm.namespace(service)))
    if not segments:
        sets = [each.name for each in SETS.values() if each.service == service]
        return with_session(box, request, answer(200, {"d": {"EntitySets": sets}}, {"DataServiceVersion": "2.0"}))
    if service == EP and len(segments) == 1 and segments[0] in ACTIONS and method == "POST":
        kind, moved = acted(box, segments[0], request.query_params, request.headers.get("If-Match"))
        shown = View(box, f"{request.scope['scheme']}://{request.headers['host']}").entity(SETS[kind], moved)
        return with_session(box, request, answer(200, {"d": shown}, {"DataServiceVersion": "2.0"}))
    asked = _Asked(box, request, service, segments)
    if method in _CHANGES:
        given = asked.changed(method, await _body(request) if method != "DELETE" else {})
    else:
        given = asked.shown()
    return with_session(box, request, given)


@route([firm_service.PATH, f"{firm_service.PATH}/{{rest:path}}"], http_method=METHODS, status_code=200)
async def v4(box: NamedDependency[Box], request: AnyRequest) -> Answer:
    """Whatever our own V4 service is asked: it is only read."""
    signed_in(box, request)
    if "ZTG_FIRM" in box.option("denied_services"):
        raise no_service("ZTG_FIRM")
    if request.method not in ("GET", "HEAD"):
        in_session(box, request)
        if request.scope["path"] == f"{firm_service.PATH}/$batch":
            return await batch.v4(box, request)
        raise Refused(error(405, "/IWBEP/CM_V4_RUN/000", "Method not allowed"))
    return with_session(box, request, firm_service.shown(box, request))


@route([billing_service.PATH, f"{billing_service.PATH}/{{rest:path}}"], http_method=METHODS, status_code=200)
async def billing(box: NamedDependency[Box], request: AnyRequest) -> Answer:
    """The billing documents' V4 service: its root, which gives a token, and its two actions."""
    signed_in(box, request)
    if "API_BILLINGDOCUMENT" in box.option("denied_services"):
        raise no_service("API_BILLINGDOCUMENT")
    rest = request.scope["path"].removeprefix(billing_service.PATH).strip("/")
    if request.method in ("GET", "HEAD"):
        if rest:
            raise no_such_segment(rest)
        return with_session(box, request, answer(200, {"@odata.context": "$metadata", "value": []}, _V4))
    in_session(box, request)
    if rest == "$batch":
        return await batch.v4(box, request)
    return with_session(box, request, billing_service.acted(box, request.method, rest, await _body(request)))


class _Asked:
    """A call on an entity set, an entity, or where a navigation of one leads."""

    def __init__(self, box: Box, request: AnyRequest, service: str, segments: list[str]) -> None:
        self._box, self._request, self._said = box, request, request.query_params
        origin = f"{request.scope['scheme']}://{request.headers['host']}"
        self._view = View(box, origin, self._said.get("$expand", ""), self._said.get("$select", ""))
        self._count = segments[-1] == "$count"
        if self._count:
            segments = segments[:-1]
        name, key = _parted(segments[0])
        found = SETS.get(name)
        if found is None or found.service != service:
            raise no_such_segment(name)
        self._set: EntitySet = found
        self._entity: Record | None = None if key is None else _at(box, found, key)
        self._parent: tuple[EntitySet, Record, str] | None = None
        self._missing = False
        """A navigation leads to one entity, which is not there: it may be made."""
        for nav in segments[1:]:
            self._step(nav)
        self._view.check(self._set)

    def _step(self, nav: str) -> None:
        if self._entity is None:
            raise no_such_segment(nav)
        self._parent = (self._set, self._entity, nav)
        found = related(self._box, *self._parent)
        navigation = self._set.navigations[nav]
        self._set = SETS[navigation.to]
        self._missing = not navigation.many and not found
        self._entity = None if navigation.many or self._missing else found[0]

    def shown(self) -> Answer:
        """What is there."""
        if self._missing:
            raise no_such_key(self._set.type)
        if self._entity is not None:
            return self._one(200, self._entity)
        found = self._found()
        if self._count:
            return answer(200, str(len(found)), media_type="text/plain;charset=utf-8")
        size = int(self._box.option("page_size"))
        at = _number(self._said, "$skiptoken", 0)
        wanted = found[_number(self._said, "$skip", 0) :][: _number(self._said, "$top", len(found))]
        page = [self._view.entity(self._set, each) for each in wanted[at : at + size]]
        if not self._json():
            return answer(200, atom(page), media_type=ATOM)
        body: Record = {"results": page}
        if self._said.get("$inlinecount") == "allpages":
            body = {"__count": str(len(found))} | body
        if at + size < len(wanted):
            body["__next"] = self._onward(at + size)
        return answer(200, {"d": body}, {"DataServiceVersion": "2.0"})

    def _onward(self, at: int) -> str:
        """The address of the next page: the same question, with a token."""
        kept = [(name, value) for name, value in self._said.multi_items() if name != "$skiptoken"]
        path = quote(self._request.scope["path"], safe="/();=',$")
        host = f"{self._request.scope['scheme']}://{self._request.headers['host']}"
        return f"{host}{path}?{urlencode([*kept, ('$skiptoken', str(at))], safe='$')}"

    def changed(self, method: str, body: Record) -> Answer:
        """What is made, changed or deleted."""
        if self._set.read_only:
            raise Refused(error(405, "/IWFND/CM_COS/069", "Method not allowed"))
        if method == "POST":
            if self._entity is not None:
                raise Refused(error(405, "/IWFND/CM_COS/069", "Method not allowed"))
            return self._made(body)
        if self._missing:
            raise no_such_key(self._set.type)
        if self._entity is None:
            raise Refused(error(405, "/IWFND/CM_COS/069", "Method not allowed"))
        self._version()
        if method == "DELETE":
            delete(self._box, self._set, self._entity)
            return answer(204)
        if method == "PUT":
            known = self._set.properties
            body = {name: None for name in known if name not in self._set.keys and not known[name].needed} | body
        kept = update(self._box, self._set, self._entity, body)
        return answer(204, headers={"etag": etag_of(kept)} if self._set.versioned else None)

    def _made(self, body: Record) -> Answer:
        passed: Record = {}
        if self._parent is not None:
            of, record, nav = self._parent
            passed = {other: record[own] for other, own in of.navigations[nav].by.items()}
        if self._set.name == TIME:
            made = timesheets.posted(self._box, self._set, body)
        else:
            made = create(self._box, self._set, body, passed)
        touched(self._box, self._set, made)
        kept = self._box.store.get(self._set.name, id_of(self._set, made)) or made
        given = self._one(201, kept)
        given.headers["Location"] = self._view.address(self._set, kept)
        return given

    def _version(self) -> None:
        assert self._entity is not None
        if not self._set.versioned:
            return  # there is no ETag, and `If-Match` means nothing
        said = self._request.headers.get("If-Match")
        if said is None:
            raise precondition_required()
        if said not in ("*", etag_of(self._entity)):
            raise precondition_failed()

    def _one(self, status: int, record: Record) -> Answer:
        shown = self._view.entity(self._set, record)
        if not self._json():
            return answer(status, atom([shown]), media_type=ATOM)
        headers = {"DataServiceVersion": "2.0"}
        return answer(status, {"d": shown}, headers | ({"etag": etag_of(record)} if self._set.versioned else {}))

    def _found(self) -> list[Record]:
        if on := self._read_on():
            return on
        found = related(self._box, *self._parent) if self._parent else self._box.store.all(self._set.name)
        if text := self._said.get("$filter"):
            test = matching(self._set, text, self._view.hidden)
            found = [each for each in found if test(each)]
        for part in reversed(self._said.get("$orderby", "").split(",")):
            name, _, way = part.strip().partition(" ")
            if name:
                found.sort(key=lambda each: str(each.get(name) or ""), reverse=way == "desc")
        return found

    def _read_on(self) -> list[Record] | None:
        """The first entities in the order of their key, so that a long list is read on and not anew each time."""
        whole = self._parent or self._count or "$inlinecount" in self._said or "$top" not in self._said
        if whole or (self._said.get("$orderby"),) != self._set.keys:
            return None
        text = self._said.get("$filter", "")
        test = matching(self._set, text, self._view.hidden) if text else lambda _: True
        after = re.search(rf"\b{self._set.keys[0]} gt '([^']*)'", text)
        there = self._box.store.walk(self._set.name, after[1] if after else "")
        most = _number(self._said, "$skip", 0) + _number(self._said, "$top", 0)
        return list(islice((each for each in there if test(each)), most))

    def _json(self) -> bool:
        return self._said.get("$format") == "json" or "json" in self._request.headers.get("Accept", "")


def _entered(box: Box, request: AnyRequest, method: str, service: str) -> None:
    signed_in(box, request)
    if service not in SERVICES or edm.namespace(service) in box.option("denied_services"):
        raise no_service(service)
    if method in _CHANGES:
        in_session(box, request)


async def _body(request: AnyRequest) -> Record:
    if "json" not in request.headers.get("Content-Type", ""):
        raise refused(415, "/IWFND/CM_COS/004", "Unsupported media type requested")
    try:
        body = decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError) as unread:
        raise refused(400, "/IWFND/CM_COS/022", "Error while parsing the JSON input stream") from unread
    if not isinstance(body, dict):
        raise refused(400, "/IWFND/CM_COS/022", "Error while parsing the JSON input stream: an object was expected")
    inner = body.get("d", body)
    return inner if isinstance(inner, dict) else body


def _parted(segment: str) -> tuple[str, str | None]:
    match = _SEGMENT.fullmatch(segment)
    if match is None:
        raise no_such_segment(segment)
    return match[1], match[2]


def _at(box: Box, entity_set: EntitySet, predicate: str) -> Record:
    """The entity of a key predicate; leading zeros of a number say the same number."""
    said = [(name, value.replace("''", "'")) for name, value in _KEY.findall(predicate)]
    if len(said) == len(entity_set.keys) == 1:
        said = [(entity_set.keys[0], said[0][1])]
    keys = dict(said)
    if set(keys) != set(entity_set.keys):
        raise refused(400, "005056A509B11EE1B9A8FEC11C23378E", "Invalid key predicate")
    record = box.store.get(entity_set.name, "|".join(_value(entity_set, name, keys[name]) for name in entity_set.keys))
    if record is None:
        raise no_such_key(entity_set.type)
    return record


def _value(entity_set: EntitySet, name: str, said: str) -> str:
    if entity_set.properties[name].kind == "date":
        return said.partition("T")[0]
    return said.lstrip("0") if said.isdigit() and len(said) == 10 else said


def _number(said: Any, name: str, otherwise: int) -> int:
    text = said.get(name)
    if text is None:
        return otherwise
    if not text.isdigit():
        raise refused(400, "005056A509B11EE1B9A8FEC11C22578E", f"Invalid system query option value for {name}")
    return int(text)


ROUTES: Final = (token, v2, v4, billing)
