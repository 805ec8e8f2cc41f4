"""Changes of accounts, worked off in batches: each account once a batch, whichever of its records changed.

    due changes -> whose they are -> held -> each synchronised -> all that came of it in one transaction

Changes of one account never overlap, in this process or another: it is held while it is worked on. A record nobody
knew is given its owner first. What may pass is tried again later; it holds up no other account.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa
import structlog

from canonical.dates import now
from canonical.faults import Conflict, Fault, NotFound
from canonical.ports.processes import Run
from process_apis.account_sync import cases as account_cases
from process_apis.account_sync.customers import CUSTOMERS
from process_apis.account_sync.people import CONTACTS
from process_apis.account_sync.recording import WHO, ancestors_of, load, record_all
from process_apis.account_sync.records import Kind, Known, Outcome, Record, Where, role_of
from process_apis.account_sync.sync import read, synchronise
from process_apis.account_sync.views import side_by_side
from process_apis.cross_references import xrefs
from process_apis.cross_references.xrefs import Place
from process_apis.events import inbox, parking
from process_apis.operating import FOLLOWED, VIEWED
from process_apis.platform import Platform

BATCH: Final = 200
"""Changes that are recorded together."""
AT_ONCE: Final = 8
"""Accounts that are worked on at once by one process; what a vendor bears is its connection's budget."""
UNOWNED: Final = "nobody owns it"
"""What comes of a change where no field has an owner."""
KINDS: Final = {kind.workflow: kind for kind in (CUSTOMERS, CONTACTS)}
T = TypeVar("T")
log = structlog.get_logger("tiergate.accounts")


class Worked(msgspec.Struct):
    """The changes of one batch: what becomes of each, by record."""

    owners: dict[Where, str]
    outcomes: dict[Where, str] = {}
    """Those that are done with."""
    ended: dict[Where, Outcome] = {}
    """What came of those that were synchronised."""
    doubts: dict[Where, Conflict] = {}
    """Those that may be another's too: a steward was asked."""
    later: dict[Where, Exception] = {}
    """Those that are tried again, with what is the matter."""
    further: list[Where] = []
    """Records that have to be looked at because of it."""


async def work_off(platform: Platform, kind: Kind, rows: Sequence[Any]) -> None:
    """All of these inbox rows of one kind, and what they bring about."""
    if not platform.ownership.of(kind.name):
        await platform.database.run(lambda c: inbox.done(c, rows, UNOWNED))
        return
    for start in range(0, len(rows), BATCH):
        part = {(row.system, row.native_id): row for row in rows[start : start + BATCH]}
        further = (await _batch(platform, kind, part)).further
        for _ in range(len(part)):
            if not further:
                break
            further = (await _batch(platform, kind, dict.fromkeys(further), anew=True)).further


async def bring_in_line(platform: Platform, kind: Kind, records: Iterable[Where], *, look: bool = False) -> Worked:
    """Merge these anew, whoever changed, and whatever they bring about; what came of each.

    With `look` nothing is written and nobody's owner is found. Those of an account that somebody else works on are in
    nobody's outcome: they are in good hands.
    """
    first = await _batch(platform, kind, dict.fromkeys(records), anew=True, look=look)
    if first.further:
        await _batch(platform, kind, dict.fromkeys(first.further), anew=True)
    return first


async def look_at(platform: Platform, kind: Kind, records: Iterable[Where]) -> Worked:
    """What merging these anew would come to, of records that nobody knew too. Nothing is written anywhere.

    Those of an account that somebody else works on just now are in nobody's outcome.
    """
    if not platform.ownership.of(kind.name):
        return Worked(owners={}, outcomes=dict.fromkeys(records, UNOWNED))
    return await _batch(platform.unkept(), kind, dict.fromkeys(records), anew=True, look=True, strangers=True)


async def synchronise_again(platform: Platform, run: Run) -> None:
    """A person asks for one case once more. `Conflict` while somebody works on it."""
    database, kind = platform.database, KINDS[run.workflow]
    account_id = await database.run(lambda c: xrefs.resolve(c, run.business_key))
    mine = _name(platform)
    held = await _hold(platform, mine, [account_id])
    if not held:
        raise Conflict("It is being synchronised just now; try again in a moment.")
    try:
        async with kept(platform, mine):
            outcome = await _one(platform, kind, held[account_id], [], anew=True)
        further = await database.run(lambda c: record_all(c, platform, kind, [outcome]))
    finally:
        await database.run(lambda c: xrefs.release(c, mine, [account_id]))
    await _batch(platform, kind, dict.fromkeys(further), anew=True)


async def _batch(
    platform: Platform,
    kind: Kind,
    rows: dict[Where, Any],
    *,
    anew: bool = False,
    look: bool = False,
    strangers: bool = False,
) -> Worked:
    """One batch; of a look `strangers`, records nobody knew, are left alone unless they are asked for."""
    database, mine = platform.database, _name(platform)
    worked = Worked(owners=await database.run(lambda c: xrefs.holders(c, kind.name, rows)))
    adopted = {}
    if strangers or not look:
        adopted = await _adopt_unknown(platform, kind, worked, rows)
    by_account: dict[str, list[Where]] = {}
    for where, owner in worked.owners.items():
        by_account.setdefault(owner, []).append(where)
    held = await _hold(platform, mine, by_account)
    if look:
        held |= adopted
    try:
        works = []
        for known in held.values():
            heard = by_account[known.id]
            again = anew or any(rows[where] is not None and rows[where].via == inbox.AGAIN for where in heard)
            works.append(partial(_one, platform, kind, known, heard, anew=again, look=look))
        async with kept(platform, mine):
            found = await each_at_once(works)
        ended = []
        for account, outcome in zip(held.values(), found, strict=True):
            if isinstance(outcome, Outcome):
                ended.append(outcome)
                worked.outcomes |= dict.fromkeys(by_account[account.id], outcome.word)
                worked.ended |= dict.fromkeys(by_account[account.id], outcome)
            else:
                _log(outcome, account.id)
                worked.later |= dict.fromkeys(by_account[account.id], outcome)
        if not look:
            worked.further = await database.run(lambda c: _record(c, platform, kind, ended, worked, rows))
        return worked
    finally:
        await database.run(lambda c: xrefs.release(c, mine, held))


