"""Versions that go although somebody still calls them: what the record says against a date in a policy."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec

from gateway.audit import Record
from gateway.policies import Policies
from gateway.refusals import VersionRetired

_RETIRED = VersionRetired.reason


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is retired, or will be soon."""

    api: str
    version: str
    where: str
    """`file:line` of what retires it."""
    since: str
    """What is said there: `is retired`, or `ends on 2027-05-31`."""
    anyway: str = ""
    """Why it goes although somebody calls it."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """One client that still calls such a version."""

    client: str
    calls: int
    last: str
    """When it last did; RFC 3339, UTC."""


class Orphaned(msgspec.Struct, frozen=True, kw_only=True):
    """A version that goes, and whom it leaves behind."""

    leaving: Leaving
    callers: tuple[Caller, ...]

    def __str__(self) -> str:
        left = self.leaving
        whom = "; ".join(
            f"{c.client} ({c.calls} call{'s' * (c.calls > 1)}, the last on {c.last[:10]})" for c in self.callers
        )
        said = f"{left.where}: {left.version} of {left.api} {left.since}, and is still called by {whom}"
        if left.anyway:
            return f"{said}; it goes anyway: {left.anyway}"
        return f"{said}: move them first, or say why it goes anyway (retire_anyway)"


def leaving(policies: Policies, today: date, days: int) -> list[Leaving]:
    """The versions that are retired, or end within so many days."""
    found = []
    for policy in policies.apis:
        for name, version in policy.said["versions"].items():
            node = policy.node.at("versions", name)
            if version.state == "retired":
                where, since = node.at("state").where, "is retired"
            elif version.sunset_on is not None and version.sunset_on <= today + timedelta(days=days):
                where, since = node.at("sunset_on").where, f"ends on {version.sunset_on}"
            else:
                continue
            api = policy.said["api"]
            found.append(Leaving(api=api, version=name, where=where, since=since, anyway=version.retire_anyway))
    return found


def orphaned(going: Iterable[Leaving], records: Iterable[Record]) -> list[Orphaned]:
    """Those of them that a named client still called, by the records given; a call that was told it is gone is none."""
    by_version = {(left.api, left.version): left for left in going}
    calls: dict[tuple[str, str], dict[str, tuple[int, str]]] = {}
    for record in records:
        at = (record.api, record.version)
        if at in by_version and record.client and record.reason != _RETIRED:
            count, last = calls.setdefault(at, {}).get(record.client, (0, ""))
            calls[at][record.client] = (count + 1, max(last, record.at))
    return [Orphaned(leaving=by_version[at], callers=tuple(_callers(who))) for at, who in calls.items()]


def _callers(who: Mapping[str, Any]) -> Iterator[Caller]:
    for client, (calls, last) in sorted(who.items()):
        yield Caller(client=client, calls=calls, last=last)
