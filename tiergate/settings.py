"""Settings from the environment. A wrong one stops the start with one plain sentence that names it.

    TIERGATE_ENVIRONMENT      sandbox (default), staging, production
    TIERGATE_STATE            folder for everything kept on disk (default .tiergate)
    TIERGATE_DATABASE_URL     SQLAlchemy address (default SQLite in the state folder)
    TIERGATE_REDIS_URL        a Redis in which processes share what was spent of limits (default: each counts alone)
    TIERGATE_EVENT_STREAMS_URL  a Redis whose streams are told every event, for services of your own (default: none)
    TIERGATE_POLICIES         folder of the policies (default: those that ship with Tiergate)
    TIERGATE_CONTRACTS        folder of the published contracts (default: openapi/, those that ship with Tiergate)
    TIERGATE_HOST             address to listen on (default 127.0.0.1)
    TIERGATE_PORT             port of what is served (default 8080; apart: system 8081, process 8082, experience 8083)
    TIERGATE_PUBLIC_URL       where browsers reach the gateway (default http://HOST:PORT)
    TIERGATE_SYSTEM_URL       a tier apart is at this address; likewise TIERGATE_PROCESS_URL, TIERGATE_EXPERIENCE_URL
    TIERGATE_CLIENT_SECRET    a tier's own client secret at the issuer, when the embedded one is not used
    TIERGATE_CONSOLE_SECRET   the client secret of `console` at the issuer, likewise
    TIERGATE_RECONCILE_TOKEN  the access token with which `tiergate reconcile` asks
    TIERGATE_REPLAY_TOKEN     the access token with which `tiergate replay` asks
    TIERGATE_SYNC_TOKEN       likewise of `tiergate sync`
    TIERGATE_MCP_TOKEN        the access token with which `tiergate mcp serve` calls; or, where it gets one by itself,
                              its client id and secret: TIERGATE_MCP_CLIENT, TIERGATE_MCP_SECRET
    TIERGATE_LOG              debug, info (default), warning, error
    TIERGATE_LEASE_SECONDS    after which a silent process counts as dead and its runs are taken over (default 30)
    TIERGATE_RUNS_AT_ONCE     which one process works on; those of one deal never overlap (default 8)
    TIERGATE_SLOW_SECONDS     a caller may take for a request's head, and again for its body (default 30)
    TIERGATE_POLL_SECONDS     between two polls of each source of changes (default 10)
    TIERGATE_RECONCILE_AT     when the systems of each legal entity are compared, by its own clock: 02:00 (default), or
                              off (default in a sandbox)
    TIERGATE_CONTRACT_NOTICE_DAYS  before its end a contract is told as `contract.expiring` (default 90; 0: never)

An address or secret that a policy or connection names as `${NAME}` comes from here too.
"""

import os
import re
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Final, Literal

import msgspec
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from foundation.context import Layer

ROOT: Final = Path(__file__).resolve().parent.parent
Environment = Literal["sandbox", "staging", "production"]
TIERS: Final[tuple[Layer, ...]] = ("experience", "process", "system")
PORTS: Final = {"all": 8080, "gateway": 8080, "system": 8081, "process": 8082, "experience": 8083}
_LOG: Final = ("debug", "info", "warning", "error")


class WrongSetting(Exception):  # noqa: N818 - one plain sentence for whoever started it
    """A setting is missing or cannot be; the text names it and says what it must be."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the environment decides."""

    environment: Environment = "sandbox"
    state: Path
    database_url: str
    policies: Path
    contracts: Path = ROOT / "openapi"
    redis_url: str = ""
    event_streams_url: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    public_url: str = ""
    tier_urls: dict[Layer, str] = {}
    client_secret: str = ""
    log: str = "info"
    poll_seconds: float = 10.0
    lease_seconds: float = 30.0
    runs_at_once: int = 8
    slow_seconds: float = 30.0
    reconcile_at: time | None = None
    contract_notice: int = 90
    values: Mapping[str, str] = {}
    """What `${NAME}` in a policy or connection stands for: the environment."""

    def __repr__(self) -> str:
        return f"Settings({self.environment}, {self.state})"

    @property
    def address(self) -> str:
        """Where browsers reach it."""
        return self.public_url or f"http://{self.host}:{self.port}"


