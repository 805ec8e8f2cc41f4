"""Contracts line by line against the sandbox: what people did in SAP meanwhile, and what is left alone."""

import httpx
import msgspec
import pytest

from canonical.faults import Conflict, Drifted, Invalid
from canonical.money import Money
from canonical.objects import Contract, ContractLine
from foundation.sandbox import Box
from system_apis.sap_s4hana import wire
from system_apis.sap_s4hana.adapter import SapS4hana
from tests.ports import objects

KEY = objects.AGREEMENT


async def agreed(sap: SapS4hana, **more: object) -> Contract:
    account = (await sap.upsert_customer(objects.CUSTOMER, objects.customer())).id
    return msgspec.structs.replace(objects.agreement(account_id=account), **more)


async def call_off(sap: SapS4hana, http: httpx.AsyncClient, number: str, item: str) -> None:
    """Somebody orders from a contract's item."""
    data = objects.sales_order(account_id=(await sap.contract_by_key(KEY)).account_id)
    order = (await sap.upsert_order(objects.ORDER, data)).id
    entry = {"Material": "TIERGATE-SERVICES", "RequestedQuantity": "1", "RequestedQuantityUnit": "EA"}
    entry |= {"ReferenceSDDocument": number, "ReferenceSDDocumentItem": item}
    made = await http.post(f"{wire.ORDERS}/A_SalesOrder('{order}')/to_Item", json=entry)
    assert made.status_code == 201, made.text


def changed(data: Contract, amount: str) -> Contract:
    (first, *rest) = data.lines
    return msgspec.structs.replace(data, lines=[msgspec.structs.replace(first, amount=Money.of(amount, "EUR")), *rest])


async def test_a_line_that_was_called_off_is_not_changed_and_one_that_is_added_may_be(
    sap: SapS4hana, http: httpx.AsyncClient
) -> None:
    data = await agreed(sap, amendments=[], amendment=0)
    number = (await sap.set_contract_terms(KEY, data)).id
    await call_off(sap, http, number, "10")
    with pytest.raises(Conflict, match=r"line 0\.1 of contract"):
        await sap.set_contract_terms(KEY, changed(data, "1.00"))
    assert (await sap.contract_terms(KEY)).lines == data.lines
    await sap.set_contract_terms(KEY, objects.agreement(account_id=data.account_id))
    assert len((await sap.contract_terms(KEY)).amendments) == 1
    over = msgspec.structs.replace(data, status="cancelled")
    await sap.set_contract_terms(KEY, over)
    closed = await sap.contract_terms(KEY)
    assert (closed.status, closed.lines, closed.amendments) == ("cancelled", data.lines, [])
    assert closed.value == Money.of("48200.50", "EUR"), "who closes it leaves its lines as they were signed"


async def test_what_was_taken_back_comes_again_as_the_same_item(sap: SapS4hana, box: Box) -> None:
    data = await agreed(sap)
    await sap.set_contract_terms(KEY, data)
    await sap.set_contract_terms(KEY, msgspec.structs.replace(data, amendments=[], amendment=0))
    assert (await sap.contract_terms(KEY)).amendments == []
    await sap.set_contract_terms(KEY, data)
    assert (await sap.contract_terms(KEY)).amendments == data.amendments
    assert len(box.store.all("A_SalesContractItem")) == 3


async def test_a_contract_taken_back_whole_is_written_as_its_value_again(sap: SapS4hana) -> None:
    data = await agreed(sap)
    await sap.set_contract_terms(KEY, msgspec.structs.replace(data, status="cancelled", amendment=None))
    worth = Money.of("70000.00", "EUR")
    plain = msgspec.structs.replace(data, amendment=None, amendments=[], lines=[], value=worth)
    await sap.upsert_contract(KEY, plain)
    there = await sap.contract_terms(KEY)
    assert (there.status, there.value, there.amendment) == ("active", worth, None)
    assert [(each.description, each.amount) for each in there.lines] == [(data.title, worth)]


