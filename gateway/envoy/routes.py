"""What is offered, as routes: one an operation and a way in; what is not listed is answered by Envoy itself.

Literal segments stand before parameters, as in the gateway's own router. Paths are compared as they are written: one
in which a letter is encoded is no route.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from canonical.faults import Malformed
from gateway.challenges import ANYBODY, asks_of
from gateway.envoy.counting import drawn_by, retry_after
from gateway.envoy.front import Front, Host
from gateway.envoy.judging import JWT_FORM, before_the_token, missing_sets, of_the_caller, requirement
from gateway.envoy.matching import JWT, Said, rbac_here, typed
from gateway.envoy.replies import METADATA, about, named
from gateway.nouns.body_max import BodyMax
from gateway.nouns.choose import Choice, Chosen
from gateway.nouns.cors import FromPages
from gateway.nouns.scopes import AllScopes, AnyScope
from gateway.nouns.versions import Lifecycle
from gateway.plan import Governed, Plan
from gateway.refusals import MethodNotAllowed, NotOffered, VersionUnclear

DOOR: Final = "tiergate.door"
"""The rbac filter that asks the same of every request."""
OPERATION: Final = "tiergate.operation"
"""The one that asks what an operation asks before the token is looked at."""
VERIFIED: Final = "tiergate.verified"
"""The one that looks at every verified token."""
CALLER: Final = "tiergate.caller"
"""The one that asks what an operation asks of who calls."""
BUFFER: Final = "envoy.filters.http.buffer"
TIMEOUT: Final = "60s"
_BODY_OF_THE_REST: Final = 256 * 1024
_ENCODED: Final = (
    "%(?:2[0-9a-eA-E]|[3467][0-9a-fA-F]|5[0-9abd-fABD-F])"
    "|%(?:[cC][2-9a-fA-F]|[dD][0-9a-fA-F])%[89abAB][0-9a-fA-F]"
    "|%[eE][0-9a-fA-F](?:%[89abAB][0-9a-fA-F]){2}|%[fF][0-4](?:%[89abAB][0-9a-fA-F]){3}"
)
_CLEAR: Final = rf"/(?:[!-$&->@-\[\]-~]|{_ENCODED})*(?:\?.*)?"
"""A path that can be read in one way; DEL, which `%7f` stands for, is left to the gateway."""
_DOTS: Final = r"(?:.*/)?(?:\.|%2[eE]){1,2}(?:/.*)?"
_PARAMETER: Final = re.compile(r"\{[^}:]+(:path)?\}")


def routes(plan: Plan, front: Front, scopes: Mapping[tuple[str, ...], int]) -> Iterator[Said]:
    """All of them, in the order in which they are tried. `scopes` numbers the sets of scopes that may lack."""
    made = _Routes(plan, front, scopes)
    yield made.answering(named(Malformed), Malformed, {"safe_regex": {"regex": _DOTS}})
    clear = {"name": ":path", "string_match": {"safe_regex": {"regex": _CLEAR}}, "invert_match": True}
    for path in front.open_paths:
        yield made.open(path)
    yield made.answering(f"{named(Malformed)} too", Malformed, {"prefix": "/", "headers": [clear]})
    for template in sorted(plan.router.offers, key=_specific):
        yield from made.at(template, plan.router.offers[template])
    yield made.answering(named(NotOffered), NotOffered, {"prefix": "/"})


def _specific(template: str) -> list[tuple[int, str]]:
    return [
        (2 if part.endswith(":path}") else 1, "") if part.startswith("{") else (0, part)
        for part in template.strip("/").split("/")
    ]


class _Routes:
    def __init__(self, plan: Plan, front: Front, scopes: Mapping[tuple[str, ...], int]) -> None:
        self._plan, self._front, self._scopes = plan, front, scopes
        self._behind = Host.of(front.upstream).cluster

    def answering(self, name: str, kind: Any, match: Said, allow: Iterable[str] = ()) -> Said:
        """One that Envoy answers by itself."""
        methods = ", ".join(sorted(allow))
        return {
            "name": name,
            "match": match,
            "direct_response": {"status": kind.status},
            "metadata": self._about(about(ANYBODY, self._front.site)),
            **({"response_headers_to_add": [_added("allow", methods)]} if methods else {}),
        }

    def open(self, path: str) -> Said:
        """One that no policy governs."""
        return {
            "name": f"open {path}",
            "match": {"path_separated_prefix": path},
            "route": {"cluster": self._behind, "timeout": TIMEOUT},
            "typed_per_filter_config": {DOOR: rbac_here({})},
        }

    def at(self, template: str, offered: Mapping[str, Any]) -> Iterator[Said]:
        """Everything at one address, 405 the last."""
        for method, found in sorted(offered.items()):
            if isinstance(found, Governed):
                yield from self._ways(found, template, method)
            else:
                yield from self._chosen(found, template, method)
        if any(_from_pages(found) for found in offered.values()):
            yield self._preflight(template)
        methods = {*offered, *(["HEAD"] if "GET" in offered else [])}
        yield self.answering(named(MethodNotAllowed, template), MethodNotAllowed, _match(template), methods)

    def _ways(self, governed: Governed, template: str, method: str, *more: Said, suffix: str = "") -> Iterator[Said]:
        asks, name = asks_of(governed), f"{governed.id}{suffix}"
        match = [_method(method), *more]
        if asks.key_header:
            keyed = {"name": asks.key_header.lower(), "present_match": True}
            yield self._unjudged(f"{name} by key", governed, _match(template, *match, keyed))
        if any(self._plan.issuers[issuer].introspect for issuer in asks.issuers):
            other = [_authorization(r"(?i)(?:bearer|dpop) +[^ ].*"), _authorization(JWT_FORM, invert=True)]
            yield self._unjudged(f"{name} by opaque token", governed, _match(template, *match, *other))
        yield self._judged(name, governed, _match(template, *match))

    def _judged(self, name: str, governed: Governed, match: Said) -> Said:
        said = self._unjudged(name, governed, match)
        filters = said["typed_per_filter_config"]
        filters[OPERATION] = rbac_here(before_the_token(governed))
        if not governed.public:
            kind = "envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig"
            filters[JWT] = typed(kind, requirement_name=requirement(governed)[0])
            filters[CALLER] = rbac_here(of_the_caller(governed, self._plan))
        if drawn := drawn_by(governed, self._plan):
            said["route"]["rate_limits"] = drawn
        return said

    def _unjudged(self, name: str, governed: Governed, match: Said) -> Said:
        """Its life and its size are Envoy's; whoever calls is judged behind."""
        policies = {key: said for key, said in before_the_token(governed).items() if not key.endswith("token_missing")}
        sets = [
            some for rule in governed.rules if isinstance(rule, AllScopes | AnyScope) for some in missing_sets(rule)
        ]
        numbered = [(self._scopes[some], some) for some in sets]
        own = about(asks_of(governed), self._front.site, numbered)
        return {
            "name": name,
            "match": match,
            "route": {"cluster": self._behind, "timeout": TIMEOUT},
            "metadata": self._about(own | {"retry_after": str(retry_after(governed, self._plan))}),
            "typed_per_filter_config": {OPERATION: rbac_here(policies), BUFFER: _buffer(_body_max(governed))},
            **({"response_headers_to_add": headers} if (headers := list(_said_of_it(governed))) else {}),
        }

    def _chosen(self, found: Choice, template: str, method: str) -> Iterator[Said]:
        """An address that names no version: the header does."""
        field = found.choose.field.lower()
        if found.choose.by == "date":
            yield self._on_a_day(found, template, method)
            return
        for version, governed in sorted(found.offered.items()):
            exact = {"name": field, "string_match": {"exact": version}}
            yield from self._ways(governed, template, method, exact, suffix=f" by {field}")
            if version == found.choose.when_missing:
                absent = {"name": field, "present_match": False}
                yield from self._ways(governed, template, method, absent, suffix=f" without {field}")
        name = named(VersionUnclear, f"{method} {template}")
        yield self.answering(name, VersionUnclear, _match(template, _method(method)))

    def _on_a_day(self, found: Choice, template: str, method: str) -> Said:
        """Which version a day means is the gateway's to say; a token that is good for the API all of them want."""
        governed = found.any()
        said = self._judged(f"{governed.id} by day", governed, _match(template, _method(method)))
        del said["typed_per_filter_config"][OPERATION]
        said.pop("response_headers_to_add", None)
        asked = [of_the_caller(each, self._plan) for each in found.offered.values()]
        same = {key: policy for key, policy in asked[0].items() if all(policy == each.get(key) for each in asked)}
        largest = max(_body_max(each) for each in found.offered.values())
        said["typed_per_filter_config"] |= {CALLER: rbac_here(same), BUFFER: _buffer(largest)}
        said["route"].pop("rate_limits", None)
        return said

    def _preflight(self, template: str) -> Said:
        asking = [{"name": name, "present_match": True} for name in ("origin", "access-control-request-method")]
        return {
            "name": f"preflight {template}",
            "match": _match(template, _method("OPTIONS"), *asking),
            "route": {"cluster": self._behind, "timeout": TIMEOUT},
        }

    def _about(self, said: Mapping[str, str]) -> Said:
        return {"filter_metadata": {METADATA: dict(said)}}


