"""Customers of a CRM and of two entities' books compared: each planted difference is found, and nothing else."""

from typing import Any

import pytest
import sqlalchemy as sa

from canonical.base import Xref
from canonical.faults import VendorDown
from process_apis.cross_references import xrefs
from process_apis.cross_references.xrefs import By, Place
from process_apis.operating import retry
from process_apis.reconcile.tables import LISTED
from tests.accounts.two_systems import Firm, customer_of
from tests.reconcile.asking import Told, reconciled


async def agreed(acme: Firm, *numbers: int) -> int:
    """So many customers in the CRM and the German books, in line."""
    for number in numbers:
        acme.account(number)
    return await acme.settled()


def of(told: Told, erp: str = "erp") -> Any:
    return next(part for part in told.report.parts if part.right.system == erp)


async def test_a_pair_in_line_says_so_with_counts_and_equal_checksums_and_nothing_is_written(acme: Firm) -> None:
    before = await agreed(acme, 1, 2, 3)
    acme.account(9, erp="")  # a prospect: no debtor, no difference
    await acme.settled()
    told = await reconciled(acme.platform, "customer")
    part = of(told)
    assert (part.state, part.left.count, part.right.count, part.matched) == ("agrees", 4, 3, 3)
    assert part.left.checksum == part.left.expected != part.right.checksum == part.right.expected != ""
    assert told.report.clean
    assert told.report.status.endswith(f"/reconciliations/{told.report.id}")
    assert told.differences == []
    assert acme.writes() == before
    assert await acme.database.run(lambda c: c.scalar(sa.select(sa.func.count()).select_from(LISTED))) == 0


async def test_a_change_nobody_told_of_is_found_and_goes_where_its_owner_says(acme: Firm) -> None:
    await agreed(acme, 1, 2)
    acme.erp.edit("D1", payment_terms="Net 7")
    acme.crm.edit("A2", payment_terms="Net 99")
    acme.erp.changed.clear()
    acme.crm.changed.clear()
    told = await reconciled(acme.platform, "customer")
    assert told.kinds == {"field healed": 2}
    by_key = {each.right_id: each for each in told.differences}
    (field,) = by_key["D1"].fields
    assert (field.field, field.values) == ("payment_terms", {"erp D1": "Net 7", "crm A1": "Net 30"})
    assert (by_key["D2"].left_id, by_key["D2"].fields[0].values) == ("A2", {"erp D2": "Net 30", "crm A2": "Net 99"})
    assert [acme.crm.records[f"A{n}"].payment_terms for n in (1, 2)] == ["Net 7", "Net 30"]
    part = of(told)
    assert (part.state, part.healed, part.cases) == ("differs", 2, 0)
    assert part.right.checksum != part.right.expected
    assert (await reconciled(acme.platform, "customer")).report.clean


async def test_two_values_no_rule_decides_are_a_case_that_stands_until_they_agree(acme: Firm) -> None:
    await agreed(acme, 1)
    acme.erp.edit("D1", email="books@one.example")
    acme.crm.edit("A1", email="crm@one.example")
    told = await reconciled(acme.platform, "customer")
    (difference,) = told.differences
    assert (difference.kind, difference.outcome, difference.fields[0].field) == ("field", "case", "email")
    (case,) = await acme.cases()
    assert case.run_id == difference.run_id
    assert (await reconciled(acme.platform, "customer")).kinds == {"field case": 1}
    assert len(await acme.cases()) == 1
    acme.crm.edit("A1", email="books@one.example")
    await reconciled(acme.platform, "customer")
    assert await acme.cases() == []
    assert (await reconciled(acme.platform, "customer")).report.clean


async def test_a_record_nobody_knows_gets_its_owner_and_is_brought_in_line(acme: Firm) -> None:
    await agreed(acme, 1)
    acme.account(2)
    acme.crm.changed.clear()
    acme.erp.changed.clear()
    told = await reconciled(acme.platform, "customer")
    assert told.kinds == {"missing_reference healed": 2, "field healed": 1}
    assert await acme.id_of("erp", "D2") == await acme.id_of("crm", "A2") != ""
    assert of(told).matched == 2
    assert (await reconciled(acme.platform, "customer")).report.clean


async def test_a_record_that_may_be_another_s_is_a_steward_s_to_link(acme: Firm) -> None:
    acme.account(1, erp="", legal_name="Northwind Traders GmbH", email="", tax_registrations=[])
    await acme.settled()
    bare: dict[str, Any] = {"email": "", "tax_registrations": []}
    acme.erp.save("D1", customer_of(2, legal_name="Northwind Trader AG", **bare))
    acme.erp.changed.clear()
    told = await reconciled(acme.platform, "customer")
    assert told.kinds == {"missing_reference case": 1, "orphan case": 1}
    assert "may be a customer that is known already" in told.differences[0].detail


