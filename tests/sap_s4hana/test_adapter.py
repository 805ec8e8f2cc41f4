"""The adapter against the sandbox, where SAP is unlike the others; what all ERPs share is asked in `tests/ports`."""

from datetime import date
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import Drifted, Fault, Invalid, NotFound, VendorDuplicate, VendorRefused, VendorStale
from canonical.money import Money
from canonical.objects import (
    Address,
    BillingLine,
    BillingSchedule,
    Contract,
    Credit,
    Customer,
    Project,
    TaxRegistration,
)
from canonical.ports.systems import StageChange
from foundation.sandbox import Box, FaultRule, firm
from system_apis.sap_s4hana.adapter import SapS4hana

KEY, DEAL = "salesforce:001Tg0000000003IAA", "salesforce:006Tg0000000003IAA"
CUSTOMER = Customer(
    legal_entity_id="ACME-DE",
    legal_name="Blaue Elbe Werke",
    default_currency="EUR",
    payment_terms="Net 30",
    email="rechnung@blaue-elbe.example",
    addresses=[Address(lines=["Werftstraße 14", "Halle 2"], city="Hamburg", postal="20457", country="DE")],
    tax_registrations=[TaxRegistration(country="DE", scheme="USt-IdNr", number="DE136695976")],
)


def contract(account_id: str, **more: Any) -> Contract:
    plain: dict[str, Any] = {
        "legal_entity_id": "ACME-DE",
        "number": "C-3",
        "account_id": account_id,
        "title": "Fertigungsplanung",
        "currency": "EUR",
        "value": Money.of("98500.00", "EUR"),
        "status": "active",
    }
    return Contract(**plain | more)


def project(account_id: str, **more: Any) -> Project:
    plain: dict[str, Any] = {
        "legal_entity_id": "ACME-DE",
        "code": "DE-26-0003",
        "name": "Fertigungsplanung",
        "account_id": account_id,
        "currency": "EUR",
    }
    return Project(**plain | more)


def plan(project_id: str, *days: int) -> BillingSchedule:
    lines = [
        BillingLine(ref=f"M{n}", name=f"Abnahme {n}", due=date(2027, 1, day), amount=Money.of("100.00", "EUR"))
        for n, day in enumerate(days, start=1)
    ]
    return BillingSchedule(name="Plan", project_id=project_id, currency="EUR", method="milestone", lines=lines)


@pytest.mark.parametrize("expected", firm.ENTITIES, ids=lambda each: each.code)
async def test_a_legal_entity_is_a_company_code_with_its_periods(
    sap: SapS4hana, box: Box, expected: firm.LegalEntity
) -> None:
    entity = await sap.legal_entity(expected.code)
    assert (entity.legal_name, entity.country) == (expected.name, expected.country)
    assert (entity.functional_currency, entity.time_zone) == (expected.currency, expected.time_zone)
    assert tuple(entity.intercompany_partners) == expected.partners
    assert len(entity.periods) == 25
    this_month = entity.period_of(box.now().date())
    assert this_month is not None
    assert (this_month.open, entity.periods[0].open) == (True, False)


async def test_all_legal_entities_are_found_however_small_the_pages(sap: SapS4hana, box: Box) -> None:
    box.store.set_setting("page_size", 1)
    await sap.upsert_customer(KEY, msgspec.structs.replace(CUSTOMER, legal_entity_id="ACME-IN"))
    assert (await sap.customer_by_key(KEY)).legal_entity_id == "ACME-IN"


async def test_a_customer_is_that_of_the_sales_area_that_asks_for_it(sap: SapS4hana, box: Box) -> None:
    first = await sap.upsert_customer(KEY, msgspec.structs.replace(CUSTOMER, legal_entity_id="ACME-US"))
    for other in ("ACME-DE", "ACME-XX"):
        with pytest.raises(NotFound):
            await sap.customer_by_key(KEY, other)
    rupees = {"default_currency": "INR", "payment_terms": "Net 60", "legal_entity_id": "ACME-IN"}
    second = await sap.upsert_customer(KEY, msgspec.structs.replace(CUSTOMER, **rupees))
    assert (second.id, second.created) == (first.id, False), "one partner, in two sales areas"
    for code, currency, terms in (
        ("ACME-US", CUSTOMER.default_currency, CUSTOMER.payment_terms),
        ("ACME-IN", "INR", "Net 60"),
    ):
        there = await sap.customer_by_key(KEY, code)
        assert (there.id, there.legal_entity_id) == (first.id, code)
        assert (there.default_currency, there.payment_terms) == (currency, terms)
    assert (await sap.customer_by_key(KEY)).legal_entity_id == "ACME-US"
    box.store.update("A_Customer", first.id, {"OrderIsBlockedForCustomer": "01"})
    assert (await sap.customer_by_key(KEY, "ACME-DE")).credit.hold, "whom nobody may sell to is told to everybody"


