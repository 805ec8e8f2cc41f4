"""Settings of the embedded issuer, and what they must never be."""

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

MOUNT: Final = "/identity"


class NotForProduction(ValueError):  # noqa: N818 - it is what it says
    """The embedded issuer was asked to start under production settings."""


class IdentitySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the embedded issuer needs to know. Durations are seconds; rates use the notation of `limits`."""

    issuer: str
    """Its own address as browsers see it; ends in `/identity`. The `iss` of every token."""
    audience: str
    """The platform's audience: the `aud` of a token asked for without a `resource`, and the root of those allowed."""
    state_dir: Path
    """Where the sealing key and the demo logins are kept, readable by the owner only."""
    environment: str = "demo"
    code_seconds: int = 60
    access_seconds: int = 600
    refresh_seconds: int = 12 * 3600
    sign_in_seconds: int = 8 * 3600
    token_rate: str = "300/minute"  # noqa: S105 - a rate
    """Calls of the token and revocation endpoints, per address."""
    login_rate: str = "30/minute"
    """Attempts to sign in, per address."""
    account_rate: str = "10/5minutes"
    """Attempts to sign in to one account, from anywhere; a good one starts the count again."""

    def __post_init__(self) -> None:
        """Raises `NotForProduction`, or `ValueError` naming the setting that cannot be."""
        if self.environment == "production":
            raise NotForProduction(
                "environment is production, where the embedded issuer does not start: "
                "name your own OIDC issuer under `issuers` in policies/platform.yaml."
            )
        parts = urlsplit(self.issuer)
        if parts.scheme not in {"http", "https"} or parts.path != MOUNT or parts.query or parts.fragment:
            raise ValueError(f"issuer is {self.issuer!r}; it must be a web address that ends in {MOUNT}.")
        if not urlsplit(self.audience).scheme:
            raise ValueError(f"audience is {self.audience!r}; it must be an absolute address.")

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https, so that cookies can insist on it."""
        return self.issuer.startswith("https:")
