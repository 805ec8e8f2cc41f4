"""What a system really has, held against what we map: the hook a vendor folder fills, and what is found with it.

A folder gives `CHECKS` (one `Checked` an object we read or write) and its adapter two methods, `described` and
`sample`. Everything else is alike for all: can it be reached, is it that product, do the clocks agree, are we let in,
may we read each object, is each field of ours there, does a list hold words we have none for, does a record fit.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from typing import Any, Final, Protocol, runtime_checkable

import httpx
import msgspec

from canonical.faults import Drifted, Fault, NotFound, VendorForbade, VendorSignIn
from canonical.ports.systems import Account
from foundation.connections import Connection

SKEW_SECONDS: Final = 60
"""What clocks may differ by: sign-ins carry the time, and are refused beyond a few minutes."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of record we read or write."""

    object: str
    """As the vendor calls it."""
    fields: Collection[str]
    """The fields we map, in the vendor's names."""
    words: Mapping[str, Collection[str]] = {}
    """Field -> the codes of its list that we have words for."""


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What the vendor says of one kind of record: its own metadata, or where it has none, a record of it."""

    fields: Collection[str]
    values: Mapping[str, Collection[str]] = {}
    """Field -> everything a closed list may hold."""


class Inspectable(Protocol):
    """What an adapter has for a check. Both raise the faults of any other call."""

    async def whoami(self) -> Account:
        """Sign in and say as whom."""

    async def described(self, kind: str) -> Described | None:
        """What the vendor says of an object; None when it has no metadata and no record to look at."""

    async def sample(self, kind: str) -> bool:
        """Read one record of an object through the mapping; False when there is none."""

    async def legal_entity(self, code: str) -> Any:
        """One legal entity, of a system that keeps them. Asked only for those its connection names."""


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """How many calls a vendor works on at once for us."""

    concurrent: int | None
    """None where it does not tell our user."""
    whose: str
    """What limit that is, and who shares it; or who is told."""
    set_at: str
    """Where its people look it up and raise it."""


@runtime_checkable
class Governed(Protocol):
    """What an adapter has besides, whose vendor tells its limits."""

    async def allowed(self) -> Allowed:
        """How much we may ask at once."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it must be."""

    system: str
    says: str
    mend: str
    """What to change, and where."""
    object: str = ""
    field: str = ""
    word: str = ""
    """Of the field's list, where it is about one."""

    def __str__(self) -> str:
        place = ".".join(part for part in (self.object, self.field) if part)
        said = self.says.removesuffix(".")  # it may end in a vendor's own words, a sentence or not
        return f"{self.system}{': ' if place else ''}{place}: {said}. {self.mend}"


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What came of checking one system."""

    system: str
    url: str
    region: str = ""
    """As its connection says it."""
    instance: str = ""
    user: str = ""
    """Empty when we were not let in."""
    fields: dict[str, int] = {}
    """Object -> how many of our fields were found there."""
    unread: list[str] = []
    """Objects of which there was no record to read."""
    allowed: Allowed | None = None
    """None for a vendor that tells nobody, or not now."""
    findings: list[Finding] = []


async def check(
    title: str,
    connection: Connection,
    adapter: Inspectable,
    checks: Collection[Checked],
    http: httpx.AsyncClient,
    keeps: Collection[str] = (),
) -> Report:
    """Ask it everything. `http` is a client of its address that signs in to nothing; `keeps` are legal entities."""
    name, found = connection.name, list[Finding]()
    place = f"policies/connections.yaml ({connection.where})" if connection.where else "policies/connections.yaml"
    report = Report(system=name, url=connection.url, region=connection.region, findings=found)
    clock = await _clock(http)
    if isinstance(clock, httpx.TransportError):
        says = f"{connection.url} cannot be reached ({type(clock).__name__})"
        return _with(report, Finding(system=name, says=says, mend=f"Correct `url` of {name} in {place}."))
    if clock is not None and abs(clock) > SKEW_SECONDS:
        says = f"its clock is {abs(clock)} s {'ahead of' if clock > 0 else 'behind'} ours"
        mend = "Set the time of this machine (NTP): a sign-in carries it, and is refused when it is off."
        found.append(Finding(system=name, says=says, mend=mend))
    try:
        account = await adapter.whoami()
    except VendorSignIn as refused:
        mend = f"Correct `sign_in` of {name} in {place}, or the value it names."
        if "endpoint" in refused.facts:
            mend = f"Correct `url` of {name} in {place}, or what its `sign_in` says of where and as what."
        if found:
            mend = f"Set the time first: that alone may be why. {mend}"
        return _with(report, Finding(system=name, says=f"our sign-in is refused: {refused.detail}", mend=mend))
    except VendorForbade as denied:
        mend = f"Give our user at {title} the right to use its API."
        return _with(report, Finding(system=name, says=f"signed in, but denied: {denied.detail}", mend=mend))
    except Fault as fault:
        says = f"what answers at {connection.url} is not {title} as we know it: {fault.detail}"
        return _with(report, Finding(system=name, says=says, mend=f"Correct `url` of {name} in {place}."))
    fields, unread = dict[str, int](), list[str]()
    for each in checks:
        await _object(title, name, adapter, each, found, fields, unread)
    if not found:  # without a right or a field it would say the same once more
        found += [wrong for code in keeps if (wrong := await _entity(title, name, place, adapter, code))]
    allowed = await _allowed(title, connection, place, adapter, found) if isinstance(adapter, Governed) else None
    return msgspec.structs.replace(
        report,
        instance=account.instance,
        user=account.user,
        fields=fields,
        unread=unread,
        allowed=allowed,
        findings=found,
    )


def mend_of_value(title: str, name: str) -> str:
    """What to change where a record holds what we do not know."""
    return f"Correct the value at {title}, or map it in system_apis/{name}."


async def differing(title: str, name: str, adapter: Inspectable, checks: Collection[Checked]) -> list[Finding]:
    """Each field of ours that is not there, and each word of a list that we have none for. No record is read."""
    found: list[Finding] = []
    for each in checks:
        told = await adapter.described(each.object)
        if told is not None:
            found += [*_missing(title, name, each, told), *_words(name, each, told)]
    return found


def _with(report: Report, finding: Finding) -> Report:
    report.findings.append(finding)
    return report


async def _clock(http: httpx.AsyncClient) -> int | httpx.TransportError | None:
    """How many seconds its clock is ahead of ours; None where it does not say; the error when nothing answers."""
    try:
        answer = await http.get("/")
        return int((parsedate_to_datetime(answer.headers.get("Date", "")) - datetime.now(UTC)).total_seconds())
    except httpx.TransportError as lost:
        return lost
    except (TypeError, ValueError):
        return None


async def _entity(title: str, name: str, place: str, adapter: Inspectable, code: str) -> Finding | None:
    """What is wrong with a legal entity that the connection says it keeps."""
    try:
        await adapter.legal_entity(code)
    except Fault as fault:
        says = f"the legal entity {code} is not there: {fault.detail}"
        mend = f"Give it that code at {title}, or take it off `legal_entities` of {name} in {place}."
        if not isinstance(fault, NotFound):
            says = f"the legal entity {code} cannot be read: {fault.detail}"
            mend = f"Give our user at {title} what it lacks to read {code}, or check again later."
        return Finding(system=name, says=says, mend=mend)
    return None


async def _allowed(
    title: str, connection: Connection, place: str, adapter: Governed, found: list[Finding]
) -> Allowed | None:
    """What it works on at once, held against the connection's budget."""
    name = connection.name
    try:
        allowed = await adapter.allowed()
    except Fault as fault:
        mend = "Check again later; nothing of ours is known to be wrong."
        found.append(Finding(system=name, says=f"its limits cannot be read: {fault.detail}", mend=mend))
        return None
    if allowed.concurrent is None:
        return allowed
    ours = connection.budget.concurrent if connection.budget is not None else None
    if ours is None or ours > allowed.concurrent:
        said = f"the budget is {ours} calls at once" if ours is not None else "no budget says how many calls at once"
        says = f"{said}, and {title} works on {allowed.concurrent} ({allowed.whose})"
        mend = (
            f"Set `budget.concurrent` of {name} in {place} to {allowed.concurrent} or less,"
            f" or have the limit raised at {allowed.set_at}."
        )
        found.append(Finding(system=name, says=says, mend=mend))
    return allowed


