"""Contracts line by line: what is billed stays, what is released is opened and released again, whatever fails."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from canonical.faults import Conflict, Drifted, Fault, Invalid, VendorRefused
from canonical.money import Money
from canonical.objects import Contract, Customer
from foundation.sandbox import Box, FaultRule
from system_apis.business_central.adapter import BusinessCentral
from tests.business_central.test_ledger import EVERY
from tests.business_central.test_sandbox import code, made
from tests.ports import objects

NOTE = {"id": str(UUID(int=1)), "sequence": 15000, "lineType": "Comment", "lineObjectNumber": "", "quantity": 0}


async def customer(erp: BusinessCentral, **more: Any) -> str:
    data: Customer = objects.customer(**more)
    return (await erp.upsert_customer(objects.CUSTOMER, data)).id


async def agreed(erp: BusinessCentral, **more: Any) -> Contract:
    """The suite's contract, written."""
    data = objects.agreement(account_id=await customer(erp), **more)
    await erp.set_contract_terms(objects.AGREEMENT, data)
    return data


async def ordered(erp: BusinessCentral) -> Contract:
    """The same of an order of its quote, which is released, with a comment between its two lines."""
    account = await customer(erp)
    order = await erp.upsert_order(objects.AGREEMENT, objects.sales_order(account_id=account))
    await erp.approve_order(order.id)
    return objects.agreement(account_id=account)


def lines(box: Box) -> list[tuple[int, str, Any]]:
    rows = sorted(box.store.all("salesOrderLines"), key=lambda row: row["sequence"])
    return [(row["sequence"], row["tiergateReference"], row["netAmount"]) for row in rows]


def billed(box: Box, *references: str) -> None:
    """Somebody posts these lines of the order."""
    for row in box.store.all("salesOrderLines"):
        quantity = row["quantity"] if row["tiergateReference"] in references else 0
        box.store.update("salesOrderLines", row["id"], {"invoicedQuantity": quantity})


def without_amendments(data: Contract) -> Contract:
    return msgspec.structs.replace(data, amendments=[], amendment=0)


async def test_one_line_of_the_whole_value_becomes_what_was_signed(erp: BusinessCentral, box: Box) -> None:
    data = objects.agreement(account_id=await customer(erp))
    bare = objects.contract(account_id=data.account_id)
    first = await erp.upsert_contract(objects.AGREEMENT, bare)
    (whole,) = (await erp.contract_terms(objects.AGREEMENT)).lines
    assert (whole.seq, whole.amount, whole.billing_method) == (1, bare.value, None)
    assert (await erp.contract_terms(objects.AGREEMENT)).amendment is None
    second = await erp.set_contract_terms(objects.AGREEMENT, data)
    assert (second.id, second.created) == (first.id, False)
    assert lines(box) == [
        (10000, "0.1", Decimal("18200.50")),
        (20000, "0.2", Decimal("30000.00")),
        (30000, "1.1", Decimal("5000.25")),
    ]


async def test_what_is_as_it_shall_be_is_not_touched_and_an_amendment_is_added_and_taken_back(
    erp: BusinessCentral, box: Box
) -> None:
    data = await agreed(erp)
    written = len(box.store.writes())
    await erp.set_contract_terms(objects.AGREEMENT, data)
    assert box.store.writes()[written:] == []
    before = await erp.contract_terms(objects.AGREEMENT)
    await erp.set_contract_terms(objects.AGREEMENT, without_amendments(data))
    there = await erp.contract_terms(objects.AGREEMENT)
    assert (there.amendments, there.amendment, there.lines) == ([], 0, before.lines)
    assert there.value == Money.of("48200.50", "EUR")
    await erp.set_contract_terms(objects.AGREEMENT, data)
    assert await erp.contract_terms(objects.AGREEMENT) == msgspec.structs.replace(
        before, source=(await erp.contract_terms(objects.AGREEMENT)).source
    )


async def test_a_line_nothing_is_billed_of_is_written_anew_where_it_stands(erp: BusinessCentral, box: Box) -> None:
    data = await agreed(erp)
    (kept,) = box.store.find("salesOrderLines", tiergateReference="0.1")
    box.store.update("salesOrderLines", kept["id"], {"discountAmount": Decimal(200), "netAmount": Decimal("18000.50")})
    assert (await erp.contract_terms(objects.AGREEMENT)).lines[0].amount == Money.of("18000.50", "EUR")
    await erp.set_contract_terms(objects.AGREEMENT, data)
    (now,) = box.store.find("salesOrderLines", tiergateReference="0.1")
    assert (now["id"], now["netAmount"], now["discountAmount"]) == (kept["id"], Decimal("18200.50"), 0)


