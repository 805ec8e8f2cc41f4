"""What a caller is told whom Envoy itself refuses: the gateway's own problem documents, word for word.

Envoy knows a refusal by its `response.code_details`: the rbac policy that matched, what jwt_authn found, or the route
that answers by itself. What differs by operation (the challenge, when to come back) stands in the route's metadata.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from canonical.faults import Broken, Fault, Malformed, OutcomeUnknown, VendorDown, VendorTimeout
from gateway.answers import answer_of
from gateway.challenges import Asks, challenges
from gateway.envoy.judging import HEADERS_MAX, TARGET_MAX
from gateway.envoy.matching import JWT, Said, extension
from gateway.refusals import (
    BodyTooLarge,
    HeadersTooLarge,
    KeysUnavailable,
    LayerRefused,
    LimitReached,
    MethodNotAllowed,
    MethodUnknown,
    MissingScope,
    NotInProduct,
    NotOffered,
    TokenMisplaced,
    TokenMissing,
    TokenRefused,
    VersionRetired,
    VersionUnclear,
)

METADATA: Final = "tiergate"
"""Under this name a route says what its refusals need."""
_REQUEST_ID: Final = "%REQ(X-REQUEST-ID)%"
_PATH: Final = "%PATH(NQ:PATH)%"
_OF_THE_TOKEN: Final = (
    TokenMissing("Send an access token: Authorization: Bearer ..."),
    TokenRefused("The token is expired, of another issuer, for another audience, or not signed or made as it must be."),
    TokenMisplaced("Send one token, in one Authorization header, and nowhere else."),
)
_BY_POLICY: Final = (
    *_OF_THE_TOKEN,
    MethodUnknown("This is no method we know; methods are written in capitals."),
    HeadersTooLarge(f"The header fields have more than the {HEADERS_MAX} bytes taken."),
    Malformed("The request can be read in more than one way."),
    BodyTooLarge("The body has more bytes than are taken here."),
    NotOffered("This version is not published yet."),
    VersionRetired("This version is retired."),
    LayerRefused("This caller's tier may not call an API of this one."),
    NotInProduct("The client has no product that includes this operation."),
)
_BY_ROUTE: Final = (
    NotOffered("No policy offers anything at this address."),
    MethodNotAllowed("This method is not possible here; Allow says which are."),
    VersionRetired("This version is retired."),
    VersionUnclear("Say which version is meant, once, and one there is."),
    Malformed("The path can be read in more than one way: no encoded slashes, dots, control bytes, only UTF-8."),
)


def named(kind: type[Fault], rest: str = "") -> str:
    """The name of a route that answers by itself."""
    return f"{kind.reason}{' ' if rest else ''}{rest}"


def about(asks: Asks, site: str, scopes: Iterable[tuple[int, tuple[str, ...]]] = ()) -> dict[str, str]:
    """A route's challenges, by what they answer. `scopes` are what may lack there, each with its number."""
    said = {fault.reason: ", ".join(challenges(fault, asks, site)) for fault in _OF_THE_TOKEN}
    return said | {_scope_key(number): ", ".join(challenges(_missing(some), asks, site)) for number, some in scopes}


def _missing(scopes: tuple[str, ...]) -> MissingScope:
    said = " ".join(scopes)
    return MissingScope(f"The token lacks the scope {said}.", scope=said)


def _scope_key(number: int) -> str:
    return f"missing_scope_{number}"


def replies(site: str, scopes: Iterable[tuple[int, tuple[str, ...]]], products: Mapping[str, Sequence[str]]) -> Said:
    """The whole `local_reply_config`. `products` are those that clients have, with their clients."""
    of_products = [_outside(name, clients, site) for name, clients in products.items()]
    return {"mappers": [*of_products, *_mappers(site, scopes)], "body_format": _other()}


def _outside(name: str, clients: Sequence[str], site: str) -> Said:
    """Which product it is that does not include an operation, the client tells."""
    client = f"metadata.filter_metadata['{JWT}'].payload.client_id"
    fault = NotInProduct(f"The product {name!r} of the client does not include this operation.", product=name)
    return _mapper(f"{_policy('~not_in_product]')} && {client} in {json.dumps(list(clients))}", fault, site)


def _mappers(site: str, scopes: Iterable[tuple[int, tuple[str, ...]]]) -> Iterator[Said]:
    for fault in _BY_POLICY:
        challenge = fault.reason if fault in _OF_THE_TOKEN else ""
        yield _mapper(f"{_policy('~' + fault.reason + ']')}", fault, site, challenge)
    for number, some in scopes:
        yield _mapper(_policy(f"~{'+'.join(some)}]"), _missing(some), site, _scope_key(number))
    yield from _of_jwt_authn(site)
    yield from _of_routes(site)
    yield from _of_the_rest(site)


def _policy(ends: str) -> str:
    """The details begin with the filter's word, and end with the name of the policy in brackets."""
    text = "response.code_details"
    return f"{text}.startsWith('rbac_access_denied') && {text}.endsWith({json.dumps(ends)})"


