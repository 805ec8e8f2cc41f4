"""Which template a project is set up by: the one that is named, or the one for how the contract is billed."""

import pytest

from canonical.faults import Invalid
from canonical.objects import ContractType
from process_apis.project_setup.templates import TEMPLATES, choose


@pytest.mark.parametrize(("billing", "name"), [("tm", "delivery"), ("retainer", "service"), ("managed", "service")])
def test_the_contract_decides_where_nobody_named_one(billing: ContractType, name: str) -> None:
    chosen = choose("", "", billing)
    assert chosen.name == name
    assert billing in chosen.billed


def test_what_is_named_is_taken_however_the_contract_is_billed() -> None:
    assert choose("service", "", "tm").name == "service"
    newest = [each for each in TEMPLATES if each.name == "service"][-1]
    assert choose("service", "", "tm") is newest
    assert choose("service", newest.version, "tm") is newest


@pytest.mark.parametrize(
    ("name", "version", "field", "said"),
    [
        ("nowhere", "", "/template", "there is no template 'nowhere': one of "),
        ("service", "1999.1", "/template_version", "service has no version '1999.1': one of "),
    ],
)
def test_what_there_is_not_is_said_by_its_field(name: str, version: str, field: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        choose(name, version, "tm")
    [error] = refused.value.errors
    assert error.pointer == field
    assert error.detail.startswith(said)