async def test_a_customer_changes_field_by_field_and_what_sap_added_stays(
    sap: SapS4hana, box: Box, http: httpx.AsyncClient
) -> None:
    written = await sap.upsert_customer(KEY, CUSTOMER)
    at = f"/sap/opu/odata/sap/API_BUSINESS_PARTNER/A_BusinessPartner('{written.id}')"
    dock = {"Country": "DE", "CityName": "Kiel", "StreetName": "Kai 7"}
    assert (await http.post(f"{at}/to_BusinessPartnerAddress", json=dock)).status_code == 201
    taxes = [TaxRegistration(country="FR", scheme="VAT", number="FR40303265045")]
    changed = msgspec.structs.replace(
        CUSTOMER,
        legal_name="Elbe AG",
        email="ap@elbe.example",
        payment_terms="Net 60",
        addresses=[Address(lines=["Neuer Weg 1"], city="Bremen", country="DE")],
        tax_registrations=taxes,
    )
    await sap.upsert_customer(KEY, changed)
    found = await sap.customer_by_key(KEY)
    assert (found.legal_name, found.email, found.payment_terms) == ("Elbe AG", "ap@elbe.example", "Net 60")
    assert [(each.role, each.lines, each.city) for each in found.addresses] == [
        ("bill", ["Neuer Weg 1"], "Bremen"),
        ("ship", ["Kai 7"], "Kiel"),
    ]
    assert [(each.country, each.scheme, each.number) for each in found.tax_registrations] == [
        ("FR", "VAT", "FR40303265045")
    ]
    before = len(box.store.writes())
    await sap.upsert_customer(KEY, changed)
    assert len(box.store.writes()) == before, "what is alike is not written"


async def test_an_address_and_an_e_mail_address_that_were_missing_are_added(sap: SapS4hana) -> None:
    await sap.upsert_customer(KEY, msgspec.structs.replace(CUSTOMER, addresses=[]))
    await sap.upsert_customer(KEY, msgspec.structs.replace(CUSTOMER, email=""))
    assert (await sap.customer_by_key(KEY)).email == ""
    await sap.upsert_customer(KEY, CUSTOMER)
    found = await sap.customer_by_key(KEY)
    assert (found.email, found.addresses[0].lines) == (CUSTOMER.email, ["Werftstraße 14", "Halle 2"])


async def test_a_customer_of_a_second_company_can_be_sold_to_by_both(sap: SapS4hana) -> None:
    first = await sap.upsert_customer(KEY, CUSTOMER)
    american = contract(first.id, legal_entity_id="ACME-US", currency="USD", value=Money.of("10.00", "USD"))
    with pytest.raises(VendorRefused, match="not maintained for sales area"):
        await sap.upsert_contract(DEAL, american)
    again = await sap.upsert_customer(
        KEY, msgspec.structs.replace(CUSTOMER, legal_entity_id="ACME-US", default_currency="USD")
    )
    assert again.id == first.id
    await sap.upsert_contract(DEAL, american)
    assert (await sap.contract_by_key(DEAL)).legal_entity_id == "ACME-US"
    await sap.upsert_contract("salesforce:other", contract(first.id, number="C-4"))


async def test_a_block_of_its_orders_is_a_hold_and_an_upsert_does_not_lift_it(sap: SapS4hana) -> None:
    held = next(each for each in firm.ACCOUNTS if each.credit_hold)
    assert (await sap.customer_by_key(held.key)).credit == Credit(
        hold=True, reason="Its orders are blocked in SAP (reason 01)."
    )
    await sap.upsert_customer(
        held.key, msgspec.structs.replace(CUSTOMER, legal_entity_id="ACME-US", credit=Credit(hold=False))
    )
    after = await sap.customer_by_key(held.key)
    assert after.credit.hold
    with pytest.raises(VendorRefused, match="is blocked"):
        await sap.upsert_contract(DEAL, contract(after.id, legal_entity_id="ACME-US"))


async def test_what_somebody_saved_meanwhile_is_not_overwritten(sap: SapS4hana, box: Box) -> None:
    await sap.upsert_customer(KEY, CUSTOMER)
    read = sap._partner_by

    async def slow(key: str) -> Any:
        found = await read(key)
        partner = box.store.get("A_BusinessPartner", found.business_partner)
        assert partner is not None
        changes = {"OrganizationBPName1": "Theirs", "LastChangeDateTime": "2026-01-01T00:00:00.0000009Z"}
        box.store.update("A_BusinessPartner", found.business_partner, changes)
        return found

    sap._partner_by = slow  # type: ignore[method-assign]  # somebody is at work between our read and our write
    with pytest.raises(VendorStale):
        await sap.upsert_customer(KEY, msgspec.structs.replace(CUSTOMER, legal_name="Ours"))
    sap._partner_by = read  # type: ignore[method-assign]  # and gone
    assert (await sap.customer_by_key(KEY)).legal_name == "Theirs"


