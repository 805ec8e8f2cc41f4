"""What else a connection says: which legal entities it keeps, and where, and its system's own options."""

from pathlib import Path

import pytest

from gateway.loader import PolicyError
from system_apis import discover
from tiergate.configuration import adapter, connections, kept_there

FILE = """\
sap_s4hana:
  url: https://my300001-api.s4hana.ondemand.com
  region: eu
  legal_entities: [ACME-DE, ACME-AT]
netsuite:
  url: https://1234567.suitetalk.api.netsuite.com
"""
BOTH = ("sap_s4hana", "netsuite")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "connections.yaml").write_text(FILE)
    return tmp_path


def test_region_and_legal_entities_are_read_and_need_not_be_said(folder: Path) -> None:
    found = connections(folder, BOTH, {})
    assert (found["sap_s4hana"].region, found["sap_s4hana"].legal_entities) == ("eu", ("ACME-DE", "ACME-AT"))
    assert (found["netsuite"].region, found["netsuite"].legal_entities) == ("", ())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("region: [eu]", "region is one word"),
        ("legal_entities: ACME-DE", "legal_entities is a list of codes"),
        ("legal_entities: []", "legal_entities is a list of codes"),
        ("options: async", "options are words by name"),
        ("options: {writes: [async]}", "options are words by name"),
        ("legal_entities: [12]", "legal_entities is a list of codes"),
        ("legal_entity: [ACME-DE]", "unknown key 'legal_entity'; did you mean 'legal_entities'?"),
    ],
)
def test_what_they_cannot_be_is_named_by_its_line(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "connections.yaml").write_text(f"netsuite:\n  url: https://one.test\n  {line}\n")
    with pytest.raises(PolicyError) as wrong:
        connections(tmp_path, ["netsuite"], {})
    (problem,) = wrong.value.problems
    assert problem.startswith(f"policies/connections.yaml:3: {said}")


def test_a_binding_for_a_legal_entity_that_is_not_kept_there_is_refused(folder: Path) -> None:
    bound = {"crm": "salesforce", "erp": {"ACME-DE": "sap_s4hana", "ACME-US": "sap_s4hana", "ACME-IN": "netsuite"}}
    with pytest.raises(PolicyError) as wrong:
        kept_there(bound, connections(folder, BOTH, {}))
    said = (
        "policies/connections.yaml:2: sap_s4hana keeps ACME-DE, ACME-AT by its legal_entities,"
        " and bindings.yaml binds it as the ERP of ACME-US"
    )
    assert wrong.value.problems == [said]


def test_what_fits_is_taken(folder: Path) -> None:
    kept_there(
        {"erp": {"ACME-DE": "sap_s4hana", "ACME-US": "netsuite"}, "psa": "kantata"}, connections(folder, BOTH, {})
    )


@pytest.mark.parametrize(
    ("system", "option", "said"),
    [
        ("netsuite", "writes: asink", "netsuite has no option writes: asink; it has writes (sync, async)"),
        ("netsuite", "reads: async", "netsuite has no option reads: async; it has writes (sync, async)"),
        ("tryton", "writes: async", "tryton has no option writes: async; it has none"),
    ],
)
def test_an_option_a_system_does_not_have_is_refused_with_its_line(
    tmp_path: Path, system: str, option: str, said: str
) -> None:
    (tmp_path / "connections.yaml").write_text(f"{system}:\n  url: https://one.test\n  options: {{{option}}}\n")
    found = connections(tmp_path, [system], {})[system]
    with pytest.raises(PolicyError) as wrong:
        adapter(discover()[system], found)
    assert wrong.value.problems == [f"policies/connections.yaml:2: {said}"]
