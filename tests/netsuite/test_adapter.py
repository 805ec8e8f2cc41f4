"""The adapter against the sandbox: what is written comes back, once, whatever is repeated."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from canonical.faults import Drifted, Invalid, NotFound, VendorDuplicate, VendorRefused
from canonical.money import Money
from canonical.objects import Address, BillingLine, Credit, TaxRegistration
from canonical.ports.systems import StageChange
from foundation.sandbox import Box, FaultRule, firm
from system_apis.netsuite.adapter import NetSuite

KEY = "salesforce:001Tg0000000003IAA"
DEAL = "salesforce:006Tg0000000003IAA"


def amount(text: str, currency: str) -> Money:
    return Money.of(text, currency)


async def test_it_says_which_account_it_is_signed_in_to(netsuite: NetSuite) -> None:
    found = await netsuite.whoami()
    assert (found.system, found.instance, found.user) == ("NetSuite", "1234567-sb1", "tiergate")


@pytest.mark.parametrize("expected", firm.ENTITIES, ids=lambda each: each.code)
async def test_a_legal_entity_comes_with_zone_partners_and_periods(
    netsuite: NetSuite, box: Box, expected: firm.LegalEntity
) -> None:
    entity = await netsuite.legal_entity(expected.code)
    assert (entity.legal_name, entity.country) == (expected.name, expected.country)
    assert (entity.functional_currency, entity.time_zone) == (expected.currency, expected.time_zone)
    assert tuple(entity.intercompany_partners) == expected.partners
    this_month = box.now().date()
    period = entity.period_of(this_month)
    assert period is not None
    assert period.open
    assert not entity.periods[0].open
    assert entity.periods[0].end < this_month
    assert len(entity.periods) == 25, "the fiscal year is not a period to post in"


async def test_a_month_whose_receivables_are_locked_is_not_open(netsuite: NetSuite, box: Box) -> None:
    first = box.now().date().replace(day=1)
    month = box.store.find("accountingPeriod", startDate=first.isoformat(), isYear=False)[0]
    box.store.update("accountingPeriod", month["id"], {"arLocked": True})
    period = (await netsuite.legal_entity("ACME-US")).period_of(first)
    assert period is not None
    assert not period.open


async def test_a_subsidiary_nobody_gave_a_code_is_never_written_to(
    netsuite: NetSuite, a_customer: Any, box: Box
) -> None:
    box.store.insert("subsidiary", "9", {"id": "9", "name": "Dormant Ltd"})
    with pytest.raises(Invalid):
        await netsuite.upsert_customer(KEY, a_customer(legal_entity_id=""))


async def test_an_unknown_legal_entity_is_not_found(netsuite: NetSuite) -> None:
    with pytest.raises(NotFound):
        await netsuite.legal_entity("ACME' OR '1'='1")


async def test_a_customer_comes_back_as_written(netsuite: NetSuite, a_customer: Any) -> None:
    written = await netsuite.upsert_customer(KEY, a_customer())
    assert written.created is None, "NetSuite does not say whether it made or found it"
    found = await netsuite.customer_by_key(KEY)
    assert found.id == written.id
    assert found.legal_name == "Blaue Elbe Werke GmbH & Co. KG"
    assert (found.legal_entity_id, found.default_currency, found.payment_terms) == ("ACME-DE", "EUR", "Net 30")
    assert found.addresses[0].lines == ["Werftstraße 14"]
    assert found.addresses[0].country == "DE"
    assert [(each.country, each.scheme, each.number) for each in found.tax_registrations] == [
        ("DE", "USt-IdNr", "DE136695976")
    ]
    assert found == await netsuite.customer(written.id)
    assert found.xrefs[0].alt_key == KEY
    assert found.source is not None
    assert found.source.updated_at is not None


async def test_the_same_customer_twice_is_one_customer_with_one_address(
    netsuite: NetSuite, a_customer: Any, box: Box
) -> None:
    first = await netsuite.upsert_customer(KEY, a_customer())
    before = box.store.contents(box.sandbox.volatile)
    second = await netsuite.upsert_customer(KEY, a_customer())
    assert first.id == second.id
    assert box.store.contents(box.sandbox.volatile) == before
    assert box.store.duplicates() == []


async def test_a_customer_the_erp_made_inactive_is_closed_and_stays_so(
    netsuite: NetSuite, a_customer: Any, box: Box
) -> None:
    written = await netsuite.upsert_customer(KEY, a_customer())
    box.store.update("customer", written.id, {"isInactive": True})
    await netsuite.upsert_customer(KEY, a_customer())
    assert (await netsuite.customer_by_key(KEY)).lifecycle == "closed"


async def test_what_stands_on_the_second_page_is_found(netsuite: NetSuite, a_customer: Any, box: Box) -> None:
    with box.store.transaction():
        for number in range(1000, 2001):
            box.store.insert("term", str(number), {"id": str(number), "name": f"Net {number} days"})
    # Asking for the first page for ever would end here, instead of never.
    box.faults.add(FaultRule(fault="server_error", path="/suiteql", after=10, times=0))
    await netsuite.upsert_customer(KEY, a_customer(payment_terms="Net 2000 days"))
    assert (await netsuite.customer_by_key(KEY)).payment_terms == "Net 2000 days"


async def test_an_address_the_erp_added_stays(netsuite: NetSuite, a_customer: Any, http: httpx.AsyncClient) -> None:
    written = await netsuite.upsert_customer(KEY, a_customer())
    dock = {"addressBook": {"items": [{"defaultShipping": True, "addressBookAddress": {"addr1": "Kai 7"}}]}}
    answer = await http.patch(f"/services/rest/record/v1/customer/{written.id}", json=dock)
    assert answer.status_code == 204
    await netsuite.upsert_customer(KEY, a_customer(addresses=[Address(lines=["Neuer Weg 1"], country="DE")]))
    found = await netsuite.customer_by_key(KEY)
    assert [(each.role, each.lines) for each in found.addresses] == [("bill", ["Neuer Weg 1"]), ("ship", ["Kai 7"])]


async def test_an_upsert_neither_lowers_a_credit_limit_nor_clears_a_hold(netsuite: NetSuite, a_customer: Any) -> None:
    held = next(account for account in firm.ACCOUNTS if account.credit_hold)
    before = (await netsuite.customer_by_key(held.key)).credit
    assert before.hold
    assert before.limit is not None
    lower = Credit(limit=Money.of(1, "USD"), hold=False)
    changed = a_customer(legal_entity_id="ACME-US", default_currency="USD", legal_name="Orchard", credit=lower)
    await netsuite.upsert_customer(held.key, changed)
    after = await netsuite.customer_by_key(held.key)
    assert after.legal_name == "Orchard"
    assert after.credit == before


async def test_a_customer_over_its_limit_is_on_hold_where_netsuite_decides(
    netsuite: NetSuite, a_customer: Any, box: Box
) -> None:
    written = await netsuite.upsert_customer(KEY, a_customer())
    assert not (await netsuite.customer_by_key(KEY)).credit.hold
    box.store.update("customer", written.id, {"creditLimit": 100, "balance": Decimal("100.01")})
    credit = (await netsuite.customer_by_key(KEY)).credit
    assert credit.hold
    assert credit.reason == "It owes more than its credit limit."


async def test_the_tax_number_of_the_billing_country_is_the_one_kept(netsuite: NetSuite, a_customer: Any) -> None:
    foreign = TaxRegistration(country="IN", scheme="GSTIN", number="27AAPFS4321K1ZU")
    home = TaxRegistration(country="DE", scheme="USt-IdNr", number="DE136695976")
    await netsuite.upsert_customer(KEY, a_customer(tax_registrations=[foreign, home]))
    profile = await netsuite.tax_profile(KEY)
    assert (profile.jurisdiction, profile.status) == ("DE", "valid")
    assert [each.number for each in profile.registrations] == ["DE136695976"]


async def test_a_customer_without_a_tax_number_has_an_unverified_profile(netsuite: NetSuite, a_customer: Any) -> None:
    await netsuite.upsert_customer(KEY, a_customer())
    await netsuite.upsert_customer(KEY, a_customer(tax_registrations=[]))
    profile = await netsuite.tax_profile(KEY)
    assert (profile.registrations, profile.status, profile.jurisdiction) == ([], "unverified", "DE")


async def test_what_netsuite_has_no_code_for_is_named_field_by_field(netsuite: NetSuite, a_customer: Any) -> None:
    unknown = {"legal_entity_id": "ACME-FR", "default_currency": "XXX", "payment_terms": "Net 999"}
    pointers = ["/legal_entity_id", "/currency", "/payment_terms"]
    for (field, value), pointer in zip(unknown.items(), pointers, strict=True):
        with pytest.raises(Invalid) as refused:
            await netsuite.upsert_customer(KEY, a_customer(**{field: value}))
        assert [error.pointer for error in refused.value.errors] == [pointer]


async def test_nothing_is_found_that_was_not_written(netsuite: NetSuite) -> None:
    for read in (
        netsuite.customer_by_key,
        netsuite.tax_profile,
        netsuite.contract_by_key,
        netsuite.project_by_key,
        netsuite.billing_schedule_by_key,
    ):
        with pytest.raises(NotFound):
            await read("salesforce:nobody")
    with pytest.raises(NotFound):
        await netsuite.customer("4711")
    with pytest.raises(NotFound):
        await netsuite.project("not-a-number")
    with pytest.raises(NotFound):
        await netsuite.set_project_stage("4711", StageChange(stage="active"))


async def test_a_contract_comes_back_as_written_with_one_line_however_often(
    netsuite: NetSuite, a_customer: Any, a_contract: Any, box: Box
) -> None:
    customer = await netsuite.upsert_customer(KEY, a_customer())
    contract = a_contract(customer.id)
    for _ in range(2):
        written = await netsuite.upsert_contract(DEAL, contract)
    found = await netsuite.contract_by_key(DEAL)
    assert found.id == written.id
    for field in (
        "number title opportunity_id currency billing_method start end signed_at po_number payment_terms status"
    ).split():
        assert getattr(found, field) == getattr(contract, field), field
    assert found.account_id == customer.id
    assert found.value is not None
    assert found.value.same(amount("98500", "EUR"))
    assert len(box.store.all("salesOrder")[0]["item"]["items"]) == 1
    assert box.store.duplicates() == []


async def test_a_cancelled_contract_is_closed_and_not_deleted(
    netsuite: NetSuite, a_customer: Any, a_contract: Any
) -> None:
    customer = await netsuite.upsert_customer(KEY, a_customer())
    unsigned = a_contract(customer.id, status="in_approval", signed_at=None)
    await netsuite.upsert_contract(DEAL, unsigned)
    waiting = await netsuite.contract_by_key(DEAL)
    assert (waiting.status, waiting.signed_at) == ("in_approval", None)
    await netsuite.upsert_contract(DEAL, a_contract(customer.id, status="cancelled"))
    gone = await netsuite.contract_by_key(DEAL)
    assert (gone.id, gone.status, gone.lifecycle) == (waiting.id, "cancelled", "closed")


async def test_a_contract_without_a_value_or_with_a_po_number_too_long_is_refused_before_it_is_sent(
    netsuite: NetSuite, a_contract: Any, box: Box
) -> None:
    for wrong, pointer in (({"value": None}, "/value"), ({"po_number": "9" * 46}, "/po_number")):
        with pytest.raises(Invalid) as refused:
            await netsuite.upsert_contract(DEAL, a_contract("1", **wrong))
        assert refused.value.errors[0].pointer == pointer
    assert box.store.writes() == []


async def test_an_order_status_somebody_invented_is_drift(
    netsuite: NetSuite, a_customer: Any, a_contract: Any, box: Box
) -> None:
    customer = await netsuite.upsert_customer(KEY, a_customer())
    written = await netsuite.upsert_contract(DEAL, a_contract(customer.id))
    box.store.update("salesOrder", written.id, {"orderStatus": {"id": "Q"}})
    with pytest.raises(Drifted, match="'Q'"):
        await netsuite.contract_by_key(DEAL)


async def test_a_code_too_long_is_refused_and_never_cut(
    netsuite: NetSuite, a_customer: Any, a_project: Any, box: Box
) -> None:
    long_tax = TaxRegistration(country="DE", scheme="USt-IdNr", number="DE" + "1" * 19)
    with pytest.raises(Invalid) as tax:
        await netsuite.upsert_customer(KEY, a_customer(tax_registrations=[long_tax]))
    with pytest.raises(Invalid) as code:
        await netsuite.upsert_project(DEAL, a_project("1", code="P" * 84))
    assert [fault.value.errors[0].pointer for fault in (tax, code)] == ["/tax_registrations/0/number", "/code"]
    assert box.store.writes() == []


async def test_a_contract_of_an_unknown_customer_is_refused_in_netsuites_words(
    netsuite: NetSuite, a_contract: Any
) -> None:
    with pytest.raises(VendorRefused, match="Invalid Field Value 9999 for the following field: entity"):
        await netsuite.upsert_contract(DEAL, a_contract("9999"))


async def test_a_project_comes_back_as_written(netsuite: NetSuite, a_customer: Any, a_project: Any) -> None:
    customer = await netsuite.upsert_customer(KEY, a_customer())
    project = a_project(customer.id)
    written = await netsuite.upsert_project(DEAL, project)
    found = await netsuite.project_by_key(DEAL)
    assert found == await netsuite.project(written.id)
    for field in (
        "code name account_id contract_id opportunity_id stage currency billing_method start end practice"
        " project_manager legal_entity_id"
    ).split():
        assert getattr(found, field) == getattr(project, field), field
    assert found.budget is not None
    assert found.budget.same(amount("98500", "EUR"))


@pytest.mark.parametrize("stage", ["planned", "active", "on_hold", "closed", "cancelled"])
async def test_every_stage_is_kept(netsuite: NetSuite, a_customer: Any, a_project: Any, stage: Any, box: Box) -> None:
    customer = await netsuite.upsert_customer(KEY, a_customer())
    written = await netsuite.upsert_project(DEAL, a_project(customer.id))
    for _ in range(2):
        moved = await netsuite.set_project_stage(written.id, StageChange(stage=stage))
    assert moved.id == written.id
    assert (await netsuite.project(written.id)).stage == stage
    takes_time = not box.store.all("job")[0]["isInactive"]
    assert takes_time == (stage in ("active", "on_hold"))


async def test_a_status_somebody_invented_is_drift_and_an_awarded_project_is_active(
    netsuite: NetSuite, a_customer: Any, a_project: Any, box: Box
) -> None:
    customer = await netsuite.upsert_customer(KEY, a_customer())
    written = await netsuite.upsert_project(DEAL, a_project(customer.id))
    box.store.update("job", written.id, {"entityStatus": {"id": "5"}, "isInactive": False})
    assert (await netsuite.project(written.id)).stage == "active"
    box.store.update("job", written.id, {"entityStatus": {"id": "77"}})
    with pytest.raises(Drifted, match="77"):
        await netsuite.project(written.id)


async def test_a_project_code_in_use_is_a_duplicate(netsuite: NetSuite, a_customer: Any, a_project: Any) -> None:
    customer = await netsuite.upsert_customer(KEY, a_customer())
    await netsuite.upsert_project(DEAL, a_project(customer.id))
    with pytest.raises(VendorDuplicate, match="already exists"):
        await netsuite.upsert_project("salesforce:another", a_project(customer.id, name="Another"))


async def test_a_billing_schedule_by_milestone_keeps_each_ref_and_replaces_its_lines(
    netsuite: NetSuite, a_customer: Any, a_project: Any, a_schedule: Any
) -> None:
    customer = await netsuite.upsert_customer(KEY, a_customer())
    project = await netsuite.upsert_project(DEAL, a_project(customer.id))
    schedule = a_schedule(project.id)
    for _ in range(2):
        await netsuite.upsert_billing_schedule(DEAL, schedule)
    found = await netsuite.billing_schedule_by_key(DEAL)
    assert (found.method, found.currency, found.project_id) == ("milestone", "EUR", project.id)
    assert [(line.ref, line.name, line.due) for line in found.lines] == [
        ("M1", "Abnahme 1", date(2027, 1, 28)),
        ("M2", "Abnahme 2", date(2027, 2, 28)),
    ]
    assert found.total().same(schedule.total())


@pytest.mark.parametrize(("method", "months"), [("monthly", (1, 2, 3)), ("on_completion", (3,))])
async def test_a_billing_schedule_by_date_keeps_dates_and_amounts(
    netsuite: NetSuite, a_customer: Any, a_project: Any, a_schedule: Any, method: Any, months: tuple[int, ...]
) -> None:
    customer = await netsuite.upsert_customer(KEY, a_customer())
    project = await netsuite.upsert_project(DEAL, a_project(customer.id))
    lines = [
        BillingLine(ref=f"L{month}", name="", due=date(2027, month, 1), amount=amount("0.10", "EUR"))
        for month in months
    ]
    await netsuite.upsert_billing_schedule(DEAL, a_schedule(project.id, method=method, lines=lines))
    found = await netsuite.billing_schedule_by_key(DEAL)
    assert found.method == method
    assert [(line.due, line.amount.amount) for line in found.lines] == [
        (date(2027, month, 1), Decimal("0.10")) for month in months
    ]


async def test_a_billing_schedule_of_no_project_is_refused(netsuite: NetSuite, a_schedule: Any) -> None:
    with pytest.raises(Invalid) as refused:
        await netsuite.upsert_billing_schedule(DEAL, a_schedule(""))
    assert refused.value.errors[0].pointer == "/project_id"


@pytest.mark.parametrize(
    ("entity", "value"),
    [
        ("ACME-US", Money.of("1234567", "JPY")),
        ("ACME-US", Money.of("98765.432", "KWD")),
        ("ACME-IN", Money.of("18500000.01", "INR")),
        ("ACME-DE", Money.of("0.1", "EUR")),
    ],
    ids=str,
)
async def test_money_is_exact_in_every_currency(
    netsuite: NetSuite, a_customer: Any, a_contract: Any, a_project: Any, entity: str, value: Money
) -> None:
    ours = {"legal_entity_id": entity, "currency": value.currency}
    customer = await netsuite.upsert_customer(KEY, a_customer(legal_entity_id=entity, default_currency=value.currency))
    await netsuite.upsert_contract(DEAL, a_contract(customer.id, value=value, **ours))
    await netsuite.upsert_project(DEAL, a_project(customer.id, budget=value, **ours))
    contract, project = await netsuite.contract_by_key(DEAL), await netsuite.project_by_key(DEAL)
    assert contract.value is not None
    assert project.budget is not None
    assert contract.value.same(value)
    assert project.budget.same(value)


@pytest.mark.parametrize(
    "name",
    ["Søren & Äußerst GmbH", "गंगा टेक्सटाइल्स लिमिटेड", "株式会社日本物流", "شركة المرفأ للنقل", "Южный Порт"],
)
async def test_a_name_in_any_script_comes_back_as_it_was(netsuite: NetSuite, a_customer: Any, name: str) -> None:
    await netsuite.upsert_customer(KEY, a_customer(legal_name=name))
    assert (await netsuite.customer_by_key(KEY)).legal_name == name


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("x" * 83, "x" * 83),
        ("x" * 84, "x" * 83),
        ("a" * 82 + " b" * 10, "a" * 82),
        ("a" * 82 + "नि", "a" * 82),
    ],
    ids=["fits", "cut", "no blank at the end", "no letter without its marks"],
)
async def test_a_name_too_long_is_cut_the_same_way_each_time(
    netsuite: NetSuite, a_customer: Any, name: str, kept: str
) -> None:
    await netsuite.upsert_customer(KEY, a_customer(legal_name=name))
    assert (await netsuite.customer_by_key(KEY)).legal_name == kept
