"""What the suite of all systems does not ask: companies, versions, lines, pages, and whose currency is none."""

from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import Drifted, Invalid, NotFound, VendorStale
from canonical.money import Money
from canonical.objects import BillingLine
from foundation.connections import Connection
from foundation.sandbox import Box, firm
from system_apis.business_central import connect
from system_apis.business_central.adapter import BusinessCentral
from tests.ports import objects


def rows(box: Box, page: str) -> list[dict[str, Any]]:
    return [row for row in box.store.all(page) if row.get("tiergateKey", "k") in ("k", objects.CUSTOMER, objects.DEAL)]


async def test_an_id_says_in_which_company_a_record_is(erp: BusinessCentral) -> None:
    written = await erp.upsert_customer(objects.CUSTOMER, objects.customer())
    company, _, guid = written.id.partition(".")
    assert company == "ACME-DE"
    assert (await erp.customer(written.id)).legal_entity_id == "ACME-DE"
    with pytest.raises(NotFound):
        await erp.customer(f"ACME-US.{guid}")
    with pytest.raises(Invalid) as wrong:
        await erp.upsert_project(objects.DEAL, objects.project(account_id=guid))
    assert [error.pointer for error in wrong.value.errors] == ["/account_id"]


async def test_a_customer_of_two_entities_is_found_where_it_was_written_last(erp: BusinessCentral, box: Box) -> None:
    first = await erp.upsert_customer(objects.CUSTOMER, objects.customer())
    box.store.set_setting("_clock_ahead", 60)
    second = await erp.upsert_customer(objects.CUSTOMER, objects.customer(legal_entity_id="ACME-US"))
    assert (await erp.customer_by_key(objects.CUSTOMER)).id == second.id
    box.store.set_setting("_clock_ahead", 120)
    assert (await erp.upsert_customer(objects.CUSTOMER, objects.customer())).id == first.id
    assert (await erp.customer_by_key(objects.CUSTOMER)).id == first.id
    for entity, own in (("ACME-DE", first), ("ACME-US", second)):
        assert (await erp.customer_by_key(objects.CUSTOMER, entity)).id == own.id
        assert (await erp.tax_profile(objects.CUSTOMER, entity)).account_id == own.id
    for nowhere in ("ACME-IN", "ACME-XX"):
        with pytest.raises(NotFound):
            await erp.customer_by_key(objects.CUSTOMER, nowhere)


async def test_nothing_refers_to_a_customer_of_another_company(erp: BusinessCentral, box: Box) -> None:
    account = (await erp.upsert_customer(objects.CUSTOMER, objects.customer(legal_entity_id="ACME-US"))).id
    for write, data in (
        (erp.upsert_contract, objects.contract(account_id=account)),
        (erp.upsert_order, objects.sales_order(account_id=account)),
        (erp.upsert_project, objects.project(account_id=account)),
        (erp.upsert_invoice, objects.invoice(account_id=account)),
    ):
        with pytest.raises(Invalid) as refused:
            await write("salesforce:apart", data)
        assert [error.pointer for error in refused.value.errors] == ["/account_id"]
    assert {row.kind for row in box.store.writes()} == {"customers"}


async def test_the_currency_of_the_company_is_written_as_none(erp: BusinessCentral, box: Box) -> None:
    for currency, kept in (("EUR", ""), ("USD", "USD")):
        await erp.upsert_customer(objects.CUSTOMER, objects.customer(default_currency=currency))
        assert rows(box, "customers")[0]["currencyCode"] == kept
        assert (await erp.customer_by_key(objects.CUSTOMER)).default_currency == currency


async def test_credit_stays_as_the_erp_has_it(erp: BusinessCentral, box: Box) -> None:
    held = next(account for account in firm.ACCOUNTS if account.credit_hold)
    found = await erp.customer_by_key(held.key)
    assert found.credit.hold
    assert found.credit.limit == Money.of(25000, "USD")
    await erp.upsert_customer(held.key, msgspec.structs.replace(found, legal_name="Another Name"))
    again = await erp.customer_by_key(held.key)
    assert (again.legal_name, again.credit) == ("Another Name", found.credit)