def _of_jwt_authn(site: str) -> Iterator[Said]:
    missing, refused, _ = _OF_THE_TOKEN
    details, denied = "response.code_details", "jwt_authn_access_denied"
    yield _mapper(f"{details} == '{denied}{{Jwt_is_missing}}'", missing, site, missing.reason)
    away = KeysUnavailable("The issuer's keys cannot be fetched.", retry_after="5")
    yield _mapper(f"{details}.startsWith('{denied}{{Jwks_remote_fetch')", away, site)
    yield _mapper(f"{details}.startsWith('{denied}')", refused, site, refused.reason)


def _of_routes(site: str) -> Iterator[Said]:
    for fault in _BY_ROUTE:
        here = f"response.code_details == 'direct_response' && xds.route_name.startsWith('{fault.reason}')"
        yield _mapper(here, fault, site)


def _of_the_rest(site: str) -> Iterator[Said]:
    """What Envoy refuses while it reads, or because nobody answers behind it."""
    code = "response.code"
    full = LimitReached("A limit is reached at this front.", retry_after="%METADATA(ROUTE:tiergate:retry_after)%")
    yield _mapper("response.code_details == 'local_rate_limited'", full, site)
    yield _mapper(f"{code} == 413", BodyTooLarge("The body has more bytes than are taken here."), site)
    yield _unread(f"{code} == 431", _BY_POLICY[4], site)
    coding = f"{code} == 501 && response.code_details == 'http1.invalid_transfer_encoding'"
    yield _unread(f"{coding} || {code} == 400", Malformed("The request cannot be read."), site)
    yield _mapper(f"{code} == 404", _BY_ROUTE[0], site)
    down = VendorDown("cannot be reached", system="tiergate")
    yield _mapper(f"{code} == 503", down, site)
    safe = "request.method in ['GET', 'HEAD', 'OPTIONS']"
    yield _mapper(f"{code} == 504 && {safe}", VendorTimeout("did not answer in time", system="tiergate"), site)
    unknown = OutcomeUnknown("did not answer; whether it did what was asked is unknown", system="tiergate")
    yield _mapper(f"{code} == 504", unknown, site)
    yield _mapper(f"{code} == 500", Broken("Something failed at this front."), site)
    yield _long_target()


def _unread(condition: str, fault: Fault, site: str) -> Said:
    """Of what could not be read there is neither an id nor a path."""
    said = _mapper(condition, fault, site)
    for name in ("request_id", "instance"):
        del said["body_format_override"]["json_format"][name]
    return said


def _mapper(condition: str, fault: Fault, site: str, challenge: str = "") -> Said:
    status, fields, _ = answer_of(_literal(fault), request_id=_REQUEST_ID, instance=_PATH, site=site)
    kept = {b"cache-control", b"proxy-status"}
    headers = [_header(name.decode(), value.decode()) for name, value in fields if name in kept]
    if challenge:
        headers.append(_header("www-authenticate", f"%METADATA(ROUTE:{METADATA}:{challenge})%"))
    if after := fault.facts.pop("retry_after", ""):
        headers.append(_header("retry-after", after))
    document = _plain(msgspec.to_builtins(fault.problem(site=site))) | {"instance": _PATH, "request_id": _REQUEST_ID}
    return {
        "filter": _when(condition),
        "status_code": status,
        "headers_to_add": headers,
        "body_format_override": {"json_format": document, "content_type": "application/problem+json"},
    }


def _plain(said: Any) -> Any:
    """Text in which a percent sign, of a scope or a product, is no command of Envoy's."""
    match said:
        case str():
            return said.replace("%", "%%")
        case dict():
            return {name: _plain(inner) for name, inner in said.items()}
        case list():
            return [_plain(inner) for inner in said]
        case _:
            return said


def _literal(fault: Fault) -> Fault:
    """For its headers: when to come back is the route's to say."""
    told = type(fault)(fault.detail, system=fault.system)
    told.facts = {name: value for name, value in fault.facts.items() if name != "retry_after"}
    if isinstance(fault, KeysUnavailable):
        told.facts["policy"] = "access"  # it is an issuer that is away, nothing behind
    return told


def _when(condition: str) -> Said:
    kind = "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    return {"extension_filter": extension("envoy.access_loggers.extension_filters.cel", kind, expression=condition)}


def _header(name: str, value: str) -> Said:
    return {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}


def _long_target() -> Said:
    """RFC 9110 section 15.5.15. The gateway has no problem of its own for it: its server decides before it does."""
    return {
        "filter": _when(_policy("~target_too_long]")),
        "status_code": 414,
        "body_format_override": _problem("The address is too long", f"More than {TARGET_MAX} characters are not read."),
    }


def _other() -> Said:
    """Whatever else Envoy says by itself."""
    return _problem("The request was not served", "Refused at the front: %RESPONSE_CODE_DETAILS%.")


def _problem(title: str, detail: str) -> Said:
    document = {
        "type": "about:blank",
        "title": title,
        "status": "%RESPONSE_CODE%",
        "detail": detail,
        "instance": _PATH,
        "request_id": _REQUEST_ID,
    }
    return {"json_format": document, "content_type": "application/problem+json"}
