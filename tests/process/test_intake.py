"""Intake: what systems tell and what we ask them ends in one inbox, each version of each record once."""

from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from canonical.faults import Drifted, NotFound, Unauthenticated
from canonical.ports import Raw
from canonical.ports.processes import Received
from process_apis.cross_references import xrefs
from process_apis.cross_references.terms import KEYED, Term
from process_apis.events.inbox import MOST_TRIES
from process_apis.events.intake import Worker, poll_once, work_off
from process_apis.tables import INBOX, RUNS, WATERMARKS, XREF_TERMS
from tests.process.world import World


async def deliver(firm: World) -> list[Received]:
    """Bring over every webhook the CRM has sent by now."""
    told: list[Received] = []

    async def receive(request: httpx.Request) -> httpx.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        told.append(await firm.intake.receive_notification("salesforce", Raw(headers=headers, body=request.content)))
        return httpx.Response(200)

    async with httpx.AsyncClient(transport=httpx.MockTransport(receive)) as http:
        await firm.boxes["salesforce"].deliveries.send_due(http)
    return told


async def inbox(firm: World) -> list[Any]:
    return await firm.platform.database.run(lambda c: list(c.execute(sa.select(INBOX).order_by(INBOX.c.id))))


async def outcome_of(firm: World, code: str) -> str:
    run = (await firm.workflow.runs(key=firm.deal(code).key)).items[0]
    return (await firm.finished(run.id)).run.status


async def test_a_signed_notification_starts_the_run(firm: World) -> None:
    await firm.win("D01")
    assert await deliver(firm) == [Received(stored=1, known=0)]
    assert firm.platform.changed.is_set()
    await work_off(firm.platform)
    assert await outcome_of(firm, "D01") == "succeeded"
    assert [(row.via, row.outcome) for row in await inbox(firm)] == [("notification", "run")]


@pytest.mark.parametrize("change", ["body", "signature", "no signature"])
async def test_a_notification_that_is_not_signed_by_the_system_is_refused(firm: World, change: str) -> None:
    await firm.win("D01")
    (waiting,) = firm.boxes["salesforce"].deliveries.waiting()
    sandbox = firm.boxes["salesforce"].sandbox
    headers = {k.lower(): v for k, v in sandbox.sign(waiting, firm.boxes["salesforce"].now()).items()}
    body = waiting.body.encode()
    if change == "body":
        body = body.replace(b"006", b"007")
    elif change == "signature":
        headers["webhook-signature"] = "v1,AAAA"
    else:
        del headers["webhook-signature"]
    with pytest.raises(Unauthenticated):
        await firm.intake.receive_notification("salesforce", Raw(headers=headers, body=body))
    assert await inbox(firm) == []


async def test_a_system_nobody_knows_notifies_nobody(firm: World) -> None:
    with pytest.raises(NotFound):
        await firm.intake.receive_notification("nowhere", Raw(headers={}, body=b""))


async def test_told_three_times_and_polled_too_it_is_one_change_and_one_run(firm: World) -> None:
    firm.fault("salesforce", "duplicate_delivery", path=firm.deal("D03").id, copies=3)
    await firm.win("D03")
    told = await deliver(firm)
    assert sorted((each.stored, each.known) for each in told) == [(0, 1), (0, 1), (1, 0)]
    await poll_once(firm.platform, "salesforce")
    rows = [row for row in await inbox(firm) if row.native_id == firm.deal("D03").id]
    assert len(rows) == 1
    await work_off(firm.platform)
    assert len((await firm.workflow.runs(key=firm.deal("D03").key)).items) == 1
    await outcome_of(firm, "D03")


async def test_versions_out_of_order_are_worked_on_as_the_newest(firm: World) -> None:
    await firm.win("D01")
    await firm.edit("Opportunity", firm.deal("D01").id, Name="Warehouse control room")
    deliveries = firm.boxes["salesforce"].deliveries
    first, second = deliveries.waiting()
    for each in (second, first):
        headers = {k.lower(): v for k, v in firm.boxes["salesforce"].sandbox.sign(each, each.due).items()}
        await firm.intake.receive_notification("salesforce", Raw(headers=headers, body=each.body.encode()))
    await work_off(firm.platform)
    assert [row.outcome for row in await inbox(firm)] == ["run", "stale"]
    assert await outcome_of(firm, "D01") == "succeeded"