async def test_a_change_between_read_and_write_is_seen(connection: Connection, box: Box) -> None:
    def somebody(request: httpx.Request) -> None:
        if request.method == "PATCH":
            row = rows(box, "customers")[0]
            box.store.update("customers", row["id"], {"_version": row["_version"] + 1})

    class Between(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            somebody(request)
            return await box.transport().handle_async_request(request)

    erp = connect(connection, Between())
    await erp.upsert_customer(objects.CUSTOMER, objects.customer())
    with pytest.raises(VendorStale):
        await erp.upsert_customer(objects.CUSTOMER, objects.customer(email="other@sturmvogel.example"))
    await erp.close()


async def test_the_lines_of_a_plan_are_brought_to_what_is_wanted(erp: BusinessCentral, box: Box) -> None:
    customer = await erp.upsert_customer(objects.CUSTOMER, objects.customer())
    project = await erp.upsert_project(objects.DEAL, objects.project(account_id=customer.id))
    plan = objects.billing_schedule(project_id=project.id)
    await erp.upsert_billing_schedule(objects.DEAL, plan)
    kept, gone = plan.lines
    ids = {row["lineReference"]: row["id"] for row in box.store.all("projectPlanningLines")}
    late = BillingLine(ref="m3", name="Afterwards", due=gone.due, amount=Money.of("12.34", "EUR"))
    moved = msgspec.structs.replace(kept, amount=Money.of("48188.16", "EUR"))
    changed = msgspec.structs.replace(plan, lines=[moved, late])
    for _ in range(2):
        await erp.upsert_billing_schedule(objects.DEAL, changed)
        assert (await erp.billing_schedule_by_key(objects.DEAL)).lines == [moved, late]
    lines = box.store.all("projectPlanningLines")
    assert [row["lineReference"] for row in lines] == ["m1", "m3"]
    assert lines[0]["id"] == ids["m1"]


async def test_a_contract_keeps_one_line_of_its_value(erp: BusinessCentral, box: Box) -> None:
    customer = await erp.upsert_customer(objects.CUSTOMER, objects.customer())
    for value in ("48200.50", "50000.00", "50000.00"):
        contract = objects.contract(account_id=customer.id, value=Money.of(value, "EUR"))
        await erp.upsert_contract(objects.DEAL, contract)
        found = await erp.contract_by_key(objects.DEAL)
        assert found.value == Money.of(value, "EUR")
    assert len(box.store.all("salesOrderLines")) == 1
    with pytest.raises(Invalid):
        await erp.upsert_contract(objects.DEAL, objects.contract(account_id=customer.id, value=None))


@pytest.mark.parametrize("link", ["/v2.0/Production/api/v2.0/companies?p=1", "http://[::1"])
async def test_a_link_that_leads_back_or_nowhere_is_drift(link: str) -> None:
    page = {"value": [], "@odata.nextLink": link}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=page))
    async with httpx.AsyncClient(transport=transport, base_url="http://vendor") as http:
        with pytest.raises(Drifted):
            await BusinessCentral(http).whoami()


async def test_posting_is_open_between_two_dates(erp: BusinessCentral, box: Box) -> None:
    today = box.now().date()
    entity = await erp.legal_entity("ACME-DE")
    this = entity.period_of(today)
    assert this is not None
    assert this.open
    assert not any(period.open for period in entity.periods if period.end < this.start)
    row = next(row for row in box.store.all("entitySettings") if row["timeZone"] == entity.time_zone)
    box.store.update("entitySettings", row["id"], {"allowPostingTo": this.end.isoformat()})
    after = (await erp.legal_entity("ACME-DE")).periods
    assert [period.name for period in after if period.open] == [this.name]
