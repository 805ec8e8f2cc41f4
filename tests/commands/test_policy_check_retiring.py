"""`tiergate policy check` and a version that goes: who still calls it is named, and so is the line."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from foundation.context import Caller
from foundation.masking import Masker
from gateway.audit import About, Entry, Trail
from tests.commands.conftest import Tiergate, change, line_of

FILE = "apis/opportunity-to-project.yaml"
NOW = datetime.now(UTC)


def record(tmp_path: Path, *calls: tuple[str, str, int, str]) -> None:
    """Calls on record: client, version, days ago, reason."""
    (tmp_path / "state").mkdir(exist_ok=True)
    trail = Trail(tmp_path / "state" / "audit.sqlite", Masker(b"key"))
    for client, version, days, reason in calls:
        trail.add(
            Entry(
                at=(NOW - timedelta(days=days)).timestamp(),
                about=About(api="opportunity-to-project", version=version, layer="process", operation="runs"),
                caller=Caller(subject="somebody", client=client),
                status=410 if reason else 200,
                reason=reason,
                request_id="r",
            )
        )
    trail.close()


@pytest.mark.parametrize(
    ("said", "since"),
    [("state: retired", "is retired"), (f"sunset_on: {NOW.date() + timedelta(days=20)}", "ends on ")],
)
def test_a_version_somebody_calls_is_not_retired(
    tiergate: Tiergate, policies: Path, tmp_path: Path, said: str, since: str
) -> None:
    old = "state: deprecated\n" if said.startswith("state") else "sunset_on: 2027-05-31"
    change(policies / FILE, old, said + "\n" * old.endswith("\n"))
    record(
        tmp_path,
        ("partner-demo", "v1", 1, ""),
        ("partner-demo", "v1", 3, ""),
        ("console", "v2", 1, ""),
        ("long-gone", "v1", 31, ""),
        ("was-told", "v1", 1, "version_retired"),
    )
    refused = tiergate("policy", "check")
    assert refused.code == 2
    line = line_of(policies / FILE, said)
    assert f"policies/{FILE}:{line}: v1 of opportunity-to-project {since}" in refused.err
    day = (NOW - timedelta(days=1)).date()
    assert f"and is still called by partner-demo (2 calls, the last on {day}): move them first" in refused.err
    [problem] = json.loads(tiergate("policy", "check", "--json").out)["problems"]
    assert (problem["file"], problem["line"]) == (f"policies/{FILE}", line)
    assert "long-gone" in tiergate("policy", "check", "--days", "60").err
    assert "was-told" not in refused.err


def test_a_reason_lets_it_go_and_is_said_aloud(tiergate: Tiergate, policies: Path, tmp_path: Path) -> None:
    change(policies / FILE, "state: deprecated\n", 'state: retired\n    retire_anyway: "unsafe since CVE-2026-1"\n')
    record(tmp_path, ("partner-demo", "v1", 1, ""))
    let = tiergate("policy", "check")
    assert let.code == 0
    assert "still called by partner-demo (1 call, " in let.out
    assert "it goes anyway: unsafe since CVE-2026-1\n" in let.out


def test_one_that_nobody_calls_goes(tiergate: Tiergate, policies: Path, tmp_path: Path) -> None:
    change(policies / FILE, "state: deprecated\n", "state: retired\n")
    assert tiergate("policy", "check").code == 0
    record(tmp_path, ("partner-demo", "v2", 1, ""))
    assert tiergate("policy", "check").code == 0


def test_one_that_has_time_left_is_nobodys_trouble(tiergate: Tiergate, tmp_path: Path) -> None:
    record(tmp_path, ("partner-demo", "v1", 1, ""))
    assert tiergate("policy", "check").code == 0
