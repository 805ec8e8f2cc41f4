"""The demonstration's people and clients, made at first run.

Secrets are random, shown once, and kept in `demo.json` of the state folder (readable by its owner only) for the
scenario to read. Names, scopes and addresses follow this file at every start; passwords and secrets stay.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Connection, Engine, delete, insert, select

from gateway.identity import tables
from gateway.identity.exchange import GRANT
from gateway.identity.parties import Client, Person
from gateway.identity.sealing import digest, hash_password, write_private
from gateway.identity.settings import IdentitySettings

FILE: Final = "demo.json"
PORTAL_LOGIN: Final = "nina@harbor-logistics.example"

PERSON: Final = ("openid", "profile", "email")
RUNS: Final = (
    "opportunity-to-project:start",
    "opportunity-to-project:read",
    "quote-to-order:start",
    "quote-to-order:read",
    "contract-sync:start",
    "contract-sync:read",
)
SETUPS: Final = ("project-setup:start", "project-setup:read")
STAFFING: Final = tuple(f"staffing:{may}" for may in ("read", "request", "manage", "approve", "people", "rules"))
EVENTS: Final = ("events:read", "events:subscribe")
RECONCILE: Final = ("reconcile:start", "reconcile:read")
SYNCS: Final = ("account-sync:read", "account-sync:act")
WEB: Final = ("authorization_code", "refresh_token")
PROGRAM: Final = ("client_credentials",)
TIER: Final = (*PROGRAM, GRANT)

PEOPLE: Final = (
    Person(
        login="priya@acme.example",
        name="Priya Nair",
        roles=("service_desk",),
        scopes=("desk:read", "desk:act", *RUNS, *RECONCILE),
    ),
    Person(
        login="dana@acme.example",
        name="Dana Whitfield",
        roles=("finance", "credit_control", "deal_desk"),  # a small firm's
        scopes=("desk:read", "desk:approve"),
    ),
    Person(login=PORTAL_LOGIN, name="Nina Castellano", roles=("customer",), scopes=("portal:read",)),
)

CLIENTS: Final = (
    Client(id="console", name="Service desk", grants=WEB, scopes=(*PERSON, "desk:read", "desk:act", "desk:approve")),
    Client(id="client-portal", name="Client portal", grants=WEB, scopes=(*PERSON, "portal:read")),
    Client(id="partner-demo", name="Partner demo", first_party=False, grants=PROGRAM, scopes=(*RUNS, *SETUPS, *EVENTS)),
    Client(
        id="scenario",
        name="Scenario",
        grants=PROGRAM,
        scopes=("desk:read", "desk:act", *RUNS, *SETUPS, *RECONCILE, *SYNCS, *STAFFING, "events:steward"),
    ),
    Client(id="experience-tier", name="Experience tier", grants=TIER, layer="experience"),
    Client(id="process-tier", name="Process tier", grants=TIER, layer="process"),
    Client(id="system-tier", name="System tier", grants=PROGRAM, layer="system"),
)
PUBLIC: Final = frozenset({"client-portal"})
PAGES: Final = {"console": "/desk", "client-portal": "/client-portal"}
"""Where the clients that people see live; they come back to `/callback` beneath."""


class DemoCredentials(msgspec.Struct, frozen=True, kw_only=True):
    """The demonstration's logins and client secrets. Its text shows none of them."""

    people: dict[str, str]
    """Password by login."""
    clients: dict[str, str]
    """Secret by client id; public clients have none."""

    def __repr__(self) -> str:
        return f"DemoCredentials({', '.join([*self.people, *self.clients])})"


def ensure_demo(
    engine: Engine,
    settings: IdentitySettings,
    *,
    public_url: str,
    portal_account: str,
    more_scopes: Mapping[str, tuple[str, ...]] | None = None,
) -> DemoCredentials | None:
    """Make sure of the demonstration's people and clients; their secrets if they were made just now, else `None`.

    `public_url` is where people reach the console and the portal, `portal_account` the customer Nina belongs to, and
    `more_scopes` what single clients may ask for besides (by client id), such as the scopes of the tiers.
    """
    fresh = not (settings.state_dir / FILE).exists()
    credentials = _made() if fresh else read_demo(settings.state_dir)
    if fresh:
        write_private(settings.state_dir / FILE, msgspec.json.encode(credentials).decode())
    with engine.begin() as connection:
        for client in CLIENTS:
            extra = (more_scopes or {}).get(client.id, ())
            _put_client(connection, client, credentials.clients.get(client.id, ""), public_url.rstrip("/"), extra)
        for person in PEOPLE:
            account = portal_account if person.login == PORTAL_LOGIN else ""
            _put_person(connection, person, credentials.people[person.login], account, fresh=fresh)
    return credentials if fresh else None


def read_demo(state_dir: Path) -> DemoCredentials:
    """The secrets made at first run. Raises `FileNotFoundError` before there was one."""
    return msgspec.json.decode((state_dir / FILE).read_bytes(), type=DemoCredentials)


def _made() -> DemoCredentials:
    return DemoCredentials(
        people={person.login: "-".join(secrets.token_hex(2) for _ in range(4)) for person in PEOPLE},
        clients={client.id: secrets.token_urlsafe(32) for client in CLIENTS if client.id not in PUBLIC},
    )


def _put_client(connection: Connection, client: Client, secret: str, public_url: str, scopes: tuple[str, ...]) -> None:
    row = msgspec.structs.asdict(client) | {"scopes": [*client.scopes, *scopes]}
    row["secret_digest"] = digest(secret) if secret else ""
    if client.id in PAGES:
        home = public_url + PAGES[client.id]
        row |= {"redirect_uris": [f"{home}/callback"], "sign_out_uris": [home]}
    connection.execute(delete(tables.clients).where(tables.clients.c.id == client.id))
    connection.execute(insert(tables.clients).values(**row))


def _put_person(connection: Connection, person: Person, password: str, account: str, *, fresh: bool) -> None:
    mine = tables.users.c.login == person.login
    kept = None if fresh else connection.execute(select(tables.users.c.password_hash).where(mine)).scalar_one_or_none()
    row = msgspec.structs.asdict(person) | {"account_id": account, "password_hash": kept or hash_password(password)}
    connection.execute(delete(tables.users).where(mine))
    connection.execute(insert(tables.users).values(**row))
