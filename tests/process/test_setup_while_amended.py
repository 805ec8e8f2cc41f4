"""A setup that failed waits while an amendment is carried, then goes on; undone, the budget stays what was agreed."""

from decimal import Decimal

import pytest

from foundation.context import fresh, use
from tests.process.contracting import Contracting, line
from tests.process.test_setup_edges import set_up, setups
from tests.process.world import PRIYA, World

MORE = Decimal(5000)
TYPED_IN_CENTS = 100
"""What somebody had typed in as the price of the workspace: the setup has to write it."""


@pytest.mark.parametrize(
    ("failing", "step"), [(("PUT", "/api/v1/workspaces"), 8), (("POST", "/api/v1/posts"), 13)], ids=["before", "after"]
)
async def test_the_budget_is_what_the_contract_comes_to_by_then(
    firm: World, failing: tuple[str, str], step: int
) -> None:
    """It failed before the budget was written, or after."""
    legal, deal = Contracting(firm), firm.deal("D02")
    code = (await firm.played("D02")).run.project_code
    assert (await legal.played(legal.contract("D02"))).run.status == "succeeded"
    psa, kept = firm.adapters["kantata"], firm.boxes["kantata"].store
    workspace = (await psa.project_by_key(f"salesforce:{deal.id}")).id
    kept.update("workspaces", workspace, {"price_in_cents": TYPED_IN_CENTS})
    firm.fault("kantata", "server_error", method=failing[0], path=failing[1], times=0)
    parked = await set_up(firm, code)
    assert (parked.run.status, parked.run.progress.step) == ("failed", step)
    firm.boxes["kantata"].faults.clear()

    legal.amend("D02", 1, line(str(MORE)))
    assert (await legal.played(legal.contract("D02"))).run.status == "succeeded"
    with use(fresh(caller=PRIYA)):
        await setups(firm).retry_setup(parked.run.id)
    await firm.finished_any(parked.run.id)
    done = await setups(firm).setup(parked.run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    worth = deal.amount + MORE
    budgets = {each.field: each.values for each in done.agreement}["budget"]
    assert budgets == dict.fromkeys(("asked", "kantata", "netsuite"), f"{deal.currency} {worth:,.2f}")
    assert (kept.get("workspaces", workspace) or {})["price_in_cents"] == worth * 100

    with use(fresh(caller=PRIYA)):
        await setups(firm).undo_setup(parked.run.id)
    await firm.finished_any(parked.run.id)
    undone = await setups(firm).setup(parked.run.id)
    assert undone.run.status == "cancelled", undone.run.problem
    for system in ("kantata", "netsuite"):
        adapter = firm.adapters[system]
        native = (await adapter.project_by_key(f"salesforce:{deal.id}")).id
        there = await adapter.project_setup(native)
        assert (str(there.budget), there.open_for_time) == (f"{deal.currency} {worth:,.2f}", False), system
        assert [each.task.ref for each in await adapter.project_tasks(native) if "." in each.task.ref] == []
