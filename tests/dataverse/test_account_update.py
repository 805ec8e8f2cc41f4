"""Single columns of an account are changed, and only those."""

from typing import Any

import pytest

from canonical.faults import Invalid, NotFound, VendorStale
from canonical.objects import Address, Customer, TaxRegistration
from canonical.ports.accounts import AccountUpdate
from foundation.sandbox import Box
from system_apis.dataverse.adapter import Dataverse

NOBODY = "e355e0d6-a0f4-5647-9e2b-c1488b40ffff"


@pytest.fixture
def account(box: Box) -> str:
    return str(box.store.find("account")[0]["accountid"])


def update(fields: str, seen: str = "", **more: Any) -> AccountUpdate:
    customer = Customer(**{"legal_name": "Sturmvogel Werft GmbH", **more})
    return AccountUpdate(fields=fields.split(), account=customer, seen=seen)


async def test_every_field_it_keeps_is_read_back_as_it_was_written_and_no_other_changed(
    dataverse: Dataverse, account: str
) -> None:
    before = await dataverse.account(account)
    told: dict[str, Any] = {
        "number": "K-77",
        "payment_terms": "Net 45",
        "po_required": True,
        "email": "ap@sturmvogel.example",
        "addresses": [Address(lines=["Kai 7", "Haus B", "3. Stock"], city="Kiel", postal="24103", country="DE")],
        "tax_registrations": [
            TaxRegistration(country="AT", scheme="UID", number="ATU12345675"),
            TaxRegistration(country="DE", scheme="USt-IdNr", number="DE123456788"),
        ],
    }
    await dataverse.update_account(account, update(" ".join(["legal_name", *told]), trading_name="No", **told))
    after = await dataverse.account(account)
    assert after.tax_registrations == told.pop("tax_registrations")[1:], "one number, that of the billing country"
    assert {name: getattr(after, name) for name in told} == told
    assert (after.legal_name, after.trading_name) == ("Sturmvogel Werft GmbH", before.trading_name)


async def test_emptied_it_reads_empty(dataverse: Dataverse, account: str) -> None:
    await dataverse.update_account(account, update("payment_terms number email tax_registrations addresses"))
    after = await dataverse.account(account)
    assert (after.payment_terms, after.number, after.email) == ("", "", "")
    assert (after.tax_registrations, after.addresses) == ([], [])


async def test_one_that_changed_since_it_was_seen_is_not_written_and_none_is_made(
    dataverse: Dataverse, account: str, box: Box
) -> None:
    before = await dataverse.account(account)
    assert before.source
    await dataverse.update_account(account, update("legal_name", before.source.native_version))
    with pytest.raises(VendorStale):
        await dataverse.update_account(account, update("email", before.source.native_version, email="a@b.example"))
    count = len(box.store.find("account"))
    with pytest.raises(NotFound):
        await dataverse.update_account(NOBODY, update("legal_name"))
    assert len(box.store.find("account")) == count


async def test_what_is_not_written_or_not_known_is_said_by_its_place(dataverse: Dataverse, account: str) -> None:
    with pytest.raises(Invalid) as refused:
        await dataverse.update_account(account, update("legal_name owner_id payment_terms", payment_terms="Net 33"))
    assert [each.pointer for each in refused.value.errors] == ["/fields/1", "/account/payment_terms"]
    assert "Net 30, Net 45, Net 60" in refused.value.errors[1].detail
    with pytest.raises(Invalid):
        await dataverse.update_account(account, update("number", number="x" * 21))
