"""Account sync, one account at a time: what travels, what is put back, what is left to a person."""

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from canonical.faults import VendorDown, VendorRefused, VendorStale
from canonical.money import Money
from canonical.objects import Credit, Customer, TaxRegistration
from process_apis.account_sync import guards as account_guards
from process_apis.account_sync.guards import Proposal, Target
from process_apis.judging import STRICT, judged
from process_apis.tables import EVENTS
from tests.accounts.two_systems import Firm, customer_of, failing, lost_after_it_was_done


async def test_a_change_of_the_books_comes_to_the_crm_and_its_echo_is_known(acme: Firm) -> None:
    acme.account(1)
    assert await acme.settled() == 1, "the CRM takes the books' spelling of the name"
    acme.erp.edit("D1", legal_name="Customer 1 SE", payment_terms="Net 45")
    assert await acme.round() == {"written": 1}
    assert (acme.crm.records["A1"].legal_name, acme.crm.records["A1"].payment_terms) == ("CUSTOMER 1 SE", "Net 45")
    assert await acme.round() == {"echo": 1}
    assert not acme.pending()
    told = [each.removeprefix("com.tiergate.account.") for each in await acme.events()]
    assert told == ["created.v1", "updated.v1", "updated.v1"], "one customer, whoever told of it first"


async def test_a_change_of_the_crm_that_is_not_its_own_is_put_back(acme: Firm) -> None:
    acme.account(1)
    before = await acme.settled()
    acme.crm.edit("A1", payment_terms="Net 90", legal_name="Whatever")
    await acme.settled()
    assert (acme.crm.records["A1"].payment_terms, acme.crm.records["A1"].legal_name) == ("Net 30", "CUSTOMER 1 GMBH")
    assert len(acme.erp.writes) == 0
    assert acme.writes() == before + 1


async def test_what_a_role_keeps_for_itself_does_not_travel(acme: Firm) -> None:
    acme.account(1)
    before = await acme.settled()
    acme.crm.edit("A1", trading_name="One", credit=Credit(limit=Money.of(99_999, "EUR"), hold=True), owner_id="005X")
    acme.erp.edit("D1", credit=Credit(limit=Money.of(1, "EUR"), hold=True, reason="Owes us."))
    await acme.settled()
    assert acme.writes() == before
    assert acme.erp.records["D1"].credit == Credit(limit=Money.of(1, "EUR"), hold=True, reason="Owes us.")
    assert acme.crm.records["A1"].trading_name == "One"


async def test_a_hold_of_the_books_is_told_when_it_is_set_and_when_it_is_lifted_and_once(acme: Firm) -> None:
    acme.account(1)
    await acme.settled()
    for number in range(3):
        acme.erp.edit("D1", credit=Credit(hold=number < 2, reason=f"Reason {number}"))
        await acme.settled()
    acme.crm.edit("A1", credit=Credit(hold=True))
    acme.account(2, credit=Credit(hold=True))
    await acme.settled()

    def told(c: sa.Connection) -> list[tuple[str, ...]]:
        of_holds = sa.select(EVENTS).where(EVENTS.c.type.contains("blocked")).order_by(EVENTS.c.sequence)
        return [(row.type.split(".")[3], row.legal_entity, row.subject, row.data) for row in c.execute(of_holds)]

    first, lifted, met = await acme.database.run(told)
    one, other = await acme.id_of("erp", "D1"), await acme.id_of("erp", "D2")
    assert [each[:3] for each in (first, lifted, met)] == [
        ("blocked", "ACME-DE", one),
        ("unblocked", "ACME-DE", one),
        ("blocked", "ACME-DE", other),
    ]
    assert msgspec.json.decode(first[3]).keys() == {"record", "version"}
    assert msgspec.json.decode(first[3])["record"] == "erp D1"


async def test_what_either_may_change_travels_both_ways(acme: Firm) -> None:
    acme.account(1)
    await acme.settled()
    acme.crm.edit("A1", email="new@customer-1.example")
    await acme.settled()
    assert acme.erp.records["D1"].email == "new@customer-1.example"
    acme.erp.edit("D1", email="newer@customer-1.example")
    await acme.settled()
    assert acme.crm.records["A1"].email == "newer@customer-1.example"


