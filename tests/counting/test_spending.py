"""The short way to spend decides as the long one does, whatever the clock does."""

from hypothesis import given
from hypothesis import strategies as st

from foundation.counting.draws import Draw, Quota, Steady
from foundation.counting.in_process import InProcess
from foundation.counting.windows import Window

ALLOWANCE = st.one_of(
    st.builds(Steady, st.integers(1, 5).map(float), st.sampled_from([0.1, 1.0, 7.0 / 60])),
    st.builds(Quota, st.integers(1, 5).map(float), st.builds(Window, st.sampled_from([60, 3600, 86_400]))),
    st.builds(Quota, st.integers(1, 5).map(float), st.just(Window(86_400, "Europe/Berlin"))),
)
ASKED = st.lists(st.tuples(st.sampled_from("abc"), ALLOWANCE, st.integers(1, 2)), max_size=3, unique_by=lambda w: w[0])
STEP = st.tuples(st.sampled_from([0.0, 0.5, 13.0, 70.0, 4000.0, -1.0, -90.0]), ASKED)


@given(st.lists(STEP, max_size=25))
def test_both_ways_spend_the_same(steps: list[tuple[float, list[tuple[str, Steady | Quota, int]]]]) -> None:
    now = 1_790_000_000.0
    short, long = InProcess(lambda: now), InProcess(lambda: now)
    for waited, asked in steps:
        now += waited
        decided = long.take([Draw(key, of, cost) for key, of, cost in asked])
        spent = short.spend(asked)
        assert (spent is not None) == decided.admitted
        if spent is not None:
            assert spent == [said for reading in decided.readings for said in (reading.remaining, reading.reset)]