async def test_an_order_of_a_quote_is_amended_behind_its_lines_and_stays_released(
    erp: BusinessCentral, box: Box
) -> None:
    data = await ordered(erp)
    box.store.insert("salesOrderLines", NOTE["id"], box.store.all("salesOrderLines")[0] | NOTE | {"netAmount": 0})
    for _ in range(2):
        await erp.set_contract_terms(objects.AGREEMENT, data)
    there = await erp.contract_terms(objects.AGREEMENT)
    assert (there.order_id, there.value) == (there.id, Money.of("26300.25", "EUR"))
    assert [line.amount.amount for line in there.lines] == [21200, 100]
    assert lines(box) == [
        (10000, "", Decimal("21200.00")),
        (15000, "", 0),
        (20000, "", Decimal("100.00")),
        (30000, "1.1", Decimal("5000.25")),
    ]
    assert (box.store.all("salesOrders")[0]["status"], (await erp.order_by_key(objects.AGREEMENT)).status) == (
        "Open",
        "open",
    )


@pytest.mark.parametrize("fault", ["server_error", "timeout_after_commit"])
async def test_wherever_amending_a_released_order_breaks_off_the_next_try_ends_it_released(
    erp: BusinessCentral, box: Box, fault: Any
) -> None:
    data = await ordered(erp)
    broken, extension = 0, "/api/tiergate/"
    for number in range(20):
        box.faults.add(FaultRule(fault=fault, path=extension, after=number))
        try:
            await erp.set_contract_terms(objects.AGREEMENT, data)
        except Fault:
            broken += 1
        box.faults.clear()
        await erp.set_contract_terms(objects.AGREEMENT, data)
        (order,) = box.store.all("salesOrders")
        assert (order["status"], order["releaseAgain"]) == ("Open", False), number
        assert [each.amount.amount for each in (await erp.contract_terms(objects.AGREEMENT)).amendments[0].lines] == [
            Decimal("5000.25")
        ]
        await erp.set_contract_terms(objects.AGREEMENT, without_amendments(data))
    assert broken >= 6


async def test_what_is_billed_is_never_written_again_and_the_rest_may_be(erp: BusinessCentral, box: Box) -> None:
    data = await agreed(erp)
    billed(box, "0.1", "1.1")
    less = msgspec.structs.replace(data.lines[0], amount=Money.of("1.00", "EUR"))
    for wrong, line in ((msgspec.structs.replace(data, lines=[less, data.lines[1]]), r"0\.1"), (None, r"1\.1")):
        with pytest.raises(Conflict, match=f"line {line} of order S-ORD000001 is billed: amend it, or credit it"):
            await erp.set_contract_terms(objects.AGREEMENT, wrong or without_amendments(data))
    assert (await erp.contract_terms(objects.AGREEMENT)).value == data.value
    more = msgspec.structs.replace(data.lines[1], amount=Money.of("30000.01", "EUR"))
    renamed = msgspec.structs.replace(data.lines[0], description="Design, as billed")
    await erp.set_contract_terms(objects.AGREEMENT, msgspec.structs.replace(data, lines=[renamed, more]))
    there = await erp.contract_terms(objects.AGREEMENT)
    assert [(line.description, line.amount.amount) for line in there.lines] == [
        ("Design", Decimal("18200.50")),
        ("Build", Decimal("30000.01")),
    ]


async def test_an_order_billed_in_full_takes_no_other_line_and_still_says_what_holds(
    erp: BusinessCentral, box: Box
) -> None:
    data = await agreed(erp)
    await erp.approve_order((await erp.contract_terms(objects.AGREEMENT)).id)
    billed(box, "0.1", "0.2", "1.1")
    more = msgspec.structs.replace(data.amendments[0], number=2)
    with pytest.raises(Conflict, match="order S-ORD000001 is billed in full, and takes no other lines"):
        await erp.set_contract_terms(
            objects.AGREEMENT, msgspec.structs.replace(data, amendments=[*data.amendments, more])
        )
    ended = msgspec.structs.replace(data, status="expired", end=objects.START)
    await erp.set_contract_terms(objects.AGREEMENT, ended)
    there = await erp.contract_terms(objects.AGREEMENT)
    assert (there.status, there.end, there.value) == ("expired", objects.START, data.value)