async def test_a_contract_is_blocked_until_it_is_agreed_and_over_when_its_items_are_rejected(sap: SapS4hana) -> None:
    account = (await sap.upsert_customer(KEY, CUSTOMER)).id
    seen = []
    for status in ("draft", "active", "cancelled", "active"):
        await sap.upsert_contract(DEAL, contract(account, status=status))
        found = await sap.contract_by_key(DEAL)
        assert found.value == Money.of("98500.00", "EUR"), "its value does not go with its status"
        seen.append(found.status)
    assert seen == ["in_approval", "active", "cancelled", "active"]


async def test_a_contract_of_another_value_has_that_value(sap: SapS4hana, box: Box) -> None:
    account = (await sap.upsert_customer(KEY, CUSTOMER)).id
    await sap.upsert_contract(DEAL, contract(account))
    await sap.upsert_contract(DEAL, contract(account, value=Money.of("99000.50", "EUR")))
    assert (await sap.contract_by_key(DEAL)).value == Money.of("99000.50", "EUR")
    assert box.store.counts()["A_SalesContractItemPrcgElmnt"] == {"create": 1, "update": 1}
    with pytest.raises(Invalid) as refused:
        await sap.upsert_contract(DEAL, contract(account, value=None))
    assert refused.value.errors[0].pointer == "/value"


async def test_a_billing_plan_gets_longer_shorter_and_other_days(sap: SapS4hana, box: Box) -> None:
    account = (await sap.upsert_customer(KEY, CUSTOMER)).id
    job = await sap.upsert_project(DEAL, project(account))
    for days in ((5, 6), (5, 7, 8), (9,), (9, 10)):
        wanted = plan(job.id, *days)
        await sap.upsert_billing_schedule(DEAL, wanted)
        assert (await sap.billing_schedule_by_key(DEAL)).lines == wanted.lines
    assert len(box.store.all("A_SalesOrder")) == 1
    assert {each["WBSElement"] for each in box.store.all("A_SalesOrderItem")} == {"DE-26-0003-PLAN"}
    for wrong in ("", "00163e1a-2b3c-1eef-8a8b-0123456789ab"):
        with pytest.raises((Invalid, NotFound)):
            await sap.upsert_billing_schedule("salesforce:x", plan(wrong, 1))


async def test_a_code_is_one_projects(sap: SapS4hana) -> None:
    await sap.upsert_project(DEAL, project("1"))
    with pytest.raises(VendorDuplicate):
        await sap.upsert_project("salesforce:other", project("1"))


async def test_a_project_cut_off_before_it_was_released_is_released_by_the_next_write(sap: SapS4hana, box: Box) -> None:
    box.faults.add(FaultRule(fault="server_error", method="POST", path="/ChangeEntProjProcgStatus", times=1))
    with pytest.raises(Fault):
        await sap.upsert_project(DEAL, project("1", stage="active"))
    assert (await sap.project_by_key(DEAL)).stage == "planned"
    for stage in ("active", "on_hold", "cancelled"):
        await sap.upsert_project(DEAL, msgspec.structs.replace(project("1"), stage=stage))
        assert (await sap.project_by_key(DEAL)).stage == stage
        before = len(box.store.writes())
        await sap.upsert_project(DEAL, project("1", stage=stage))
        await sap.set_project_stage((await sap.project_by_key(DEAL)).id, StageChange(stage=stage))
        assert len(box.store.writes()) == before, "it is so far already"
    assert len(box.store.all("A_EnterpriseProject")) == 1
    await sap.upsert_project("salesforce:other", project("1", code="DE-26-0004"))
    assert box.store.writes()[-1].action == "create", "what is planned is left as it was made"


async def test_a_status_set_by_hand_counts_before_our_word(sap: SapS4hana, box: Box) -> None:
    written = await sap.upsert_project(DEAL, project("1"))
    await sap.set_project_stage(written.id, StageChange(stage="on_hold"))
    assert (await sap.project_by_key(DEAL)).stage == "on_hold"
    box.store.update("A_EnterpriseProject", written.id, {"ProcessingStatus": "10"})
    assert (await sap.project_by_key(DEAL)).stage == "active"
    box.store.update("A_EnterpriseProject", written.id, {"ProcessingStatus": "42"})
    with pytest.raises(Drifted, match="42"):
        await sap.project_by_key(DEAL)


async def test_what_sap_has_no_code_for_is_named(sap: SapS4hana) -> None:
    for field, value in {"legal_entity_id": "ACME-FR", "payment_terms": "Net 1000"}.items():
        with pytest.raises(Invalid) as refused:
            await sap.upsert_customer(KEY, msgspec.structs.replace(CUSTOMER, **{field: value}))
        assert [error.pointer for error in refused.value.errors] == [f"/{field}"]


async def test_a_company_that_is_none_of_the_firms_is_drift(sap: SapS4hana, box: Box) -> None:
    written = await sap.upsert_project(DEAL, project("1"))
    box.store.update("A_EnterpriseProject", written.id, {"CompanyCode": "0099"})
    with pytest.raises(Drifted, match="0099"):
        await sap.project(written.id)
