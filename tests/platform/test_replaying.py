"""`tiergate replay` against the running platform, as the person at the keyboard sees it."""

import msgspec
import pytest

from canonical.ports.events import ChangesReplayed
from tests.processes import Client
from tiergate.__main__ import parser
from tiergate.commands.replay import replay
from tiergate.settings import Settings, WrongSetting, read


def asked(platform: Client, *words: str, **values: str) -> int:
    given = parser("replay").parse_args(["replay", "--url", platform.url, *words])
    settings: Settings = read({"TIERGATE_STATE": str(platform.state), **values})
    return replay(settings, given)


@pytest.mark.usefixtures("quiet")
def test_what_the_scenario_heard_of_is_said_change_by_change(
    platform: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--object", "opportunity", "--since", "7d", "--dry-run")
    asked(platform, *words, "--json")
    done = msgspec.json.decode(capsys.readouterr().out, type=ChangesReplayed)
    assert done.count >= 12
    assert {each.would for each in done.changes} <= {"run", "conflict", "committed", "uncommitted", "stood down"}
    begun = [each for each in done.changes if each.would == "run"]
    assert len(begun) >= 8
    assert all(each.why.startswith("Nothing would begin: the run o2p:salesforce:") for each in begun)
    asked(platform, *words)
    told = capsys.readouterr().out.splitlines()
    assert f"salesforce opportunity {begun[0].native_id} ({begun[0].was}) -> run: {begun[0].why}" in told
    assert told[-1] == f"{done.count} changes; 0 fields would be written. Nothing was."


@pytest.mark.parametrize(
    ("words", "values", "said"),
    [
        ([], {}, "The gateway refuses: Say which record"),
        (["--since", "yesterday"], {}, "--since is 'yesterday'; it must be a span like 24h or a moment like"),
        (["--until", "2027-01-04T09:30:00"], {}, "--until is '2027-01-04T09:30:00'; it must be a span"),
        (["--since", "1h"], {"TIERGATE_REPLAY_TOKEN": "nobody"}, "The gateway refuses: .*401"),
    ],
)
def test_what_cannot_be_asked_is_one_plain_sentence(
    platform: Client, words: list[str], values: dict[str, str], said: str
) -> None:
    with pytest.raises(WrongSetting, match=said):
        asked(platform, *words, **values)