async def test_an_item_people_added_is_told_and_left_and_ends_with_the_contract(
    sap: SapS4hana, http: httpx.AsyncClient, box: Box
) -> None:
    data = await agreed(sap)
    number = (await sap.set_contract_terms(KEY, data)).id
    entry = {"Material": "TIERGATE-SERVICES", "RequestedQuantity": "2", "SalesContractItemText": "Coffee"}
    price = {"ConditionType": "PPR0", "ConditionRateValue": "7.00", "ConditionCurrency": "EUR"}
    made = await http.post(
        f"{wire.CONTRACTS}/A_SalesContract('{number}')/to_Item", json=entry | {"to_PricingElement": [price]}
    )
    assert made.status_code == 201
    await sap.set_contract_terms(KEY, data)
    assert "Coffee" in [each.description for each in (await sap.contract_terms(KEY)).lines]
    await sap.set_contract_terms(KEY, msgspec.structs.replace(data, status="expired"))
    assert (await sap.contract_terms(KEY)).status == "cancelled"
    assert {each["SalesDocumentRjcnReason"] for each in box.store.all("A_SalesContractItem")} == {"00"}


async def test_a_block_somebody_set_stays_and_a_price_that_is_gone_is_set_again(sap: SapS4hana, box: Box) -> None:
    data = await agreed(sap)
    number = (await sap.set_contract_terms(KEY, data)).id
    box.store.update("A_SalesContract", number, {"HeaderBillingBlockReason": "08"})
    (price, *_) = box.store.find("A_SalesContractItemPrcgElmnt", SalesContractItem="20")
    at = f"{number}|20|{price['PricingProcedureStep']}|{price['PricingProcedureCounter']}"
    box.store.delete("A_SalesContractItemPrcgElmnt", at)
    assert len((await sap.contract_terms(KEY)).lines) == 2
    assert (await sap.contract_terms(KEY)).lines != data.lines
    await sap.set_contract_terms(KEY, data)
    there = await sap.contract_terms(KEY)
    assert (there.status, there.lines) == ("in_approval", data.lines)


async def test_it_stays_of_its_company_currency_and_customer_and_has_a_line(sap: SapS4hana, box: Box) -> None:
    data = await agreed(sap)
    await sap.set_contract_terms(KEY, data)
    writes = len(box.store.writes())
    for said, fields in {
        "another sales organization": {"legal_entity_id": "ACME-US"},
        "another currency": {"currency": "USD"},
        "another customer's": {"account_id": "10100999"},
    }.items():
        with pytest.raises(Conflict, match=said):
            await sap.set_contract_terms(KEY, msgspec.structs.replace(data, **fields))
    with pytest.raises(Invalid) as refused:
        await sap.set_contract_terms(KEY, msgspec.structs.replace(data, lines=[]))
    assert [error.pointer for error in refused.value.errors] == ["/lines"]
    assert len(box.store.writes()) == writes


async def test_how_far_it_is_carried_is_a_number_or_drift(sap: SapS4hana, box: Box) -> None:
    number = (await sap.set_contract_terms(KEY, await agreed(sap))).id
    assert (await sap.contract_by_key(KEY)).amendment == 1
    for unread in ("one", "²", "1" * 8):
        box.store.update("A_SalesContract", number, {"YY1_TGAmendment_SDH": unread})
        with pytest.raises(Drifted):
            await sap.contract_by_key(KEY)


async def test_an_amended_contract_nobody_carried_is_not_made_as_one_item(sap: SapS4hana, box: Box) -> None:
    amended = msgspec.structs.replace(await agreed(sap), lines=[ContractLine(seq=1, amount=Money.of("1.00", "EUR"))])
    with pytest.raises(Invalid) as refused:
        await sap.upsert_contract(KEY, amended)
    assert [error.pointer for error in refused.value.errors] == ["/amendment"]
    assert box.store.all("A_SalesContract") == []
