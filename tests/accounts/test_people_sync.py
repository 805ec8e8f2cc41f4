"""People at customers, one by one: whom the books are told of, what travels, what breaks a naive contact sync."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from canonical.base import Xref
from canonical.faults import VendorDuplicate
from canonical.objects import Contact, ContactRole
from process_apis.account_sync.people_matching import adopt
from process_apis.cross_references import xrefs
from process_apis.cross_references.xrefs import Place
from process_apis.events import inbox
from process_apis.tables import INBOX, XREF_TERMS
from tests.accounts.people import LONGEST, person_of
from tests.accounts.two_systems import Firm, failing, firm, lost_after_it_was_done, ownership

LONG = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh"


async def told(acme: Firm, number: int = 1, **fields: object) -> None:
    """An account with a debtor, and somebody who gets its invoices."""
    acme.account(number)
    acme.crm.people.save(f"C{number}", person_of(f"A{number}", number, **fields))
    await acme.settled()


def in_the_books(acme: Firm, native_id: str = "P1") -> Contact:
    return acme.erp.people.records[native_id]


async def test_who_gets_invoices_is_made_in_the_books_once_and_its_echo_is_known(acme: Firm) -> None:
    await told(acme)
    made = in_the_books(acme)
    assert (made.given, made.family, made.email, made.account_id) == (
        "Nora",
        "Lindqvist 1",
        "nora.1@customer.example",
        "D1",
    )
    assert made.xrefs == [Xref(system="erp", native_id="P1", alt_key="crm:C1")]
    assert await acme.id_of("crm", "C1", "contact") == await acme.id_of("erp", "P1", "contact") != ""
    acme.crm.people.edit("C1", phone="+49 431 555 02")
    assert await acme.round() == {"written": 1}
    assert in_the_books(acme).phone == "+49 431 555 02"
    assert await acme.round() == {"echo": 1}
    assert not acme.pending()
    assert (await acme.events())[-2:] == ["com.tiergate.contact.updated.v1"] * 2


@pytest.mark.parametrize("role", ["buyer", "sponsor", ""])
async def test_whom_the_books_do_not_write_to_stays_in_the_crm(acme: Firm, role: str) -> None:
    roles = [ContactRole(account_id="A1", role=role)] if role else []  # type: ignore[arg-type]  # of the parameters
    await told(acme, roles=roles)
    assert acme.erp.people.records == {}
    assert await acme.cases() == []
    acme.crm.people.edit("C1", roles=[ContactRole(account_id="A1", role="approver")])
    await acme.settled()
    assert list(acme.erp.people.records) == ["P1"]


async def test_a_person_whose_account_has_no_debtor_waits_and_is_told_when_there_is_one(acme: Firm) -> None:
    acme.account(1, erp="")
    acme.crm.people.save("C1", person_of("A1"))
    assert (await acme.round())["no_customer_yet"] == 1
    assert acme.erp.people.records == {}
    acme.account(1, crm=False)  # a deal was won: the books have the customer now
    await acme.settled()
    assert in_the_books(acme).account_id == "D1"
    assert await acme.cases() == []


async def test_a_person_of_an_account_nobody_knew_brings_its_account_in(acme: Firm) -> None:
    acme.account(1, erp="")
    acme.crm.changed.clear()
    acme.crm.people.save("C1", person_of("A1"))
    assert await acme.round() == {"no_customer_yet": 1}
    assert await acme.id_of("crm", "A1") != ""


async def test_an_address_in_small_letters_and_a_name_cut_come_back_as_no_change(acme: Firm) -> None:
    await told(acme, given=LONG, email="Nora.Lindqvist@Customer.Example")
    before = acme.writes()
    assert in_the_books(acme).given == LONG[:LONGEST]
    acme.erp.people.edit("P1")
    acme.crm.people.edit("C1")
    assert await acme.round() == {"echo": 2}
    acme.crm.people.edit("C1", given="X" + LONG)
    await acme.settled()
    assert acme.writes() == before + 1
    assert acme.crm.people.records["C1"].given == "X" + LONG


async def test_what_the_books_change_of_the_crm_s_is_put_back(acme: Firm) -> None:
    await told(acme)
    acme.erp.people.edit("P1", phone="0", title="Somebody")
    await acme.settled()
    assert (in_the_books(acme).phone, in_the_books(acme).title) == ("+49 431 555 01", "Accounts Payable")
    assert acme.crm.people.writes == []


async def test_where_invoices_go_is_the_books_to_say_and_anybody_else_s_address_the_crm_s(acme: Firm) -> None:
    await told(acme)
    acme.erp.people.edit("P1", email="invoices@customer.example")
    await acme.settled()
    assert acme.crm.people.records["C1"].email == "invoices@customer.example"
    acme.crm.people.edit("C1", email="crm@customer.example")
    await acme.settled()
    assert acme.crm.people.records["C1"].email == "invoices@customer.example"
    await told(acme, 2, roles=[ContactRole(account_id="A2", role="approver")])
    acme.erp.people.edit("P2", email="books@customer.example")
    await acme.settled()
    assert in_the_books(acme, "P2").email == "nora.2@customer.example"


async def test_two_addresses_for_invoices_are_a_case_that_shows_neither(acme: Firm) -> None:
    await told(acme)
    acme.crm.people.edit("C1", email="one@customer.example")
    acme.erp.people.edit("P1", email="two@customer.example")
    assert await acme.round() == {"contested": 2}
    (case,) = await acme.cases()
    assert case.about == f"Person {await acme.id_of('crm', 'C1', 'contact')}"
    for said in (case.errors, case.title, case.about, str(await acme.events())):
        assert "customer.example" not in said
        assert "Lindqvist" not in said
    acme.crm.people.edit("C1", email="two@customer.example")
    await acme.settled()
    assert await acme.cases() == []


@pytest.fixture
def keeping_consent(tmp_path: Path, database: str) -> Iterator[Firm]:
    """Books that keep what is said of advertising, by a rule that says so."""
    consent = "{owner: crm, mode: advisory, written_to: [crm, erp], on_conflict: case}"
    with firm(database, ownership(tmp_path / "policies", marketing_opt_out=consent)) as made:
        yield made


async def test_a_no_to_advertising_is_not_lost_to_a_first_meeting(keeping_consent: Firm) -> None:
    acme = keeping_consent
    acme.account(1)
    acme.crm.people.save("C1", person_of("A1", marketing_opt_out=True))
    acme.erp.people.save("P7", person_of("D1"))
    await acme.settled()
    (case,) = await acme.cases()
    assert "marketing_opt_out" in case.errors
    assert acme.crm.people.records["C1"].marketing_opt_out is True


async def test_a_merge_of_two_people_leaves_one_and_the_other_of_the_books_is_inactive(acme: Firm) -> None:
    await told(acme)
    acme.crm.people.save("C2", person_of("A1", 2))
    await acme.settled()
    assert len(acme.erp.people.records) == 2
    loser, winner = [await acme.id_of("crm", native, "contact") for native in ("C1", "C2")]
    acme.crm.people.merge("C1", "C2")
    assert (await acme.round())["merged"] == 1
    await acme.settled()
    assert await acme.database.run(lambda c: xrefs.resolve(c, loser)) == winner
    assert [in_the_books(acme, native).status for native in ("P1", "P2")] == ["inactive", "active"]
    acme.crm.people.edit("C2", phone="+49 431 555 77")
    acme.erp.people.edit("P1", phone="whatever")
    await acme.settled()
    assert [in_the_books(acme, native).phone for native in ("P1", "P2")] == ["whatever", "+49 431 555 77"]
    assert [in_the_books(acme, native).status for native in ("P1", "P2")] == ["inactive", "active"]
    assert "com.tiergate.contact.merged.v1" in await acme.events()
    assert await acme.cases() == []


async def test_a_merge_into_somebody_the_books_do_not_have_keeps_their_record(acme: Firm) -> None:
    await told(acme)
    acme.crm.people.save("C2", person_of("A1", 2, roles=[]))
    await acme.settled()
    acme.crm.people.merge("C1", "C2")
    await acme.settled()
    assert in_the_books(acme).family == "Lindqvist 2"
    assert list(acme.erp.people.records) == ["P1"]


async def test_deleted_in_the_crm_the_books_keep_it_inactive_and_undeleted_it_is_the_same_person(acme: Firm) -> None:
    await told(acme)
    owner = await acme.id_of("crm", "C1", "contact")
    binned = acme.crm.people.delete("C1")
    assert await acme.round() == {"gone": 1}
    assert in_the_books(acme).status == "inactive"
    assert await acme.id_of("crm", "C1", "contact") == ""
    assert await acme.round() == {"echo": 1}
    assert (await acme.events())[-1] == "com.tiergate.contact.closed.v1"
    acme.crm.people.save("C1", binned)
    await acme.settled()
    assert await acme.id_of("crm", "C1", "contact") == owner
    assert in_the_books(acme).status == "active"
    assert list(acme.erp.people.records) == ["P1"]
    assert await acme.cases() == []


async def test_deleted_in_the_books_it_is_a_case_and_not_made_anew(acme: Firm) -> None:
    await told(acme)
    acme.erp.people.delete("P1")
    assert await acme.round() == {"gone": 1}
    (case,) = await acme.cases()
    assert case.title == "Tiergate: erp P1 was deleted, and crm C1 is still there. Nothing was deleted or closed."
    acme.crm.people.edit("C1", phone="1")
    await acme.settled()
    assert acme.erp.people.records == {}


async def test_a_person_who_changes_firms_changes_debtors(acme: Firm) -> None:
    await told(acme)
    acme.account(2)
    await acme.settled()
    acme.crm.people.edit("C1", account_id="A2")
    await acme.settled()
    assert in_the_books(acme).account_id == "D2"
    assert list(acme.erp.people.records) == ["P1"]


async def test_moved_to_a_firm_the_books_do_not_know_it_is_inactive_until_they_do(acme: Firm) -> None:
    await told(acme)
    acme.account(2, erp="")
    await acme.settled()
    acme.crm.people.edit("C1", account_id="A2")
    await acme.settled()
    assert (in_the_books(acme).account_id, in_the_books(acme).status) == ("D1", "inactive")
    acme.account(2, crm=False)
    await acme.settled()
    assert (in_the_books(acme).account_id, in_the_books(acme).status) == ("D2", "active")
    assert list(acme.erp.people.records) == ["P1"]


async def test_when_two_accounts_become_one_their_people_follow(acme: Firm) -> None:
    acme.account(1)
    acme.account(2, erp="")
    acme.crm.people.save("C2", person_of("A2", 2))
    await acme.settled()
    assert acme.erp.people.records == {}
    acme.crm.merge("A1", "A2")  # the person's account does not change; what it is under does
    await acme.settled()
    assert in_the_books(acme).account_id == "D1"


async def test_the_seventh_version_before_the_sixth_is_worked_on_once(acme: Firm) -> None:
    await told(acme)
    acme.crm.people.edit("C1", phone="6")
    acme.crm.people.edit("C1", phone="7")
    sixth, seventh = acme.crm.people.changes()
    for change in (seventh, sixth):
        await acme.database.run(lambda c, told=change: inbox.store(c, "crm", [told], "notification"))
    assert await acme.round() == {"written": 1, "stale": 1}
    assert in_the_books(acme).phone == "7"
    before = acme.writes()
    await acme.settled()
    late = msgspec.structs.replace(sixth, version="00000000-6")
    await acme.database.run(lambda c: inbox.store(c, "crm", [late], "poll"))
    assert await acme.round() == {"echo": 1}
    assert acme.writes() == before


async def test_without_a_mail_address_a_person_is_made_all_the_same_and_found_by_our_key_alone(acme: Firm) -> None:
    await told(acme, email="")
    assert in_the_books(acme).email == ""
    acme.crm.people.edit("C1", phone="2")
    await acme.settled()
    assert in_the_books(acme).phone == "2"
    acme.crm.people.save("C2", person_of("A1", 2, email=""))
    await acme.settled()
    assert len(acme.erp.people.records) == 2, "no address is no sign of being the same"


async def test_an_address_at_one_customer_is_one_person_a_name_alike_is_a_steward_s_to_say(acme: Firm) -> None:
    acme.account(1)
    acme.erp.people.save("P7", person_of("D1"))
    acme.erp.people.save("P8", person_of("D1", 2, email="other@customer.example"))
    await acme.settled()
    acme.crm.people.save("C1", person_of("A1"))
    acme.crm.people.save("C2", person_of("A1", 2))
    await acme.settled()
    assert await acme.id_of("crm", "C1", "contact") == await acme.id_of("erp", "P7", "contact")
    assert await acme.id_of("crm", "C2", "contact") != await acme.id_of("erp", "P8", "contact")
    assert sorted(acme.erp.people.records) == ["P7", "P8"], "nobody is made beside a namesake"
    (case,) = await acme.cases()
    assert "erp P8" in case.errors
    assert "Lindqvist" not in case.errors + case.title


async def test_the_same_address_at_two_customers_is_two_people(acme: Firm) -> None:
    for number in (1, 2):
        acme.account(number)
        acme.crm.people.save(f"C{number}", person_of(f"A{number}", email="shared@services.example"))
    await acme.settled()
    assert sorted(each.account_id for each in acme.erp.people.records.values()) == ["D1", "D2"]


async def test_an_answer_lost_after_somebody_was_made_makes_no_second(acme: Firm) -> None:
    acme.account(1)
    await acme.settled()
    acme.erp.people.faults.append(lost_after_it_was_done)
    acme.crm.people.save("C1", person_of("A1"))
    await acme.settled()
    assert list(acme.erp.people.records) == ["P1"]
    assert await acme.cases() == []


async def test_a_namesake_the_books_refuse_is_a_case_for_finance(acme: Firm) -> None:
    acme.account(1)
    await acme.settled()
    acme.erp.people.faults.append(failing(VendorDuplicate("This entity already exists.", system="erp")))
    acme.crm.people.save("C1", person_of("A1"))
    assert (await acme.round())["in_doubt"] == 1
    (case,) = await acme.cases()
    assert (case.kind, case.owner) == ("foreign_key", "Finance master data")


@pytest.mark.parametrize("fields", [{"email": "nobody at all"}, {"family": " "}])
async def test_what_no_system_could_keep_is_refused_before_anything_is_written(
    acme: Firm, fields: dict[str, str]
) -> None:
    acme.account(1)
    before = await acme.settled()
    acme.crm.people.save("C1", person_of("A1", **fields))
    assert await acme.round() == {"refused": 1}
    assert acme.writes() == before
    (case,) = await acme.cases()
    assert case.kind in ("guard_mail_address", "guard_family_name")
    assert "nobody at all" not in case.errors
    acme.crm.people.edit("C1", email="nora@customer.example", family="Lindqvist")
    await acme.settled()
    assert list(acme.erp.people.records) == ["P1"]
    assert await acme.cases() == []


async def test_people_of_two_companies_books_are_two_records_of_one(acme: Firm) -> None:
    acme.account(1)
    acme.account(1, erp="books", crm=False)
    acme.crm.people.save("C1", person_of("A1"))
    await acme.settled()
    found = [(store.name, list(store.records)) for store in (acme.erp.people, acme.books.people)]
    assert found == [("erp", ["P1"]), ("books", ["P1"])]
    owner = await acme.id_of("crm", "C1", "contact")
    assert sorted(await acme.places_of(owner)) == ["books P1", "crm C1", "erp P1"]
    acme.crm.people.edit("C1", title="Head of Payables")
    await acme.settled()
    assert {store.records["P1"].title for store in (acme.erp.people, acme.books.people)} == {"Head of Payables"}


async def test_by_what_a_person_is_found_tells_nobody_who_it_is(acme: Firm) -> None:
    await told(acme)
    kept = await acme.database.run(lambda c: str(list(c.execute(sa.select(XREF_TERMS)))))
    assert "person_mail" in kept
    assert "nora" not in kept.lower()
    assert "lindqvist" not in kept.lower()


async def test_a_record_that_was_somebody_s_once_is_theirs_again(acme: Firm) -> None:
    await told(acme)
    owner = await acme.id_of("erp", "P1", "contact")
    place = Place(system="erp", native_id="P1", instance="ACME-DE")

    def again(c: sa.Connection) -> str:
        xrefs.unlink(c, "contact", "erp", "P1", xrefs.By("a test"))
        return adopt(c, place, person_of("", email=""), "a test", acme.platform.masker).canonical_id

    assert await acme.database.run(again) == owner


async def test_a_person_of_no_customer_of_ours_is_left_alone(acme: Firm) -> None:
    acme.erp.people.save("P1", person_of("V900"))
    assert await acme.round() == {"quiet": 1}
    assert acme.writes() == 0
    assert await acme.database.run(lambda c: c.scalar(sa.select(sa.func.count()).select_from(INBOX))) == 1
