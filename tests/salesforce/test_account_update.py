"""Single fields of an account are changed, and only those."""

from typing import Any

import pytest

from canonical.faults import Invalid, NotFound, VendorStale
from canonical.objects import Address, Customer, TaxRegistration
from canonical.ports.accounts import AccountUpdate
from foundation.sandbox import Box
from foundation.sandbox.firm import ACCOUNTS
from system_apis.salesforce.adapter import Salesforce

ACCOUNT = ACCOUNTS[0].id


def update(fields: str, seen: str = "", **more: Any) -> AccountUpdate:
    account = Customer(**{"legal_name": "Sturmvogel Werft GmbH", **more})
    return AccountUpdate(fields=fields.split(), account=account, seen=seen)


async def test_what_is_not_named_stays_as_it_is(salesforce: Salesforce) -> None:
    before = await salesforce.account(ACCOUNT)
    await salesforce.update_account(ACCOUNT, update("legal_name", trading_name="Not asked for"))
    after = await salesforce.account(ACCOUNT)
    assert (after.legal_name, after.trading_name) == ("Sturmvogel Werft GmbH", before.trading_name)
    assert (after.addresses, after.payment_terms) == (before.addresses, before.payment_terms)


async def test_every_field_it_keeps_is_read_back_as_it_was_written(salesforce: Salesforce) -> None:
    told: dict[str, Any] = {
        "trading_name": "Sturmvogel",
        "number": "K-77",
        "payment_terms": "Net 45",
        "po_required": True,
        "default_currency": "EUR",
        "addresses": [
            Address(role="bill", lines=["Kai 7", "Haus B"], city="Kiel", postal="24103", country="DE"),
            Address(role="ship", lines=["Dock 1"], city="Kiel", country="DE"),
        ],
        "tax_registrations": [
            TaxRegistration(country="AT", scheme="UID", number="ATU12345675"),
            TaxRegistration(country="DE", scheme="USt-IdNr", number="DE123456788"),
        ],
    }
    await salesforce.update_account(ACCOUNT, update(" ".join(["legal_name", *told]), **told))
    after = await salesforce.account(ACCOUNT)
    assert after.tax_registrations == told.pop("tax_registrations")[1:], "one number, that of the billing country"
    assert {name: getattr(after, name) for name in told} == told


async def test_emptied_it_reads_empty(salesforce: Salesforce) -> None:
    await salesforce.update_account(ACCOUNT, update("payment_terms number tax_registrations addresses"))
    after = await salesforce.account(ACCOUNT)
    assert (after.payment_terms, after.number, after.tax_registrations, after.addresses) == ("", "", [], [])


async def test_one_that_changed_since_it_was_seen_is_not_written(salesforce: Salesforce, box: Box) -> None:
    before = await salesforce.account(ACCOUNT)
    assert before.source
    box.store.set_setting("_clock_ahead", 5)
    await salesforce.update_account(ACCOUNT, update("legal_name", before.source.native_version))
    with pytest.raises(VendorStale):
        await salesforce.update_account(
            ACCOUNT, update("payment_terms", before.source.native_version, payment_terms="X")
        )
    assert (await salesforce.account(ACCOUNT)).payment_terms == before.payment_terms


async def test_what_it_does_not_keep_or_cannot_hold_is_said_by_its_place(salesforce: Salesforce) -> None:
    with pytest.raises(Invalid) as refused:
        await salesforce.update_account(ACCOUNT, update("legal_name email credit"))
    assert [each.pointer for each in refused.value.errors] == ["/fields/1", "/fields/2"]
    with pytest.raises(Invalid) as refused:
        await salesforce.update_account(ACCOUNT, update("payment_terms", payment_terms="x" * 41))
    assert [each.pointer for each in refused.value.errors] == ["/account/payment_terms"]
    with pytest.raises(NotFound):
        await salesforce.update_account("001Tg0000009999AAA", update("legal_name"))


async def test_a_name_is_cut_where_the_org_keeps_no_more(salesforce: Salesforce) -> None:
    await salesforce.update_account(
        ACCOUNT, update("legal_name trading_name", legal_name="ä" * 300, trading_name="b" * 300)
    )
    after = await salesforce.account(ACCOUNT)
    assert (len(after.legal_name), len(after.trading_name)) == (255, 255)
