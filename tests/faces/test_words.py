"""The words: every cause has its sentences, figures read as people read them, and the picture tells the truth."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from canonical.faults import Fault
from canonical.money import Money
from experience_apis.service_desk import figures, timeline, words
from process_apis.cases import KINDS
from process_apis.guards import GUARDS
from tests.faces.firm import World, steps

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BASES = {"fault", "caller_fault", "vendor_fault", "platform_fault"}


def test_every_reason_a_fault_can_have_has_its_three_sentences() -> None:
    assert (
        set(words.FAULTS)
        == {name for name, kind in Fault.kinds.items() if kind.__module__ == "canonical.faults"} - BASES
    )


def test_every_guard_has_its_three_sentences() -> None:
    assert {guard.rule for guard in GUARDS} <= set(words.GUARDS)


def test_every_class_a_case_can_have_is_told_in_our_own_words() -> None:
    for kind in {row[0] for row in KINDS.values()} | {"platform_bug", "guard_tax_profile+currency"}:
        assert "no sentence for" not in words.sentences(kind).what, kind


@pytest.mark.parametrize("row", [*words.FAULTS.values(), *words.GUARDS.values()])
def test_a_sentence_is_whole_plain_and_blames_nobody(row: words.Sentences) -> None:
    for text in (row.what, row.cost, row.do):
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
