"""From what lay at hand when a call ended to its record: in the writer's thread, not in the call's time."""

import hashlib
import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from foundation.context import Caller
from gateway.audit.entry import GENESIS, Entry, Facts
from gateway.audit.sheet import Line

ALWAYS: Final = ("acr", "amr", "auth_time")
"""Claims that are recorded whatever the rules look at: how the person signed in."""
_ID: Final = re.compile(r"[A-Za-z0-9._:-][A-Za-z0-9._:~-]{0,63}")
"""What can stand for itself: an id. Anything else (an address, a name with a space) could say who somebody is."""
_Hide = Callable[[str], str]
_encode: Final = msgspec.json.Encoder().encode


class Recorder:
    """Makes the records of one commit. What they say alike of one caller is worked out once.

    Not longer: a person's pseudonym may be erased between two commits. `hide` gives what stands for a value that may
    name a person.
    """

    def __init__(self, hide: _Hide) -> None:
        self._hide = hide
        self._callers: dict[tuple[int, int], _Whose] = {}

    def line_of(
        self,
        entry: Entry,
        writer: str,
        seq: int,
        *,
        previous: str = GENESIS,
        request_digest: str = "",
        answer_digest: str = "",
    ) -> Line:
        """An entry as the line of a `Record`, chained behind the digest `previous`."""
        whose, arguments = self._whose(entry), _arguments(entry, self._hide)
        _, trace, span, *_ = (entry.traceparent + "---").split("-")
        at = _moment(entry.at)
        key = arguments.get("key") or next(reversed(arguments.values()), "")
        # In the order of a record's fields: what stands before these is put together below, the digest stands last.
        said = _encode(
            (
                key,
                entry.status,
                entry.reason,
                entry.policy,
                entry.stage,
                entry.rule,
                (whose.facts(entry) + _encode({"arguments": arguments, "span": span})[1:]).decode(),
                entry.about.retention,
                entry.request_id,
                trace,
                int(entry.took * 1000),
                request_digest,
                answer_digest,
                previous,
            )
        )
        covered = b'["%b",%d,"%b",%b,%b' % (writer.encode(), seq, at.encode(), whose.said, said[1:])
        digest = hashlib.sha256(covered).hexdigest()
        return Line(f'{covered[:-1].decode()},"{digest}"]', digest, at, whose.subject, key, entry.request_id)

    def _whose(self, entry: Entry) -> "_Whose":
        # The entries of a commit are all at hand until it is done, so no two objects share an id.
        key = (id(entry.caller), id(entry.about))
        found = self._callers.get(key)
        if found is None:
            found = self._callers[key] = _whose(entry, self._hide)
        return found


class _Whose(msgspec.Struct, kw_only=True):
    """What all records of one caller and operation say."""

    said: bytes
    """From `api` to `scopes`, as a line has them."""
    subject: str
    roles: list[str]
    claims: dict[str, Any]
    tier: str
    limits: list[str]
    _facts: dict[tuple[Any, ...], bytes] = {}

    def facts(self, entry: Entry) -> bytes:
        """The beginning of the `Facts` of an entry: what many of them say alike, and a comma."""
        key = (entry.product, entry.limit, entry.shadowed, entry.broken, entry.warned, entry.asked, entry.address,
               entry.size, entry.tool)  # fmt: skip
        found = self._facts.get(key)
        if found is None:
            alike = _encode(_facts(entry, self))[:-1]
            found = self._facts[key] = alike + b"," if len(alike) > 1 else alike
        return found


def _whose(entry: Entry, hide: _Hide) -> _Whose:
    about, caller = entry.about, entry.caller
    what = (about.api, about.version, about.layer, about.operation)
    limits = list(about.limits)
    if caller is None:
        return _Whose(said=_within(*what, "", "", "", "", ""), subject="", roles=[], claims={}, tier="", limits=limits)
    claims, acted_for = caller.claims, " ".join(_acting(one, hide) for one in caller.acted_for)
    subject = subject_of(caller, hide)
    return _Whose(
        said=_within(*what, caller.issuer, subject, caller.client, acted_for, " ".join(sorted(caller.scopes))),
        subject=subject,
        roles=sorted(caller.roles),
        claims={name: _claim(claims[name], hide) for name in (*about.claims, *ALWAYS) if name in claims},
        tier=caller.layer if caller.layer != "external" else "",
        limits=limits,
    )


def _within(*said: str) -> bytes:
    """A part of an array's text."""
    return _encode(said)[1:-1]


def _moment(at: float) -> str:
    """RFC 3339 in UTC, to the microsecond, of seconds since the epoch."""
    micros = round(at * 1e6)
    return f"{_second(micros // 1_000_000)}.{micros % 1_000_000:06d}+00:00"


@lru_cache(16)
def _second(seconds: int) -> str:
    """The calls of one second share it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def subject_of(caller: Caller, hide: _Hide) -> str:
    """A program's own name stands for itself; a person's does not."""
    return caller.subject if caller.layer != "external" or caller.subject == caller.client else hide(caller.subject)


def _acting(one: str, hide: _Hide) -> str:
    subject, _, client = one.rpartition("@")
    return one if subject == client else f"{hide(subject)}@{client}"


def _arguments(entry: Entry, hide: _Hide) -> dict[str, str]:
    """Path parameters: what is not classed public, and has not the form of an id, is hidden."""
    found = {}
    for name in entry.about.in_path:
        if name not in entry.arguments:
            continue
        value, data_class = str(entry.arguments[name]), entry.about.classes.get(name, "")
        shown = data_class == "public" or (not data_class and _ID.fullmatch(value))
        found[name] = value if shown else hide(value)
    return found


def _facts(entry: Entry, whose: _Whose) -> Facts:
    """Without the arguments and the span, which no two calls share."""
    return Facts(
        roles=whose.roles,
        claims=whose.claims,
        tier=whose.tier,
        product=entry.product,
        limits=whose.limits,
        limit=entry.limit,
        shadowed=list(entry.shadowed),
        broken=list(entry.broken),
        warned=list(entry.warned),
        version=entry.asked if _ID.fullmatch(entry.asked) else "",
        address=_kind(entry.address),
        size=entry.size,
        tool=entry.tool if _ID.fullmatch(entry.tool) else "",
    )


def _claim(value: Any, hide: _Hide) -> Any:
    if isinstance(value, list):
        return [_claim(one, hide) for one in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return value if isinstance(value, str) and _ID.fullmatch(value) else hide(str(value))


@lru_cache(1024)
def _kind(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return "loopback" if found.is_loopback else "private" if found.is_private else "public"