async def test_two_values_no_rule_decides_are_one_case_and_the_rest_is_written(acme: Firm) -> None:
    acme.account(1)
    await acme.settled()
    acme.crm.edit("A1", email="crm@customer-1.example")
    acme.erp.edit("D1", email="erp@customer-1.example", payment_terms="Net 60")
    assert await acme.round() == {"contested": 2}
    assert acme.crm.records["A1"].payment_terms == "Net 60"
    assert (acme.crm.records["A1"].email, acme.erp.records["D1"].email) == (
        "crm@customer-1.example",
        "erp@customer-1.example",
    )
    (case,) = await acme.cases()
    assert (case.kind, case.owner) == ("ownership", "Account steward")
    assert "crm A1: another value; erp D1: another value" in case.errors, "whose mail it is, is read beside the case"
    assert "ownership.yaml:" in case.errors
    assert await acme.round() == {"echo": 1}
    acme.crm.edit("A1", trading_name="Still arguing")
    assert await acme.round() == {"contested": 1}
    assert len(await acme.cases()) == 1
    acme.crm.edit("A1", email="erp@customer-1.example")
    await acme.settled()
    assert await acme.cases() == []
    assert [row.number for row in await acme.cases("resolved")] == [case.number]


async def test_a_system_that_is_down_holds_up_no_other_account_and_nothing_is_lost(acme: Firm) -> None:
    for number in (1, 2):
        acme.account(number)
    await acme.settled()
    acme.erp.edit("D1", payment_terms="Net 10")
    acme.erp.edit("D2", payment_terms="Net 20")
    acme.crm.faults.append(failing(VendorDown("away", system="crm")))
    assert (await acme.round())["written"] == 1
    await acme.now_due()
    await acme.settled()
    assert [acme.crm.records[f"A{n}"].payment_terms for n in (1, 2)] == ["Net 10", "Net 20"]


async def test_an_answer_that_is_lost_is_settled_by_reading(acme: Firm) -> None:
    acme.account(1)
    await acme.settled()
    acme.erp.edit("D1", payment_terms="Net 10")
    acme.crm.faults.append(lost_after_it_was_done)
    await acme.settled()
    assert acme.crm.records["A1"].payment_terms == "Net 10"
    assert await acme.cases() == []


async def test_answers_that_are_always_lost_are_a_case_and_the_account_is_tried_again_when_it_changes(
    acme: Firm,
) -> None:
    acme.account(1)
    await acme.settled()
    acme.erp.edit("D1", payment_terms="Net 10")
    refusal = VendorRefused("Terms are locked.", system="crm")
    acme.crm.faults += [failing(refusal)]
    assert await acme.round() == {"in_doubt": 1}
    (case,) = await acme.cases()
    assert (case.kind, case.title) == ("refused", "CRM: Terms are locked.")
    acme.erp.edit("D1", payment_terms="Net 20")
    await acme.settled()
    assert acme.crm.records["A1"].payment_terms == "Net 20"
    assert await acme.cases() == []


@pytest.mark.parametrize(("times", "written"), [(2, True), (3, False)])
async def test_a_record_that_changes_meanwhile_is_read_and_merged_again_thrice(
    acme: Firm, times: int, written: bool
) -> None:
    acme.account(1)
    await acme.settled()
    acme.erp.edit("D1", payment_terms="Net 10")
    stale = VendorStale("changed since", system="crm")
    before = acme.crm.records["A1"]

    def lost_to_another() -> None:
        acme.crm.records["A1"] = before
        raise stale

    acme.crm.faults += [lost_to_another] * times
    await acme.round()
    assert (acme.crm.records["A1"].payment_terms == "Net 10") is written
    assert [case.kind for case in await acme.cases()] == ([] if written else ["conflict"])


async def test_each_legal_entity_has_its_own_books_and_one_of_them_changes_the_name_in_all(acme: Firm) -> None:
    acme.account(1)
    acme.account(1, erp="books", crm=False)
    await acme.settled()
    owner = await acme.id_of("crm", "A1")
    assert sorted(await acme.places_of(owner)) == ["books D1", "crm A1", "erp D1"]
    acme.books.edit("D1", legal_name="One Inc")
    await acme.settled()
    assert acme.crm.records["A1"].legal_name == "ONE INC"
    acme.books.edit("D1", legal_name="One LLC")
    acme.erp.edit("D1", legal_name="Eins GmbH")
    assert set(await acme.round()) == {"contested"}


async def test_the_books_of_an_entity_that_is_bound_elsewhere_now_are_asked_nothing(acme: Firm) -> None:
    acme.account(1)
    await acme.settled()
    bindings: dict[str, Any] = acme.platform.systems.bindings  # type: ignore[assignment]  # a table of a test
    bound, bindings["erp"] = bindings["erp"], {"ACME-DE": "books"}
    try:
        acme.erp.edit("D1", payment_terms="Net 10")
        assert await acme.round() == {"quiet": 1}
        assert acme.crm.records["A1"].payment_terms == "Net 30"
    finally:
        bindings["erp"] = bound


