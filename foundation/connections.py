"""Connections: where a system is and how to sign in, read from `policies/connections.yaml`.

Addresses and secrets stand there by reference only: `${NAME}` is an environment variable, or the content of the file
that `NAME_FILE` names.
"""

from collections.abc import Mapping

import msgspec

from foundation.counting import Counters
from foundation.vendor_budget import Budget


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One system as configured, references resolved."""

    name: str
    url: str
    sign_in: dict[str, str] = {}
    """The flow (`flow`) and its parameters, as the system's `auth.py` documents them."""
    connect_timeout: float = 2.0
    """Seconds."""
    timeout: float = 10.0
    """Seconds for one call in all."""
    notifications: dict[str, str] = {}
    """How its notifications are verified, e.g. `secret` and the outgoing `previous_secret`."""
    options: Mapping[str, str] = {}
    """How to go about it, where the system leaves a choice; its folder says which (`SystemApi.options`)."""
    verify: str = ""
    """Path of a CA bundle; empty for the system's own."""
    budget: Budget | None = None
    """How much may be asked of it; None for as much as it takes."""
    region: str = ""
    """Where what it holds lies, in the firm's own word; empty where nobody said."""
    legal_entities: tuple[str, ...] = ()
    """Codes of those whose business it keeps; empty for all there are."""
    where: str = ""
    """File and line, for whoever has to mend it."""
    counters: Counters | None = None
    """Where the budget is counted; in this connection alone when not given."""

    def __repr__(self) -> str:
        return f"Connection({self.name!r}, {self.url!r})"
