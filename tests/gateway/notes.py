"""A small API to stand behind the gateway in these tests: notes, in a process and a system tier, and a face."""

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, Protocol

import httpx
import msgspec
from joserfc import jwt
from joserfc.jwk import Key, RSAKey
from litestar import Litestar

from canonical.base import Value
from canonical.classes import FINANCIAL, PII, PUBLIC, SECRET
from canonical.faults import Conflict, Fault, NotFound, VendorDown
from canonical.ports import Raw, operation
from foundation.acting import claims_of
from foundation.api import Api, directly, fault_handler, routes
from foundation.context import Caller, Context, current
from foundation.counting import Counters
from foundation.masking import Masker
from gateway.asgi import Gateway
from gateway.audit import Trail
from gateway.governor import Governor
from gateway.issuers import Issuer
from gateway.plan import Plan, load

ISSUER: Final = "https://id.firm.example"
AUDIENCE: Final = "https://api.firm.example"
VALUES: Final = {"TIERGATE_ISSUER": ISSUER, "TIERGATE_AUDIENCE": AUDIENCE, "ARCHIVE_KEY": "k-17"}
NOW: Final = 1_790_000_000.0  # 2026-09-21


class Note(Value, frozen=True, kw_only=True):
    title: Annotated[str, PUBLIC]
    author: Annotated[str, PII] = ""
    worth: Annotated[Decimal | None, FINANCIAL] = None
    password: Annotated[str, SECRET] = ""
    remark: str = ""


class Notes(Protocol):
    """Notes by id and by key."""

    @operation("GET", "/notes/{note_id}", raises=(NotFound,))
    async def note(self, note_id: str) -> Note:
        """One note."""

    @operation("PUT", "/notes/by-key/{key}", raises=(Conflict,))
    async def upsert_note(self, key: str, data: Note) -> Note:
        """Write one."""

    @operation("GET", "/accounts/{account_id}/notes")
    async def account_notes(self, account_id: str) -> list[Note]:
        """Those of one customer."""

    @operation("DELETE", "/notes/{note_id}")
    async def delete_note(self, note_id: str) -> Note:
        """Listed in no policy."""

    @operation("POST", "/hooks/{name}")
    async def hook(self, name: str, data: Raw) -> Note:
        """Public."""


class Desk:
    """Answers for the port, and remembers in what surroundings it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Context]] = []
        self.gate = asyncio.Event()
        """What the note `slow` waits for."""

    async def note(self, note_id: str) -> Note:
        self.asked.append(("note", current()))
        if note_id == "missing":
            raise NotFound("There is no note 'missing'.")
        if note_id == "slow":
            await self.gate.wait()
        if note_id == "down":
            raise VendorDown("cannot be reached", system="cabinet")
        if note_id == "bug":
            raise RuntimeError("inner text")
        return Note(title=note_id)

    async def upsert_note(self, key: str, data: Note) -> Note:
        self.asked.append(("upsert_note", current()))
        return data

    async def account_notes(self, account_id: str) -> list[Note]:
        self.asked.append(("account_notes", current()))
        return [Note(title=account_id)]

    async def owner_of_note(self, note_id: str) -> str | None:
        """`down` cannot be said; of others the part before the dash, and none for `missing`."""
        self.asked.append(("owner_of_note", current()))
        if note_id == "down":
            raise VendorDown("cannot be reached", system="cabinet")
        if note_id == "bug":
            raise RuntimeError("inner text")
        return None if note_id == "missing" else note_id.partition("-")[0]

    async def delete_note(self, note_id: str) -> Note:
        self.asked.append(("delete_note", current()))
        return Note(title=note_id)

    async def hook(self, name: str, data: Raw) -> Note:
        self.asked.append(("hook", current()))
        return Note(title=f"{name}:{len(data.body)}:{' '.join(sorted(data.headers))}")


FACE: Final = Api(name="face", layer="experience", title="Face", ports=(Notes,))
NOTES: Final = Api(name="notes", layer="process", title="Notes", ports=(Notes,), lookups=("owner_of_note",))
NOTES_2: Final = Api(name="notes", layer="process", title="Notes", ports=(Notes,), major=2, lookups=("owner_of_note",))
CABINET: Final = Api(name="cabinet", layer="system", title="Cabinet", ports=(Notes,))
APIS: Final = (FACE, NOTES, NOTES_2, CABINET)

PLATFORM: Final = """\
issuers:
  embedded: {issuer: "${TIERGATE_ISSUER}", alg: [RS256], workloads: true}
  partners: {issuer: "https://b2b.firm.example", alg: [RS256]}
