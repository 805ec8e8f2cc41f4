"""Looking ahead: what working on changes once more would come to, in every field, with nothing written.

    changes -> whoever works on them looks, at the systems as they are now -> a word, why, and each field: before, after

It is looked with a database that keeps nothing; no run is begun and no system is written to. A word is what the inbox
would say afterwards. Who changes a record between the look and the replay changes what comes of it, too.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec

from canonical.classes import class_of
from canonical.faults import Conflict, Fault, NotFound
from canonical.ports.contract_runs import ContractReference, StartContractRun
from canonical.ports.events import ChangeAgain, FieldAhead
from canonical.ports.processes import RunStatus
from process_apis import journal, projections
from process_apis.account_sync import intake as account_intake
from process_apis.account_sync import leads
from process_apis.account_sync.intake import Worked, each_at_once
from process_apis.account_sync.records import Kind, Outcome, Where
from process_apis.account_sync.views import in_a_line
from process_apis.contract_sync.runs import OperatingContractRuns
from process_apis.deal_commitment.following import follow
from process_apis.operating import REGISTERED, Operating, step_names
from process_apis.platform import Platform
from process_apis.standing_down.following import stand_down

MOST: Final = 50
"""Changes that are looked at: each reads its record in several systems."""
LATER: Final = "later"
"""It does not work just now: it would be tried again."""
HELD: Final = "held"
"""Somebody works on it just now."""
HIDDEN: Final = "(not shown)"
_KINDS: Final = {kind.name: kind for kind in account_intake.KINDS.values()}
_WHY: Final[Mapping[str, str]] = {
    "quiet": "Its systems agree: nothing would be written.",
    "no_customer_yet": "The books have no debtor for its customer yet: nothing would be written.",
    "merged": "Its CRM made one of two: its records become the other's, which is merged anew then.",
    "gone": "A record of it is there no more.",
    "no role": "Its system plays no role here any more.",
    "not_found": "It is there no more, and nobody knew it.",
    "no workflow": "Nothing works on such changes.",
    "not_converted": "The lead is not converted.",
    "nothing_to_carry": "No books know the lead.",
    "two_customers": "The books have a customer for the lead and one for its account: a case would be opened.",
    "committed": "The deal is likely enough: it would be prepared for.",
    "uncommitted": "The deal is not likely any more: what was prepared would be taken back.",
    "stood down": "The ground of its project is gone: standing down begins, unless it has.",
    account_intake.UNOWNED: "No field of it has an owner in policies/ownership.yaml.",
    LATER: "It cannot be worked on just now, and would be tried again.",
    HELD: "Somebody works on it just now: look again in a moment.",
}


class Ahead(msgspec.Struct, frozen=True):
    """What would come of one change."""

    word: str
    why: str = ""
    writes: Sequence[FieldAhead] = ()


async def ahead(platform: Platform, changes: Sequence[ChangeAgain]) -> list[ChangeAgain]:
    """The same changes with what would come of each; those after the first so many as they are."""
    looked, rest = changes[:MOST], changes[MOST:]
    synchronised: dict[str, Worked] = {}
    for name, kind in _KINDS.items():
        wanted = [_where(each) for each in looked if each.object == name]
        if wanted:
            synchronised[name] = await account_intake.look_at(platform, kind, wanted)
    others = [each for each in looked if each.object not in _KINDS]
    found = await each_at_once([partial(_look, platform.unkept(), each) for each in others])
    by_change = dict(zip(map(_key, others), found, strict=True))
    said = []
    for each in looked:
        if each.object in synchronised:
            came = _synced(_KINDS[each.object], synchronised[each.object], _where(each))
        else:
            answer = by_change[_key(each)]
            came = answer if isinstance(answer, Ahead) else _failing(answer)
        why = came.why or _WHY.get(came.word, "")
        said.append(msgspec.structs.replace(each, would=came.word, why=why, writes=list(came.writes)))
    return said + list(rest)


def _synced(kind: Kind, worked: Worked, where: Where) -> Ahead:
    if where in worked.later:
        return _failing(worked.later[where])
    outcome = worked.ended.get(where)
    if outcome is None:
        return Ahead(worked.outcomes.get(where, HELD))
    word = "written" if outcome.word == "differs" else outcome.word
    doubt = worked.doubts.get(where)
    why = " ".join(_told(fault) for fault in (doubt, outcome.fault) if fault is not None)
    return Ahead(word, why, _fields(kind, outcome))


def _fields(kind: Kind, outcome: Outcome) -> list[FieldAhead]:
    """Each field that would be written, and those of each record that would be made."""
    found = []
    for record in outcome.records:
        system, native_id = record.where
        for field, value in sorted(outcome.ahead.get(record.name, {}).items()):
            before, after = (_shown(kind, field, each) for each in (record.said[field], value))
            found.append(FieldAhead(system=system, native_id=native_id, field=field, before=before, after=after))
    for missing in outcome.makes:
        said = projections.project(missing.data, outcome.records[0].said)
        found += [
            FieldAhead(system=missing.system, field=field, after=_shown(kind, field, value))
            for field, value in sorted(said.items())
            if not projections.empty(value)
        ]
    return found


def _shown(kind: Kind, field: str, value: Any) -> str:
    if projections.empty(value):
        return ""
    return HIDDEN if class_of(kind.type, field) == "pii" else in_a_line(value)


async def _look(platform: Platform, change: ChangeAgain) -> Ahead:
    """What would come of a change that is no account's or person's."""
    if change.object not in _LOOKS:
        return Ahead("no workflow")
    try:
        return await _LOOKS[change.object](platform, change)
    except (Conflict, NotFound) as settled:
        return Ahead(settled.reason, _told(settled))


async def _deal(platform: Platform, change: ChangeAgain) -> Ahead:
    crm, deal = change.system, change.native_id
    workflow = REGISTERED["opportunity_to_project"]
    try:
        values = await Operating(platform, workflow).first(deal, crm)
    except Conflict:
        done = await follow(platform, deal, crm, look=True) or await stand_down(platform, deal, crm, look=True)
        if not done:
            raise
        return Ahead(done)
    status, said = await _run_of(platform, values["id"])
    if status == "succeeded" and (done := await stand_down(platform, deal, crm, look=True)):
        return Ahead(done)
    return Ahead("run", said)


async def _contract(platform: Platform, change: ChangeAgain) -> Ahead:
    runs = OperatingContractRuns(platform, Operating(platform, REGISTERED["contract_sync"]))
    of = StartContractRun(contract=ContractReference(system=change.system, id=change.native_id))
    values, spent = await runs.first(of)
    status, said = await _run_of(platform, spent or values["id"])
    return Ahead("taken back" if status == "cancelled" else "contract run", said)


async def _lead(platform: Platform, change: ChangeAgain) -> Ahead:
    writes: list[FieldAhead] = []
    word = await leads.convert(platform, change.system, change.native_id, writes)
    return Ahead(word, "", writes)


async def _run_of(platform: Platform, run_id: str) -> tuple[str, str]:
    """The status of a run, and in a sentence whether it would begin."""
    run = await platform.database.run(lambda c: journal.load_run(c, run_id, step_names()))
    if run is None:
        return "", f"The run {run_id} would begin."
    again = "; it is run again where its document says something else by now" if run.status == "refused" else ""
    return run.status, f"Nothing would begin: the run {run_id} {_STANDS[run.status]}{again}."


_STANDS: Final[Mapping[RunStatus, str]] = {
    "running": "is under way",
    "succeeded": "has already ended well",
    "refused": "was refused by its guards",
    "failed": "has failed and waits for a person",
    "cancelled": "was cancelled",
}
"""How a run stands that there is already."""
_LOOKS: Final[Mapping[str, Callable[[Platform, ChangeAgain], Awaitable[Ahead]]]] = {
    "opportunity": _deal,
    "contract": _contract,
    leads.KIND: _lead,
}


def _failing(failure: Exception) -> Ahead:
    return Ahead(LATER, _told(failure) if isinstance(failure, Fault) else "")


def _told(fault: Fault) -> str:
    """Its sentence, and what it says of each place."""
    details = [each.detail for each in fault.errors if each.detail not in str(fault)]
    return " ".join([str(fault), *(f"{detail}." if not detail.endswith(".") else detail for detail in details)])


def _where(change: ChangeAgain) -> Where:
    return change.system, change.native_id


def _key(change: ChangeAgain) -> tuple[str, str, str]:
    return change.system, change.object, change.native_id
