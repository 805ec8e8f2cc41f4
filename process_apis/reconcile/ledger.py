"""The outcome ledger: what finished runs had brought about, read again in every system.

A run that was verified once may not stay so: somebody closes a project by hand, a backup comes back. Each finished run
is read back as its own last step did; one whose systems do not agree any more is no longer verified, has a case and is
told as `outcome.drifted`. When they agree again, the case closes by itself.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.events import OutcomeDrifted
from canonical.faults import Disagreement, Fault, VendorSignIn
from canonical.ports.processes import Agreement, Run, SystemView
from canonical.ports.reconciling import Difference
from process_apis import cases, journal, own_cases
from process_apis.account_sync.intake import each_at_once
from process_apis.events import outbox
from process_apis.operating import FOLLOWED, VIEWED
from process_apis.opportunity_to_project.verification import compare as field_by_field
from process_apis.opportunity_to_project.verification import disagreement, read_back
from process_apis.platform import Platform, acting
from process_apis.reconcile import store
from process_apis.reconcile.store import Found, Part, told_of
from process_apis.standing_down.following import stand_down
from process_apis.tables import RUNS

WORKFLOW: Final = "outcome"
OF: Final = "opportunity_to_project"
cases.SUGGESTIONS[WORKFLOW] = {
    "disagreement": (
        "drifted",
        "PMO",
        "The project was in order once. Make the systems say the same again, then run it again.",
    ),
}


def case_id(run_id: str) -> str:
    """Under what the case of a run's outcome stands."""
    return f"outcome:{run_id}"


async def compare(platform: Platform, part: Part, found: Found) -> None:
    """Every finished run that was made in these systems. Raises the fault of a system that does not answer.

    What was made before an entity's books were moved to another ERP lives in the older one, and is not looked for here.
    """
    after = ""
    while rows := await platform.database.run(partial(_finished, part=part, after=after)):
        after = rows[-1].id
        homes = await platform.database.run(partial(journal.homes, kind="project", keys=[r.business_key for r in rows]))
        of_it = [row for row in rows if {part.left, part.right} <= homes[row.business_key]]
        read = await each_at_once([_reading(platform, row) for row in of_it])
        for row, agreement in zip(of_it, read, strict=True):
            found.left, found.right = found.left + 1, found.right + 1
            if isinstance(agreement, Exception):
                await _unread(platform, part, row, agreement)
            else:
                found.matched += 1
                _sum(found, part, row, agreement)
                await _judge(platform, part, row, agreement)
                if part.heal:
                    crm, _, deal = row.business_key.partition(":")
                    await stand_down(platform, deal, crm)


def _finished(c: sa.Connection, part: Part, after: str) -> list[Any]:
    """The last winning of each deal, where it came to its end."""
    later = RUNS.alias("later")
    won_again = sa.exists().where(
        later.c.business_key == RUNS.c.business_key,
        later.c.workflow == OF,
        later.c.generation > RUNS.c.generation,
    )
    query = sa.select(RUNS).where(RUNS.c.workflow == OF, RUNS.c.status == "succeeded", RUNS.c.id > after, ~won_again)
    if part.entities:
        query = query.where(RUNS.c.legal_entity.in_(part.entities))
    return list(c.execute(query.order_by(RUNS.c.id).limit(store.MANY)))


def _reading(platform: Platform, row: Any) -> Any:
    async def read() -> list[Agreement]:
        systems = platform.systems
        deal = row.business_key.partition(":")[2]
        said = await read_back(systems, systems.of, row.business_key, row.contract_key, deal, row.legal_entity)
        return field_by_field(said)

    return read


def _sum(found: Found, part: Part, row: Any, agreement: Sequence[Agreement]) -> None:
    """Over the fields that both of the pair keep."""
    for each in agreement:
        left, right = each.values.get(part.left), each.values.get(part.right)
        if left is None or right is None:
            continue
        for side, said, other in (("left", left, right), ("right", right, left)):
            found.add(side, row.id, each.field, said)
            found.add(f"{side} expected", row.id, each.field, other)


async def _unread(platform: Platform, part: Part, row: Any, failure: Exception) -> None:
    if not isinstance(failure, Fault) or failure.retry or isinstance(failure, VendorSignIn):
        raise failure
    made = Difference(
        number=0, part=part.number, object="outcome", kind="unread", key=row.id, outcome="open", detail=str(failure)
    )
    await platform.database.run(lambda c: store.tell(c, part, [made]))