async def test_a_cancelled_contract_is_marked_and_its_order_no_longer_released(erp: BusinessCentral, box: Box) -> None:
    data = await ordered(erp)
    await erp.set_contract_terms(objects.AGREEMENT, data)
    carried = await erp.contract_by_key(objects.AGREEMENT)
    gone = msgspec.structs.replace(carried, status="cancelled")
    for _ in range(2):
        await erp.upsert_contract(objects.AGREEMENT, gone)
    there, (order,) = await erp.contract_terms(objects.AGREEMENT), box.store.all("salesOrders")
    assert (there.status, there.amendment, there.value) == ("cancelled", 1, Money.of("26300.25", "EUR"))
    assert (order["status"], order["releaseAgain"]) == ("Draft", False)
    with pytest.raises(Conflict, match="is cancelled"):
        await erp.approve_order(there.id)


async def test_an_amended_contract_nobody_carried_is_not_made_with_one_line(erp: BusinessCentral, box: Box) -> None:
    account = await customer(erp)
    with pytest.raises(Invalid) as refused:
        await erp.upsert_contract(objects.AGREEMENT, objects.agreement(account_id=account))
    with pytest.raises(Invalid) as empty:
        await erp.set_contract_terms(objects.AGREEMENT, objects.agreement(account_id=account, lines=[]))
    pointers = [error.pointer for fault in (refused, empty) for error in fault.value.errors]
    assert (pointers, box.store.all("salesOrders")) == (["/amendment", "/lines"], [])


async def test_an_order_changes_neither_company_nor_currency_nor_customer(erp: BusinessCentral, box: Box) -> None:
    data = await agreed(erp)
    other = (await erp.upsert_customer("salesforce:001Tg0000000078IAA", objects.customer(legal_name="Twin"))).id
    abroad = await customer(erp, legal_entity_id="ACME-US", default_currency="USD")
    for wrong, says in (
        ({"legal_entity_id": "ACME-US"}, "belongs to another company"),
        ({"legal_entity_id": "ACME-US", "account_id": abroad}, "belongs to another company"),
        ({"currency": "USD"}, "is in another currency"),
        ({"account_id": other}, "is another customer's"),
    ):
        with pytest.raises(Conflict, match=f"order S-ORD000001 {says}: end it, and write another"):
            await erp.set_contract_terms(objects.AGREEMENT, msgspec.structs.replace(data, **wrong))
    with pytest.raises(Invalid) as apart:
        await erp.set_contract_terms("salesforce:new", msgspec.structs.replace(data, account_id=abroad))
    assert [error.pointer for error in apart.value.errors] == ["/account_id"]
    assert len(box.store.all("salesOrders")) == 1


@pytest.mark.parametrize(
    ("page", "field", "kept"),
    [
        ("salesOrderLines", "tiergateReference", "first"),
        ("salesOrderLines", "tiergateReference", "1."),
        ("salesOrders", "carriedAmendment", "one"),
    ],
)
async def test_what_somebody_typed_into_our_fields_is_drift(
    erp: BusinessCentral, box: Box, page: str, field: str, kept: str
) -> None:
    await agreed(erp)
    box.store.update(page, box.store.all(page)[0]["id"], {field: kept})
    with pytest.raises(Drifted, match=f"'{kept}'"):
        await erp.contract_terms(objects.AGREEMENT)


async def test_what_waits_for_an_approval_is_refused_in_its_own_words(erp: BusinessCentral, box: Box) -> None:
    data = await agreed(erp)
    box.store.update("salesOrders", box.store.all("salesOrders")[0]["id"], {"status": "In_x0020_Review"})
    with pytest.raises(VendorRefused, match="Status must be equal to 'Open'"):
        await erp.set_contract_terms(objects.AGREEMENT, without_amendments(data))


async def test_the_sandbox_keeps_a_reference_once_and_lets_nobody_edit_what_is_posted_in_full(
    http: httpx.AsyncClient, box: Box, company: str
) -> None:
    owner = (await made(http, company))["id"]
    line = {"sequence": 10000, "lineType": "Resource", "lineObjectNumber": "TG-SERVICE", "tiergateReference": "0.1"}
    order = (await http.post(f"{company}/salesOrders", json={"customerId": owner, "salesOrderLines": [line]})).json()
    address = f"{company}/salesOrders({order['id']})"
    twin = await http.post(f"{address}/salesOrderLines", json=line)
    assert code(twin) == (400, "Internal_EntityWithSameKeyExists")
    billed(box, "0.1")
    for refused in (
        await http.post(f"{address}/salesOrderLines", json=line | {"tiergateReference": "1.1"}),
        await http.post(f"{address}/Microsoft.NAV.reopen"),
    ):
        assert code(refused) == (400, "Application_DialogException")
        assert "posted in full" in refused.text
    assert (await http.patch(address, json={"contractStatus": "Expired"}, headers=EVERY)).status_code == 200
