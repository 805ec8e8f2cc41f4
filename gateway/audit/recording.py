"""From what lay at hand when a call ended to its record: in the writer's thread, not in the call's time."""

import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from foundation.context import Caller
from gateway.audit.entry import GENESIS, Entry, Facts, Record

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

    def record_of(
        self,
        entry: Entry,
        writer: str,
        seq: int,
        *,
        previous: str = GENESIS,
        request_digest: str = "",
        answer_digest: str = "",
    ) -> Record:
        """The record of an entry, chained behind the one whose digest is `previous`."""
        about, whose = entry.about, self._whose(entry)
        arguments = _arguments(entry, self._hide)
        _, trace, span, *_ = (entry.traceparent + "---").split("-")
        record = Record(
            writer=writer,
            seq=seq,
            at=datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="microseconds"),
            api=about.api,
            version=about.version,
            layer=about.layer,
            operation=about.operation,
            issuer=whose.issuer,
            subject=whose.subject,
            client=whose.client,
            acted_for=whose.acted_for,
            scopes=whose.scopes,
            key=arguments.get("key") or next(reversed(arguments.values()), ""),
            status=entry.status,
            reason=entry.reason,
            policy=entry.policy,
            stage=entry.stage,
            rule=entry.rule,
            facts=_encode(_facts(entry, whose, arguments, span)).decode(),
            retention=about.retention,
            request_id=entry.request_id,
            trace=trace,
            took_ms=int(entry.took * 1000),
            request_digest=request_digest,
            answer_digest=answer_digest,
            previous=previous,
        )
        return msgspec.structs.replace(record, digest=record.expected_digest())

    def _whose(self, entry: Entry) -> "_Whose":
        # The entries of a commit are all at hand until it is done, so no two objects share an id.
        key = (id(entry.caller), id(entry.about))
        found = self._callers.get(key)
        if found is None:
            found = self._callers[key] = _whose(entry, self._hide)
        return found


class _Whose(msgspec.Struct, frozen=True, kw_only=True):
    """What all records of one caller and operation say."""

    issuer: str = ""
    subject: str = ""
    client: str = ""
    acted_for: str = ""
    scopes: str = ""
    roles: list[str]
    claims: dict[str, Any]
    tier: str
    limits: list[str]


def _whose(entry: Entry, hide: _Hide) -> _Whose:
    about, caller = entry.about, entry.caller
    if caller is None:
        return _Whose(roles=[], claims={}, tier="", limits=list(about.limits))
    claims = caller.claims
    return _Whose(
        issuer=caller.issuer,
        subject=subject_of(caller, hide),
        client=caller.client,
        acted_for=" ".join(_acting(one, hide) for one in caller.acted_for),
        scopes=" ".join(sorted(caller.scopes)),
        roles=sorted(caller.roles),
        claims={name: _claim(claims[name], hide) for name in (*about.claims, *ALWAYS) if name in claims},
        tier=caller.layer if caller.layer != "external" else "",
        limits=list(about.limits),
    )


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
