"""Where an exported Envoy listens, who stands behind it, and where the issuers have their keys."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """What the policies do not say, and an Envoy must know."""

    host: str = "0.0.0.0"  # noqa: S104 - a front is there to be reached
    port: int = 8000
    upstream: str
    """Address of the gateway behind it."""
    site: str
    """The address callers know it by, without a slash at its end: problem types and challenges name it."""
    jwks: Mapping[str, str]
    """Where each issuer has its keys, by the issuer's name in platform.yaml."""
    open_paths: tuple[str, ...] = ()
    """What no policy governs: passed on as it comes, with all that is below."""

    def __post_init__(self) -> None:
        for what, url in (("upstream", self.upstream), *self.jwks.items()):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
                raise ValueError(f"the address of {what} is {url!r}; it begins with http:// or https:// and a host")


class Host(msgspec.Struct, frozen=True, kw_only=True):
    """One host that Envoy calls."""

    name: str
    port: int
    tls: bool

    @classmethod
    def of(cls, url: str) -> "Host":
        """The host of an address."""
        parts = urlsplit(url)
        tls = parts.scheme == "https"
        return cls(name=parts.hostname or "", port=parts.port or (443 if tls else 80), tls=tls)

    @property
    def cluster(self) -> str:
        """What its cluster is called."""
        return f"{'https' if self.tls else 'http'}-{self.name}-{self.port}"
