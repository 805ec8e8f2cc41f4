"""From what lay at hand when a call ended to its record: in the writer's thread, not in the call's time."""

import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from foundation.context import Caller
from gateway.audit.entry import Entry, Facts, Record

ALWAYS: Final = ("acr", "amr", "auth_time")
"""Claims that are recorded whatever the rules look at: how the person signed in."""
_ID: Final = re.compile(r"[A-Za-z0-9._:-][A-Za-z0-9._:~-]{0,63}")
"""What can stand for itself: an id. Anything else (an address, a name with a space) could say who somebody is."""
_Hide = Callable[[str], str]


def record_of(entry: Entry, writer: str, seq: int, hide: _Hide) -> Record:
    """The record of an entry, not chained yet. `hide` gives what stands for a value that may name a person."""
    about, caller = entry.about, entry.caller
    arguments = _arguments(entry, hide)
    _, trace, span, *_ = (entry.traceparent + "---").split("-")
    return Record(
        writer=writer,
        seq=seq,
        at=datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="microseconds"),
        api=about.api,
        version=about.version,
        layer=about.layer,
        operation=about.operation,
        issuer=caller.issuer if caller else "",
        subject=subject_of(caller, hide) if caller else "",
        client=caller.client if caller else "",
        acted_for=" ".join(_acting(one, hide) for one in caller.acted_for) if caller else "",
        scopes=" ".join(sorted(caller.scopes)) if caller else "",
        key=arguments.get("key") or next(reversed(arguments.values()), ""),
        status=entry.status,
        reason=entry.reason,
        policy=entry.policy,
        stage=entry.stage,
        rule=entry.rule,
        facts=msgspec.json.encode(_facts(entry, arguments, span, hide)).decode(),
        retention=about.retention,
        request_id=entry.request_id,
        trace=trace,
        took_ms=int(entry.took * 1000),
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


def _facts(entry: Entry, arguments: dict[str, str], span: str, hide: _Hide) -> Facts:
    about, caller = entry.about, entry.caller
    claims = caller.claims if caller else {}
    return Facts(
        roles=sorted(caller.roles) if caller else [],
        claims={name: _claim(claims[name], hide) for name in (*about.claims, *ALWAYS) if name in claims},
        arguments=arguments,
        tier=caller.layer if caller and caller.layer != "external" else "",
        product=entry.product,
        limits=list(about.limits),
        limit=entry.limit,
        shadowed=list(entry.shadowed),
        version=entry.asked if _ID.fullmatch(entry.asked) else "",
        address=_kind(entry.address),
        size=entry.size,
        span=span,
    )


def _claim(value: Any, hide: _Hide) -> Any:
    if isinstance(value, list):
        return [_claim(one, hide) for one in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return value if isinstance(value, str) and _ID.fullmatch(value) else hide(str(value))


def _kind(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return "loopback" if found.is_loopback else "private" if found.is_private else "public"