plans:
  desk: {per-client: 1000/min}
data_classes: {public: keep, pii: hash, financial: mask_last4, secret: drop, unclassified: drop}
"""
NOTES_FILE: Final = """\
api: notes
layer: process
owner: notes@firm.example
versions:
  v1: {state: deprecated, deprecated_on: 2026-09-01, sunset_on: 2027-03-01, successor: v2, guide: "https://dev.firm.example/v2"}
  v2: {}
access: {issuers: [embedded, partners], audience: "${TIERGATE_AUDIENCE}"}
limits:
  writes: {rate: 3/min, per: user}
  hooks: 2/min
defaults:
  body_max: 1KB
operations:
  note: {scopes: [notes:read]}
  upsertNote:
    scopes: [notes:read, notes:write]
    limits: [writes]
    audit: bodies
  accountNotes: {scopes: {any: [notes:read, portal:read]}, object: {account_id: account_id}}
  hook: {public: true, limits: [hooks]}
on_store_failure: local
"""
CABINET_FILE: Final = """\
api: cabinet
layer: system
owner: cabinet@firm.example
versions: {v1: {}}
access: {issuers: [embedded], audience: "${TIERGATE_AUDIENCE}"}
limits: {drawer: {rate: 2/min}}
operations:
  note: {scopes: [cabinet:read], limits: [drawer]}
  upsertNote: {scopes: [cabinet:write], audit: bodies}
on_store_failure: local
"""
FACE_FILE: Final = """\
api: face
layer: experience
owner: face@firm.example
versions: {v1: {}}
access: {issuers: [embedded], audience: "${TIERGATE_AUDIENCE}"}
operations:
  note: {scopes: [notes:read]}
on_store_failure: local
"""
DESK_FILE: Final = """\
product: desk
plan: desk
clients: [console]
includes:
  notes@v1: [note, upsertNote]
  notes@v2: [note, upsertNote, accountNotes]
  face@v1: [note]
"""
ROLES_FILE: Final = """\
believe: [embedded]
roles:
  editor: {subjects: [priya], groups: [press]}
  german_accounts: {subjects: [dana], steward_of: {accounts: [ACME-DE]}}
  all_accounts: {groups: [board], steward_of: {accounts: [all]}}
"""
FILES: Final = {
    "platform.yaml": PLATFORM,
    "roles.yaml": ROLES_FILE,
    "apis/notes.yaml": NOTES_FILE,
    "apis/cabinet.yaml": CABINET_FILE,
    "apis/face.yaml": FACE_FILE,
    "products/desk.yaml": DESK_FILE,
}


def write_policies(folder: Path, **changed: str) -> Path:
    """The policy folder; `notes=...` and so on replace one file."""
    for name, text in FILES.items():
        path = folder / "policies" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(changed.get(path.stem, text))
    return folder / "policies"


def plan_of(folder: Path, **changed: str) -> Plan:
    return load(write_policies(folder, **changed), APIS, VALUES)


class KnownKeys:
    """An issuer's keys, had without asking."""

    def __init__(self, *keys: Key) -> None:
        self.keys = {key.kid: key for key in keys}

    async def find(self, issuer: Issuer, kid: str, *, again: bool = False) -> Key | None:
        return self.keys.get(kid)


