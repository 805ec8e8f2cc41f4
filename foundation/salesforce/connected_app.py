"""A connected app with a key of its own, as an administrator of an org would make one."""

import secrets
from typing import Any

import msgspec

from foundation.keypairs import rsa_pair


class ConnectedApp(msgspec.Struct, frozen=True, kw_only=True):
    """Who we are to an org."""

    consumer_key: str
    private_key: str
    """PEM; for the JWT bearer flow."""
    registered: dict[str, Any]
    """What the org knows of it: username, public key, and the secret other clients may sign in with."""


def connected_app(username: str) -> ConnectedApp:
    """A fresh one that acts as this user."""
    private, public = rsa_pair()
    return ConnectedApp(
        consumer_key=f"3MVG9{secrets.token_urlsafe(24)}",
        private_key=private,
        registered={"username": username, "public_key": public, "secret": secrets.token_urlsafe(32)},
    )
