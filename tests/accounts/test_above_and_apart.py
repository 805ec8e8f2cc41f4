"""What stands above an account, by what every system says of it; and what its country decides when it is matched."""

from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from canonical.objects import Address, TaxRegistration
from process_apis.account_sync.customers import CUSTOMERS
from process_apis.account_sync.recording import ancestors_of, load
from process_apis.account_sync.records import Record
from process_apis.cross_references.xrefs import Place
from tests.accounts.two_systems import Firm, customer_of

TAX = [TaxRegistration(country="DE", scheme="USt-IdNr", number="DE123456788")]


async def above(acme: Firm, number: int, *records: Record) -> list[str]:
    """The ancestors of an account, by the names of their records in the CRM."""

    async def named(canonical_id: str) -> str:
        return next(each for each in await acme.places_of(canonical_id) if each.startswith("crm"))

    account = await acme.id_of("crm", f"A{number}")

    def read(c: sa.Connection) -> list[str]:
        return ancestors_of(c, CUSTOMERS, load(c, [account])[account], records)

    return [await named(each) for each in await acme.database.run(read)]


def at_hand(acme: Firm, number: int, parent_id: str) -> Record:
    """The account's record in the CRM as it was read just now."""
    data = msgspec.structs.replace(acme.crm.records[f"A{number}"], parent_id=parent_id)
    return Record(place=Place(system="crm", native_id=f"A{number}"), role="crm", data=data, said={})


async def test_all_above_an_account_are_found_and_a_record_at_hand_counts_more_than_what_it_was_seen_to_say(
    acme: Firm,
) -> None:
    for number in range(1, 5):
        acme.account(number)
    await acme.settled()
    for number in range(1, 4):
        acme.crm.edit(f"A{number}", parent_id=f"A{number + 1}")
    await acme.settled()
    assert await above(acme, 1) == ["crm A2", "crm A3", "crm A4"]
    assert await above(acme, 4) == []
    assert await above(acme, 1, at_hand(acme, 1, "A4")) == ["crm A4"]
    assert await above(acme, 1, at_hand(acme, 1, "")) == []
    assert await above(acme, 4, at_hand(acme, 4, "A1")) == ["crm A1", "crm A2", "crm A3", "crm A4"], (
        "it ends with itself"
    )
    assert await above(acme, 4, at_hand(acme, 4, "A4")) == ["crm A4"]


async def test_a_loop_of_three_is_refused_before_anything_is_written(acme: Firm) -> None:
    for number in range(1, 5):
        acme.account(number)
    await acme.settled()
    acme.crm.edit("A1", parent_id="A2")
    acme.crm.edit("A2", parent_id="A3")
    before = await acme.settled()
    acme.crm.edit("A3", parent_id="A1", email="new@customer-3.example")
    assert await acme.round() == {"refused": 1}
    assert acme.writes() == before
    (case,) = await acme.cases()
    assert (case.kind, case.business_key) == ("guard_parent_cycle", await acme.id_of("crm", "A3"))


@pytest.mark.parametrize(
    ("theirs", "ours", "one"),
    [
        (["DE"], ["DE"], True),
        (["DE"], ["AT"], False),
        (["DE"], ["AT", "DE"], True),
        (["DE"], [], True),
        ([], ["AT"], True),
    ],
)
@pytest.mark.parametrize("by", ["tax number", "mail domain"])
async def test_two_are_one_customer_unless_they_are_at_home_in_different_countries(
    acme: Firm, by: str, theirs: list[str], ours: list[str], one: bool
) -> None:
    same: dict[str, Any] = {"legal_name": "Sturmvogel Nord GmbH", "email": "ap@sturmvogel.example"}
    same["tax_registrations"] = TAX if by == "tax number" else []
    homes = [[Address(city="There", country=country) for country in each] for each in (theirs, ours)]
    acme.account(1, erp="", **same, addresses=homes[0])
    acme.erp.save("D9", customer_of(9, **same, addresses=homes[1]))
    await acme.settled()
    assert (await acme.id_of("erp", "D9") == await acme.id_of("crm", "A1")) is one
