"""What `policies/bindings.yaml` may not say, each with its line: it is refused before anything is started."""

from pathlib import Path

import pytest

from gateway.loader import PolicyError
from system_apis import discover
from tiergate.configuration import bindings


def refused(folder: Path, text: str) -> list[str]:
    (folder / "bindings.yaml").write_text(text)
    with pytest.raises(PolicyError) as wrong:
        bindings(folder, discover(), {})
    return wrong.value.problems


def test_a_system_is_bound_only_to_a_role_it_plays(tmp_path: Path) -> None:
    (said,) = refused(tmp_path, "crm: salesforce\n\npsa: netsuite\n")
    assert said.startswith("policies/bindings.yaml:3: psa: netsuite plays erp, not the PSA: one of ")
    assert "kantata" in said


def test_the_line_is_that_of_the_legal_entity(tmp_path: Path) -> None:
    (said,) = refused(tmp_path, "erp:\n  ACME-US: netsuite\n  ACME-DE: salesforce\n")
    assert said.startswith("policies/bindings.yaml:3: erp: salesforce plays crm, not the ERP: one of ")


def test_a_role_no_system_plays_yet_can_be_bound_to_none(tmp_path: Path) -> None:
    (said,) = refused(tmp_path, "screening: servicenow\n")
    assert said == (
        "policies/bindings.yaml:1: screening: servicenow plays itsm, not the screening service:"
        " no system that is there does"
    )


def test_every_wrong_line_is_named(tmp_path: Path) -> None:
    one, other = refused(tmp_path, "crm: salesfroce\nshop: kantata\n")
    assert one.startswith("policies/bindings.yaml:1: crm: no system is called 'salesfroce': one of ")
    assert other.startswith("policies/bindings.yaml:2: unknown role 'shop': one of crm, erp")


def test_what_fits_is_read(tmp_path: Path) -> None:
    (tmp_path / "bindings.yaml").write_text("crm: dataverse\nerp: {ACME-DE: sap_s4hana, ACME-US: netsuite}\n")
    assert bindings(tmp_path, discover(), {}) == {
        "crm": "dataverse",
        "erp": {"ACME-DE": "sap_s4hana", "ACME-US": "netsuite"},
    }
