"""Who may: what Envoy asks before a call goes on. The token by jwt_authn; all the rest by rbac, refusal by refusal.

A refusal is an rbac policy whose name ends in the reason it is told with: `3~not_in_product`. Policies are asked in the
order of their names, which is the order of the stages.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import combinations
from typing import Any, Final

from foundation.context import Layer
from gateway.challenges import asks_of
from gateway.envoy.front import Front, Host
from gateway.envoy.matching import (
    Said,
    all_of,
    any_of,
    audience,
    claim,
    earlier_than,
    has_claim,
    has_jose,
    header,
    header_between,
    is_there,
    jose,
    later_than,
    longer_target_than,
    more_fields_than,
    negated,
    number_claim,
    policy,
    quoted,
    scope,
    text_claim,
    typed,
)
from gateway.issuers import Issuer
from gateway.nouns.body_max import BodyMax
from gateway.nouns.layer import MAY_CALL
from gateway.nouns.products import ProductRule
from gateway.nouns.scopes import AllScopes, AnyScope
from gateway.nouns.versions import Lifecycle
from gateway.plan import Governed, Plan

LEEWAY: Final = 30
"""Seconds a clock may be off. The gateway grants it to `nbf` alone, Envoy to `exp` as well."""
KEYS_KEPT: Final = 60
"""Seconds until an issuer's keys are fetched anew: Envoy does not look up an id it does not know."""
HEADERS_MAX: Final = 32 * 1024
TARGET_MAX: Final = 8 * 1024
CLIENTS_MAX: Final = 200
"""An operation that more clients reach has them judged behind: Envoy would compare them one by one."""
_NAMED: Final = 4
"""Of more scopes than these a refusal names all that are asked for, not those that lack."""
_TIERS: Final[tuple[Layer, ...]] = ("experience", "process", "system")
_SAID_IN_THE_QUERY: Final = "".join(f"(?:{c}|%{ord(c):02x})" for c in "access") + "(?:_|%5f)"
_SAID_IN_THE_QUERY_TOO: Final = "".join(f"(?:{c}|%{ord(c):02x})" for c in "token")
_IN_QUERY: Final = rf"(?i)[^?]*\?(?:.*&)?{_SAID_IN_THE_QUERY}{_SAID_IN_THE_QUERY_TOO}(?:[=&].*)?"
_METHODS: Final = "GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE"
_HOST: Final = r"[A-Za-z0-9._~%!$&'()*+;=:\[\]-]+"
"""Without the comma, by which Envoy joins two `Host` fields."""
_SCHEMES: Final = r"(?i)(?:bearer|dpop)"
JWT_FORM: Final = rf"{_SCHEMES} +e[yw][^. ]*\.[^. ]*\.[^. ]*"
"""An `Authorization` that holds a JWT; any other token says nothing by itself."""


def at_the_door() -> Said:
    """What is refused wherever it is asked: what two readers could read in two ways, and what is too large."""
    return {
        "1~method_unknown": policy(negated(header(":method", _METHODS))),
        "2~target_too_long": policy(condition=longer_target_than(TARGET_MAX)),
        "3~headers_too_large": policy(condition=more_fields_than(HEADERS_MAX)),
        "4~malformed": policy(negated(header(":authority", _HOST))),
        "5~token_misplaced": policy(
            header(":path", _IN_QUERY), header("authorization", rf"{_SCHEMES} +[^ ,]+[ ,].*")
        ),
    }  # fmt: skip


def before_the_token(governed: Governed) -> Said:
    """What one operation refuses whoever calls: in the order of the gateway, size before version before token."""
    said: Said = {}
    for rule in governed.rules:
        if isinstance(rule, BodyMax):
            said["1~body_too_large"] = policy(header_between("content-length", rule.maximum + 1, 2**63 - 1))
        if isinstance(rule, Lifecycle):
            said |= _life(rule)
    if not governed.public:
        some = header("authorization", rf"{_SCHEMES} +[^ ].*")
        said["4~token_missing"] = policy(all_of(is_there("authorization"), negated(some)))
    return said


def _life(rule: Lifecycle) -> Said:
    """Dates come true by themselves, here too."""
    version, said = rule.version, {}
    if version.state == "draft" or version.active_on is not None:
        at = earlier_than(_midnight(version.active_on)) if version.state != "draft" and version.active_on else None
        said["2~not_offered"] = policy(condition=at)
    if version.state == "retired" or version.sunset_on is not None:
        at = later_than(_midnight(version.sunset_on)) if version.state != "retired" and version.sunset_on else None
        said["3~version_retired"] = policy(condition=at)
    return said


def _midnight(day: date) -> str:
    return f"{datetime(day.year, day.month, day.day, tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}"


def providers(plan: Plan, front: Front) -> Said:
    """Each issuer, as jwt_authn knows it."""
    return {name: _provider(issuer, front.jwks[name]) for name, issuer in sorted(plan.issuers.items())}


def _provider(issuer: Issuer, jwks: str) -> Said:
    return {
        "issuer": issuer.issuer,
        "remote_jwks": {
            "http_uri": {"uri": jwks, "cluster": Host.of(jwks).cluster, "timeout": "2s"},
            "cache_duration": f"{KEYS_KEPT}s",
            "async_fetch": {"fast_listener": True},
        },
        "from_headers": [{"name": "authorization", "value_prefix": " "}],  # whatever the scheme's case
        "forward": True,
        "require_expiration": True,
        "clock_skew_seconds": LEEWAY,
        "payload_in_metadata": "payload",
        "header_in_metadata": "header",
        "normalize_payload_in_metadata": {"space_delimited_claims": ["scope"]},
    }