async def _judge(platform: Platform, part: Part, row: Any, agreement: Sequence[Agreement]) -> None:
    fault = _drift(agreement)
    if fault is None:
        if part.heal:
            await platform.database.run(lambda c: _restored(c, row.id, agreement))
        return
    if part.heal:
        await platform.database.run(lambda c: _drifted(c, platform, row, agreement, fault))
    made = Difference(
        number=0,
        part=part.number,
        object="outcome",
        kind="drift",
        key=row.id,
        fields=[told_of(each.field, each.values.items()) for each in agreement if not each.agree],
        outcome="case" if part.heal else "open",
        detail=str(fault),
        run_id=case_id(row.id) if part.heal else "",
    )
    await platform.database.run(lambda c: store.tell(c, part, [made]))


def _drift(agreement: Sequence[Agreement]) -> Disagreement | None:
    return None if all(each.agree for each in agreement) else disagreement(agreement)


def _drifted(
    c: sa.Connection, platform: Platform, row: Any, agreement: Sequence[Agreement], fault: Disagreement
) -> None:
    """The run is not verified any more; its case is opened, and the event told where it was in order before."""
    journal.update_run(c, row.id, verified=False, agreement=msgspec.json.encode(agreement).decode())
    values = {
        "workflow": WORKFLOW,
        "business_key": row.business_key,
        "title": row.title,
        "customer": row.customer,
        "account_key": row.account_key,
        "contract_key": row.contract_key,
        "legal_entity": row.legal_entity,
        "amount": row.amount,
        "currency": row.currency,
        "project_code": row.project_code,
    }
    new = own_cases.open_case(c, platform, case_id(row.id), values, fault)
    if new:
        fields = ", ".join(each.field for each in agreement if not each.agree)
        event = OutcomeDrifted(run_id=row.id, project_code=row.project_code, fields=fields, found_at=now())
        outbox.emit_apart(c, case_id(row.id), event, row.business_key, row.legal_entity)


def _restored(c: sa.Connection, run_id: str, agreement: Sequence[Agreement]) -> None:
    if own_cases.close_case(c, case_id(run_id), "The systems agree again."):
        journal.update_run(c, run_id, verified=True, agreement=msgspec.json.encode(agreement).decode())


async def case_of(platform: Platform, key: str) -> str:
    """Read the finished run of a project again; under what its case stands, empty where it has none to tell."""
    query = sa.select(RUNS).where(RUNS.c.business_key == key, RUNS.c.workflow == OF, RUNS.c.status == "succeeded")
    row = await platform.database.run(lambda c: c.execute(query.order_by(RUNS.c.generation.desc())).first())
    if row is None:
        return ""
    agreement = await _reading(platform, row)()
    fault = _drift(agreement)
    if fault is None:
        return ""
    await platform.database.run(lambda c: _drifted(c, platform, row, agreement, fault))
    return case_id(row.id)


async def look_again(platform: Platform, run: Run) -> None:
    """A person asks whether the systems agree by now."""
    row = await platform.database.run(lambda c: _run_of(c, run.id))
    with acting():
        agreement = await _reading(platform, row)()
    fault = _drift(agreement)
    if fault is None:
        await platform.database.run(lambda c: _restored(c, row.id, agreement))
    else:
        await platform.database.run(lambda c: _drifted(c, platform, row, agreement, fault))


def _run_of(c: sa.Connection, case: str) -> Any:
    return c.execute(sa.select(RUNS).where(RUNS.c.id == case.removeprefix("outcome:"))).one()


async def side_by_side(platform: Platform, run: Run) -> list[SystemView]:
    """What each system says of the project just now."""
    row = await platform.database.run(lambda c: _run_of(c, run.id))
    systems, deal = platform.systems, row.business_key.partition(":")[2]
    said = await read_back(systems, systems.of, row.business_key, row.contract_key, deal, row.legal_entity)
    return [
        SystemView(system=name, title=systems.title(name), found="code" in facts, fields=facts)
        for name, facts in said.items()
    ]


FOLLOWED[WORKFLOW] = look_again
VIEWED[WORKFLOW] = side_by_side
