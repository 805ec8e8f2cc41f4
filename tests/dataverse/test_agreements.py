"""A contract as it was signed: the order, its amendments, and what may still be written of it."""

from typing import Any

import httpx
import pytest

from canonical.faults import NotFound, VendorRefused
from canonical.money import Money
from canonical.ports.contracts import AgreementMark
from foundation.sandbox import Box
from foundation.sandbox.firm import Deal
from system_apis.dataverse.adapter import Dataverse
from system_apis.dataverse.sandbox import org
from system_apis.dataverse.sandbox.contracts import AGREED
from system_apis.dataverse.sandbox.schema import TABLES
from system_apis.dataverse.sandbox.seed import bind, currency, deal_id
from tests.dataverse.conftest import DATA


@pytest.fixture
def order(box: Box, firm: dict[str, Deal]) -> str:
    """The signed contract of D06."""
    (found,) = box.store.find("salesorder", opportunityid=deal_id(firm["D06"]))
    return str(found["salesorderid"])


@pytest.fixture
def amendment(box: Box, order: str) -> str:
    """An amendment in draft, with one line of 5,000."""
    of: dict[str, Any] = {"tg_Contract@odata.bind": bind("salesorder", order)}
    of |= {"transactioncurrencyid@odata.bind": currency("USD")}
    made = org.create(box, TABLES["tg_contractamendment"], {"tg_number": 1, "tg_valuechange": 5000} | of)
    above = {"tg_Amendment@odata.bind": bind("tg_contractamendment", made["tg_contractamendmentid"])}
    org.create(box, TABLES["tg_contractamendmentline"], {"tg_amount": 5000} | above | of)
    return str(made["tg_contractamendmentid"])


async def test_its_lines_sum_to_its_value_and_an_edit_of_any_part_is_a_newer_version(
    box: Box, dataverse: Dataverse, order: str, amendment: str
) -> None:
    found = await dataverse.agreement(order)
    assert (found.value, found.billing_method, found.governing_law) == (Money.of(75000, "USD"), "retainer", "US")
    assert sum(line.amount.amount for line in found.lines) == 75000
    (added,) = found.amendments
    assert (added.number, added.status, [line.amount.amount for line in added.lines]) == (1, "draft", [5000])
    (line,) = box.store.find("tg_contractamendmentline", tg_amendment=amendment)
    org.update(box, TABLES["tg_contractamendmentline"], line["tg_contractamendmentlineid"], {"tg_amount": 6000})
    later = await dataverse.agreement(order)
    assert found.source is not None
    assert later.source is not None
    assert later.source.native_version > found.source.native_version
    every = await dataverse.agreements(found.account_id)
    assert [(each.id, each.lines, each.amendments) for each in every] == [(order, [], [])]
    with pytest.raises(NotFound):
        await dataverse.agreement("00000000-0000-0000-0000-0000000000ff")


async def test_what_was_signed_is_amended_and_not_edited(
    box: Box, http: httpx.AsyncClient, order: str, amendment: str
) -> None:
    org.update(box, TABLES["tg_contractamendment"], amendment, {"tg_status": AGREED})
    (line,) = box.store.find("tg_contractamendmentline", tg_amendment=amendment)
    detail = box.store.find("salesorderdetail", salesorderid=order)[0]
    for path, value in (
        (f"salesorders({order})", {"tg_endson": "2030-01-01"}),
        (f"salesorderdetails({detail['salesorderdetailid']})", {"priceperunit": 1}),
        (f"tg_contractamendments({amendment})", {"tg_valuechange": 1}),
        (f"tg_contractamendmentlines({line['tg_contractamendmentlineid']})", {"tg_amount": 1}),
    ):
        told = await http.patch(f"{DATA}/{path}", json=value)
        assert (told.status_code, told.json()["error"]["code"]) == (400, "0x80040265"), path
        assert next(iter(value)) in told.json()["error"]["message"]
    waived = await http.patch(f"{DATA}/tg_contractamendments({amendment})", json={"tg_approvedexceptions": "100000000"})
    assert waived.status_code == 204


async def test_a_mark_is_written_once_and_an_ending_is_no_second_cancelling(
    box: Box, dataverse: Dataverse, order: str
) -> None:
    async def version() -> Any:
        return (box.store.get("salesorder", order) or {})["versionnumber"]

    await dataverse.mark_agreement(order, AgreementMark(amendment=0, order_id="131"))
    first = await version()
    await dataverse.mark_agreement(order, AgreementMark(amendment=0, order_id="131"))
    assert await version() == first
    ended = AgreementMark(amendment=1, order_id="131", ended=True)
    await dataverse.mark_agreement(order, ended)
    assert (await dataverse.agreement(order)).status == "cancelled"
    once = await version()
    await dataverse.mark_agreement(order, ended)
    assert await version() == once
    await dataverse.mark_agreement(order, AgreementMark(amendment=0, order_id="131"))
    taken_back = await dataverse.agreement(order)
    assert (taken_back.amendment, taken_back.status) == (0, "cancelled"), "nothing reactivates an order"
    box.store.set_setting("closed_orders_locked", True)
    with pytest.raises(VendorRefused, match="closed"):
        await dataverse.mark_agreement(order, AgreementMark(amendment=None))
