"""Orders and contracts at a real Tryton: what our ports wrote is what its own client shows on the forms."""

from pathlib import Path
from typing import Final

import pytest

from system_apis.tryton.adapter import Tryton
from tests.ports import objects
from tests.tryton import real_server
from tests.tryton.real_world import ORDERED, Server

pytestmark = pytest.mark.real
READ_BACK: Final = Path(__file__).with_name("sales_read_back.py")


async def test_an_order_and_a_contract_s_terms_stand_on_the_forms_of_their_sales(
    folder: Path, real_erp: Tryton, server: Server
) -> None:
    server.forget()
    account = (await real_erp.upsert_customer(ORDERED, objects.customer())).id
    order = await real_erp.upsert_order(ORDERED, objects.sales_order(account_id=account))
    await real_erp.approve_order(order.id)
    await real_erp.set_contract_terms(objects.AGREEMENT, objects.agreement(account_id=account))
    ordered, signed = real_server.ask_proteus(folder, READ_BACK, account)
    heads = [[each[name] for name in ("company", "currency", "terms", "reference")] for each in (ordered, signed)]
    assert heads == [["ACME-DE", "EUR", "Net 30", "PO-4577"]] * 2
    assert (ordered["state"], ordered["bills"], ordered["date"]) == ("processing", "manual", "2026-12-18")
    assert ordered["invoices"] == 0, "people bill it"
    assert [[each[name] for name in ("product", "quantity", "price", "amount")] for each in ordered["lines"]] == [
        ["SVC-DATA-ENGINEER", 132.5, "160.0000", "21200.00"],
        ["SVC-ANALYST", 3.0, "33.3350", "100.00"],
    ]
    assert f"tiergate.order-key: {ORDERED}" in ordered["comment"]
    assert (signed["state"], signed["net"]) == ("draft", "53200.75")
    assert [[each["description"], each["amount"]] for each in signed["lines"]] == [
        ["Design", "18200.50"],
        ["Build", "30000.00"],
        ["Second dock", "5000.25"],
    ]
    assert {f"tiergate.contract-key: {objects.AGREEMENT}", "tiergate.amendment: 1"} <= {*signed["comment"]}
