"""Projects of an ERP and a PSA compared, by our key; what differs of a finished run is the outcome ledger's.

    list both -> fields that differ -> orphans -> twins -> missing cross-references

A project without our key was made by hand in one system: it is counted and no difference. No field of a project is
anybody's in the ownership file, so nothing is overwritten: a person decides, and the case closes when all agree.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.faults import Disagreement, Fault, NotFound
from canonical.ports.processes import Agreement, Run, SystemView
from canonical.ports.reconciling import Difference, DifferenceKind, DifferenceOutcome
from canonical.ports.systems import Projects
from process_apis import cases, journal, own_cases
from process_apis.bindings import Systems
from process_apis.operating import FOLLOWED, VIEWED
from process_apis.opportunity_to_project.verification import compare as field_by_field
from process_apis.opportunity_to_project.verification import disagreement, project_facts
from process_apis.platform import Platform, acting
from process_apis.reconcile import ledger, store
from process_apis.reconcile.listing import list_projects, shared
from process_apis.reconcile.store import Found, Part, told_of
from process_apis.reconcile.tables import LISTED
from process_apis.tables import RUNS, XREFS

WORKFLOW: Final = "project_reconciliation"
_OTHER: Final = LISTED.alias("other")
cases.SUGGESTIONS[WORKFLOW] = {
    "disagreement": ("disagreement", "PMO", "Make the systems say the same of the project, then run it again."),
}


async def compare(platform: Platform, part: Part, found: Found) -> None:
    """One pair. Raises the fault of a system that does not answer."""
    await list_projects(platform, part, found)
    found.matched = await _fields(platform, part, found)
    await store.walk(platform.database, part, _alone(), lambda rows: _odd(platform, part, "orphan", rows))
    twins = store.first_of_several(_OTHER)
    await store.walk(platform.database, part, twins, lambda rows: _odd(platform, part, "duplicate", rows))
    await store.walk(platform.database, part, _unreferenced(part), lambda rows: _refer(platform, part, rows))


async def _fields(platform: Platform, part: Part, found: Found) -> int:
    """Projects that are in both, field by field; how many there are."""
    after, matched = 0, 0
    while rows := await platform.database.run(partial(_pairs, part=part, after=after)):
        after = rows[-1].number
        matched += len(rows)
        for row in rows:
            left, right = shared(msgspec.json.decode(row.facts), msgspec.json.decode(row.others))
            for side, said, other in (("left", left, right), ("right", right, left)):
                found.add(side, row.key, said)
                found.add(f"{side} expected", row.key, other)
            if left != right:
                await _differing(platform, part, row)
    return matched


def _pairs(c: sa.Connection, part: Part, after: int) -> list[Any]:
    same = sa.and_(store.within(part, _OTHER), _OTHER.c.side == "right", _OTHER.c.key == LISTED.c.key)
    query = (
        sa.select(LISTED, _OTHER.c.facts.label("others"), _OTHER.c.native_id.label("other_id"))
        .join(_OTHER, same)
        .where(store.within(part), LISTED.c.side == "left", LISTED.c.key != "", LISTED.c.number > after)
        .order_by(LISTED.c.number)
        .limit(store.MANY)
    )
    return list(c.execute(query))


async def _differing(platform: Platform, part: Part, row: Any) -> None:
    """Both read again, since a list is read while people work."""
    if await _in_hand(platform, row.key):
        return
    odd = await _now(platform.systems, (part.left, part.right), row.key)
    fields = [told_of(each.field, each.values.items()) for each in odd if not each.agree]
    if fields:
        await _told(platform, part, "field", row.key, (row.native_id, row.other_id), disagreement(odd), fields)


async def _now(systems: Systems, names: Iterable[str], key: str) -> list[Agreement]:
    said = {name: await _facts(systems, name, key) for name in names}
    return field_by_field(said)


async def _facts(systems: Systems, name: str, key: str) -> dict[str, str]:
    try:
        return project_facts(await systems.ask(name, Projects).project_by_key(key))
    except NotFound:
        return project_facts(None)


def _alone() -> Any:
    """Ours, and in one of the two only."""
    partner = sa.exists().where(store.same_key(_OTHER), _OTHER.c.side != LISTED.c.side)
    return sa.and_(LISTED.c.key != "", ~partner)


async def _odd(platform: Platform, part: Part, kind: DifferenceKind, rows: list[Any]) -> None:
    for row in rows:
        system, other = (part.left, part.right) if row.side == "left" else (part.right, part.left)
        title = platform.systems.title(system)
        ids = (row.native_id, "") if row.side == "left" else ("", row.native_id)
        if await _in_hand(platform, row.key):
            continue
        if kind == "orphan":
            if await _lives_elsewhere(platform, part, other, row.key):
                continue
            if await _there(platform, other, row.key) or not await _there(platform, system, row.key):
                continue  # it was just being made, or went
            said = f"{title} has the project {row.key}, and {platform.systems.title(other)} has not"
        else:
            said = f"{title} has the project {row.key} more than once"
        await _told(platform, part, kind, row.key, ids, Disagreement(said), [])


async def _in_hand(platform: Platform, key: str) -> bool:
    """Whether a run is at it, or waits for a person, or was undone: what is missing is known, and no difference."""
    last = sa.select(RUNS.c.status).where(RUNS.c.business_key == key, RUNS.c.workflow == ledger.OF)
    newest = last.order_by(RUNS.c.generation.desc()).limit(1)
    return await platform.database.run(lambda c: c.scalar(newest)) not in (None, "succeeded")


async def _lives_elsewhere(platform: Platform, part: Part, other: str, key: str) -> bool:
    """Whether its books are another ERP's: they were moved since it was made, and what is in them stayed."""
    homes = (await platform.database.run(lambda c: journal.homes(c, "project", [key])))[key]
    others = homes - {part.left, part.right, *platform.systems.playing("crm")}
    return other not in homes and bool(others)


