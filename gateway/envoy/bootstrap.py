"""The whole configuration: one listener, its filters in the order of the stages, and the hosts that are called."""

import ipaddress
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import yaml

from gateway.envoy import counting, judging, left
from gateway.envoy.front import Front, Host
from gateway.envoy.left import Left
from gateway.envoy.matching import JWT, Said, extension, rbac
from gateway.envoy.replies import replies
from gateway.envoy.routes import BUFFER, CALLER, DOOR, OPERATION, VERIFIED, routes
from gateway.nouns.scopes import AllScopes, AnyScope
from gateway.plan import Plan

_ROOTS: Final = "/etc/ssl/certs/ca-certificates.crt"
_BODY_MAX: Final = 1024 * 1024
"""Bytes of a body where no policy says how many."""
_WELL_FORMED: Final = "size({0}) >= 8 && size({0}) <= 64 && {0}.matches('^[A-Za-z0-9._-]+$')"
"""A request id that is taken over, as the gateway has it."""
_FILTERS: Final = "envoy.extensions.filters.http"


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """An Envoy configuration, and what it leaves to the gateway."""

    configuration: dict[str, Any]
    """Bootstrap, API v3."""
    left: list[Left]

    @property
    def text(self) -> str:
        """As YAML, what is left in a comment above it. The same policies give the same text."""
        head = ["Envoy in front of Tiergate, written by `tiergate export envoy` from the policies; edit those.", ""]
        head += ["It enforces the same issuers, scopes, products, layers, versions and local limits. What it cannot",
                 "say is left to the gateway behind it, which runs the same policies:", ""]  # fmt: skip
        head += [f"  {each}" for each in self.left]
        comment = "\n".join(f"# {line}".rstrip() for line in head)
        said = yaml.dump(
            self.configuration, Dumper=_Plainly, sort_keys=False, default_flow_style=None, width=120
        )  # fmt: skip
        return f"{comment}\n\n{said}"