def requirement(governed: Governed) -> tuple[str, Said]:
    """Whose tokens one operation takes, for which audience; the name is the same where both are."""
    names = asks_of(governed).issuers
    audiences = _audiences(governed)
    each: list[Said] = [{"provider_and_audiences": {"provider_name": n, "audiences": audiences}} for n in names]
    whole = each[0] if len(each) == 1 else {"requires_any": {"requirements": each}}
    return f"{' or '.join(names)} for {governed.audience} in {governed.layer}", whole


def _audiences(governed: Governed) -> list[str]:
    """A tier that acts for somebody has a token for the next tier alone."""
    return [governed.audience, _for_the_layer(governed)]


def _for_the_layer(governed: Governed) -> str:
    return f"{governed.audience.rstrip('/')}/{governed.layer}"


def of_the_caller(governed: Governed, plan: Plan) -> Said:
    """What one operation asks of a caller whose token is good: for whom it is made, tier, product, scopes."""
    taken = [plan.issuers[name] for name in asks_of(governed).issuers]
    tiers = [issuer.issuer for issuer in taken if issuer.workloads]
    workload = all_of(claim("iss", *tiers), claim("layer", *_TIERS)) if tiers else None
    said = {"1~token_refused": policy(*_for_somebody_else(governed, workload))}
    said |= {"2~layer_refused": policy(refused)} if (refused := _out_of_order(governed.layer, workload)) else {}
    for rule in governed.rules:
        if isinstance(rule, ProductRule):
            said |= _outside_the_product(clients_of(governed, plan), workload)
        if isinstance(rule, AllScopes | AnyScope):
            said |= _without_the_scopes(rule)
    return said


def _without_the_scopes(rule: AllScopes | AnyScope) -> Said:
    return {
        f"4~missing_scope~{number:02}~{'+'.join(some)}": policy(all_of(*(negated(scope(s)) for s in some)))
        for number, some in enumerate(missing_sets(rule))
    }


def of_the_token(plan: Plan) -> Said:
    """What is asked of every token that jwt_authn has verified, wherever it is sent."""
    return {"1~token_refused": policy(all_of(has_claim("iss"), any_of(_not_a_good_one(plan.issuers))))}


def _not_a_good_one(issuers: Mapping[str, Issuer]) -> list[Said]:
    """RFC 9068 section 2.2 and 4, RFC 8725: what jwt_authn does not look at."""
    said = [negated(text_claim(name)) for name in ("sub", "client_id", "jti")]
    said += [negated(number_claim("iat")), jose("cty", "(?i)(?:application/)?jwt")]
    said += [has_jose(name) for name in ("crit", "jwk", "jku", "x5u", "x5c")]
    for issuer in issuers.values():
        typ = "(?i)(?:application/)?" + quoted(issuer.typ)
        algorithms = "|".join(map(quoted, issuer.alg))
        wrong = any_of([negated(jose("typ", typ)), negated(jose("alg", algorithms))])
        said.append(all_of(claim("iss", issuer.issuer), wrong))
    return said


def _for_somebody_else(governed: Governed, workload: Said | None) -> list[Said]:
    """A token with a chain is for its tier alone, and no other token is."""
    wide, narrow = audience(governed.audience), audience(_for_the_layer(governed))
    if workload is None:
        return [negated(wide)]
    chained = all_of(workload, has_claim("act"))
    return [all_of(chained, negated(narrow)), all_of(negated(chained), negated(wide))]


def _out_of_order(layer: Layer, workload: Said | None) -> Said | None:
    """Experience, process, system, and no other way."""
    admitted = [tier for tier in _TIERS if layer in MAY_CALL[tier]]
    from_outside = layer in MAY_CALL["external"]
    if workload is None:
        return None if from_outside else {"any": True}
    may = all_of(workload, claim("layer", *admitted)) if admitted else None
    if from_outside:
        return all_of(workload, negated(may)) if may else workload
    return negated(may) if may else {"any": True}


def clients_of(governed: Governed, plan: Plan) -> list[str]:
    """The clients whose product includes an operation."""
    return sorted(client for client, product in plan.products.items() if governed.id in product.includes)


def products_of(plan: Plan) -> dict[str, list[str]]:
    """The products, with their clients; without those that too many have to be told apart here."""
    found: dict[str, list[str]] = {}
    for client, product in sorted(plan.products.items()):
        found.setdefault(product.name, []).append(client)
    return {name: clients for name, clients in sorted(found.items()) if len(clients) <= CLIENTS_MAX}


def _outside_the_product(clients: Sequence[str], workload: Said | None) -> Said:
    if len(clients) > CLIENTS_MAX:
        return {}
    stranger: Said = negated(claim("client_id", *clients)) if clients else {"any": True}
    return {"3~not_in_product": policy(all_of(negated(workload), stranger) if workload else stranger)}


def missing_sets(rule: AllScopes | AnyScope) -> list[tuple[str, ...]]:
    """What may lack, the most first: the first set of which the token has nothing is told."""
    scopes: tuple[str, ...] = rule.scopes
    if isinstance(rule, AnyScope):
        return [scopes]
    if len(scopes) > _NAMED:
        return [(each,) for each in scopes]
    return [some for count in range(len(scopes), 0, -1) for some in combinations(scopes, count)]


def filters(plan: Plan, front: Front, requirements: Mapping[str, Said]) -> dict[str, Any]:
    """The jwt_authn filter; each route names its requirement."""
    return typed(
        "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        providers=providers(plan, front),
        requirement_map=dict(requirements),
        strip_failure_response=True,  # the challenge is ours
    )
