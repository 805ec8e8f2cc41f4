"""The ten edge cases that break a naive account sync, each by its number."""

from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from canonical.base import Xref
from canonical.objects import Address, TaxRegistration
from canonical.ports.accounts import Accounts
from canonical.ports.systems import Change, Customers, Opportunities
from process_apis.cross_references import xrefs
from process_apis.events import inbox
from process_apis.tables import SNAPSHOTS
from tests.accounts.two_systems import BEGAN, LONGEST, Firm, customer_of, firm, ownership

LONG = "Vereinigte Hanseatische Sturmvogel-Werften und Reedereien Aktiengesellschaft"


@pytest.mark.parametrize("number", range(2))
async def test_01_a_name_the_erp_cuts_and_shouts_comes_back_as_no_change(
    tmp_path: Path, database: str, number: int
) -> None:
    named = "{owner: crm, mode: authoritative, written_to: [erp]}"
    either = "{owner: crm, mode: advisory, written_to: [crm, erp], on_conflict: newest}"
    with firm(database, ownership(tmp_path / "policies", legal_name=(named, either)[number])) as acme:
        acme.account(1)
        await acme.settled()
        acme.crm.edit("A1", legal_name=LONG)
        before = acme.writes()
        assert await acme.settled() == before + 1
        assert acme.erp.records["D1"].legal_name == LONG[:LONGEST].upper()
        assert acme.crm.records["A1"].legal_name == LONG
        assert await acme.round() == {}


async def test_02_a_merge_in_the_crm_is_a_delete_and_an_update_and_what_hung_on_the_loser_moves(acme: Firm) -> None:
    acme.account(1)
    acme.account(2, erp="")
    acme.account(3, erp="", parent_id="A1")
    await acme.settled()
    loser, winner = await acme.id_of("crm", "A1"), await acme.id_of("crm", "A2")
    acme.crm.merge("A1", "A2")  # the child's parent is A2 now, and nothing says so
    assert (await acme.round())["merged"] == 1
    assert await acme.id_of("erp", "D1") == await acme.id_of("crm", "A2") == winner
    assert sorted(await acme.places_of(winner)) == ["crm A2", "erp D1"]
    assert await acme.database.run(lambda c: xrefs.resolve(c, loser)) == winner
    parents = sa.select(SNAPSHOTS.c.parent_id).where(SNAPSHOTS.c.native_id == "A3")
    assert await acme.database.run(lambda c: c.scalar(parents)) == winner
    acme.erp.edit("D1", payment_terms="Net 7")
    await acme.settled()
    assert acme.crm.records["A2"].payment_terms == "Net 7"
    assert "com.tiergate.account.merged.v1" in await acme.events()
    assert await acme.cases() == []


async def test_03_a_merge_of_two_whose_books_have_a_debtor_each_is_a_person_s_to_settle(acme: Firm) -> None:
    acme.account(1)
    acme.account(2)
    before = await acme.settled()
    loser, winner = await acme.id_of("crm", "A1"), await acme.id_of("crm", "A2")
    acme.crm.merge("A1", "A2")
    await acme.settled()
    assert acme.writes() == before
    assert [await acme.id_of("erp", native) for native in ("D1", "D2")] == [loser, winner]
    (case,) = await acme.cases()
    assert (case.business_key, case.kind) == (loser, "ownership")
    assert "ACME-DE: erp D1" in case.errors
    assert "ACME-DE: erp D2" in case.errors


async def test_04_deleted_and_undeleted_it_is_the_same_customer_and_nothing_was_deleted_elsewhere(acme: Firm) -> None:
    acme.account(1)
    before = await acme.settled()
    owner = await acme.id_of("crm", "A1")
    binned = acme.crm.delete("A1")
    assert await acme.round() == {"gone": 1}
    assert list(acme.erp.records) == ["D1"]
    assert await acme.id_of("crm", "A1") == ""
    (case,) = await acme.cases()
    assert case.title == "Tiergate: crm A1 was deleted, and erp D1 is still there. Nothing was deleted or closed."
    acme.crm.save("A1", binned)
    await acme.settled()
    assert await acme.id_of("crm", "A1") == owner
    assert acme.writes() == before
    assert await acme.cases() == []


async def test_05_the_seventh_version_before_the_sixth_is_worked_on_once(acme: Firm) -> None:
    acme.account(1)
    await acme.settled()
    acme.erp.edit("D1", payment_terms="Net 6")
    acme.erp.edit("D1", payment_terms="Net 7")
    sixth, seventh = acme.erp.changes()
    for change in (seventh, sixth):
        await acme.database.run(lambda c, told=change: inbox.store(c, "erp", [told], "notification"))
    assert await acme.round() == {"written": 1, "stale": 1}
    assert acme.crm.records["A1"].payment_terms == "Net 7"
    await acme.settled()
    late = msgspec.structs.replace(sixth, version="00000000-6")
    before = acme.writes()
    await acme.database.run(lambda c: inbox.store(c, "erp", [late], "poll"))
    assert await acme.round() == {"echo": 1}
    assert acme.writes() == before