class _Plainly(yaml.CSafeDumper):
    """Without anchors: who reads one route reads all of it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def exported(plan: Plan, front: Front) -> Exported:
    """The configuration of a front for a plan. Raises `ValueError` for an issuer whose keys `front` does not know."""
    unknown = sorted(plan.issuers.keys() - front.jwks.keys())
    if unknown:
        raise ValueError(f"where the issuer {unknown[0]} has its keys is not known: say jwks at it in platform.yaml")
    called = {Host.of(url) for url in (front.upstream, *(front.jwks[name] for name in plan.issuers))}
    resources = {
        "listeners": [_listener(plan, front)],
        "clusters": [_cluster(host) for host in sorted(called, key=lambda host: host.cluster)],
    }
    return Exported(configuration={"static_resources": resources}, left=left.left(plan))


def _listener(plan: Plan, front: Front) -> Said:
    address = {"socket_address": {"address": front.host, "port_value": front.port}}
    kind = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    manager = extension("envoy.filters.network.http_connection_manager", kind, **_manager(plan, front))
    return {
        "name": "tiergate",
        "address": address,
        "per_connection_buffer_limit_bytes": _BODY_MAX,
        "filter_chains": [{"filters": [manager]}],
    }


def _manager(plan: Plan, front: Front) -> Said:
    sets = _sets(plan)
    return {
        "stat_prefix": "tiergate",
        **_LIMITS,
        "use_remote_address": True,
        "generate_request_id": True,
        "preserve_external_request_id": True,
        "always_set_request_id_in_response": True,
        "server_header_transformation": "PASS_THROUGH",
        "early_header_mutation_extensions": [_only_well_formed_request_ids()],
        "access_log": [_access_log()],
        "local_reply_config": replies(
            front.site, [(number, some) for some, number in sets.items()], judging.products_of(plan)
        ),
        "http_filters": _filters(plan, front),
        "route_config": {
            "name": "tiergate",
            "request_headers_to_add": [_via(), _forwarded()],
            "virtual_hosts": [{"name": "tiergate", "domains": ["*"], "routes": list(routes(plan, front, sets))}],
        },
    }


_LIMITS: Final[Mapping[str, Any]] = {
    "max_request_headers_kb": 96,  # more than is taken, so that a long address and large fields are told apart
    "request_headers_timeout": "10s",
    "request_timeout": "60s",
    "stream_idle_timeout": "75s",
    "common_http_protocol_options": {"idle_timeout": "300s", "max_headers_count": 100},
    "http_protocol_options": {
        "accept_http_10": True,
        "default_host_for_http_10": "http-1-0.invalid",
    },
}


def _sets(plan: Plan) -> dict[tuple[str, ...], int]:
    """Every set of scopes that may lack somewhere, with its number."""
    found = {
        some
        for governed in plan.operations.values()
        for rule in governed.rules
        if isinstance(rule, AllScopes | AnyScope)
        for some in judging.missing_sets(rule)
    }
    return {some: number for number, some in enumerate(sorted(found))}


def _filters(plan: Plan, front: Front) -> list[Said]:
    """In the order of the stages."""
    wanted = dict(judging.requirement(each) for each in plan.operations.values() if not each.public)
    return [
        {"name": DOOR, "typed_config": rbac(judging.at_the_door())},
        {"name": OPERATION, "typed_config": rbac({})},
        {"name": JWT, "typed_config": judging.filters(plan, front, dict(sorted(wanted.items())))},
        {"name": VERIFIED, "typed_config": rbac(judging.of_the_token(plan))},
        {"name": CALLER, "typed_config": rbac({})},
        counting.the_filter(plan),
        extension(BUFFER, f"{_FILTERS}.buffer.v3.Buffer", max_request_bytes=_BODY_MAX),
        extension("envoy.filters.http.router", f"{_FILTERS}.router.v3.Router", suppress_envoy_headers=True),
    ]


def _only_well_formed_request_ids() -> Said:
    """What is not well formed is taken away, so that a new one is made."""
    held, name = "request.headers['x-request-id']", "x-request-id"
    well_formed = f"%CEL('{name}' in request.headers && {_WELL_FORMED.format(held)} ? {held} : '')%"
    kind = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
    mutations: list[Said] = [
        *_set("x-tiergate-said", well_formed),
        *_set("x-tiergate-new", "%UNIQUE_ID%"),
        *_set(name, "%REQ(X-TIERGATE-SAID?X-TIERGATE-NEW)%"),
        {"remove": "x-tiergate-said"},
        {"remove": "x-tiergate-new"},
    ]
    return extension("envoy.http.early_header_mutation.header_mutation", kind, mutations=mutations)


def _set(name: str, value: str) -> list[Said]:
    """In place of what a caller said; nothing where the value is empty."""
    return [{"remove": name}, {"append": {"header": {"key": name, "value": value}}}]


def _via() -> Said:
    """RFC 9110 section 7.6.3: a gateway says in what it passes on that it came this way."""
    received = "%CEL(request.protocol == 'HTTP/2' ? '2' : request.protocol == 'HTTP/1.0' ? '1.0' : '1.1')%"
    return {"header": {"key": "via", "value": f"{received} envoy"}}


def _forwarded() -> Said:
    """RFC 7239: for whom it passes a call on. Behind what a caller says of that itself, which nobody has to believe."""
    return {"header": {"key": "forwarded", "value": 'for="%DOWNSTREAM_REMOTE_ADDRESS%"'}}


def _access_log() -> Said:
    """A JSON object a call. No query and no token: both may hold what logs must not."""
    token = f"%DYNAMIC_METADATA({JWT}:payload"
    said = {
        "at": "%START_TIME%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "traceparent": "%REQ(TRACEPARENT)%",
        "method": "%REQ(:METHOD)%",
        "path": "%PATH(NQ:PATH)%",
        "operation": "%ROUTE_NAME%",
        "status": "%RESPONSE_CODE%",
        "details": "%RESPONSE_CODE_DETAILS%",
        "client": f"{token}:client_id)%",
        "issuer": f"{token}:iss)%",
        "address": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
        "ms": "%DURATION%",
        "sent": "%BYTES_SENT%",
        "received": "%BYTES_RECEIVED%",
    }
    kind = "envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"
    return extension("envoy.access_loggers.stdout", kind, log_format={"json_format": said})


def _cluster(host: Host) -> Said:
    socket = {"socket_address": {"address": host.name, "port_value": host.port}}
    said: Said = {
        "name": host.cluster,
        "type": "STATIC" if _is_address(host.name) else "STRICT_DNS",
        "connect_timeout": "2s",
        "load_assignment": {
            "cluster_name": host.cluster,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket}}]}],
        },
    }
    return {**said, "transport_socket": _tls(host.name)} if host.tls else said


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _tls(name: str) -> Said:
    context = {
        "trusted_ca": {"filename": _ROOTS},
        "match_typed_subject_alt_names": [{"san_type": "DNS", "matcher": {"exact": name}}],
    }
    kind = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    return extension("envoy.transport_sockets.tls", kind, sni=name, common_tls_context={"validation_context": context})
