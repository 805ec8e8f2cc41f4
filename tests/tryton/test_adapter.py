"""What the suite of all systems does not ask: companies, comments, buttons, and what people do meanwhile."""

from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import Conflict, Drifted, Invalid, VendorRefused, VendorStale
from canonical.money import Money
from canonical.objects import BillingLine, TaxRegistration
from foundation.connections import Connection
from foundation.sandbox import Box, firm
from system_apis.tryton import connect, memo
from system_apis.tryton.adapter import Tryton
from system_apis.tryton.sandbox import records
from tests.ports import objects


def only(box: Box, model: str) -> dict[str, Any]:
    """The record we made; the seed has others of some models, all older."""
    return box.store.all(model)[-1]


async def customer_id(erp: Tryton) -> str:
    return (await erp.upsert_customer(objects.CUSTOMER, objects.customer())).id


async def test_a_customer_of_two_entities_is_one_party(erp: Tryton) -> None:
    first = await erp.upsert_customer(objects.CUSTOMER, objects.customer())
    second = await erp.upsert_customer(objects.CUSTOMER, objects.customer(legal_entity_id="ACME-US"))
    assert second.id == first.id
    with pytest.raises(Invalid) as wrong:
        await erp.upsert_customer(objects.CUSTOMER, objects.customer(legal_entity_id="ACME-XX"))
    assert [error.pointer for error in wrong.value.errors] == ["/legal_entity_id"]


async def test_credit_stays_as_the_erp_has_it_and_is_asked_in_its_company(erp: Tryton) -> None:
    held = next(account for account in firm.ACCOUNTS if account.credit_hold)
    found = await erp.customer_by_key(held.key)
    assert found.credit.hold
    assert found.credit.limit == Money.of(25000, "USD")
    assert "ACME-US" in found.credit.reason
    changed = msgspec.structs.replace(found, legal_name="Another Name", legal_entity_id="ACME-DE")
    await erp.upsert_customer(held.key, changed)
    again = await erp.customer_by_key(held.key)
    assert (again.legal_name, again.credit) == ("Another Name", found.credit)


async def test_a_limit_that_is_not_passed_holds_nobody(erp: Tryton, box: Box) -> None:
    held = next(account for account in firm.ACCOUNTS if account.credit_hold)
    party = box.store.find("party.party", name=held.legal_name)[0]
    box.store.update("party.party", str(party["id"]), {"_owes": {"1": 25000}})
    found = (await erp.customer_by_key(held.key)).credit
    assert (found.hold, found.limit) == (False, Money.of(25000, "USD"))


async def test_a_tax_number_is_changed_and_not_doubled(erp: Tryton, box: Box) -> None:
    id = int(await customer_id(erp))
    for number in ("DE136695976", "DE129273398"):
        said = [TaxRegistration(country="DE", scheme="USt-IdNr", number=number)]
        await erp.upsert_customer(objects.CUSTOMER, objects.customer(tax_registrations=said))
        assert [each.number for each in (await erp.tax_profile(objects.CUSTOMER)).registrations] == [number]
    assert len(box.store.find("party.identifier", party=id)) == 2, "the key and the number"
    await erp.upsert_customer(objects.CUSTOMER, objects.customer(tax_registrations=[]))
    assert (await erp.tax_profile(objects.CUSTOMER)).status == "valid", "what the ERP knows is not taken from it"


async def test_what_people_write_into_a_comment_stays(erp: Tryton, box: Box) -> None:
    contract = objects.contract(account_id=await customer_id(erp))
    written = await erp.upsert_contract(objects.DEAL, contract)
    kept = only(box, "sale.sale")["comment"]
    records.write(box, "sale.sale", int(written.id), {"comment": f"Ask Jörg first.\n{kept}\nThen send it."})
    changed = msgspec.structs.replace(contract, status="expired", start=None)
    await erp.upsert_contract(objects.DEAL, changed)
    lines = only(box, "sale.sale")["comment"].splitlines()
    assert lines[:2] == ["Ask Jörg first.", "Then send it."]
    assert sum(line.startswith("tiergate.status: ") for line in lines) == 1
    found = await erp.contract_by_key(objects.DEAL)
    assert (found.status, found.start, found.end) == ("expired", None, contract.end)


async def test_a_key_that_is_part_of_another_is_not_it(erp: Tryton) -> None:
    customer = await customer_id(erp)
    for key in ("crm:12", "crm:1", "crm:1_", "crm:1%"):
        await erp.upsert_contract(key, objects.contract(account_id=customer, title=key))
    for key in ("crm:12", "crm:1", "crm:1_", "crm:1%"):
        assert (await erp.contract_by_key(key)).title == key


async def test_a_contract_and_a_plan_of_one_key_are_two_sales(erp: Tryton) -> None:
    customer = await customer_id(erp)
    contract = await erp.upsert_contract(objects.DEAL, objects.contract(account_id=customer))
    project = await erp.upsert_project(objects.DEAL, objects.project(account_id=customer))
    plan = await erp.upsert_billing_schedule(objects.DEAL, objects.billing_schedule(project_id=project.id))
    assert plan.id != contract.id
    assert (await erp.contract_by_key(objects.DEAL)).id == contract.id


