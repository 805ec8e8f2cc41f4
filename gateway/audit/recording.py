"""From what lay at hand when a call ended to its record: in the writer's thread, not in the call's time."""

import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from foundation.context import Caller
from gateway.audit.entry import GENESIS, Entry, Facts, Row, digest_of_row

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

    def row_of(
        self,
        entry: Entry,
        writer: str,
        seq: int,
        *,
        previous: str = GENESIS,
        request_digest: str = "",
        answer_digest: str = "",
    ) -> Row:
        """An entry as a `Record` is stored, in the order of its fields, chained behind the digest `previous`."""
        whose, arguments = self._whose(entry), _arguments(entry, self._hide)
        _, trace, span, *_ = (entry.traceparent + "---").split("-")
        row = (
            writer,
            seq,
            _moment(entry.at),
            *whose.said,
            arguments.get("key") or next(reversed(arguments.values()), ""),
            entry.status,
            entry.reason,
            entry.policy,
            entry.stage,
            entry.rule,
            _encode(_facts(entry, whose, arguments, span)).decode(),
            entry.about.retention,
            entry.request_id,
            trace,
            int(entry.took * 1000),
            request_digest,
            answer_digest,
            previous,
        )
        return (*row, digest_of_row(row))

    def _whose(self, entry: Entry) -> "_Whose":
        # The entries of a commit are all at hand until it is done, so no two objects share an id.
        key = (id(entry.caller), id(entry.about))
        found = self._callers.get(key)
        if found is None:
            found = self._callers[key] = _whose(entry, self._hide)
        return found


class _Whose(msgspec.Struct, frozen=True, kw_only=True):
    """What all records of one caller and operation say."""

    said: tuple[str, ...]
    """From `api` to `scopes`, as a record has them."""
    roles: list[str]
    claims: dict[str, Any]
    tier: str
    limits: list[str]


def _whose(entry: Entry, hide: _Hide) -> _Whose:
    about, caller = entry.about, entry.caller
    what = (about.api, about.version, about.layer, about.operation)
    if caller is None:
        return _Whose(said=(*what, "", "", "", "", ""), roles=[], claims={}, tier="", limits=list(about.limits))
    claims, acted_for = caller.claims, " ".join(_acting(one, hide) for one in caller.acted_for)
    who = (caller.issuer, subject_of(caller, hide), caller.client, acted_for, " ".join(sorted(caller.scopes)))
    return _Whose(
        said=(*what, *who),
        roles=sorted(caller.roles),
        claims={name: _claim(claims[name], hide) for name in (*about.claims, *ALWAYS) if name in claims},
        tier=caller.layer if caller.layer != "external" else "",
        limits=list(about.limits),
    )


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


def _facts(entry: Entry, whose: _Whose, arguments: dict[str, str], span: str) -> Facts:
    return Facts(
        roles=whose.roles,
        claims=whose.claims,
        arguments=arguments,
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
        span=span,
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
