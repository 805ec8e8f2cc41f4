"""`policies/ownership.yaml`: what cannot be meant is refused by its line, and what it says is what holds."""

from pathlib import Path

import pytest

import experience_apis
from canonical.ownership import Ownership, ownable
from gateway.loader import PolicyError
from gateway.ownership import read_ownership

SHIPPED = Path(__file__).resolve().parents[2] / "policies"
FACES = ("client-portal", "service-desk")
CONTACT = """\
contact:
  given:    {owner: crm, mode: authoritative}
  family:   {owner: crm, mode: authoritative, edited_in: [client-portal]}
  email:    {owner: crm, mode: advisory, written_to: [crm, erp], on_conflict: newest}
  phone:    {owner: crm, mode: seed_once, written_to: [erp]}
  title:    {owner: crm, mode: derived}
  account_id: {owner: crm, mode: authoritative}
  status:   {owner: crm, mode: authoritative}
  marketing_opt_out: {owner: crm, mode: authoritative}
  roles:    {owner: crm, mode: authoritative}
  language: {owner: crm, mode: authoritative}
"""
WRONG = (
    ("contact:", "contcat:", 1, "there is no object 'contcat' (did you mean 'contact'?)"),
    ("  given:  ", "  givne:  ", 2, "contact has no field 'givne' (did you mean 'given'?)"),
    ("  title:    {owner: crm, mode: derived}\n", "", 1, "contact says nothing of title: each field has an owner"),
    ("owner: crm, mode: authoritative}", "owner: cmr, mode: authoritative}", 2, "is one of crm, erp, psa, itsm, hr"),
    ("mode: seed_once", "mode: seeded", 5, "is one of authoritative, seed_once, advisory, derived, not 'seeded'"),
    ("on_conflict: newest", "on_conflict: latest", 4, "is one of owner_wins, newest, case, not 'latest'"),
    ("mode: derived", "mode: derived, writen_to: [erp]", 6, "no key 'writen_to' (did you mean 'written_to'?)"),
    ("mode: derived", "mode: derived, written_to: [erp]", 6, "what is derived is written by nobody"),
    ("mode: derived", "mode: derived, on_conflict: case", 6, "a field that is derived has no conflict"),
    (", on_conflict: newest", "", 4, "an advisory field says who wins"),
    ("written_to: [crm, erp]", "written_to: [erp]", 4, "an advisory field is written to its owner too: add crm"),
    ("written_to: [erp]}", "written_to: [crm, erp]}", 5, "seed_once means that nobody writes it to its owner"),
    ("mode: authoritative}", "mode: authoritative, on_conflict: newest}", 2, "however old: owner_wins or case"),
    ("client-portal", "client-protal", 3, "no face is called 'client-protal' (did you mean 'client-portal'?)"),
    ("owner: crm, mode: derived", "mode: derived", 6, "needs the key 'owner'"),
)


def folder_with(folder: Path, text: str) -> Path:
    (folder / "ownership.yaml").write_text(text)
    return folder


def test_what_the_file_says_is_what_holds(tmp_path: Path) -> None:
    rules = read_ownership(folder_with(tmp_path, CONTACT), FACES).of("contact")
    assert list(rules) == list(ownable()["contact"])
    email = rules["email"]
    assert (email.owner, email.mode, email.written_to, email.on_conflict) == (
        "crm",
        "advisory",
        ("crm", "erp"),
        "newest",
    )
    assert email.where == f"{tmp_path.name}/ownership.yaml:4"
    assert rules["given"].on_conflict == "owner_wins"


@pytest.mark.parametrize(
    ("right", "wrong", "line", "sentence"), WRONG, ids=[each[1].strip() or "unsaid" for each in WRONG]
)
def test_what_cannot_be_meant_is_refused_by_its_line(
    tmp_path: Path, right: str, wrong: str, line: int, sentence: str
) -> None:
    assert right in CONTACT
    with pytest.raises(PolicyError) as refused:
        read_ownership(folder_with(tmp_path, CONTACT.replace(right, wrong, 1)), FACES)
    said = [problem for problem in refused.value.problems if sentence in problem]
    assert said, refused.value.problems
    assert said[0].startswith(f"{tmp_path.name}/ownership.yaml:{line}: ")


def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    text = CONTACT.replace("given:", "givne:").replace("mode: derived", "mode: derived, written_to: [erp]")
    with pytest.raises(PolicyError) as refused:
        read_ownership(folder_with(tmp_path, text), FACES)
    assert [int(problem.split(":")[1]) for problem in refused.value.problems] == [1, 2, 6]


def test_a_folder_without_the_file_owns_nothing(tmp_path: Path) -> None:
    assert read_ownership(tmp_path) == Ownership()
    assert read_ownership(tmp_path).of("customer") == {}


def test_a_portal_edits_what_is_given_to_it_and_the_owner_s_system_takes_it(tmp_path: Path) -> None:
    held = read_ownership(folder_with(tmp_path, CONTACT), FACES)
    assert held.editable("contact", "client-portal") == {"family": "crm"}
    assert held.editable("contact", "service-desk") == {}
    assert held.editable("ticket", "client-portal") == {}


def test_of_some_of_a_kind_only_what_differs_is_said(tmp_path: Path) -> None:
    said = CONTACT + "billing_contact:\n  email: {owner: erp, mode: authoritative, written_to: [crm]}\n"
    held = read_ownership(folder_with(tmp_path, said), FACES)
    assert (held.of("contact")["email"].owner, held.of("billing_contact")["email"].owner) == ("crm", "erp")
    assert held.of("billing_contact")["family"] == held.of("contact")["family"]
    with pytest.raises(PolicyError, match=r"billing_contact has no field 'emial' \(did you mean 'email'\?\)"):
        read_ownership(folder_with(tmp_path, said.replace("  email: {owner: erp", "  emial: {owner: erp")), FACES)


def test_money_and_tax_of_the_shipped_table_are_the_erp_s_and_no_sync_writes_them_there() -> None:
    faces = {face.api.name for face in experience_apis.discover().values()}
    rules = read_ownership(SHIPPED, faces).of("customer")
    for field in (
        "credit.limit",
        "credit.hold",
        "credit.reason",
        "payment_terms",
        "tax_registrations",
        "default_currency",
    ):
        assert rules[field].owner == "erp"
        assert "erp" not in rules[field].written_to
        assert "client-portal" not in rules[field].edited_in
