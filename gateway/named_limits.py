"""Named limits, compiled: whom each counts, what a call draws of it, and how the headers speak of it.

`RateLimit-Policy` says what is allowed, `RateLimit` what is left of it (draft-ietf-httpapi-ratelimit-headers-11): lists
of structured fields (RFC 9651), one member a limit, called by the limit's name. Whom a limit counts is not said.
"""

from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from foundation.counting import Draw, Places, Quota, Reading, Steady

if TYPE_CHECKING:
    from gateway.call import Call

Subject: TypeAlias = Literal["client", "user", "operation", "upstream", "address"]
_WHOLE: Final = ("operation", "upstream")


class NamedLimit(msgspec.Struct, frozen=True, kw_only=True):
    """One limit of one operation, ready to draw from."""

    name: str
    where: str
    """The line that declares it, `file:line`."""
    of: Steady | Quota | Places
    per: Subject
    key: str
    """What its counters' keys begin with: what keeps it apart from another API's or plan's limit of the same name."""
    policy: str
    """Its member of `RateLimit-Policy`."""
    cost: int = 1
    wait: float = 0.0
    """Seconds a call waits for a place."""
    shadow: bool = False

    def draw(self, call: "Call") -> Draw:
        """What this call wants of it."""
        return Draw(self.key_of(call), self.of, self.cost, self.shadow)

    def key_of(self, call: "Call") -> str:
        """The counter of it that this call is counted by."""
        return self.key + _subject(self.per, call)

    def said(self, reading: Reading) -> str:
        """Its member of `RateLimit`."""
        if type(self.of) is Places:
            return f'"{self.name}";r={reading.remaining}'
        return f'"{self.name}";r={reading.remaining};t={reading.reset}'


def counter_of(limit: NamedLimit) -> "Callable[[Call], str]":
    """`key_of`, for the two whom most limits count: a call has a caller then, and nobody else is to be looked for."""
    key = limit.key

    def client(call: "Call") -> str:
        caller = call.caller
        return f"{key}{caller.issuer}|{caller.client}" if caller is not None else limit.key_of(call)

    def user(call: "Call") -> str:
        caller = call.caller
        return f"{key}{caller.issuer}|{caller.subject}" if caller is not None else limit.key_of(call)

    return client if limit.per == "client" else user if limit.per == "user" else limit.key_of


def policy_of(name: str, of: Steady | Quota | Places, count: int, seconds: int) -> str:
    """A limit's member of `RateLimit-Policy`: `count` units in `seconds`, or so many calls at the same time."""
    if isinstance(of, Places):
        return f'"{name}";q={count};qu="concurrent-requests"'
    return f'"{name}";q={count};w={seconds}'


def key_of(space: str, name: str, per: Subject, whole: str) -> str:
    """What the keys begin with. A limit that counts an operation or an upstream has one counter: `whole` names it."""
    return f"{space}:{name}:{per}={whole if per in _WHOLE else ''}"


def _subject(per: Subject, call: "Call") -> str:
    """The rest of the key. Two issuers may each have a client or a person of the same name."""
    if per in _WHOLE:
        return ""
    caller = call.caller
    if caller is None or per == "address":
        return _address((call.http.came_from or call.http.address) if call.http is not None else "")
    return caller.issuer + "|" + (caller.client if per == "client" else caller.subject)


def _address(address: str) -> str:
    """An IPv6 caller has 2^64 addresses to call from: they count as one."""
    if ":" not in address:
        return address
    try:
        return str(IPv6Network((IPv6Address(address.split("%", maxsplit=1)[0]), 64), strict=False))
    except ValueError:
        return address
