"""A seed file for one sandbox: records in the vendor's own words, entered as the vendor's people would.

    clock: 2026-11-28T09:00:00Z        # where its clock begins; `still: true` keeps it there
    empty: true                        # without the firm every sandbox has by itself
    options: {daily_limit: 50}
    records:
      Account:
        - {as: harbor, Name: Harbor Logistics, CurrencyIsoCode: USD}
      Opportunity:
        - {Name: Control tower, AccountId: $harbor, StageName: Prospecting, CloseDate: 2026-12-18, Amount: 98000.50}

`as` names a record for those that come after it, `$harbor` is its id. What the vendor would refuse is refused here,
with the line it stands on. The file and the fault plan are part of the seed: `POST /_sandbox/reset` goes back to both.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import msgspec

from canonical.dates import now
from foundation.sandbox.answers import Refused
from foundation.sandbox.faults import FaultRule
from foundation.sandbox.kit import Box, Sandbox
from foundation.sandbox.store import Record


class WrongSeed(ValueError):  # noqa: N818 - sentences for whoever wrote the file
    """A seed file or fault plan that cannot be used; the text says what is wrong, each with `file:line`."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a seed file."""

    where: str
    """`file:line`."""
    kind: str
    fields: Record
    name: str = ""


class Seed(msgspec.Struct, frozen=True, kw_only=True):
    """A seed file, read."""

    entries: Sequence[Entry] = ()
    options: Mapping[str, Any] = {}
    empty: bool = False
    clock: datetime | None = None
    still: bool = False

    def time(self) -> Callable[[], datetime]:
        """The clock of a sandbox that begins where the file says."""
        at, begun = self.clock, now()
        if at is None:
            return now
        return (lambda: at) if self.still else (lambda: at + (now() - begun))


def seeded(sandbox: Sandbox, seed: Seed, faults: Sequence[FaultRule] = ()) -> Sandbox:
    """The sandbox with a seed file and a fault plan in its seed. Starting it raises `WrongSeed`."""
    unknown = [name for name in seed.options if name not in sandbox.options]
    if unknown:
        raise WrongSeed(_no("option", unknown[0], sandbox.options))

    def fill(box: Box) -> None:
        if not seed.empty:
            sandbox.seed(box)
        enter(box, seed.entries)
        for rule in faults:
            box.faults.add(rule)

    return msgspec.structs.replace(sandbox, seed=fill, options={**sandbox.options, **seed.options})


def enter(box: Box, entries: Sequence[Entry]) -> None:
    """Enter records one after the other. Raises `WrongSeed` at the first one that the vendor would not take."""
    ids: dict[str, str] = {}
    for entry in entries:
        known = box.sandbox.kinds
        if known and entry.kind not in known:
            raise WrongSeed(f"{entry.where}: {_no('kind of record', entry.kind, known)}")
        fields = {name: _resolved(value, ids, entry.where) for name, value in entry.fields.items()}
        try:
            made = box.sandbox.enter(box, entry.kind, fields)
        except Refused as refusal:
            said = refusal.answer.content.decode("utf-8", "replace")[:300]
            raise WrongSeed(f"{entry.where}: {box.sandbox.title} would not take this {entry.kind}: {said}") from refusal
        if entry.name:
            ids[entry.name] = made


def _resolved(value: Any, ids: Mapping[str, str], where: str) -> Any:
    if isinstance(value, dict):
        return {name: _resolved(each, ids, where) for name, each in value.items()}
    if isinstance(value, list):
        return [_resolved(each, ids, where) for each in value]
    if isinstance(value, str) and value.startswith("$"):
        if value[1:] not in ids:
            raise WrongSeed(f"{where}: {_no('record before this one', value[1:], ids)}")
        return ids[value[1:]]
    return value


def _no(what: str, name: str, known: Mapping[str, Any] | Sequence[str] | frozenset[str]) -> str:
    near = get_close_matches(name, list(known), 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(known)) or 'none'}"
    return f"no {what} is called {name!r}: {hint}"
