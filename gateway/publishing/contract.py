"""What changed between two versions of an OpenAPI 3.1 contract, and whether somebody who relied on the old one breaks.

A change breaks when a request that was good is refused, or an answer holds what its reader could not expect. Such a
change needs a new major version; anything else may be published in place.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from gateway.publishing.shapes import FEWER, MORE, Effect, Shapes, resolve

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that changed."""

    operation: str
    """Its operationId; empty for the document as a whole."""
    at: str
    """Where in it: `request.currency`, `response 200.items[]`, `query limit`."""
    says: str
    breaking: bool

    def __str__(self) -> str:
        place = " ".join(part for part in (self.operation, self.at) if part)
        return f"{'BREAKING' if self.breaking else 'compatible'}  {place}: {self.says}"


def compare(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Every change from `old` to `new`, the breaking ones first. Raises `ValueError` for a dead `$ref`."""
    return sorted(_Comparison(old, new).changes(), key=lambda c: (not c.breaking, c.operation, c.at, c.says))


class _Comparison:
    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._old, self._new = old, new
        self._shapes = Shapes(old, new)

    def changes(self) -> Iterator[Change]:
        yield from self._servers()
        yield from self._operations("paths", ours=True)
        yield from self._operations("webhooks", ours=False)

    def _servers(self) -> Iterator[Change]:
        before = {str(each.get("url")) for each in self._old.get("servers", [])}
        after = {str(each.get("url")) for each in self._new.get("servers", [])}
        for gone in sorted(before - after):
            yield _breaking("", f"server {gone}", "the address is gone")

    def _operations(self, where: str, *, ours: bool) -> Iterator[Change]:
        """`ours`: we answer these; of a webhook it is the reader who answers, so who sends is turned round."""
        before, after = _listed(self._old, where), _listed(self._new, where)
        for key in before.keys() - after.keys():
            yield _breaking(before[key][0].get("operationId", ""), " ".join(key), "the operation is gone")
        for key in after.keys() - before.keys():
            yield _fine(after[key][0].get("operationId", ""), " ".join(key), "a new operation")
        for key in before.keys() & after.keys():
            yield from self._operation(before[key], after[key], " ".join(key), ours)

    def _operation(
        self, old: tuple[dict[str, Any], Any], new: tuple[dict[str, Any], Any], key: str, ours: bool
    ) -> Iterator[Change]:
        (before, shared_before), (after, shared_after) = old, new
        name = str(before.get("operationId", key))
        if before.get("operationId") != after.get("operationId"):
            yield _breaking(
                name, "operationId", f"it is called {after.get('operationId')} now: policies and clients bind it"
            )
        yield from self._security(before, after, name)
        yield from self._parameters(
            _parameters(self._old, before, shared_before, key), _parameters(self._new, after, shared_after, key), name
        )
        sent, got = (FEWER, MORE) if ours else (MORE, FEWER)
        yield from self._body(before.get("requestBody"), after.get("requestBody"), name, sent)
        yield from self._responses(before.get("responses", {}), after.get("responses", {}), name, got)
        if after.get("deprecated") and not before.get("deprecated"):
            yield _fine(name, "", "it is deprecated now")
        yield from self._callbacks(before.get("callbacks", {}), after.get("callbacks", {}), name)

    def _security(self, old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> Iterator[Change]:
        before = _needs(old.get("security", self._old.get("security")))
        after = _needs(new.get("security", self._new.get("security")))
        for way in before:
            if not any(other <= way for other in after):
                more = sorted({f"{scheme} {scope}".strip() for other in after for scheme, scope in other - way})
                yield _breaking(name, "security", f"who was let in needs more now: {', '.join(more)}")
        if set(before) != set(after) and all(any(other <= way for other in after) for way in before):
            yield _fine(name, "security", "more callers are let in")
        used = {scheme for way in before for scheme, _ in way} & {scheme for way in after for scheme, _ in way}
        for scheme in sorted(used):
            one, other = _scheme(self._old, scheme), _scheme(self._new, scheme)
            if any(one.get(key) != other.get(key) for key in ("type", "in", "name", "scheme")):
                yield _breaking(name, f"security {scheme}", "callers have to show who they are in another way")

    def _parameters(self, old: dict[str, Any], new: dict[str, Any], name: str) -> Iterator[Change]:
        for key in old.keys() - new.keys():
            yield _breaking(name, key, "the parameter is gone")
        for key in new.keys() - old.keys():
            said = _breaking if new[key].get("required") else _fine
            yield said(name, key, f"a new {'required' if new[key].get('required') else 'optional'} parameter")
        for key in old.keys() & new.keys():
            before, after = old[key], new[key]
            if bool(before.get("required")) != bool(after.get("required")):
                said = _breaking if after.get("required") else _fine
                yield said(name, key, f"the parameter becomes {'required' if after.get('required') else 'optional'}")
            if any(before.get(how) != after.get(how) for how in ("style", "explode", "allowReserved")):
                yield _breaking(name, key, "the parameter is written in another way")
            yield from self._shape(_schema(before), _schema(after), name, key, FEWER)

    def _body(self, old: Any, new: Any, name: str, breaks: frozenset[Effect]) -> Iterator[Change]:
        before, after = resolve(self._old, old) or {}, resolve(self._new, new) or {}
        if not before and after:
            said = _breaking if after.get("required") else _fine
            yield said(name, "request", "it takes a body now")
            return
        if before and not after:
            yield _breaking(name, "request", "it takes no body any more")
            return
        if bool(before.get("required")) != bool(after.get("required")):
            said = _breaking if after.get("required") else _fine
            yield said(name, "request", f"the body becomes {'required' if after.get('required') else 'optional'}")
        yield from self._content(before.get("content", {}), after.get("content", {}), name, "request", breaks)

    def _responses(
        self, old: Mapping[str, Any], new: Mapping[str, Any], name: str, breaks: frozenset[Effect]
    ) -> Iterator[Change]:
        for status in old.keys() - new.keys():
            # An error that does not happen any more is nobody's loss; a success somebody waits for is.
            said = _breaking if status[0] in "123d" else _fine
            yield said(name, f"response {status}", "the status is not answered any more")
        for status in new.keys() - old.keys():
            # Clients treat an unknown 4xx or 5xx as its class (RFC 9110, 15); another success is another meaning.
            said = _breaking if status[0] in "123" else _fine
            yield said(name, f"response {status}", "a new status")
        for status in old.keys() & new.keys():
            before, after = resolve(self._old, old[status]), resolve(self._new, new[status])
            at = f"response {status}"
            yield from self._content(before.get("content", {}), after.get("content", {}), name, at, breaks)
            yield from self._headers(before.get("headers", {}), after.get("headers", {}), name, at)

    def _content(
        self, old: Mapping[str, Any], new: Mapping[str, Any], name: str, at: str, breaks: frozenset[Effect]
    ) -> Iterator[Change]:
        for kind in old.keys() - new.keys():
            yield _breaking(name, at, f"the media type {kind} is gone")
        for kind in new.keys() - old.keys():
            yield _fine(name, at, f"a new media type: {kind}")
        for kind in old.keys() & new.keys():
            yield from self._shape(old[kind].get("schema", {}), new[kind].get("schema", {}), name, at, breaks)

    def _headers(self, old: Mapping[str, Any], new: Mapping[str, Any], name: str, at: str) -> Iterator[Change]:
        before = {key.lower(): resolve(self._old, each) for key, each in old.items()}
        after = {key.lower(): resolve(self._new, each) for key, each in new.items()}
        for key in before.keys() - after.keys():
            yield _breaking(name, f"{at} header {key}", "the header is gone")
        for key in after.keys() - before.keys():
            yield _fine(name, f"{at} header {key}", "a new header")
        for key in before.keys() & after.keys():
            if before[key].get("required") and not after[key].get("required"):
                yield _breaking(name, f"{at} header {key}", "the header may be missing now")
            yield from self._shape(_schema(before[key]), _schema(after[key]), name, f"{at} header {key}", MORE)

    def _callbacks(self, old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> Iterator[Change]:
        for key in old.keys() - new.keys():
            yield _breaking(name, f"callback {key}", "the callback is gone")
        for key in old.keys() & new.keys():
            before, after = resolve(self._old, old[key]), resolve(self._new, new[key])
            inner = _Comparison({**self._old, "webhooks": before}, {**self._new, "webhooks": after})
            for change in inner._operations("webhooks", ours=False):
                yield msgspec.structs.replace(change, operation=name, at=f"callback {key} {change.at}".strip())

    def _shape(self, old: Any, new: Any, name: str, at: str, breaks: frozenset[Effect]) -> Iterator[Change]:
        for found in self._shapes.differences(old, new, at):
            yield Change(operation=name, at=found.at, says=found.says, breaking=bool(found.effect & breaks))


def _breaking(operation: str, at: str, says: str) -> Change:
    return Change(operation=operation, at=at, says=says, breaking=True)


def _fine(operation: str, at: str, says: str) -> Change:
    return Change(operation=operation, at=at, says=says, breaking=False)


def _listed(document: Mapping[str, Any], where: str) -> dict[tuple[str, str], tuple[dict[str, Any], Any]]:
    """Operations by method and path, with the parameters their path shares. Names in a path are nothing on the wire."""
    found = {}
    for path, item in (document.get(where) or {}).items():
        whole = resolve(document, item)
        for method in _METHODS:
            if method in whole:
                found[method.upper(), _nameless(path)] = (dict(whole[method]), (path, whole.get("parameters", [])))
    return found


def _nameless(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def _parameters(document: Mapping[str, Any], operation: Mapping[str, Any], shared: Any, key: str) -> dict[str, Any]:
    """Parameters by place and name; those of the path by where they stand in it."""
    path, common = shared
    order = re.findall(r"\{([^}]*)\}", path)
    found = {}
    for each in [*common, *operation.get("parameters", [])]:
        said = resolve(document, each)
        place, name = said.get("in"), str(said.get("name"))
        if place == "path" and name in order:
            name = f"{order.index(name) + 1} of {key.rsplit(maxsplit=1)[-1]}"
        found[f"{place} {name.lower() if place == 'header' else name}"] = said
    return found


def _schema(said: Mapping[str, Any]) -> Any:
    """The schema of a parameter or header, which may stand in a media type."""
    if "schema" in said:
        return said["schema"]
    return next((each.get("schema", {}) for each in said.get("content", {}).values()), {})


def _needs(security: Any) -> list[frozenset[tuple[str, str]]]:
    """The ways in: each a set of schemes and scopes that are all needed; no entry means anybody."""
    if not security:
        return [frozenset()]
    return [
        frozenset(
            pair for scheme, scopes in way.items() for pair in [(scheme, ""), *((scheme, each) for each in scopes)]
        )
        for way in security
    ]


def _scheme(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = resolve(
        document, document.get("components", {}).get("securitySchemes", {}).get(name, {})
    )
    return found