async def test_a_debtor_without_an_account_is_an_orphan_and_a_closed_one_is_left_in_peace(acme: Firm) -> None:
    await agreed(acme, 1)
    acme.erp.save("D7", customer_of(7))
    acme.erp.save("D8", customer_of(8, lifecycle="closed"))
    acme.erp.changed.clear()
    told = await reconciled(acme.platform, "customer")
    assert told.kinds == {"missing_reference healed": 1, "orphan case": 1}
    orphan = told.differences[-1]
    assert (orphan.left_id, orphan.right_id) == ("", "D7")
    assert orphan.detail == "erp D7 is a customer in the books of ACME-DE and has no account in CRM."
    (case,) = await acme.cases()
    assert (case.run_id, case.kind) == (orphan.run_id, "ownership")
    acme.account(7, erp="")
    await acme.settled()
    assert await acme.cases() == []
    assert of(await reconciled(acme.platform, "customer")).state == "agrees"


@pytest.mark.parametrize("side", ["crm", "erp"])
async def test_what_went_without_a_word_is_found_and_nothing_is_deleted_elsewhere(acme: Firm, side: str) -> None:
    await agreed(acme, 1, 2)
    kept = acme.crm if side == "crm" else acme.erp
    lost, left = ("A1", "D1") if side == "crm" else ("D1", "A1")
    del kept.records[lost]
    told = await reconciled(acme.platform, "customer")
    assert told.kinds["gone case"] == 1
    gone = told.differences[0]
    assert {gone.left_id, gone.right_id} == {"A1", "D1"}
    other = "erp" if side == "crm" else "crm"
    assert gone.detail.startswith(f"{side} {lost} was deleted, and {other} {left} is still there.")
    assert len(await acme.cases()) == 1
    assert await acme.id_of(side, lost) == ""


async def test_one_customer_twice_in_the_same_books_is_a_case(acme: Firm) -> None:
    await agreed(acme, 1)
    owner = await acme.id_of("crm", "A1")
    key = Xref(system="erp", native_id="D5", alt_key="crm:A1")
    acme.erp.save("D5", customer_of(1, xrefs=[key]))
    place = Place(system="erp", native_id="D5", instance="ACME-DE", alt_key="crm:A1")
    await acme.database.run(lambda c: xrefs.link(c, owner, place, By("dana")))
    await acme.settled()
    acme.account(1, erp="books", crm=False)  # another company's books are no twin
    await acme.settled()
    told = await reconciled(acme.platform, "customer")
    assert told.kinds == {"duplicate case": 1}
    assert told.differences[0].detail == "ERP has one customer more than once: D1, D5."
    assert len(await acme.cases()) == 1


async def test_who_only_looks_changes_nothing_and_is_told_all_the_same(acme: Firm) -> None:
    before = await agreed(acme, 1, 2)
    acme.erp.edit("D1", payment_terms="Net 7")
    acme.account(3)
    acme.erp.save("D7", customer_of(7))
    del acme.erp.records["D2"]
    told = await reconciled(acme.platform, "customer", heal=False)
    # A3 is looked for in either books: it is told of both pairs.
    assert told.kinds == {"field open": 1, "missing_reference open": 4, "gone open": 1}
    assert acme.writes() == before
    assert await acme.cases() == []
    assert await acme.id_of("crm", "A3") == ""
    assert await acme.id_of("erp", "D2") != ""
    assert not told.report.clean


async def test_a_system_that_is_away_parks_its_pair_with_the_reason_and_the_others_go_on(acme: Firm) -> None:
    await agreed(acme, 1)
    acme.account(2, erp="books")
    await acme.settled()
    acme.books.edit("D2", payment_terms="Net 7")
    acme.erp.away = VendorDown("connection refused", system="erp")
    told = await reconciled(acme.platform, "customer")
    assert (of(told).state, of(told).reason) == ("parked", "ERP is not answering.")
    assert (of(told, "books").state, of(told, "books").healed) == ("differs", 1)
    assert not told.report.clean
    acme.erp.away = None
    acme.platform.paused["books"] = "invalid_client"
    told = await reconciled(acme.platform, "customer")
    assert (of(told).state, of(told, "books").state) == ("agrees", "parked")
    assert of(told, "books").reason == "BOOKS refuses our sign-in."


async def test_one_legal_entity_is_asked_alone_and_a_role_nobody_plays_does_not_apply(acme: Firm) -> None:
    await agreed(acme, 1)
    told = await reconciled(acme.platform, "customer", "project", entities=["ACME-US"])
    assert [(part.object, part.right.system, part.state) for part in told.report.parts] == [
        ("customer", "books", "agrees"),
        ("project", "", "not_applicable"),
    ]
    assert told.report.parts[1].reason == "no psa bound"
    assert told.report.clean


async def test_a_case_of_a_difference_is_tried_again_by_hand(acme: Firm) -> None:
    await agreed(acme, 1)
    acme.crm.edit("A1", email="crm@one.example")
    acme.erp.edit("D1", email="books@one.example")
    told = await reconciled(acme.platform, "customer")
    acme.erp.edit("D1", email="crm@one.example")
    assert (await retry(acme.platform, told.differences[0].run_id)).status == "succeeded"
    assert await acme.cases() == []