def read(environment: Mapping[str, str] | None = None, serving: str = "all") -> Settings:
    """The settings; `WrongSetting` for the first that is wrong. `serving` decides the default port."""
    given = dict(os.environ if environment is None else environment)
    state = Path(given.get("TIERGATE_STATE", ".tiergate")).resolve()
    kind = given.get("TIERGATE_ENVIRONMENT", "sandbox").lower()
    if kind not in ("sandbox", "staging", "production"):
        raise WrongSetting(f"TIERGATE_ENVIRONMENT is {kind!r}; it must be sandbox, staging or production.")
    log = given.get("TIERGATE_LOG", "info").lower()
    if log not in _LOG:
        raise WrongSetting(f"TIERGATE_LOG is {log!r}; it must be one of {', '.join(_LOG)}.")
    policies = Path(given.get("TIERGATE_POLICIES", str(ROOT / "policies")))
    if not policies.is_dir():
        raise WrongSetting(f"TIERGATE_POLICIES is {policies}, which is not a folder.")
    contracts = Path(given.get("TIERGATE_CONTRACTS", str(ROOT / "openapi"))).resolve()
    port = _number(given, "TIERGATE_PORT", PORTS.get(serving, 8080), 0, 65535)
    urls = {tier: url for tier in TIERS if (url := _url(given, f"TIERGATE_{tier.upper()}_URL"))}
    return Settings(
        environment=kind,  # type: ignore[arg-type]  # checked above
        state=state,
        database_url=_database(given.get("TIERGATE_DATABASE_URL", f"sqlite:///{state / 'tiergate.sqlite'}")),
        policies=policies,
        contracts=contracts,
        redis_url=_redis(given, "TIERGATE_REDIS_URL"),
        event_streams_url=_redis(given, "TIERGATE_EVENT_STREAMS_URL"),
        host=given.get("TIERGATE_HOST", "127.0.0.1"),
        port=int(port),
        public_url=_url(given, "TIERGATE_PUBLIC_URL"),
        tier_urls=urls,
        client_secret=given.get("TIERGATE_CLIENT_SECRET", ""),
        log=log,
        poll_seconds=_number(given, "TIERGATE_POLL_SECONDS", 10, 0.1, 86400),
        lease_seconds=_number(given, "TIERGATE_LEASE_SECONDS", 30, 1, 3600),
        runs_at_once=int(_number(given, "TIERGATE_RUNS_AT_ONCE", 8, 1, 200)),
        slow_seconds=_number(given, "TIERGATE_SLOW_SECONDS", 30, 1, 3600),
        reconcile_at=_clock(given, "TIERGATE_RECONCILE_AT", "off" if kind == "sandbox" else "02:00"),
        contract_notice=int(_number(given, "TIERGATE_CONTRACT_NOTICE_DAYS", 90, 0, 1000)),
        values=given,
    )


def _clock(given: Mapping[str, str], name: str, default: str) -> time | None:
    said = given.get(name, default).lower()
    if said == "off":
        return None
    try:
        if re.fullmatch(r"\d\d:\d\d", said):
            return time.fromisoformat(said)
    except ValueError:
        pass
    raise WrongSetting(f"{name} is {said!r}; it must be a time of day such as 02:00, or off.")


def _database(url: str) -> str:
    try:
        known = make_url(url).get_backend_name() in ("sqlite", "postgresql")
    except ArgumentError:
        known = False
    if not known:  # it may hold a password: what it is, is not said
        raise WrongSetting(
            "TIERGATE_DATABASE_URL must be an address such as sqlite:///FILE or postgresql://USER@HOST/NAME."
        )
    return url


def _redis(given: Mapping[str, str], name: str) -> str:
    url = given.get(name, "")
    if url and not url.startswith(("redis://", "rediss://", "unix://")):  # it may hold a password, as above
        raise WrongSetting(f"{name} must be an address such as redis://HOST:6379/0 or rediss://HOST:6379/0.")
    return url


def _url(given: Mapping[str, str], name: str) -> str:
    url = given.get(name, "").rstrip("/")
    if url and not url.startswith(("http://", "https://")):
        raise WrongSetting(f"{name} is {url!r}; it must be an address that begins with http:// or https://.")
    return url


def _number(given: Mapping[str, str], name: str, default: float, least: float, most: float) -> float:
    said = given.get(name, "")
    if not said:
        return default
    try:
        value = float(said)
    except ValueError:
        value = least - 1
    if not least <= value <= most:
        raise WrongSetting(f"{name} is {said!r}; it must be a number from {least:g} to {most:g}.")
    return value
