"""Limits hold exactly: between any two moments a bucket admits at most its burst and what its rate gives."""

import math

from hypothesis import given
from hypothesis import strategies as st

from gateway.counters import Counters, Draw

ONE = Draw("one", 5, 2.0)
OTHER = Draw("other", 2, 0.1)


@given(st.lists(st.floats(min_value=0, max_value=3), min_size=1, max_size=60))
def test_a_bucket_never_admits_more_than_its_burst_and_its_rate(pauses: list[float]) -> None:
    counters, now, admitted = Counters(), 0.0, []
    for pause in pauses:
        now += pause
        if counters.take([ONE], now)[0]:
            admitted.append(now)
    for first, start in enumerate(admitted):
        for last, end in enumerate(admitted[first:], start=1):
            assert last <= ONE.burst + math.floor((end - start) * ONE.per_second + 1e-6)


@given(st.lists(st.floats(min_value=0.6, max_value=3), min_size=1, max_size=60))
def test_a_caller_who_keeps_to_the_rate_is_never_refused(pauses: list[float]) -> None:
    counters, now = Counters(), 0.0
    for pause in pauses:
        now += pause
        assert counters.take([ONE], now)[0]


@given(st.lists(st.floats(min_value=0, max_value=20), min_size=3, max_size=40))
def test_the_wait_is_true_to_the_second(pauses: list[float]) -> None:
    counters, now = Counters(), 0.0
    for pause in pauses:
        now += pause
        room, (reading,) = counters.take([OTHER], now)
        if not room:
            assert not counters.take([OTHER], now + reading.wait - 0.01)[0]
            assert counters.take([OTHER], now + reading.wait)[0]
            return


def test_all_limits_are_charged_or_none_is() -> None:
    counters = Counters()
    assert [counters.take([ONE, OTHER], 0.0)[0] for _ in range(4)] == [True, True, False, False]
    assert counters.take([ONE], 0.0)[1][0].remaining == 2


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    counters = Counters()
    for _ in range(5):
        counters.take([ONE], 100.0)
    assert not counters.take([ONE], 50.0)[0]


def test_drained_buckets_are_forgotten() -> None:
    counters = Counters()
    for number in range(30_000):
        counters.take([Draw(f"caller {number}", 5, 2.0)], float(number))
    assert len(counters) < 15_000
