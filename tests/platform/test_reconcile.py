"""`tiergate reconcile` against the running platform, as the person at the keyboard sees it."""

import msgspec
import pytest

from tests.processes import Client
from tiergate.__main__ import parser
from tiergate.commands.reconcile import Report, reconcile
from tiergate.settings import Settings, WrongSetting, read


def asked(platform: Client, *words: str, **values: str) -> int:
    given = parser("reconcile").parse_args(["reconcile", "--url", platform.url, *words])
    settings: Settings = read({"TIERGATE_STATE": str(platform.state), **values})
    return reconcile(settings, given)


@pytest.mark.usefixtures("quiet")
def test_what_the_scenario_made_is_compared_and_nothing_is_touched(
    platform: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    code = asked(platform, "outcome", "project", "--look", "--json")
    report = msgspec.json.decode(capsys.readouterr().out, type=Report)
    parts = {part.object: part for part in report.reconciliation.parts}
    assert (report.reconciliation.state, report.reconciliation.heal) == ("done", False)
    assert parts["project"].matched >= parts["outcome"].left.count >= 8
    assert code == (0 if report.reconciliation.clean else 1)
    asked(platform, "project", "--entity", "ACME-US", "--look")
    told = capsys.readouterr().out
    assert told.splitlines()[0].split() == "OBJECT LEFT RECORDS RIGHT RECORDS IN BOTH STATE HEALED CASES OPEN".split()
    assert told.splitlines()[1].split()[:4:3] == ["project", "kantata"]


@pytest.mark.parametrize(
    ("words", "values", "said"),
    [
        (["invoices"], {}, "'invoices' cannot be compared; there are customer, contact, project, outcome."),
        (["--entity", "ACME-XX"], {}, "The gateway refuses: nobody is bound to ACME-XX: one of"),
        ([], {"TIERGATE_RECONCILE_TOKEN": "nobody"}, "The gateway refuses: .*401"),
        (["--url", "http://127.0.0.1:9"], {"TIERGATE_RECONCILE_TOKEN": "any"}, r"does not answer \(ConnectError\)"),
        ([], {"TIERGATE_STATE": "/nowhere"}, "Nobody is asking: set TIERGATE_RECONCILE_TOKEN"),
    ],
)
def test_what_cannot_be_asked_is_one_plain_sentence(
    platform: Client, words: list[str], values: dict[str, str], said: str
) -> None:
    with pytest.raises(WrongSetting, match=said):
        asked(platform, *words, **values)