async def test_06_a_rename_asks_for_customers_only_so_nothing_that_was_posted_is_touched(acme: Firm) -> None:
    acme.account(1)
    await acme.settled()
    asked: set[type] = set()
    systems = acme.platform.systems
    known = systems.ask

    def ask(name: str, port: type) -> object:
        asked.add(port)
        return known(name, port)

    acme.platform.systems = msgspec.structs.replace(systems, ask=ask)  # type: ignore[arg-type]  # a spy of any port
    acme.erp.edit("D1", legal_name="Rebranded SE")
    acme.crm.edit("A1", legal_name="Rebranded wrongly")
    await acme.settled()
    assert acme.crm.records["A1"].legal_name == "REBRANDED SE"
    assert asked == {Opportunities, Accounts, Customers}


async def test_07_a_debtor_under_another_integration_s_key_gets_no_twin(acme: Firm) -> None:
    acme.account(1, erp="")
    key = Xref(system="erp", native_id="D1", alt_key="hubspot:77")
    acme.erp.save("D1", customer_of(1, xrefs=[key]))
    await acme.settled()
    assert await acme.id_of("erp", "D1") == await acme.id_of("crm", "A1"), "the tax number says so"
    acme.crm.edit("A1", email="other@customer-1.example")
    assert (await acme.round())["in_doubt"] == 1
    assert list(acme.erp.records) == ["D1"]
    assert acme.erp.records["D1"].xrefs == [key]
    (case,) = await acme.cases()
    assert (case.kind, case.owner) == ("foreign_key", "Finance master data")
    assert "'hubspot:77', which is not ours" in case.title


async def test_08_one_vat_group_in_two_countries_is_not_made_one_customer(acme: Firm) -> None:
    tax = [TaxRegistration(country="DE", scheme="USt-IdNr", number="DE123456788")]
    at_home = {"DE": [Address(city="Kiel", country="DE")], "AT": [Address(city="Wien", country="AT")]}
    for number, country in ((1, "DE"), (2, "AT")):
        same = {"legal_name": "Sturmvogel", "tax_registrations": tax, "email": f"{country}@sturmvogel.example"}
        acme.account(number, erp="", **same, addresses=at_home[country])
    acme.erp.save(
        "D9", customer_of(9, legal_name="Sturmvogel", tax_registrations=tax, addresses=at_home["DE"], email="")
    )
    await acme.settled()
    owners = {await acme.id_of(*place) for place in (("crm", "A1"), ("crm", "A2"), ("erp", "D9"))}
    assert len(owners) == 3
    told = await acme.cases()
    assert sorted(case.about for case in told) == ["Account STURMVOGEL", "Account Sturmvogel"]
    assert {case.kind for case in told} == {"ownership"}
    assert acme.writes() == 0


async def test_09_a_parent_loop_through_two_systems_is_found_before_anything_is_written(acme: Firm) -> None:
    acme.account(1)
    acme.account(2)
    before = await acme.settled()
    acme.crm.edit("A1", parent_id="A2")
    assert await acme.round() == {"quiet": 1}
    acme.erp.edit("D2", parent_id="D1", payment_terms="Net 99")
    assert await acme.round() == {"refused": 1}
    assert acme.writes() == before
    (case,) = await acme.cases()
    assert case.kind == "guard_parent_cycle"
    acme.crm.edit("A1", parent_id="")
    await acme.settled()
    acme.erp.edit("D2", payment_terms="Net 98")
    await acme.settled()
    assert acme.crm.records["A2"].payment_terms == "Net 98"
    assert await acme.cases() == []


async def test_10_an_event_that_tells_no_fields_is_read_anew(acme: Firm) -> None:
    """A gap or an overflow of a change stream names a record and no more; so does every change of ours."""
    acme.account(1)
    await acme.settled()
    acme.erp.edit("D1", payment_terms="Net 7")
    acme.erp.changed.clear()
    gap = Change(object="customer", native_id="D1", version="gap", changed_at=BEGAN)
    await acme.database.run(lambda c: inbox.store(c, "erp", [gap], "notification"))
    await acme.settled()
    assert acme.crm.records["A1"].payment_terms == "Net 7"


async def test_a_name_alike_is_shown_to_a_steward_and_never_linked(acme: Firm) -> None:
    acme.account(1, erp="", legal_name="Northwind Traders GmbH", email="", tax_registrations=[])
    acme.erp.save("D1", customer_of(2, legal_name="Northwind Trader AG", email="", tax_registrations=[]))
    await acme.settled()
    known, met = await acme.id_of("crm", "A1"), await acme.id_of("erp", "D1")
    assert known != met
    (case,) = await acme.cases()
    assert f"{known}: crm A1 (a name alike, 97%)" in case.errors


async def test_a_domain_and_a_name_alike_are_certain_a_domain_alone_is_not(acme: Firm) -> None:
    acme.account(1, erp="", tax_registrations=[])
    acme.erp.save("D1", customer_of(1, tax_registrations=[]))
    acme.erp.save("D2", customer_of(1, legal_name="Somebody else", tax_registrations=[]))
    await acme.settled()
    assert await acme.id_of("erp", "D1") == await acme.id_of("crm", "A1")
    assert await acme.id_of("erp", "D2") != await acme.id_of("crm", "A1")
