"""Two changes of a deal or a contract within one second of the CRM's stamps, the first of which was read in between."""

from typing import Any

import pytest
import sqlalchemy as sa

from canonical.dates import now
from foundation.context import fresh, use
from process_apis.contract_sync.following import contract_told
from process_apis.events.intake import poll_once, work_off
from process_apis.platform import on_own_account
from process_apis.tables import CASE_EVENTS, INBOX
from system_apis.salesforce.sandbox import org
from tests.process.contracting import Contracting
from tests.process.world import World


@pytest.fixture
async def refused(firm: World) -> str:
    """A deal that guards stopped, polled and worked on; nothing is told of it by notification."""
    firm.boxes["salesforce"].store.set_setting("notifications", None)
    await firm.edit("Opportunity", firm.deal("D01").id, Amount=1)
    run = (await firm.played("D01")).run
    assert run.status == "refused"
    await poll_once(firm.platform, "salesforce")
    await work_off(firm.platform)
    return run.id


async def edit_within_the_second(firm: World, code: str, **fields: Any) -> None:
    """A person or an automation of the org saves the deal, and its stamp stays what it is."""
    box, kind = firm.boxes["salesforce"], org.kind_of("Opportunity")
    async with box._lock:
        with box.store.transaction():
            before = box.store.get(kind.name, firm.deal(code).id)
            assert before is not None
            stamps = {name: before[name] for name in ("LastModifiedDate", "SystemModstamp")}
            org.update(box, kind, firm.deal(code).id, fields)
            box.store.update(kind.name, firm.deal(code).id, stamps)


async def second_look(firm: World) -> None:
    """The second of every stamp is over."""
    early = sa.update(INBOX).where(INBOX.c.again_at.is_not(None))
    await firm.platform.database.run(lambda c: c.execute(early.values(again_at=now())))
    await work_off(firm.platform)


async def test_a_deal_mended_within_the_second_in_which_it_was_refused_begins_again(firm: World, refused: str) -> None:
    await edit_within_the_second(firm, "D01", Amount=firm.deal("D01").amount)
    assert await poll_once(firm.platform, "salesforce") == 0, "it is told again, under the stamp that is known"
    await work_off(firm.platform)
    assert (await firm.workflow.run(refused)).run.status == "refused"
    await second_look(firm)
    assert (await firm.finished(refused)).run.status == "succeeded"
    assert len((await firm.workflow.runs(key=firm.deal("D01").key)).items) == 1


async def test_a_second_look_at_a_refused_deal_that_is_as_it_was_disturbs_nobody(firm: World, refused: str) -> None:
    before = await firm.workflow.run(refused)
    notes = sa.select(sa.func.count()).select_from(CASE_EVENTS)
    noted = await firm.platform.database.run(lambda c: c.scalar(notes))
    await second_look(firm)
    assert await firm.workflow.run(refused) == before
    assert await firm.platform.database.run(lambda c: c.scalar(notes)) == noted
    open_ = sa.select(INBOX.c.id).where(sa.or_(INBOX.c.again_at.is_not(None), INBOX.c.done_at.is_(None)))
    assert await firm.platform.database.run(lambda c: list(c.scalars(open_))) == [], "every one was looked at"


async def test_a_contract_mended_within_the_second_in_which_it_was_refused_begins_again(firm: World) -> None:
    legal = Contracting(firm)
    signed = legal.held("D01")["Contract_Value__c"]
    legal.typed("D01", Contract_Value__c=24000)
    refused = await legal.played(legal.contract("D01"))
    assert refused.run.status == "refused"
    stamp = legal.held("D01")["SystemModstamp"]
    with use(fresh(caller=on_own_account("intake"))):
        assert await contract_told(firm.platform, legal.contract("D01"), "salesforce") == "contract run"
        assert await legal.runs.run(refused.run.id) == refused, "it says what the guards saw"
        legal.typed("D01", Contract_Value__c=signed)
        assert legal.held("D01")["SystemModstamp"] == stamp
        await contract_told(firm.platform, legal.contract("D01"), "salesforce")
    assert (await legal.ended(refused.run.id)).run.status == "succeeded"