async def _there(platform: Platform, system: str, key: str) -> bool:
    return "code" in await _facts(platform.systems, system, key)


async def _told(
    platform: Platform,
    part: Part,
    kind: DifferenceKind,
    key: str,
    ids: tuple[str, str],
    fault: Disagreement,
    fields: list[Any],
) -> None:
    """Write it down, with its case: that of the run that made the project, where that has one to tell."""
    run, outcome = "", "open"
    if part.heal:
        outcome = "case"
        run = await ledger.case_of(platform, key) or await _own_case(platform, part, key, fault)
    found = Difference(
        number=0,
        part=part.number,
        object=part.object,
        kind=kind,
        key=key,
        left_id=ids[0],
        right_id=ids[1],
        fields=fields,
        outcome=outcome,  # type: ignore[arg-type]  # one of the two
        detail=str(fault),
        run_id=run,
    )
    await platform.database.run(lambda c: store.tell(c, part, [found]))


async def _own_case(platform: Platform, part: Part, key: str, fault: Disagreement) -> str:
    run = f"project:{key}"
    values = {
        "workflow": WORKFLOW,
        "business_key": key,
        "title": f"Project {key}",
        "legal_entity": next(iter(part.entities), ""),
    }
    await platform.database.run(lambda c: own_cases.open_case(c, platform, run, values, fault))
    return run


def _unreferenced(part: Part) -> Any:
    """Ours, and our own references do not say so."""
    system = sa.case((LISTED.c.side == "left", part.left), else_=part.right)
    known = sa.exists().where(
        XREFS.c.object == "project",
        XREFS.c.key == LISTED.c.key,
        XREFS.c.system == system,
        XREFS.c.native_id == LISTED.c.native_id,
    )
    run = sa.exists().where(RUNS.c.business_key == LISTED.c.key)
    return sa.and_(LISTED.c.key != "", run, ~known)


async def _refer(platform: Platform, part: Part, rows: list[Any]) -> None:
    """Link what carries our key and belongs to nobody else."""
    for row in rows:
        system = part.left if row.side == "left" else part.right
        linked = part.heal and await platform.database.run(partial(_link, system=system, row=row))
        outcome: DifferenceOutcome = "healed" if linked else "open"
        made = Difference(
            number=0,
            part=part.number,
            object=part.object,
            kind="missing_reference",
            key=row.key,
            left_id=row.native_id if row.side == "left" else "",
            right_id=row.native_id if row.side == "right" else "",
            outcome=outcome,
            detail="It carries our key, and our references did not know it.",
        )
        await platform.database.run(partial(store.tell, part=part, found=[made]))


def _link(connection: sa.Connection, system: str, row: Any) -> bool:
    taken = sa.select(XREFS.c.key).where(
        XREFS.c.object == "project", XREFS.c.system == system, XREFS.c.native_id == row.native_id
    )
    if connection.scalar(taken) is not None:
        return False
    code = msgspec.json.decode(row.facts).get("code", "")
    journal.link(connection, "project", row.key, system, row.native_id, code)
    return True


async def look_again(platform: Platform, run: Run) -> None:
    """A person asks whether the two agree by now."""
    with acting():
        found = await _now(platform.systems, _pair_of(platform, run), run.business_key)
    if all(each.agree for each in found):
        await platform.database.run(lambda c: own_cases.close_case(c, run.id, "The systems agree."))
    else:
        values = {"workflow": WORKFLOW, "business_key": run.business_key, "title": run.title}
        await platform.database.run(lambda c: own_cases.open_case(c, platform, run.id, values, disagreement(found)))


def _pair_of(platform: Platform, run: Run) -> list[str]:
    """The systems that are compared: of any of the legal entities whose pair it is."""
    return [platform.systems.name(role, run.legal_entity) for role in ("erp", "psa")]


async def side_by_side(platform: Platform, run: Run) -> list[SystemView]:
    """What both systems say of the project just now."""
    return [await _view(platform, name, run.business_key) for name in _pair_of(platform, run)]


async def _view(platform: Platform, name: str, key: str) -> SystemView:
    title = platform.systems.title(name)
    try:
        facts = await _facts(platform.systems, name, key)
    except Fault as fault:
        return SystemView(system=name, title=title, found=False, unreachable=str(fault))
    return SystemView(system=name, title=title, found="code" in facts, fields=facts)


FOLLOWED[WORKFLOW] = look_again
VIEWED[WORKFLOW] = side_by_side
