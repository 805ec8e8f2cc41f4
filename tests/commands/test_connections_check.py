"""`tiergate connections check` asks the systems behind us, as they are configured."""

import json
import re
from pathlib import Path

import pytest

from tests.commands.conftest import Tiergate
from tests.commands.test_sandbox import serving

NEEDED = (
    "SALESFORCE_URL SALESFORCE_CLIENT_ID SALESFORCE_USERNAME SALESFORCE_PRIVATE_KEY SALESFORCE_NOTIFICATION_SECRET"
    " NETSUITE_URL NETSUITE_CLIENT_ID NETSUITE_CERTIFICATE_ID NETSUITE_PRIVATE_KEY KANTATA_URL KANTATA_TOKEN"
    " SERVICENOW_URL SERVICENOW_CLIENT_ID SERVICENOW_CLIENT_SECRET"
).split()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every system is configured; nobody is there."""
    for name in NEEDED:
        monkeypatch.setenv(name, "http://127.0.0.1:9" if name.endswith("_URL") else "x")


def test_a_system_that_is_as_it_must_be_is_exit_code_0(
    tiergate: Tiergate, elsewhere: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving("kantata") as (ready, _):
        for name, value in ready["values"].items():
            monkeypatch.setenv(name, value)
        said = tiergate("connections", "check", "kantata")
        told = tiergate("connections", "check", "kantata", "--json")
        monkeypatch.setenv("KANTATA_TOKEN", "somebody-elses-token")
        refused = tiergate("connections", "check", "kantata")
    assert (said.code, said.err) == (0, "")
    assert "kantata: signed in to 127.0.0.1 as tiergate@acme.example" in said.out
    assert re.search(r"looked at: workspaces \(\d\d fields\)", said.out)
    assert "all is there" in said.out
    assert json.loads(told.out)[0]["findings"] == []
    assert refused.code == 1
    assert "our sign-in is refused" in refused.out
    assert "Correct `sign_in` of kantata in policies/connections.yaml" in refused.out
    assert "somebody-elses-token" not in refused.out


def test_where_nobody_answers_every_system_is_a_finding_and_exit_code_1(
    tiergate: Tiergate, elsewhere: None, policies: Path
) -> None:
    (policies / "bindings.yaml").write_text("psa: kantata\n")
    said = tiergate("connections", "check")
    assert said.code == 1
    assert "kantata: http://127.0.0.1:9 cannot be reached" in said.out


def test_a_value_that_is_not_set_and_a_system_nobody_knows_are_exit_code_2(tiergate: Tiergate, elsewhere: None) -> None:
    assert "did you mean 'kantata'?" in tiergate("connections", "check", "kantatta").err
    private = tiergate("connections", "check", "netsuite")
    assert private.code == 2
    assert "policies/connections.yaml:" in private.err
    assert "netsuite cannot be connected: sign_in.private_key" in private.err
