"""A won deal becomes a project, with nothing in its way."""

from decimal import Decimal

import sqlalchemy as sa

from foundation.context import current
from foundation.vendor_http import observe
from process_apis.tables import EVENTS, XREFS
from tests.process.world import World


async def test_a_won_deal_becomes_a_verified_project_in_every_system(firm: World) -> None:
    deal = firm.deal("D02")
    done = await firm.played("D02")

    assert (done.run.status, done.run.verified, done.run.step) == ("succeeded", True, 15)
    assert [step.status for step in done.steps] == ["done"] * 15
    assert all(step.summary for step in done.steps)
    assert all(field.agree for field in done.agreement)
    assert {"code", "name", "value", "start", "end", "manager", "status"} <= {field.field for field in done.agreement}

    (job,) = firm.records("netsuite", "job")
    (order,) = firm.records("netsuite", "salesOrder")
    (schedule,) = firm.records("netsuite", "billingSchedule")
    customers = [c for c in firm.records("netsuite", "customer") if c["externalId"] == deal.account.key]
    assert [job["companyName"], job["externalId"]] == [deal.name, deal.key]
    assert len(customers) == 1
    assert order["total"] == deal.amount
    assert schedule["project"] == {"id": job["id"]}

    (workspace,) = [w for w in firm.records("kantata", "workspaces") if done.run.project_code in w["title"]]
    stories = [s for s in firm.records("kantata", "stories") if s["workspace_id"] == workspace["id"]]
    places = [r for r in firm.records("kantata", "workspace_resources") if r["workspace_id"] == workspace["id"]]
    posts = [p for p in firm.records("kantata", "posts") if p["workspace_id"] == workspace["id"]]
    assert {story["story_type"] for story in stories} == {"task", "milestone"}
    assert len(places) == len(deal.roles)
    assert len(posts) == 1

    linked = next(o for o in firm.records("salesforce", "Opportunity") if o["Id"] == deal.id)
    assert done.run.project_code in linked.values()
    assert firm.records("servicenow", "incident") == []
    assert firm.duplicates() == []


async def test_the_run_tells_its_story_in_events_in_order(firm: World) -> None:
    done = await firm.played("D01")
    query = sa.select(EVENTS).where(EVENTS.c.run_id == done.run.id).order_by(EVENTS.c.sequence)
    told = await firm.platform.database.run(lambda c: list(c.execute(query)))
    kinds = [event.type.removeprefix("com.tiergate.").removesuffix(".v1") for event in told]
    demands = ["resource.demand.created"] * len(firm.deal("D01").roles)
    assert kinds == ["project.requested", "project.validated", "project.created", *demands, "project.activated"]
    assert {event.subject for event in told} == {firm.deal("D01").key}
    assert len({event.traceparent for event in told}) == 1


async def test_every_id_is_remembered_under_our_key(firm: World) -> None:
    done = await firm.played("D01")
    query = sa.select(XREFS.c.object, XREFS.c.system)
    known = await firm.platform.database.run(lambda c: {tuple(row) for row in c.execute(query)})
    assert known == {
        ("customer", "salesforce"),
        ("customer", "netsuite"),
        ("contract", "netsuite"),
        ("project", "salesforce"),
        ("project", "netsuite"),
        ("project", "kantata"),
        ("billing_schedule", "netsuite"),
        ("resource_demand", "kantata"),
    }
    shown = {(x.instance, x.system) for x in done.run.ids}
    assert {("project", "netsuite"), ("contract", "netsuite"), ("customer", "netsuite")} <= shown


async def test_what_a_step_sent_and_got_is_kept_masked(firm: World) -> None:
    done = await firm.played("D01")
    deal = firm.deal("D01")
    attempts = [attempt for step in done.steps for attempt in step.attempts]
    shown = " ".join(attempt.sent + attempt.received for attempt in attempts)
    assert deal.name in shown
    assert deal.account.tax is not None
    for hidden in (deal.account.tax.number, deal.project_manager, deal.account.contacts[0].email, "240000"):
        assert hidden not in shown


async def test_contract_types_decide_how_a_project_is_billed(firm: World) -> None:
    runs = [await firm.played(code) for code in ("D03", "D06")]
    assert [run.run.verified for run in runs] == [True, True]
    by_key = {s["externalId"]: s for s in firm.records("netsuite", "billingSchedule")}
    fixed, retainer = by_key[f"{firm.deal('D03').key}:billing"], by_key[f"{firm.deal('D06').key}:billing"]
    assert [runs[0].run.legal_entity, runs[1].run.legal_entity] == ["ACME-DE", "ACME-US"]
    assert fixed != retainer
    summaries = [run.steps[9].summary for run in runs]
    assert summaries == ["2 lines, EUR 98,500.00", "6 lines, USD 75,000.00"]
    assert Decimal("98500.00") == firm.deal("D03").amount


async def test_every_call_a_run_makes_of_a_vendor_says_what_the_run_is_for(firm: World) -> None:
    seen: set[tuple[bool, str]] = set()
    forget = observe(lambda exchange: seen.add((bool(exchange.run), current().criticality)))
    try:
        assert (await firm.played("D02")).run.status == "succeeded"
    finally:
        forget()
    assert {what for of_a_run, what in seen if of_a_run} == {"T1"}