KEY: Final = RSAKey.generate_key(2048, {"kid": "k1"})


def token(
    scopes: str = "notes:read notes:write",
    *,
    key: Key = KEY,
    header: Mapping[str, Any] | None = None,
    without: tuple[str, ...] = (),
    **claims: Any,
) -> str:
    """An access token as RFC 9068 wants it, but for what is said."""
    said = {
        "iss": ISSUER,
        "sub": "priya",
        "client_id": "console",
        "aud": AUDIENCE,
        "exp": NOW + 600,
        "iat": NOW - 1,
        "jti": "t1",
        "scope": scopes,
        **claims,
    }
    said = {name: value for name, value in said.items() if name not in without}
    head = {"alg": "RS256", "typ": "at+jwt", "kid": key.kid, **(header or {})}
    return jwt.encode(
        {k: v for k, v in head.items() if v is not None}, said, key, algorithms=[head["alg"]], default_type=None
    )


def tier_of(desk: Desk) -> Litestar:
    """All APIs of the world, served by one desk."""
    faults: Any = {Fault: fault_handler, Exception: fault_handler}
    handlers = [handler for api in APIS for handler in routes(api, desk)]
    return Litestar(handlers, exception_handlers=faults, openapi_config=None)


def over(governor: Governor, app: Any, desk: Desk | None = None) -> Gateway:
    """A gateway whose three tiers are one app; `desk`: it asks the operations themselves, as in one process."""
    direct = {key: each for api in APIS for key, each in directly(api, desk).items()} if desk is not None else {}
    return Gateway(governor, {"experience": app, "process": app, "system": app}, direct=direct)


class World:
    """The gateway over three tiers in one process, with a clock that stands still until it is moved."""

    def __init__(
        self, folder: Path, counters: Counters | None = None, served: Desk | None = None, **changed: str
    ) -> None:
        self.now = NOW
        self.desk = served or Desk()
        self.trail = Trail(folder / "audit.db", Masker(b"key"))
        self.plan = plan_of(folder, **changed)
        self.governor = Governor(
            self.plan, trail=self.trail, keys=KnownKeys(KEY), clock=lambda: self.now, counters=counters
        )
        for api in (NOTES, NOTES_2):
            self.governor.services.lookups.serve(api, self.desk)
        self.app: Any = tier_of(self.desk)
        self.gateway = over(self.governor, self.app, self.desk)
        self.http = self.client(self.gateway)

    def client(self, gateway: Any) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://gw")

    async def ask(
        self, method: str, path: str, bearer: str | None = None, http: httpx.AsyncClient | None = None, **rest: Any
    ) -> httpx.Response:
        headers = rest.pop("headers", {}) | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
        return await (http or self.http).request(method, path, headers=headers, **rest)

    async def close(self) -> None:
        await self.http.aclose()
        self.trail.close()


PROCESS_TIER: Final = Caller(
    subject="process-tier",
    client="process-tier",
    issuer=ISSUER,
    scopes=frozenset({"cabinet:read", "cabinet:write"}),
    layer="process",
    acted_for=("priya@console",),
)


BELOW: Final = {"experience": "process", "process": "system", "system": "system"}


def workload(
    layer: str = "process",
    scopes: str = "cabinet:read cabinet:write",
    acted_for: tuple[str, ...] = (),
    at: str = "",
    **claims: Any,
) -> str:
    """A tier's own token; with whom it acts for, one for the tier below (or `at` another)."""
    name = f"{layer}-tier"
    chain = claims_of(acted_for, name) | {"aud": f"{AUDIENCE}/{at or BELOW[layer]}"} if acted_for else {"sub": name}
    return token(scopes, **({"client_id": name, "layer": layer} | chain | claims))


def problem(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json", response.text
    return msgspec.json.decode(response.content, type=dict[str, Any])