async def test_a_poll_finds_what_no_notification_told_and_remembers_how_far_it_came(firm: World) -> None:
    firm.boxes["salesforce"].store.set_setting("notifications", None)
    known = await poll_once(firm.platform, "salesforce")
    await firm.win("D01")
    assert known == 12
    assert await poll_once(firm.platform, "salesforce") == 1
    assert await poll_once(firm.platform, "salesforce") == 0
    mark = await firm.platform.database.run(lambda c: c.scalar(sa.select(WATERMARKS.c.watermark)))
    assert mark
    await work_off(firm.platform)
    outcomes = {row.outcome for row in await inbox(firm)}
    assert outcomes == {"run", "conflict", "stale"}
    assert await outcome_of(firm, "D01") == "succeeded"


async def test_our_own_link_on_the_deal_starts_nothing(firm: World) -> None:
    done = await firm.played("D01")
    await deliver(firm)
    await poll_once(firm.platform, "salesforce")
    await work_off(firm.platform)
    runs = (await firm.workflow.runs()).items
    assert [(run.id, run.status) for run in runs] == [(done.run.id, "succeeded")]


async def test_a_system_that_is_down_postpones_the_change_and_holds_up_no_other(firm: World) -> None:
    await firm.win("D01")
    await firm.win("D02")
    await deliver(firm)
    firm.fault("salesforce", "server_error", path="/composite", body=firm.deal("D01").id)
    await work_off(firm.platform)
    rows = {row.native_id: row for row in await inbox(firm)}
    waits, done = rows[firm.deal("D01").id], rows[firm.deal("D02").id]
    assert (waits.done_at, waits.tries, done.outcome) == (None, 1, "run")
    assert waits.not_before is not None
    await firm.platform.database.run(lambda c: c.execute(sa.update(INBOX).values(not_before=None)))
    await work_off(firm.platform)
    assert await outcome_of(firm, "D01") == "succeeded"
    assert await outcome_of(firm, "D02") == "succeeded"


async def test_a_bug_over_one_change_holds_up_no_other(firm: World, monkeypatch: pytest.MonkeyPatch) -> None:
    salesforce = firm.adapters["salesforce"]
    original = salesforce.opportunity

    async def broken(opportunity_id: str) -> object:
        if opportunity_id == firm.deal("D01").id:
            raise KeyError("nobody thought of this")
        return await original(opportunity_id)

    monkeypatch.setattr(salesforce, "opportunity", broken)
    await firm.win("D01")
    await firm.win("D02")
    await deliver(firm)
    await work_off(firm.platform)
    assert await outcome_of(firm, "D02") == "succeeded"


