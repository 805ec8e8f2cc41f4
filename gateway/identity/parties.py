"""Who can ask for tokens: clients (programs) and people. Read from the database, never cached.

`Client` answers the questions Authlib's grants put to a client (`ClientMixin` of `authlib.oauth2.rfc6749`).
"""

import hmac
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import Engine, Select, select

from foundation.context import Layer
from gateway.identity import tables
from gateway.identity.sealing import digest, verify_password

T = TypeVar("T")
OPENID_SCOPES: Final = frozenset({"openid", "profile", "email", "offline_access"})
"""Scopes that say something of the person instead of opening an API."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A program that may ask for tokens."""

    id: str
    name: str
    secret_digest: str = ""
    """Empty for a public client, which cannot keep a secret."""
    first_party: bool = True
    """One of ours: people are not asked for consent."""
    redirect_uris: tuple[str, ...] = ()
    sign_out_uris: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    layer: Layer = "external"
    """The tier of a workload identity; only those carry the `layer` claim."""

    def get_client_id(self) -> str:
        """Its id."""
        return self.id

    def get_default_redirect_uri(self) -> str | None:
        """Where to go back when a request does not say: only if there is but one place."""
        return self.redirect_uris[0] if len(self.redirect_uris) == 1 else None

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scopes asked for; all it has when none are; `None` (invalid_scope) when any is not its own."""
        asked = (scope or "").split() or self.scopes
        return None if set(asked) - set(self.scopes) else " ".join(dict.fromkeys(asked))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Exactly one of those registered (RFC 9700, section 2.1)."""
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Whether it is the secret."""
        return bool(self.secret_digest) and hmac.compare_digest(digest(client_secret), self.secret_digest)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """A client with a secret must show it, wherever it authenticates; one without has none to show."""
        return (method == "none") != bool(self.secret_digest)

    def check_response_type(self, response_type: str) -> bool:
        """Only codes are handed to browsers."""
        return response_type == "code" and self.check_grant_type("authorization_code")

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it may use a grant."""
        return grant_type in self.grants


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who can sign in."""

    login: str
    """The address they sign in with; also their `sub`, so that an audit can be read."""
    name: str
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    account_id: str = ""
    """The customer account of a portal user."""
    active: bool = True

    def holds(self, scope: str) -> str:
        """What of a scope list this person may have, in its order."""
        return " ".join(s for s in scope.split() if s in OPENID_SCOPES or s in self.scopes)


class SignIn(msgspec.Struct, frozen=True):
    """A person who proved who they are, and when (seconds since the epoch)."""

    person: Person
    at: int


def find_client(engine: Engine, client_id: str) -> Client | None:
    """The client of that id."""
    return _one(engine, select(tables.clients).where(tables.clients.c.id == client_id), Client)


def find_person(engine: Engine, login: str) -> Person | None:
    """The person of that login, unless blocked."""
    found = _one(engine, select(tables.users).where(tables.users.c.login == login), Person)
    return found if found is not None and found.active else None


def authenticate(engine: Engine, login: str, password: str) -> Person | None:
    """The person with that password. Takes the same time whether or not there is such a person."""
    with engine.connect() as connection:
        hashed = connection.execute(
            select(tables.users.c.password_hash).where(tables.users.c.login == login)
        ).scalar_one_or_none()
    return find_person(engine, login) if verify_password(password, hashed or "") else None


def all_scopes(engine: Engine) -> list[str]:
    """Every scope some client may ask for, sorted."""
    with engine.connect() as connection:
        return sorted({s for row in connection.execute(select(tables.clients.c.scopes)) for s in row.scopes})


def _one(engine: Engine, query: Select[Any], kind: type[T]) -> T | None:
    with engine.connect() as connection:
        row = connection.execute(query).first()
    return None if row is None else msgspec.convert(row, kind, from_attributes=True)