async def _object(
    title: str,
    name: str,
    adapter: Inspectable,
    each: Checked,
    found: list[Finding],
    fields: dict[str, int],
    unread: list[str],
) -> None:
    try:
        told = await adapter.described(each.object)
        if told is not None:
            missing = _missing(title, name, each, told)
            fields[each.object] = len(each.fields) - len(missing)
            found += [*missing, *_words(name, each, told)]
            if missing:
                return  # its records cannot be read either, and that says nothing new
        if not await adapter.sample(each.object):
            unread.append(each.object)
    except VendorForbade as denied:
        mend = f"Give our user at {title} the right to read {each.object}."
        found.append(Finding(system=name, object=each.object, says=f"we may not read it: {denied.detail}", mend=mend))
    except NotFound as absent:
        mend = f"Switch {each.object} on at {title}, or give our user the right to see it."
        found.append(Finding(system=name, object=each.object, says=f"it is not there: {absent.detail}", mend=mend))
    except Drifted as drift:
        of, _, field = drift.facts.get("field", "").rpartition(".")
        if field and any((one.object, one.field) == (of, field) for one in found):
            return  # its list told of the word already
        mend = mend_of_value(title, name)
        says = f"a record does not fit our mapping: {drift.detail}"
        found.append(Finding(system=name, object=of or each.object, field=field, says=says, mend=mend))
    except Fault as fault:
        mend = "Check again later; nothing of ours is known to be wrong."
        found.append(Finding(system=name, object=each.object, says=f"it cannot be read: {fault.detail}", mend=mend))


def _missing(title: str, name: str, each: Checked, told: Described) -> list[Finding]:
    found, others = [], [other for other in told.fields if other not in each.fields]
    mend = (
        f"Create it at {title}, name it so again, or let our user see it;"
        f" system_apis/{name}/QUIRKS.md lists what an account must have."
    )
    for field in each.fields:
        if field not in told.fields:
            near = get_close_matches(field, others, 1, 0.7)
            says = "it is not there, or hidden from us" + (f" (is it {near[0]!r} now?)" if near else "")
            found.append(Finding(system=name, object=each.object, field=field, says=says, mend=mend))
    return found


def _words(name: str, each: Checked, told: Described) -> list[Finding]:
    found = []
    for field, known in each.words.items():
        for value in sorted(set(told.values.get(field, ())) - set(known)):
            mend = (
                f"Take it off the list, or give it a word in system_apis/{name}/mapping.py: a record with it is drift."
            )
            says = f"its list holds {value!r}, for which we have no word"
            found.append(Finding(system=name, object=each.object, field=field, word=value, says=says, mend=mend))
    return found
