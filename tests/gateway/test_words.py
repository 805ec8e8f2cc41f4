"""Values a person says aloud, read as they are meant."""

import pytest

from gateway.authoring.described import spoken
from gateway.words import Duration


@pytest.mark.parametrize(
    ("said", "seconds"),
    {
        "500ms": 0.5,
        "30s": 30,
        "1S": 1,
        "1 min": 60,
        "10m": 600,
        "24h": 86_400,
        "30 days": 2_592_000,
        "2weeks": 1_209_600,
        "7y": 220_752_000,
    }.items(),
)
def test_a_span_of_time_is_read(said: str, seconds: float) -> None:
    assert Duration.read(said) == seconds


@pytest.mark.parametrize("said", ["500ms", "50ms", "1s", "30s", "60s", "10m", "24h", "60m", "30d", "7y", "90s"])
def test_a_span_of_time_is_said_as_it_would_be_written(said: str) -> None:
    assert Duration.read(said).spoken == said
    assert spoken({"keep": Duration.read(said)}) == f"{{keep: {said}}}"


@pytest.mark.parametrize("said", ["", "5", "s", "-5s", "1.5h", "10 parsecs", "5s s", None, 5])
def test_what_is_no_span_of_time_says_how_one_is_written(said: object) -> None:
    with pytest.raises(ValueError, match="is not a span of time: write it like 500ms, 30s"):
        Duration.read(said)


def test_no_time_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="'0s' is no time at all"):
        Duration.read("0s")
