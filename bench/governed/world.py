"""The one call that is measured: a read of an engagement, and all that is asked of it.

An RS256 access token, a scope, two limits, parameters held to their types, a record, the headers of a version that is
deprecated. Whoever serves it answers with its process id, so that nobody is measured for another's work.
"""

import os
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec
from joserfc import jwt
from joserfc.jwk import Key, RSAKey
from litestar import Litestar

from canonical.base import Value
from canonical.classes import FINANCIAL, PII, PUBLIC
from canonical.faults import NotFound
from canonical.ports import operation
from foundation.api import Api, directly, routes
from foundation.counting import Counters
from foundation.masking import Masker
from gateway.asgi import Gateway
from gateway.audit import Place, Trail
from gateway.governor import Governor
from gateway.issuers import Issuer
from gateway.messages import App
from gateway.plan import Plan, load
from tiergate.front import app_of

ROOT: Final = Path(__file__).resolve().parents[2]
View = Literal["brief", "full"]
ISSUER: Final = "https://id.firm.example"
AUDIENCE: Final = "https://api.firm.example/engagements"
SCOPE: Final = "engagements:read"
CLIENT: Final = "client-0"
CLIENTS: Final = tuple(f"client-{n}" for n in range(10))
SUBJECT: Final = "person-0"
PATH: Final = "/engagements/v1/engagements/ENG-2041?view=full"
TODAY: Final = date.today()  # noqa: DTZ011 - the version is deprecated since last month, whenever this runs
DEPRECATED_ON: Final = TODAY - timedelta(days=30)
SUNSET_ON: Final = TODAY + timedelta(days=150)
GUIDE: Final = "https://dev.firm.example/engagements/v1-to-v2"
PER_MINUTE: Final = "900m/min"
"""Of both limits: nobody is to be refused here."""
VALUES: Final = {"TIERGATE_ISSUER": ISSUER, "TIERGATE_AUDIENCE": AUDIENCE}


class Engagement(Value, frozen=True, kw_only=True):
    """One piece of work for one client."""

    key: Annotated[str, PUBLIC]
    title: Annotated[str, PUBLIC]
    account: Annotated[str, PUBLIC]
    manager: Annotated[str, PII]
    starts: Annotated[date, PUBLIC]
    ends: Annotated[date, PUBLIC]
    currency: Annotated[str, PUBLIC]
    budget: Annotated[Decimal, FINANCIAL]
    spent: Annotated[Decimal, FINANCIAL]
    staffed: Annotated[int, PUBLIC]
    pid: Annotated[int, PUBLIC]
    """Of the process that answered."""


class Engagements(Protocol):
    """Engagements by key."""

    @operation("GET", "/engagements/{key}", raises=(NotFound,))
    async def engagement(self, key: str, view: View = "brief") -> Engagement:
        """One engagement."""


class Desk:
    """Answers from memory: what is measured is the way here and back."""

    async def engagement(self, key: str, view: str = "brief") -> Engagement:
        return Engagement(
            key=key,
            title="Order to cash, second wave",
            account="HARBOR",
            manager="Nina Okafor",
            starts=TODAY,
            ends=SUNSET_ON,
            currency="EUR",
            budget=Decimal("184000.00"),
            spent=Decimal("61250.50"),
            staffed=7 if view == "full" else 0,
            pid=os.getpid(),
        )


API: Final = Api(name="engagements", layer="process", title="Engagements", ports=(Engagements,))
NEXT: Final = Api(name="engagements", layer="process", title="Engagements", ports=(Engagements,), major=2)

_PLATFORM: Final = f"""\
issuers:
  workforce: {{issuer: "${{TIERGATE_ISSUER}}", alg: [RS256], typ: at+jwt}}
plans:
  portal: {{per-client: {PER_MINUTE}}}
data_classes: {{public: keep, pii: hash, financial: mask_last4, secret: drop, unclassified: drop}}
"""
_LIFE: Final = f"state: deprecated, deprecated_on: {DEPRECATED_ON}, sunset_on: {SUNSET_ON}"


def policy(api: str, versions: str, operations: str) -> str:
    """The file of one API; its versions and operations as YAML."""
    return f"""\
api: {api}
layer: process
owner: delivery@firm.example
versions: {{{versions}}}
access: {{issuers: [workforce], audience: "${{TIERGATE_AUDIENCE}}"}}
limits:
  reads: {{rate: {PER_MINUTE}, per: user}}
defaults: {{limits: [reads]}}
operations: {operations}
on_store_failure: local
"""


def product(clients: Iterable[str], includes: str) -> str:
    """The file of the one product; what it includes as YAML."""
    return f"""\
product: client-portal
plan: portal
clients: [{", ".join(clients)}]
includes: {includes}
"""


