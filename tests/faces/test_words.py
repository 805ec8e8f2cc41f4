"""The words: every cause has its sentences, figures read as people read them, and the picture tells the truth."""

import importlib
import pkgutil
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

import process_apis
from canonical.faults import Fault
from canonical.money import Money
from experience_apis.service_desk import figures, stories, timeline, words
from experience_apis.service_desk.sentences import Sentences
from process_apis.cases import KINDS
from process_apis.contract_sync.guards import GUARDS as CONTRACT_GUARDS
from process_apis.operating import REGISTERED
from process_apis.opportunity_to_project.guards import GUARDS
from process_apis.project_setup.guards import GUARDS as SETUP_GUARDS
from process_apis.quote_to_order.guards import GUARDS as ORDER_GUARDS
from process_apis.staffing.approvals import APPROVAL
from process_apis.staffing.guards import GUARDS as STAFFING_GUARDS
from tests.faces.firm import World, steps

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BASES = {"fault", "caller_fault", "vendor_fault", "platform_fault"}


def test_every_reason_a_fault_can_have_has_its_three_sentences() -> None:
    assert (
        set(words.FAULTS)
        == {name for name, kind in Fault.kinds.items() if kind.__module__ == "canonical.faults"} - BASES
    )


def test_every_guard_has_its_three_sentences() -> None:
    known = (*GUARDS, *ORDER_GUARDS, *SETUP_GUARDS, *CONTRACT_GUARDS, *STAFFING_GUARDS)
    assert {guard.rule for guard in known} <= set(words.GUARDS)


def test_every_class_a_case_can_have_is_told_in_our_own_words() -> None:
    for kind in {row[0] for row in KINDS.values()} | {"platform_bug", "guard_tax_profile+currency"}:
        assert "no sentence for" not in words.sentences(kind).what, kind


def test_every_workflow_says_what_a_refusal_costs_in_its_own_words() -> None:
    world = World()
    for module in pkgutil.walk_packages(process_apis.__path__, "process_apis."):
        importlib.import_module(module.name)
    told = set(words.REFUSED) | {"staffing"}
    assert {*REGISTERED, APPROVAL} <= told, "a run of staffing only tells the PSA: what its rules hold waits apart"
    two = next(case for case in world.open if len(case.errors) > 1)
    setup = msgspec.structs.replace(two, workflow="project_setup", kind="guard_rates+approver")
    assert words.heading(setup) == f"{two.customer}: two rules refuse the setup"
    assert words.waiting(setup) == "project not set up"
    one = msgspec.structs.replace(setup, kind="guard_rates", errors=setup.errors[:1])
    assert words.advice(one).what == "There is no price for each role over the whole of the work."
    assert words.advice(one).cost.startswith(f"The project of {two.deal} is not set up. It was stopped before")
    assert "become a project" in words.advice(two).cost


def test_every_workflow_tells_its_own_ending_and_calls_its_runs_by_their_name() -> None:
    for module in pkgutil.walk_packages(process_apis.__path__, "process_apis."):
        importlib.import_module(module.name)
    assert set(REGISTERED) <= set(words.ENDED)
    done = next(each for each in World().details if each.run.verified)
    told, called = {}, {}
    for name in words.ENDED:
        run = msgspec.structs.replace(done.run, workflow=name, generation=2)
        told[name] = stories.ending(msgspec.structs.replace(done, run=run), NOON)
        called[name] = stories.which(run)
        assert told[name][-1] == "All systems agree."
    assert len({each[0] for each in told.values()}) == len(set(called.values())) == len(words.ENDED)
    assert told["quote_to_order"][0].startswith("The accepted quote became an order in ")
    assert (called["opportunity_to_project"], called["quote_to_order"]) == ("Run 2", "Quote revision 2")
    of_contract = msgspec.structs.replace(done.run, workflow="contract_sync", generation=0)
    assert stories.which(of_contract) == "Contract", "and no run is called by a nought"
    unread = msgspec.structs.replace(done.run, workflow="deal_commitment", verified=None)
    assert stories.ending(msgspec.structs.replace(done, run=unread, agreement=[], steps=[]), NOON) == [
        "The likely deal was prepared for in 31 s."
    ]


@pytest.mark.parametrize("row", [*words.FAULTS.values(), *words.GUARDS.values()])
def test_a_sentence_is_whole_plain_and_blames_nobody(row: Sentences) -> None:
    for text in filter(None, (row.what, row.cost, row.do)):
        told = text.format(system="NetSuite", deal="The deal", customer="Harbor")
        assert told.endswith(".")
        assert not any(
            word in told.lower() for word in ("please", "oops", "successfully", "error", "failed", "exception")
        )


def test_an_unknown_outcome_is_never_called_a_failure() -> None:
    assert "fail" not in " ".join(words.FAULTS["outcome_unknown"].__getattribute__(k) for k in ("what", "cost", "do"))
    assert words.UNKNOWN.tone == "doubt"


def test_money_keeps_its_code_and_is_rounded_only_for_headings() -> None:
    assert figures.money(Money.of("412300", "EUR")) == "EUR 412,300.00"
    assert figures.money(Money.of("500", "JPY")) == "JPY 500"
    assert figures.rounded(Money.of("412300.49", "EUR")) == "EUR 412,300"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (12, "12 s"),
        (60, "1 min"),
        (2323, "38 min"),
        (8040, "2 h 14 min"),
        (7200, "2 h"),
        (100000, "1 d 3 h"),
    ],
)
def test_a_clock_shows_its_two_largest_units(seconds: int, told: str) -> None:
    assert figures.age(NOON - timedelta(seconds=seconds), NOON) == told


@pytest.mark.parametrize(
    ("ms", "told"), [(84, "84 ms"), (4100, "4.1 s"), (84000, "84 s"), (221000, "3 min 41 s"), (0, "0 ms")]
)
def test_a_duration_is_as_exact_as_it_needs_to_be(ms: int, told: str) -> None:
    assert figures.took(ms) == told


def test_the_picture_puts_every_call_into_its_systems_lane_within_the_frame() -> None:
    drawn = timeline.draw(steps(NOON, 15, lost_at=8), NOON + timedelta(minutes=1))
    assert drawn is not None
    assert list(drawn.lanes) == ["salesforce", "tiergate", "netsuite", "kantata"]
    for bars in drawn.lanes.values():
        assert all(bar.x >= 0 and bar.x + bar.width <= 100.01 and bar.width > 0 for bar in bars)
    assert [bar.tone for bar in drawn.lanes["netsuite"]].count("doubt") == 1
    assert "wait" in [bar.tone for bar in drawn.lanes["tiergate"]]
    assert drawn.pivot is not None
    assert "8.0 s waiting for answers that never came" in drawn.told


def test_the_picture_of_a_run_whose_steps_take_no_time_is_still_drawn() -> None:
    instant = [step for step in World().detail("lumen").steps if step.number == 1]
    assert timeline.draw(instant, instant[0].started_at or NOON) is not None
    assert timeline.draw([], NOON) is None


def test_the_picture_says_how_long_was_waited_between_tries() -> None:
    tries = next(step for step in World().detail("deccan").steps if step.status == "failed")
    first, second, _ = tries.attempts
    later = msgspec.structs.replace(second, at=first.at + timedelta(seconds=10), fault="")
    drawn = timeline.draw([msgspec.structs.replace(tries, attempts=[first, later])], NOON)
    assert drawn is not None
    assert drawn.waiting == "9.3 s waiting before trying again"
