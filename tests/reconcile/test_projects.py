"""Projects of an ERP and a PSA, and what finished runs brought about, over the real adapters and their sandboxes."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from gateway.ownership import read_ownership
from process_apis.operating import retry
from process_apis.tables import EVENTS, RUNS, XREFS
from tests.process.test_accounts_in_systems import owners
from tests.process.world import World
from tests.reconcile.asking import Told, reconciled


async def edit(firm: World, system: str, kind: str, native_id: Any, **fields: Any) -> None:
    """Change a record by hand; nobody tells."""
    box = firm.boxes[system]
    async with box._lock:
        with box.store.transaction():
            box.store.update(kind, native_id, fields)


async def drifts(firm: World) -> list[str]:
    told = sa.select(EVENTS.c.subject).where(EVENTS.c.type == "com.tiergate.outcome.drifted.v1")
    return await firm.platform.database.run(lambda c: list(c.scalars(told)))


async def verified(firm: World, run_id: str) -> bool | None:
    said = sa.select(RUNS.c.verified).where(RUNS.c.id == run_id)
    return await firm.platform.database.run(lambda c: c.scalar(said))


def states(told: Told) -> dict[str, str]:
    return {part.object: part.state for part in told.report.parts}


async def test_a_firm_in_order_a_project_that_drifts_and_one_that_is_in_order_again(
    firm: World, tmp_path: Path
) -> None:
    firm.platform.ownership = read_ownership(owners(tmp_path))
    made = (await firm.played("D01")).run
    key, psa = made.business_key, next(x for x in made.ids if (x.instance, x.system) == ("project", "kantata"))
    await reconciled(firm.platform)  # customers meet for the first time
    told = await reconciled(firm.platform)
    assert states(told) == {"customer": "agrees", "contact": "agrees", "project": "agrees", "outcome": "agrees"}
    assert told.report.clean
    customers, people, projects, outcomes = told.report.parts
    assert 0 < people.matched == people.right.count < people.left.count
    assert people.left.checksum == people.left.expected != people.right.checksum == people.right.expected
    assert (projects.matched, outcomes.matched) == (1, 1)
    assert 0 < customers.matched < customers.left.count
    assert projects.left.checksum == projects.left.expected == projects.right.checksum == projects.right.expected
    assert outcomes.left.checksum == outcomes.right.checksum

    await edit(firm, "kantata", "workspaces", psa.native_id, title="Renamed by hand")
    told = await reconciled(firm.platform)
    assert told.kinds == {"field case": 1, "drift case": 1}
    field, drift = told.differences
    assert field.run_id == drift.run_id == f"outcome:{made.id}", "one cause, one case"
    assert field.fields[0].values["kantata"] == "Renamed by hand"
    assert (drift.key, [each.field for each in drift.fields]) == (made.id, ["name"])
    assert await verified(firm, made.id) is False
    assert await drifts(firm) == [key]
    (case,) = (await firm.operations.cases(state="open")).items
    assert (case.kind, case.owner, case.business_key, case.amount) == ("drifted", "PMO", key, made.amount)
    views = {view.system: view.fields.get("name") for view in (await firm.operations.case(case.id)).systems}
    assert views["kantata"] == "Renamed by hand" != views["netsuite"]
    await reconciled(firm.platform, "outcome")
    assert await drifts(firm) == [key], "told once, however often it is found"

    await edit(firm, "kantata", "workspaces", psa.native_id, title=made.title)
    assert (await retry(firm.platform, drift.run_id)).status == "succeeded"
    assert await verified(firm, made.id) is True
    assert (await reconciled(firm.platform)).report.clean
    assert (await firm.operations.cases(state="open")).items == []


async def test_an_orphan_a_missing_reference_and_a_run_that_waits(firm: World) -> None:
    made, gone = [(await firm.played(code)).run for code in ("D01", "D02")]
    firm.fault("kantata", "server_error", method="POST", path="/workspaces", times=9)
    waiting = (await firm.played("D03")).run
    assert waiting.status == "failed"
    erp = {
        run.id: next(x for x in run.ids if (x.instance, x.system) == ("project", "netsuite")) for run in (made, gone)
    }
    psa = next(x for x in gone.ids if (x.instance, x.system) == ("project", "kantata"))
    ours = (XREFS.c.object == "project", XREFS.c.native_id == erp[made.id].native_id)
    await firm.platform.database.run(lambda c: c.execute(sa.delete(XREFS).where(*ours)))
    box = firm.boxes["kantata"]
    async with box._lock:
        with box.store.transaction():
            assert box.store.delete("workspaces", psa.native_id)
    told = await reconciled(firm.platform, "project", "outcome", heal=False)
    assert told.kinds == {"orphan open": 1, "missing_reference open": 1, "drift open": 1}
    assert await drifts(firm) == []
    told = await reconciled(firm.platform, "project", "outcome")
    assert told.kinds == {"orphan case": 1, "missing_reference healed": 1, "drift case": 1}
    orphan = next(each for each in told.differences if each.kind == "orphan")
    assert (orphan.key, orphan.left_id, orphan.right_id) == (gone.business_key, erp[gone.id].native_id, "")
    assert orphan.run_id == f"outcome:{gone.id}"
    linked = sa.select(XREFS.c.key).where(*ours)
    assert await firm.platform.database.run(lambda c: c.scalar(linked)) == made.business_key
    assert not any(waiting.business_key == each.key for each in told.differences), "its own case tells of it"


async def test_a_psa_that_is_down_parks_what_needs_it_and_customers_are_compared_all_the_same(
    firm: World, tmp_path: Path
) -> None:
    firm.platform.ownership = read_ownership(owners(tmp_path))
    await firm.played("D01")
    firm.fault("kantata", "server_error", times=50)
    told = await reconciled(firm.platform)
    assert states(told)["project"] == states(told)["outcome"] == "parked"
    assert states(told)["customer"] in ("agrees", "differs")
    assert {part.reason for part in told.report.parts if part.state == "parked"} == {"Kantata is not answering."}