async def test_a_change_that_is_refused_for_good_is_a_case_and_goes_on_when_it_is_run_again(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deal is won and nothing is made of it: that stands at the desk, not in a log only."""
    salesforce, odd = firm.adapters["salesforce"], [firm.native("D01")]
    original = salesforce.opportunity

    async def drifting(opportunity_id: str) -> object:
        if opportunity_id in odd:
            raise Drifted("an unknown stage", system="salesforce")
        return await original(opportunity_id)

    monkeypatch.setattr(salesforce, "opportunity", drifting)
    await firm.win("D01")
    await deliver(firm)
    await work_off(firm.platform)
    (case,) = (await firm.operations.cases()).items
    assert (case.state, case.workflow) == ("open", "intake")
    assert (case.kind, case.owner) == ("schema_drift", "Platform operations")
    assert "an unknown stage" in case.title
    assert firm.native("D01") in case.deal
    assert (await firm.operations.case(case.id)).systems == []

    assert case.can_retry
    await firm.operations.retry_case(case.id)
    await work_off(firm.platform)
    (still,) = (await firm.operations.cases()).items
    assert (still.id, still.state) == (case.id, "open"), "it is one case, and not mended yet"
    odd.clear()
    await firm.operations.retry_case(case.id)
    await work_off(firm.platform)
    assert await outcome_of(firm, "D01") == "succeeded"
    assert (await firm.operations.case(case.id)).case.state == "resolved"


async def test_a_change_that_failed_too_often_is_a_case_that_says_why(firm: World) -> None:
    firm.fault("salesforce", "server_error", path="/composite", body="/Opportunity/", times=0)
    await firm.win("D01")
    await deliver(firm)
    for _ in range(MOST_TRIES):
        assert (await firm.operations.cases()).items == []
        await work_off(firm.platform)
        await firm.platform.database.run(lambda c: c.execute(sa.update(INBOX).values(not_before=None)))
    (case,) = (await firm.operations.cases()).items
    assert (case.kind, case.system) == ("unavailable", "salesforce")


async def test_a_refused_deal_that_is_mended_in_the_crm_begins_again_by_itself(firm: World) -> None:
    await firm.edit("Opportunity", firm.deal("D01").id, Amount=1)
    refused = await firm.played("D01")
    assert refused.run.status == "refused"
    await deliver(firm)
    await work_off(firm.platform)
    assert (await firm.workflow.run(refused.run.id)).run.status == "refused", "nothing was edited since"
    await firm.edit("Opportunity", firm.deal("D01").id, Amount=firm.deal("D01").amount)
    await deliver(firm)
    await work_off(firm.platform)
    assert await outcome_of(firm, "D01") == "succeeded"
    case = await firm.case_of(refused.run.id)
    assert case is not None
    assert case.state == "resolved"


async def test_a_deal_mended_while_its_guards_still_judge_begins_again_too(firm: World) -> None:
    """The change was worked on while the run was still going, and found nothing to do."""
    await firm.edit("Opportunity", firm.deal("D01").id, Amount=1)
    refused = await firm.played("D01")
    await firm.edit("Opportunity", firm.deal("D01").id, Amount=firm.deal("D01").amount)
    await deliver(firm)
    await firm.platform.database.run(
        lambda c: c.execute(sa.update(INBOX).values(done_at=sa.func.current_timestamp(), outcome="run"))
    )
    await work_off(firm.platform)
    assert await outcome_of(firm, "D01") == "succeeded"
    assert refused.run.status == "refused"


async def test_an_older_version_heard_late_does_not_begin_again(firm: World) -> None:
    refused = await firm.played("D11")
    late = {"system": "salesforce", "object": "opportunity", "native_id": firm.deal("D11").id, "version": "2020-01-01"}
    values = {"via": "poll", "notification_id": "", "received_at": sa.func.current_timestamp(), "tries": 0}
    await firm.platform.database.run(lambda c: c.execute(sa.insert(INBOX).values(**late, **values)))
    await work_off(firm.platform)
    takes = sa.select(RUNS.c.ended_at).where(RUNS.c.id == refused.run.id)
    assert await firm.platform.database.run(lambda c: c.scalar(takes)) is not None


async def test_the_worker_does_all_of_it_by_itself(firm: World) -> None:
    unkeyed = Term("person_mail", "ab" * 32)

    def known(c: sa.Connection) -> None:
        xrefs.learn(c, xrefs.mint(c, "contact", xrefs.By("dana")), "salesforce", "003A", [unkeyed])

    await firm.platform.database.run(known)
    worker = Worker(firm.platform)
    await worker.start()
    kept = sa.select(XREF_TERMS.c.value).where(XREF_TERMS.c.native_id == "003A")
    assert str(await firm.platform.database.run(lambda c: c.scalar(kept))).startswith(KEYED)
    try:
        await firm.win("D01")
        run_id = f"o2p:{firm.deal('D01').key}:1"

        async def there() -> bool:
            return any(run.id == run_id for run in (await firm.workflow.runs()).items)

        await firm.until(there)
        assert (await firm.finished(run_id)).run.status == "succeeded"
    finally:
        await worker.stop()
