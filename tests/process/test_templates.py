"""Templates: whatever the deal, the plan adds up and stays inside its dates."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from canonical.money import Money, minor_units, split
from canonical.objects import ContractType, Opportunity, RoleDemand
from canonical.objects.opportunity import Stage
from process_apis.opportunity_to_project.templates import plan

CURRENCIES = st.sampled_from(["USD", "EUR", "INR", "JPY", "KWD", "CLF"])
DAYS = st.dates(date(2020, 1, 1), date(2039, 12, 31))


@st.composite
def money(draw: st.DrawFn) -> Money:
    currency = draw(CURRENCIES)
    units = draw(st.integers(min_value=0, max_value=10**13))
    return Money(amount=Decimal(units).scaleb(-minor_units(currency)), currency=currency)


@st.composite
def deals(draw: st.DrawFn) -> Opportunity:
    start = draw(st.none() | DAYS)
    length = draw(st.integers(min_value=-40, max_value=900))
    return Opportunity(
        id="006",
        name="A deal",
        account_id="001",
        legal_entity_id="ACME-US",
        stage=Stage(code="Closed Won", category="won"),
        amount=draw(money()),
        close_date=draw(DAYS),
        contract_type=draw(st.sampled_from(get_args(ContractType))),
        expected_start=start,
        expected_end=start + timedelta(days=length) if start else None,
        role_demand=draw(
            st.lists(st.builds(RoleDemand, role=st.just("Lead"), hours=st.integers(0, 9999).map(Decimal)))
        ),
    )


@given(deals())
def test_what_is_billed_is_the_deals_amount_to_the_last_cent(deal: Opportunity) -> None:
    lines = plan(deal).billing
    assert sum((line.amount.amount for line in lines), Decimal(0)) == deal.amount.amount
    assert {line.amount.currency for line in lines} == {deal.amount.currency}
    assert all(line.amount == line.amount.quantize() for line in lines)


@given(deals())
def test_nothing_is_billed_or_due_outside_the_project(deal: Opportunity) -> None:
    made = plan(deal)
    start = deal.expected_start or deal.close_date
    end = max(deal.expected_end or start + timedelta(days=182), start)
    assert all(start <= line.due <= end for line in made.billing)
    assert all(start <= milestone.due <= end for milestone in made.milestones)
    assert [line.due for line in made.billing] == sorted(line.due for line in made.billing)


@given(deals())
def test_tasks_follow_each_other_from_the_first_day_to_the_last(deal: Opportunity) -> None:
    tasks = plan(deal).tasks
    start = deal.expected_start or deal.close_date
    end = max(deal.expected_end or start + timedelta(days=182), start)
    assert (tasks[0].start, tasks[-1].end) == (start, end)
    assert all(task.start is not None and task.end is not None and task.start <= task.end for task in tasks)
    assert all(one.end == other.start for one, other in pairwise(tasks))


@given(deals())
def test_the_tasks_hours_are_the_roles_hours(deal: Opportunity) -> None:
    wanted = sum((role.hours for role in deal.role_demand), Decimal(0))
    assert sum((task.planned_hours for task in plan(deal).tasks), Decimal(0)) == wanted


@given(deals())
def test_references_within_a_plan_are_unique(deal: Opportunity) -> None:
    made = plan(deal)
    for refs in ([t.ref for t in made.tasks], [m.ref for m in made.milestones], [b.ref for b in made.billing]):
        assert len(refs) == len(set(refs))


@given(money(), st.lists(st.integers(min_value=1, max_value=100).map(Decimal), min_size=1, max_size=40))
def test_money_is_shared_out_without_losing_or_making_any(total: Money, weights: list[Decimal]) -> None:
    parts = split(total, weights)
    assert sum((part.amount for part in parts), Decimal(0)) == total.amount
    assert all(part == part.quantize() for part in parts)
    assert len(parts) == len(weights)