async def test_a_contract_is_cancelled_opened_again_and_refused_when_people_have_it(erp: Tryton, box: Box) -> None:
    contract = objects.contract(account_id=await customer_id(erp))
    await erp.upsert_contract(objects.DEAL, contract)
    for status in ("cancelled", "cancelled", "active"):
        await erp.upsert_contract(objects.DEAL, msgspec.structs.replace(contract, status=status))
        assert (await erp.contract_by_key(objects.DEAL)).status == status
        assert only(box, "sale.sale")["state"] == ("cancelled" if status == "cancelled" else "draft")
    records.push(box, "sale.sale", "quote", only(box, "sale.sale")["id"])
    with pytest.raises(VendorRefused, match="not allowed to modify"):
        await erp.upsert_contract(objects.DEAL, contract)
    with pytest.raises(Invalid):
        await erp.upsert_contract(objects.DEAL, msgspec.structs.replace(contract, value=None))


async def test_a_code_belongs_to_one_project(erp: Tryton) -> None:
    customer = await customer_id(erp)
    await erp.upsert_project(objects.DEAL, objects.project(account_id=customer))
    with pytest.raises(Conflict):
        await erp.upsert_project("salesforce:other", objects.project(account_id=customer))
    await erp.upsert_project("salesforce:other", objects.project(account_id=customer, code="DE-27-007"))


@pytest.mark.parametrize(("method", "bills"), [("tm", "timesheet"), ("nte", "timesheet"), ("fixed", "manual")])
async def test_whether_hours_are_billed_is_said_by_the_contract(erp: Tryton, box: Box, method: Any, bills: str) -> None:
    await erp.upsert_project(objects.DEAL, objects.project(account_id=await customer_id(erp), billing_method=method))
    work = only(box, "project.work")
    assert (work["project_invoice_method"], work["timesheet_available"]) == (bills, True)


async def test_the_lines_of_a_plan_are_brought_to_what_is_wanted(erp: Tryton, box: Box) -> None:
    project = await erp.upsert_project(objects.DEAL, objects.project(account_id=await customer_id(erp)))
    plan = objects.billing_schedule(project_id=project.id)
    await erp.upsert_billing_schedule(objects.DEAL, plan)
    kept, gone = plan.lines
    first = box.store.all("sale.line")[0]["id"]
    late = BillingLine(ref="m3", name="Afterwards", due=gone.due, amount=Money.of("12.34", "EUR"))
    moved = msgspec.structs.replace(kept, amount=Money.of("48188.16", "EUR"))
    changed = msgspec.structs.replace(plan, lines=[moved, late])
    for _ in range(2):
        await erp.upsert_billing_schedule(objects.DEAL, changed)
        assert (await erp.billing_schedule_by_key(objects.DEAL)).lines == [moved, late]
    lines = box.store.all("sale.line")
    assert [memo.read(line["note"])["ref"] for line in lines] == ["m1", "m3"]
    assert lines[0]["id"] == first


async def test_a_change_between_read_and_write_is_seen(connection: Connection, box: Box) -> None:
    class Between(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if b"party.party.write" in request.content:
                party = box.store.all("party.party")[-1]
                records.write(box, "party.party", party["id"], {"name": "Somebody else's"})
            return await box.transport().handle_async_request(request)

    erp = connect(connection, Between())
    await erp.upsert_customer(objects.CUSTOMER, objects.customer())
    with pytest.raises(VendorStale):
        await erp.upsert_customer(objects.CUSTOMER, objects.customer(email="other@sturmvogel.example"))
    assert (await erp.customer_by_key(objects.CUSTOMER)).legal_name == "Somebody else's"
    await erp.close()


async def test_a_status_nobody_told_us_of_is_drift_and_one_of_trytons_own_is_not(erp: Tryton, box: Box) -> None:
    written = await erp.upsert_project(objects.DEAL, objects.project(account_id=await customer_id(erp)))
    names = {each["name"]: each["id"] for each in box.store.all("project.work.status")}
    records.write(box, "project.work", int(written.id), {"status": names["Done"]})
    assert (await erp.project(written.id)).stage == "closed"
    paused = records.create(box, "project.work.status", {"name": "Paused", "types": ["project"]})
    records.write(box, "project.work", int(written.id), {"status": paused})
    with pytest.raises(Drifted, match="Paused"):
        await erp.project(written.id)


@pytest.mark.parametrize("comment", ["", None, "tiergate.key:x", "nothing\nof ours", "tiergate.UP: x"])
def test_a_comment_without_words_of_ours_has_none(comment: str | None) -> None:
    assert memo.read(comment) == {}


def test_a_word_is_one_line_whatever_is_in_it() -> None:
    told = memo.written({"number": "1\ntiergate.key: forged", "end": ""}, "theirs\ntiergate.number: 0")
    assert told.splitlines() == ["theirs", "tiergate.number: 1 tiergate.key: forged"]
    assert memo.read(told) == {"number": "1 tiergate.key: forged"}