def _match(template: str, *headers: Said) -> Said:
    regex = "/" + "/".join(_segment(part) for part in template.strip("/").split("/"))
    path = {"safe_regex": {"regex": regex}} if "{" in template else {"path": template}
    return path | ({"headers": list(headers)} if headers else {})


def _segment(part: str) -> str:
    found = _PARAMETER.fullmatch(part)
    if found is None:
        return re.sub(r"([.+*?()|\[\]{}^$\\])", r"\\\1", part)
    return "[^/].*" if found[1] else "[^/]+"


def _method(method: str) -> Said:
    """What has GET has HEAD (RFC 9110 section 9.3.2)."""
    if method == "GET":
        return {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|HEAD"}}}
    return {"name": ":method", "string_match": {"exact": method}}


def _authorization(regex: str, *, invert: bool = False) -> Said:
    said: Said = {"name": "authorization", "string_match": {"safe_regex": {"regex": regex}}}
    return {**said, "invert_match": True} if invert else said


def _said_of_it(governed: Governed) -> Iterator[Said]:
    """What every answer says of a version; the gateway says it itself of what it answers, and more exactly."""
    for rule in governed.rules:
        if isinstance(rule, Chosen):
            yield from (_added(name.decode(), value.decode()) for name, value in rule.headers)
        if isinstance(rule, Lifecycle):
            yield from (_added(name.decode(), value.decode()) for name, value in rule.headers if name != b"link")
            links = [value.decode() for name, value in rule.headers if name == b"link"]
            if rule.version.successor:
                links.append(f'<{_successor(governed, rule)}>; rel="successor-version"')
            yield from [_added("link", ", ".join(links))] if links else []


def _successor(governed: Governed, rule: Lifecycle) -> str:
    """The same in the successor, where the path has no parameter; else the successor itself."""
    if "{" in governed.path:
        return f"/{governed.api.name}/{rule.version.successor}/"
    return rule.moved(governed.path.encode()).decode()


def _added(name: str, value: str) -> Said:
    return {"header": {"key": name, "value": value.replace("%", "%%")}, "append_action": "ADD_IF_ABSENT"}


def _body_max(governed: Governed) -> int:
    return next((rule.maximum for rule in governed.rules if isinstance(rule, BodyMax)), _BODY_OF_THE_REST)


def _buffer(maximum: int) -> Said:
    kind = "envoy.extensions.filters.http.buffer.v3.BufferPerRoute"
    return typed(kind, buffer={"max_request_bytes": max(1, maximum)})


def _from_pages(found: Any) -> bool:
    governed = found if isinstance(found, Governed) else found.any()
    return any(isinstance(rule, FromPages) for rule in governed.rules)
