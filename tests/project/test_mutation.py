"""`make mutate` draws the same changes for the same seed, and counts as noticed only what a test noticed."""

import pytest

from tests.mutation.__main__ import drawn, judged

EVERY = [f"change{number}" for number in range(50)]


def test_a_seed_draws_the_same_changes_again() -> None:
    assert drawn(EVERY, 10, 7) == drawn(EVERY, 10, 7)
    assert drawn(EVERY, 10, 7) != drawn(EVERY, 10, 8)
    assert len(set(drawn(EVERY, 10, 7))) == 10
    assert drawn(EVERY, 0, 7) == EVERY
    assert set(drawn(EVERY, 99, 7)) == set(EVERY)


def test_what_no_test_runs_is_not_noticed() -> None:
    found = judged({"killed": 1, "endless": 36, "survived": 0, "untested": 33})
    assert (found["killed"], found["survived"], found["untested"], found["share"]) == (2, 1, 1, 0.5)
    assert found["unnoticed"] == ["survived", "untested"]


def test_what_was_not_tried_is_no_verdict() -> None:
    with pytest.raises(RuntimeError, match="1 changes were not tried, the first is b"):
        judged({"a": 1, "b": None})
