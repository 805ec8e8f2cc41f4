"""Version 1 is carried by version 2: nothing is lost on the way there and back, and there is one workflow."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical.base import Xref
from canonical.faults import FieldError, Invalid
from canonical.money import Money
from canonical.ports import Page
from canonical.ports.deal_runs import DealReference, StartRun
from canonical.ports.processes import Run, StartOpportunityToProject
from foundation.context import fresh, use
from process_apis import discover
from process_apis.opportunity_to_project.runs import OperatingDealRuns, shown
from process_apis.opportunity_to_project.v1 import Version1, started, told
from tests.process.world import PRIYA, World

text = st.text(max_size=12)
count = st.integers(0, 99)
moment = st.datetimes(timezones=st.just(UTC))
money = st.builds(Money, amount=st.decimals("0", "9999999", places=2).map(Decimal), currency=st.just("EUR"))
errors = st.lists(st.builds(FieldError, detail=text, pointer=text, rule=text), max_size=2)
ids = st.lists(st.builds(Xref, system=text, native_id=text), max_size=2)
name = st.text("abcdefgh_", min_size=1, max_size=8)


@given(
    st.builds(
        Run,
        id=text,
        workflow=st.just("opportunity_to_project"),
        business_key=st.builds("{}:{}".format, name, text),
        generation=count,
        title=text,
        customer=text,
        legal_entity=text,
        amount=st.none() | money,
        project_code=text,
        step=count,
        steps_in_all=count,
        started_at=moment,
        ended_at=st.none() | moment,
        verified=st.sampled_from([None, True, False]),
        reason=text,
        detail=text,
        errors=errors,
        ids=ids,
        takeovers=count,
    )
)
def test_what_version_2_says_of_a_run_says_all_that_version_1_does(run: Run) -> None:
    assert told(shown(run)) == run


def test_a_run_that_goes_well_has_no_problem() -> None:
    at = datetime(2026, 11, 28, tzinfo=UTC)
    well = Run(id="r", workflow="w", business_key="salesforce:1", status="running", started_at=at)
    assert shown(well).problem is None
    assert told(shown(well)).errors == []


def test_a_start_of_version_1_is_one_for_the_firms_own_crm() -> None:
    assert started(StartOpportunityToProject(opportunity_id="006")) == StartRun(opportunity=DealReference(id="006"))


def test_both_versions_are_found_beside_each_other() -> None:
    assert {"opportunity-to-project-v1", "opportunity-to-project-v2"} <= set(discover())


async def test_a_run_started_in_one_version_is_the_run_of_the_other(firm: World) -> None:
    second = OperatingDealRuns(firm.workflow)
    first = Version1(second)
    deal = (await firm.win("D02")).id
    with use(fresh(caller=PRIYA)):
        old = await first.start_run(StartOpportunityToProject(opportunity_id=deal))
        new = await second.start_run(StartRun(opportunity=DealReference(system="salesforce", id=deal)))
    assert (old.id, old.business_key) == (new.id, f"salesforce:{deal}")
    assert new.deal.value == old.amount
    await firm.finished(old.id)
    assert await first.runs() == Page(items=[told(run) for run in (await second.runs()).items])
    told_by_one, told_by_two = await first.run(old.id), await second.run(old.id)
    assert told_by_one == await firm.workflow.run(old.id)
    assert told_by_two.steps == told_by_one.steps
    assert (told_by_two.run.verified, told_by_two.run.progress.step) == (True, 15)
    named = [w for w in firm.records("kantata", "workspaces") if told_by_two.run.project_code in w["title"]]
    assert len(named) == 1


async def test_a_deal_of_another_system_is_refused_by_its_field(firm: World) -> None:
    runs = OperatingDealRuns(firm.workflow)
    with pytest.raises(Invalid) as refused:
        await runs.start_run(StartRun(opportunity=DealReference(system="dynamics", id="1")))
    wrong = refused.value.errors[0]
    assert (wrong.pointer, wrong.detail) == (
        "/opportunity/system",
        "'dynamics' is not the CRM here; it is 'salesforce'",
    )
