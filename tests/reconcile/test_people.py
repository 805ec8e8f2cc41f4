"""People of a CRM and of two entities' books compared: who differs is told, mended by ownership, or a case."""

from typing import Any

import msgspec
import pytest

from canonical.objects import ContactRole
from tests.accounts.people import person_of
from tests.accounts.two_systems import Firm
from tests.reconcile.asking import Told, reconciled


async def agreed(acme: Firm, *numbers: int) -> int:
    """So many customers, each with one person who gets the invoices, in the CRM and the German books, in line."""
    for number in numbers:
        acme.account(number)
    await acme.settled()
    for number in numbers:
        acme.crm.people.save(f"C{number}", person_of(f"A{number}", number))
    return await acme.settled()


def unheard(acme: Firm) -> None:
    """Nobody tells of what was done."""
    for store in acme.stores():
        store.changed.clear()


def of(told: Told, erp: str = "erp") -> Any:
    return next(part for part in told.report.parts if part.right.system == erp)


def in_the_books(acme: Firm, number: int) -> str:
    """What the German books call the person of an account."""
    people = acme.erp.people.records
    return next(native for native, each in people.items() if each.xrefs[0].alt_key == f"crm:C{number}")


async def test_people_in_line_have_counts_and_equal_checksums_and_nothing_is_written(acme: Firm) -> None:
    await agreed(acme, 1, 2, 3)
    acme.crm.people.save("C8", person_of("A1", 8, roles=[]))  # whom the books do not write to
    acme.account(9, erp="")
    acme.crm.people.save("C9", person_of("A9", 9))  # of a prospect
    before = await acme.settled()
    told = await reconciled(acme.platform, "contact")
    part = of(told)
    assert told.differences == []
    assert (part.state, part.left.count, part.right.count, part.matched) == ("agrees", 5, 3, 3)
    assert part.left.checksum == part.left.expected != part.right.checksum == part.right.expected != ""
    assert told.report.clean
    assert acme.writes() == before


async def test_a_change_nobody_told_of_goes_where_its_owner_says_and_the_report_names_nobody(acme: Firm) -> None:
    await agreed(acme, 1, 2)
    acme.crm.people.edit("C1", phone="+49 431 555 99")
    acme.erp.people.edit(in_the_books(acme, 2), email="invoices@customer.example")
    unheard(acme)
    told = await reconciled(acme.platform, "contact")
    assert told.kinds == {"field healed": 2}
    assert {field.field for each in told.differences for field in each.fields} == {"phone", "email"}
    assert {*(each.left_id for each in told.differences)} == {"C1", "C2"}
    assert acme.erp.people.records[in_the_books(acme, 1)].phone == "+49 431 555 99"
    assert acme.crm.people.records["C2"].email == "invoices@customer.example", "where invoices go is the books' to say"
    part = of(told)
    assert (part.left.checksum != part.left.expected, part.right.checksum != part.right.expected) == (True, True)
    said = msgspec.json.encode(told.differences).decode()
    for secret in ("+49", "Lindqvist", "customer.example"):
        assert secret not in said
    assert (await reconciled(acme.platform, "contact")).report.clean


async def test_two_addresses_no_rule_decides_are_a_case_that_is_told_until_they_agree(acme: Firm) -> None:
    await agreed(acme, 1)
    acme.crm.people.edit("C1", email="one@customer.example")
    acme.erp.people.edit(in_the_books(acme, 1), email="two@customer.example")
    unheard(acme)
    for _ in range(2):
        told = await reconciled(acme.platform, "contact")
        (difference,) = told.differences
        assert (difference.kind, difference.outcome) == ("field", "case")
        assert [(f.field, {*f.values.values()}) for f in difference.fields] == [("email", {"(not shown)"})]
        (case,) = await acme.cases()
        assert case.run_id == difference.run_id
        assert of(told).state == "differs"
    acme.crm.people.edit("C1", email="two@customer.example")
    await reconciled(acme.platform, "contact")
    assert await acme.cases() == []
    assert (await reconciled(acme.platform, "contact")).report.clean