def write_policies(folder: Path, clients: Iterable[str] = CLIENTS) -> Path:
    """The policy folder of the call."""
    versions = f'v1: {{{_LIFE}, successor: v2, guide: "{GUIDE}"}}, v2: {{}}'
    files = {
        "platform.yaml": _PLATFORM,
        "apis/engagements.yaml": policy("engagements", versions, f"{{engagement: {{scopes: ['{SCOPE}']}}}}"),
        "products/portal.yaml": product(clients, "{engagements@v1: [engagement], engagements@v2: [engagement]}"),
    }
    return _written(folder, files)


def write_many(folder: Path, apis: Iterable[Api]) -> Path:
    """The policy folder of many operations."""
    files, included = {"platform.yaml": _PLATFORM}, []
    versions = f'v1: {{{_LIFE}, guide: "{GUIDE}"}}'
    for api in apis:
        names = [each.id for each in api.operations()]
        listed = "".join(f"\n  {name}: {{scopes: ['{SCOPE}']}}" for name in names)
        files[f"apis/{api.name}.yaml"] = policy(api.name, versions, listed)
        included.append(f"\n  {api.name}@v1: [{', '.join(names)}]")
    return _written(folder, files | {"products/portal.yaml": product(CLIENTS, "".join(included))})


def _written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def lifecycle_headers() -> list[tuple[bytes, bytes]]:
    """What a deprecated version says of itself (RFC 9745, RFC 8594), for those who are told and do not know."""
    midnight = datetime(DEPRECATED_ON.year, DEPRECATED_ON.month, DEPRECATED_ON.day, tzinfo=UTC)
    sunset = datetime(SUNSET_ON.year, SUNSET_ON.month, SUNSET_ON.day, tzinfo=UTC)
    return [
        (b"deprecation", b"@%d" % int(midnight.timestamp())),
        (b"sunset", format_datetime(sunset, usegmt=True).encode()),
        (b"link", f'<{GUIDE}>; rel="deprecation"; type="text/html"'.encode()),
        (b"link", b'</engagements/v2/>; rel="successor-version"'),
    ]


def plan_of(folder: Path, clients: Iterable[str] = CLIENTS) -> Plan:
    """The plan of the call."""
    return load(write_policies(folder, clients), (API, NEXT), VALUES)


class KnownKeys:
    """An issuer's key, had without asking: every contender has it from the start."""

    def __init__(self, key: Key) -> None:
        self._key = key

    async def find(self, issuer: Issuer, kid: str, *, again: bool = False) -> Key | None:
        return self._key if kid == self._key.kid else None


def make_key(folder: Path) -> RSAKey:
    """The issuer's key, kept in `folder` for the other processes, with what each of them reads of it."""
    key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
    (folder / "key.json").write_text(msgspec.json.encode(key.as_dict(private=True)).decode(), encoding="utf-8")
    (folder / "jwks.json").write_bytes(msgspec.json.encode({"keys": [key.as_dict(private=False)]}))
    (folder / "key.pem").write_bytes(key.as_pem(private=False))
    return key


def read_key(folder: Path) -> RSAKey:
    """The key another process made."""
    return RSAKey.import_key(msgspec.json.decode((folder / "key.json").read_bytes()))


def token(key: Key, *, client: str = CLIENT, subject: str = SUBJECT, scope: str = SCOPE, number: int = 0) -> str:
    """An access token as RFC 9068 has it, good for an hour."""
    now = int(time.time())
    said = {
        "iss": ISSUER,
        "sub": subject,
        "client_id": client,
        "aud": AUDIENCE,
        "exp": now + 3600,
        "iat": now,
        "jti": f"t{number}",
        "scope": scope,
    }
    header = {"alg": "RS256", "typ": "at+jwt", "kid": key.kid}
    return jwt.encode(header, said, key, algorithms=["RS256"], default_type=None)


def tier() -> Litestar:
    """The ungoverned tier, as the platform serves its own."""
    return app_of([handler for api in (API, NEXT) for handler in routes(api, Desk())])


def governor_of(plan: Plan, key: Key, trail: Trail | None, counters: Counters | None = None) -> Governor:
    """A governor over the plan."""
    return Governor(plan, trail=trail, keys=KnownKeys(key), counters=counters)


def trail_at(folder: Path) -> Trail:
    """A record in a file."""
    return Trail(Place.beside(folder / "audit.sqlite"), Masker(b"key"))


def over(governor: Governor, app: App, *, front: Any = None, here: bool = True) -> Gateway:
    """The gateway in front of `app`, with its open addresses as the platform has them; `here`: both in one process."""
    direct = {name: found for api in (API, NEXT) for name, found in directly(api, Desk()).items()} if here else {}
    site = "http://gateway.firm.example"
    return Gateway(governor, {"process": app}, front=front, open_paths=OPEN, site=site, direct=direct)


OPEN: Final = ("/health", "/ready", "/metrics", "/identity", "/.well-known", "/problems")
