"""A contract run, killed by SIGKILL at each of its checkpoints in turn: carried once, refused once, taken back once."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa

from canonical.dates import now
from process_apis import journal
from process_apis.contract_sync.workflow import WORKFLOW
from process_apis.tables import WATERMARKS
from tests.kills.conftest import PATIENCE, Ground

pytestmark = pytest.mark.real
OBJECTS = "/services/data/v62.0/sobjects"
FORWARD = [
    *("01-receive", "02-read", "03-guard", "04-customer", "05-terms"),
    *("06-confirm", "07-budget", "08-billing", "09-link", "10-verify", "end-succeeded", "ticket"),
]


class Legal:
    """Legal operations of a firm whose platforms die."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    async def ready(self) -> None:
        """One platform that lives until it has looked at the contracts there are: those are passed over."""
        self.ground.platform()
        watermark = sa.select(WATERMARKS.c.watermark).where(WATERMARKS.c.system == "salesforce:contract")
        await self.until(lambda c: c.scalar(watermark))
        self.ground.end()

    async def until(self, holds: Callable[[sa.Connection], Any]) -> None:
        engine = sa.create_engine(f"sqlite:///{self.ground.state / 'tiergate.sqlite'}")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(sa.exc.OperationalError), engine.begin() as connection:  # no tables before the first
                if holds(connection):
                    return engine.dispose()
            await asyncio.sleep(0.1)
        raise AssertionError((self.ground.state / "platforms.txt").read_text()[-4000:])

    async def contract(self) -> dict[str, Any]:
        """That of D01."""
        deals = await self.ground.records("salesforce", "Opportunity")
        (linked,) = [each["ContractId"] for each in deals if each["Id"] == self.ground.deals["D01"].id]
        (held,) = [each for each in await self.ground.records("salesforce", "Contract") if each["Id"] == linked]
        return held

    async def touched(self) -> str:
        """Somebody saves the contract, so that the poll finds it; the id of its run."""
        held = await self.contract()
        await self.ground.crm("PATCH", f"{OBJECTS}/Contract/{held['Id']}", {"Approved_Exceptions__c": "paper_checked"})
        return f"ctr:salesforce:{held['Id']}:0:{held['Document_Hash__c'][:16]}"

    async def amended(self, amount: int) -> str:
        """An amendment of one line, agreed; the id of its run."""
        held, document = await self.contract(), sha256(b"amendment 1").hexdigest()
        plain = {"Contract__c": held["Id"], "Number__c": 1, "Based_On__c": 0, "CurrencyIsoCode": "USD"}
        plain |= {"Effective_Date__c": held["StartDate"], "Signed_On__c": now().date().isoformat()}
        plain |= {"Document_Hash__c": document, "Signature_Envelope__c": "envelope-1", "Value_Change__c": amount}
        made = (await self.ground.crm("POST", f"{OBJECTS}/Contract_Amendment__c", plain))["id"]
        line = {"Contract__c": held["Id"], "Amendment__c": made, "Sort_Order__c": 1, "Name": "More work"}
        line |= {"Amount__c": amount, "Billing_Method__c": "Time and Materials", "CurrencyIsoCode": "USD"}
        await self.ground.crm("POST", f"{OBJECTS}/Contract_Line__c", line)
        await self.ground.crm("PATCH", f"{OBJECTS}/Contract_Amendment__c/{made}", {"Status__c": "Agreed"})
        return f"ctr:salesforce:{held['Id']}:1:{document[:16]}"

    async def carried(self) -> str:
        """The contract, carried by a platform that does not die; the id of its run."""
        run_id = await self.touched()
        self.ground.platform()
        await self.until(lambda c: journal.load_run(c, run_id, {}))
        assert self.ground.ended() == {run_id: ("succeeded", True, 0)}
        self.ground.end()
        return run_id

    async def order(self) -> dict[str, Any]:
        """The one order there is."""
        (found,) = await self.ground.records("netsuite", "salesOrder")
        return found


def places(died: list[str]) -> list[str]:
    return [place.rpartition(" ")[2] for place in died]


@pytest.fixture
async def legal(ground: Ground) -> Legal:
    made = Legal(ground)
    await made.ready()
    return made


async def test_a_contract_killed_at_each_checkpoint_is_carried_once(legal: Legal) -> None:
    ground = legal.ground
    run_id = await legal.touched()
    died = ground.killed_everywhere(run_id)
    assert places(died) == FORWARD
    assert ground.ended() == {run_id: ("succeeded", True, len(died))}
    assert ((await legal.order())["total"], (await legal.contract())["Carried_Amendment__c"]) == (240000, 0)
    assert await ground.duplicates() == []


async def test_an_amendment_killed_at_each_checkpoint_is_carried_once(legal: Legal) -> None:
    ground = legal.ground
    await legal.carried()
    first = await legal.order()
    run_id = await legal.amended(10000)
    died = ground.killed_everywhere(run_id)
    assert places(died) == FORWARD
    assert ground.ended()[run_id] == ("succeeded", True, len(died))
    second = await legal.order()
    assert (second["id"], second["total"]) == (first["id"], 250000)
    assert len(second["item"]["items"]) == len(first["item"]["items"]) + 1
    assert (await legal.contract())["Carried_Amendment__c"] == 1
    assert await ground.duplicates() == []


async def test_a_refused_amendment_killed_at_each_checkpoint_is_refused_once_with_one_case(legal: Legal) -> None:
    """Its contract was never carried."""
    ground = legal.ground
    run_id = await legal.amended(10000)
    died = ground.killed_everywhere(run_id)
    assert places(died) == ["01-receive", "02-read", "03-guard", "end-refused", "ticket"]
    assert ground.ended() == {run_id: ("refused", None, len(died))}
    assert len(await ground.records("servicenow", "incident")) == 1
    assert await ground.records("netsuite", "salesOrder") == []


async def test_a_contract_that_is_taken_back_is_closed_once_wherever_its_undoing_is_killed(legal: Legal) -> None:
    ground = legal.ground
    run_id = await legal.carried()
    # What cancelling writes; the process dies before it asks the engine for the undoing.
    await legal.until(lambda c: journal.cancel_run(c, run_id, WORKFLOW.pivot, WORKFLOW.ended_too))
    died = [place.rpartition(" ")[2] for place in ground.killed_everywhere(run_id)]
    assert died == [
        *("undo-00-prepare", "undo-05-terms", "undo-07-budget", "undo-08-billing", "undo-09-link"),
        *("end-undone", "ticket"),
    ]
    assert ground.ended()[run_id][0] == "cancelled"
    assert (await legal.order())["orderStatus"] == {"id": "H"}, "closed"
    assert (await legal.contract())["Carried_Amendment__c"] is None
    assert await ground.duplicates() == []