@pytest.mark.parametrize("linked", [True, False])
async def test_whom_the_books_write_to_and_do_not_have_is_made_there_once(acme: Firm, linked: bool) -> None:
    await agreed(acme, 1)
    acme.crm.people.save("C2", person_of("A1", 2, roles=[]))
    if linked:
        await acme.settled()
    acme.crm.people.edit("C2", roles=[ContactRole(account_id="A1", role="approver")])
    unheard(acme)
    told = await reconciled(acme.platform, "contact", heal=False)
    assert told.kinds == ({"orphan open": 1} if linked else {"missing_reference open": 2})
    assert len(acme.erp.people.records) == 1
    told = await reconciled(acme.platform, "contact")
    assert {"orphan healed": 1}.items() <= told.kinds.items()
    assert acme.erp.people.records[in_the_books(acme, 2)].given == "Nora"
    assert (await reconciled(acme.platform, "contact")).report.clean
    assert len(acme.erp.people.records) == 2


async def test_each_books_of_a_customer_are_to_have_the_person(acme: Firm) -> None:
    await agreed(acme, 1)
    acme.account(1, erp="books", crm=False)
    await acme.settled()
    (there,) = acme.books.people.records
    acme.books.people.delete(there)
    unheard(acme)
    told = await reconciled(acme.platform, "contact")
    assert {"gone case": 1}.items() <= told.kinds.items(), "whom the books delete is a case, and is not made anew"
    assert acme.books.people.records == {}
    assert of(told).state == "agrees"


async def test_a_person_of_the_books_alone_is_an_orphan_while_the_customer_is_known(acme: Firm) -> None:
    await agreed(acme, 1)
    acme.erp.people.save("P7", person_of("D1", 7))
    acme.erp.people.save("P8", person_of("D1", 8, status="inactive"))
    acme.erp.people.save("P9", person_of("D99", 9))  # of no customer that both know
    unheard(acme)
    told = await reconciled(acme.platform, "contact")
    assert told.kinds == {"missing_reference healed": 2, "orphan case": 1}
    orphan = told.differences[-1]
    assert (orphan.left_id, orphan.right_id) == ("", "P7")
    assert orphan.detail == "erp P7 is a person in the books of ACME-DE and no contact in CRM."
    (case,) = await acme.cases()
    assert (case.run_id, case.about) == (orphan.run_id, f"Person {orphan.key}")
    acme.crm.people.save("C7", person_of("A1", 7))
    await acme.settled()
    assert await acme.cases() == [], "by the same address at the same customer it is the same person"
    assert of(await reconciled(acme.platform, "contact")).state == "agrees"


async def test_whom_the_crm_deleted_unheard_is_inactive_in_the_books(acme: Firm) -> None:
    await agreed(acme, 1, 2)
    acme.crm.people.delete("C1")
    unheard(acme)
    told = await reconciled(acme.platform, "contact")
    assert told.kinds == {"gone healed": 1}
    assert acme.erp.people.records[in_the_books(acme, 1)].status == "inactive"
    assert (await reconciled(acme.platform, "contact")).report.clean


async def test_of_two_that_the_crm_merged_the_inactive_one_is_no_twin_and_an_active_one_is(acme: Firm) -> None:
    await agreed(acme, 1)
    acme.crm.people.save("C2", person_of("A1", 2))
    await acme.settled()
    acme.crm.people.merge("C2", "C1")
    unheard(acme)
    told = await reconciled(acme.platform, "contact")
    assert "duplicate case" not in told.kinds
    assert (await reconciled(acme.platform, "contact")).report.clean
    (twin,) = [native for native, each in acme.erp.people.records.items() if each.status == "inactive"]
    acme.erp.people.edit(twin, status="active")
    told = await reconciled(acme.platform, "contact", heal=False)
    assert {"duplicate open": 1}.items() <= told.kinds.items()
    assert [each.detail for each in told.differences if each.kind == "duplicate"] == [
        f"ERP has one person more than once: {', '.join(sorted(acme.erp.people.records))}."
    ]


async def test_where_nobody_owns_a_person_people_are_not_compared(acme: Firm) -> None:
    acme.platform.ownership = type(acme.platform.ownership)({})
    told = await reconciled(acme.platform, "contact")
    assert {part.state for part in told.report.parts} == {"not_applicable"}
    assert told.report.parts[0].reason == "nobody owns a field of a contact (policies/ownership.yaml)"