async def test_a_run_of_the_desk_is_tried_again_by_hand(acme: Firm) -> None:
    from process_apis.operating import retry

    acme.account(1)
    await acme.settled()
    acme.erp.edit("D1", payment_terms="Net 10")
    acme.crm.faults.append(failing(VendorRefused("Terms are locked.", system="crm")))
    await acme.round()
    (case,) = await acme.cases()
    assert (await retry(acme.platform, case.run_id)).status == "succeeded"
    assert acme.crm.records["A1"].payment_terms == "Net 10"
    assert await acme.cases() == []


# ── guards ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def proposal(role: str, before: Customer, after: Customer, *fields: str, origin: str = "crm") -> Proposal:
    target = Target(
        name="erp D1",
        role=role,
        before=before,
        after=after,
        fields=dict.fromkeys(fields),
        origins=dict.fromkeys(fields, origin),
    )
    return Proposal(targets=[target], canonical_id="01A")


def broken(proposed: Proposal) -> list[str]:
    return [said.rule for said in judged(account_guards.GUARDS, STRICT, proposed) if said.outcome == "failed"]


IN_HOLD = Credit(limit=Money.of(100, "EUR"), hold=True)


@pytest.mark.parametrize(
    ("after", "rules"),
    [
        ({"credit": Credit(limit=Money.of(99, "EUR"), hold=True)}, ["credit_limit"]),
        ({"credit": Credit(limit=Money.of(900, "USD"), hold=True)}, ["credit_limit"]),
        ({"credit": Credit(limit=None, hold=True)}, ["credit_limit"]),
        ({"credit": Credit(limit=Money.of(101, "EUR"), hold=True)}, []),
        ({"credit": Credit(limit=Money.of(100, "EUR"))}, ["credit_hold"]),
        ({"legal_name": " "}, ["legal_name"]),
        ({"addresses": [], "tax_registrations": []}, ["country"]),
        ({"addresses": []}, []),
        ({"tax_registrations": [TaxRegistration(country="DE", scheme="V", number="DE12")]}, ["tax_number"]),
        ({"tax_registrations": [TaxRegistration(country="DE", scheme="V", number="DE 123.456-788")]}, []),
        ({"tax_registrations": [TaxRegistration(country="BR", scheme="CNPJ", number="1")]}, []),
    ],
)
def test_what_no_table_of_owners_can_allow(after: dict[str, Any], rules: list[str]) -> None:
    before = customer_of(1, credit=IN_HOLD)
    fields = ["credit.limit", "credit.hold", "tax_registrations"]
    assert broken(proposal("erp", before, customer_of(1, **{"credit": IN_HOLD, **after}), *fields)) == rules


def test_the_books_themselves_may_lower_a_limit_and_clear_a_hold() -> None:
    before, after = customer_of(1, credit=IN_HOLD), customer_of(1, credit=Credit(limit=Money.of(1, "EUR")))
    assert broken(proposal("erp", before, after, "credit.limit", "credit.hold", origin="erp")) == []


@pytest.mark.parametrize("field", ["bank_account", "iban", "remit_to", "payee_bic"])
def test_bank_data_never_comes_from_outside_the_books(field: str) -> None:
    assert broken(proposal("erp", customer_of(1), customer_of(1), field)) == ["bank_data"]
    assert broken(proposal("erp", customer_of(1), customer_of(1), field, origin="erp")) == []
    assert broken(proposal("crm", customer_of(1), customer_of(1), field)) == []


async def test_all_guards_that_fail_are_told_at_once_and_nothing_is_written(acme: Firm) -> None:
    acme.account(1)
    before = await acme.settled()
    wrong = TaxRegistration(country="DE", scheme="USt-IdNr", number="12")
    acme.erp.edit("D1", legal_name="", tax_registrations=[wrong])
    assert await acme.round() == {"refused": 1}
    assert acme.writes() == before
    (case,) = await acme.cases()
    assert case.kind == "guard_legal_name+tax_number"
    acme.erp.edit("D1", legal_name="Back again", tax_registrations=customer_of(1).tax_registrations)
    await acme.settled()
    assert acme.crm.records["A1"].legal_name == "BACK AGAIN"
    assert await acme.cases() == []