async def _adopt_unknown(platform: Platform, kind: Kind, worked: Worked, rows: Iterable[Where]) -> dict[str, Known]:
    """Give each record that nobody knew its owner; they are read for it, all at once. The owners, as they are then."""
    unknown = [where for where in rows if where not in worked.owners]
    places = {where: Place(system=where[0], native_id=where[1]) for where in unknown}
    known = [where for where in unknown if role_of(platform.systems, places[where])]
    worked.outcomes |= {where: "no role" for where in unknown if where not in known}
    found = await each_at_once([partial(read, platform, kind, places[where]) for where in known])
    records: dict[Where, Record] = {}
    for where, record in zip(known, found, strict=True):
        if isinstance(record, Record):
            records[where] = record
        elif isinstance(record, NotFound):
            worked.outcomes[where] = "not_found"
        else:
            _log(record, f"{where[0]} {where[1]}")
            worked.later[where] = record

    def adopt(c: sa.Connection) -> dict[str, Known]:
        for where, record in records.items():
            survivor = record.data.merged_into
            place = Place(system=where[0], native_id=survivor) if survivor else record.place
            owner = xrefs.holder(c, kind.name, place.system, place.native_id)
            if owner:
                worked.owners[where] = owner
                continue
            adopted = kind.adopt(c, place, record.data, WHO, platform.masker)
            worked.owners[where] = adopted.canonical_id
            if adopted.doubt is not None:
                worked.doubts[where] = adopted.doubt
                account_cases.open_case(c, platform, kind, adopted.canonical_id, record.data, adopted.doubt)
        return load(c, [worked.owners[where] for where in records])

    return await platform.database.run(adopt) if records else {}


def _name(platform: Platform) -> str:
    """Under what one batch holds its accounts: another of the same process is another."""
    return f"{platform.engine.executor[:60]}/{secrets.token_hex(6)}"


async def _hold(platform: Platform, mine: str, canonical_ids: Iterable[str]) -> dict[str, Known]:
    """Those of the accounts that nobody else works on, kept from everybody else for a while."""
    wanted, until = list(canonical_ids), now() + platform.in_hand

    def hold(c: sa.Connection) -> dict[str, Known]:
        return load(c, sorted(xrefs.hold(c, wanted, mine, until)))

    return await platform.database.run(hold) if wanted else {}


async def _one(
    platform: Platform, kind: Kind, account: Known, changed: Iterable[Where], *, anew: bool, look: bool = False
) -> Outcome:
    """One account, held: what changed of it is read, then all is brought in line."""
    records = []
    places = {(place.system, place.native_id): place for place in account.places}
    for where in changed:
        try:
            records.append(await read(platform, kind, places[where]))
        except (NotFound, KeyError):
            anew = True  # it is there no more, or lives under the record it was merged into
    if kind is CUSTOMERS and any(record.data.parent_id for record in records):
        above = await platform.database.run(lambda c: ancestors_of(c, kind, account, records))
        account = msgspec.structs.replace(account, ancestors=above)
    return await synchronise(platform, kind, account, records, anew=anew, look=look)


@asynccontextmanager
async def kept(platform: Platform, mine: str) -> AsyncIterator[None]:
    """Keep what is held for as long as this takes: a vendor may be slow."""

    async def renewing() -> None:
        while True:
            await asyncio.sleep(platform.in_hand.total_seconds() / 3)
            await platform.database.run(lambda c: xrefs.renew(c, mine, now() + platform.in_hand))

    task = asyncio.create_task(renewing())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def each_at_once(works: Sequence[Callable[[], Awaitable[T]]]) -> list[T | Exception]:
    """All of these, so many at once; one that fails is its own exception."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(work: Callable[[], Awaitable[T]]) -> T | Exception:
        async with room:
            try:
                return await work()
            except Exception as failure:  # noqa: BLE001 - it is said, and tried again later
                return failure

    return await asyncio.gather(*(one(work) for work in works))


def _record(
    c: sa.Connection,
    platform: Platform,
    kind: Kind,
    ended: Sequence[Outcome],
    worked: Worked,
    rows: dict[Where, Any],
) -> list[Where]:
    further = record_all(c, platform, kind, ended)
    by_word: dict[str, list[Any]] = {}
    for where, word in worked.outcomes.items():
        by_word.setdefault(word, []).append(rows[where])
    for word, those in by_word.items():
        inbox.done(c, [row for row in those if row is not None], word)
    for where, failure in worked.later.items():
        if rows[where] is not None and inbox.postpone(c, rows[where], str(failure)):
            parking.open_case(c, platform, (where[0], kind.name, where[1]), failure)
    parking.close_cases(c, [(where[0], kind.name, where[1]) for where in worked.outcomes])
    return further


def _log(failure: Any, what: str) -> None:
    reason = failure.reason if isinstance(failure, Fault) else type(failure).__name__
    log.warning("a record waits", thing=what, reason=reason)


FOLLOWED.update(dict.fromkeys(KINDS, synchronise_again))
VIEWED.update({kind.workflow: partial(side_by_side, kind=kind) for kind in KINDS.values()})
