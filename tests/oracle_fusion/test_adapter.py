"""The adapter against the sandbox, where Fusion is unlike the others; what all ERPs share is asked in `tests/ports`."""

from datetime import date
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import Drifted, Invalid, NotFound, VendorDuplicate, VendorRefused, VendorStale
from canonical.money import Money
from canonical.objects import (
    Address,
    BillingLine,
    BillingSchedule,
    Contract,
    Customer,
    Project,
    TaxRegistration,
)
from canonical.ports.systems import StageChange
from foundation.sandbox import Box, firm
from system_apis.oracle_fusion.adapter import OracleFusion
from system_apis.oracle_fusion.codes import OVERHEAD
from system_apis.oracle_fusion.rest import quoted
from tests.oracle_fusion.conftest import Listening

KEY, CONTRACT, DEAL = "salesforce:001Tg0000000003IAA", "salesforce:800Tg0000000003IAA", "salesforce:006Tg0000000003IAA"
BILLING = f"{DEAL}:billing"
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
        "payment_terms": "Net 30",
        "status": "active",
    }
    return Contract(**plain | more)


def project(account_id: str, **more: Any) -> Project:
    plain: dict[str, Any] = {
        "legal_entity_id": "ACME-DE",
        "code": "DE-26-0003",
        "name": "Fertigungsplanung",
        "account_id": account_id,
        "contract_id": CONTRACT,
        "currency": "EUR",
    }
    return Project(**plain | more)


def plan(project_id: str, *days: int, **more: Any) -> BillingSchedule:
    lines = [
        BillingLine(ref=f"M{n}", name=f"Abnahme {n}", due=date(2027, 1, day), amount=Money.of("100.00", "EUR"))
        for n, day in enumerate(days, start=1)
    ]
    plain = {"name": "Plan", "project_id": project_id, "currency": "EUR", "method": "milestone", "lines": lines}
    return BillingSchedule(**plain | more)


async def engagement(fusion: OracleFusion) -> str:
    """A customer with a contract and a project; the project's id."""
    customer = await fusion.upsert_customer(KEY, CUSTOMER)
    await fusion.upsert_contract(CONTRACT, contract(customer.id))
    return (await fusion.upsert_project(DEAL, project(customer.id))).id


@pytest.mark.parametrize("expected", firm.ENTITIES, ids=lambda each: each.code)
async def test_a_legal_entity_is_a_business_unit_with_what_stands_behind_it(
    fusion: OracleFusion, box: Box, expected: firm.LegalEntity
) -> None:
    entity = await fusion.legal_entity(expected.code)
    assert (entity.legal_name, entity.country) == (expected.name, expected.country)
    assert (entity.functional_currency, entity.time_zone) == (expected.currency, expected.time_zone)
    assert tuple(entity.intercompany_partners) == expected.partners
    assert len(entity.periods) == 25, "of receivables alone, and without the adjustment period"
    this_month = entity.period_of(box.now().date())
    assert this_month is not None
    assert (this_month.open, entity.periods[0].open) == (True, False)


async def test_pages_shorter_than_asked_for_lose_nothing(fusion: OracleFusion, box: Box) -> None:
    project_id = await engagement(fusion)
    await fusion.upsert_billing_schedule(BILLING, plan(project_id, 1, 1, 1, 2, 3))
    box.store.set_setting("most_rows", 2)
    found = await fusion.billing_schedule_by_key(BILLING)
    assert [line.ref for line in found.lines] == ["M1", "M2", "M3", "M4", "M5"]
    assert len((await fusion.legal_entity("ACME-IN")).periods) == 25


async def test_a_customer_and_its_address_change_together(fusion: OracleFusion, heard: Listening) -> None:
    await fusion.upsert_customer(KEY, CUSTOMER)
    taxes = [TaxRegistration(country="FR", scheme="VAT", number="FR40303265045")]
    changed = msgspec.structs.replace(
        CUSTOMER,
        legal_name="Elbe AG",
        email="",
        addresses=[Address(lines=["Neuer Weg 1"], city="Bremen", country="DE")],
        tax_registrations=taxes,
    )
    before = len(heard.asked)
    await fusion.upsert_customer(KEY, changed)
    assert [(each.method, each.url.path) for each in heard.asked[before:]] == [
        ("GET", "/crmRestApi/resources/11.13.18.05/accounts"),
        ("POST", "/crmRestApi/resources/11.13.18.05/"),
    ]
    found = await fusion.customer_by_key(KEY)
    assert (found.legal_name, found.email, found.addresses) == ("Elbe AG", "", changed.addresses)
    assert [(each.country, each.scheme, each.number) for each in found.tax_registrations] == [
        ("FR", "VAT", "FR40303265045")
    ]
    before = len(heard.asked)
    await fusion.upsert_customer(KEY, changed)
    assert [each.method for each in heard.asked[before:]] == ["GET"], "what is alike is not sent"


async def test_an_address_that_was_missing_is_added(fusion: OracleFusion) -> None:
    await fusion.upsert_customer(KEY, msgspec.structs.replace(CUSTOMER, addresses=[]))
    await fusion.upsert_customer(KEY, CUSTOMER)
    assert (await fusion.customer_by_key(KEY)).addresses == CUSTOMER.addresses


async def test_a_customer_is_every_legal_entity_s_that_is_there(fusion: OracleFusion) -> None:
    made = (await fusion.upsert_customer(KEY, CUSTOMER)).id
    assert [(await fusion.customer_by_key(KEY, code)).id for code in ("ACME-DE", "ACME-US")] == [made] * 2
    with pytest.raises(NotFound, match="no legal entity with the code ACME-XX"):
        await fusion.customer_by_key(KEY, "ACME-XX")


async def test_a_customer_on_hold_stays_so_whatever_is_written(fusion: OracleFusion) -> None:
    known = next(each for each in firm.ACCOUNTS if each.credit_hold)
    found = await fusion.customer_by_key(known.key)
    assert found.credit.hold
    await fusion.upsert_customer(known.key, msgspec.structs.replace(found, legal_name="Orchard Clinics LLC"))
    again = await fusion.customer_by_key(known.key)
    assert (again.legal_name, again.credit.hold) == ("Orchard Clinics LLC", True)
    profile = await fusion.tax_profile(known.key)
    assert (profile.jurisdiction, profile.status) == ("US", "valid")


async def test_a_contract_of_a_customer_nobody_has_is_refused_by_name(fusion: OracleFusion) -> None:
    with pytest.raises(VendorRefused, match="CDRM_999 is not a customer") as refused:
        await fusion.upsert_contract(CONTRACT, contract("CDRM_999"))
    assert [each.rule for each in refused.value.errors] == ["OKC_BUYER_INVALID"]


async def test_a_contract_becomes_active_and_is_cancelled_and_keeps_its_value(fusion: OracleFusion) -> None:
    customer = await fusion.upsert_customer(KEY, CUSTOMER)
    for status in ("draft", "in_approval", "active", "expired", "cancelled"):
        await fusion.upsert_contract(CONTRACT, contract(customer.id, status=status))
        found = await fusion.contract_by_key(CONTRACT)
        assert (found.status, found.value) == (status, Money.of("98500.00", "EUR"))
        assert found.payment_terms == "Net 30"


async def test_terms_nobody_set_up_are_refused(fusion: OracleFusion) -> None:
    customer = await fusion.upsert_customer(KEY, CUSTOMER)
    with pytest.raises(VendorRefused, match="99 Net"):
        await fusion.upsert_contract(CONTRACT, contract(customer.id, payment_terms="Net 99"))


async def test_a_project_code_belongs_to_one_project(fusion: OracleFusion) -> None:
    await engagement(fusion)
    customer = await fusion.customer_by_key(KEY)
    with pytest.raises(VendorDuplicate, match="already exists"):
        await fusion.upsert_project("salesforce:other", project(customer.id))


async def test_a_project_goes_over_to_another_customer(fusion: OracleFusion) -> None:
    await engagement(fusion)
    other = await fusion.upsert_customer("salesforce:2", msgspec.structs.replace(CUSTOMER, legal_name="Weser Werke"))
    await fusion.upsert_project(DEAL, project(other.id, name="Umbau"))
    found = await fusion.project_by_key(DEAL)
    assert (found.account_id, found.name) == (other.id, "Umbau")


async def test_a_plan_loses_a_line_gains_one_and_changes_one_at_once(
    fusion: OracleFusion, box: Box, heard: Listening
) -> None:
    project_id = await engagement(fusion)
    assert (await fusion.upsert_billing_schedule(BILLING, plan(project_id, 10, 20))).created
    wanted = plan(project_id, 10, 25, 30)
    wanted = msgspec.structs.replace(wanted, lines=wanted.lines[1:])
    before = len(heard.asked)
    assert not (await fusion.upsert_billing_schedule(BILLING, wanted)).created
    assert [each.method for each in heard.asked[before:]].count("POST") == 1
    assert (await fusion.billing_schedule_by_key(BILLING)).lines == wanted.lines
    assert box.store.duplicates() == []


async def test_a_plan_refused_in_one_line_is_not_there_at_all(fusion: OracleFusion, box: Box) -> None:
    project_id = await engagement(fusion)
    wanted = plan(project_id, 10, 20)
    wrong = msgspec.structs.replace(wanted.lines[1], amount=Money.of("1.00", "CHF"))
    with pytest.raises(VendorRefused):
        await fusion.upsert_billing_schedule(BILLING, msgspec.structs.replace(wanted, lines=[wanted.lines[0], wrong]))
    with pytest.raises(NotFound):
        await fusion.billing_schedule_by_key(BILLING)
    assert box.store.all("projectBillingEvents") == []


async def test_a_plan_without_a_line_or_a_project_is_refused_at_its_field(fusion: OracleFusion) -> None:
    project_id = await engagement(fusion)
    for data, pointer in ((plan(project_id), "/lines"), (plan("", 1), "/project_id")):
        with pytest.raises(Invalid) as refused:
            await fusion.upsert_billing_schedule(BILLING, data)
        assert [each.pointer for each in refused.value.errors] == [pointer]


async def test_a_project_whose_contract_is_not_there_cannot_be_billed(fusion: OracleFusion) -> None:
    customer = await fusion.upsert_customer(KEY, CUSTOMER)
    for number, key in enumerate(("", "salesforce:800nowhere")):
        data = project(customer.id, contract_id=key, code=f"P{number}")
        made = await fusion.upsert_project(f"salesforce:{number}", data)
        with pytest.raises(Invalid) as refused:
            await fusion.upsert_billing_schedule(BILLING, plan(made.id, 1))
        assert "no contract" in refused.value.errors[0].detail
        assert [each.pointer for each in refused.value.errors] == ["/project_id"]


async def test_what_is_invoiced_stays_as_it_is(fusion: OracleFusion, box: Box) -> None:
    project_id = await engagement(fusion)
    await fusion.upsert_billing_schedule(BILLING, plan(project_id, 10, 20))
    event = box.store.all("projectBillingEvents")[0]
    box.store.update("projectBillingEvents", str(event["_id"]), {"Invoiced": "F", "InvoicedAmount": 100})
    with pytest.raises(VendorRefused, match="invoiced"):
        await fusion.upsert_billing_schedule(BILLING, plan(project_id, 11, 21))
    assert [line.due.day for line in (await fusion.billing_schedule_by_key(BILLING)).lines] == [10, 20]
    await fusion.upsert_billing_schedule(BILLING, plan(project_id, 10, 21))
    assert [line.due.day for line in (await fusion.billing_schedule_by_key(BILLING)).lines] == [10, 21]


async def test_the_plan_of_another_key_that_like_finds_is_left_alone(fusion: OracleFusion) -> None:
    project_id = await engagement(fusion)
    await fusion.upsert_billing_schedule("deal_1", plan(project_id, 10))
    await fusion.upsert_billing_schedule("deal-1", plan(project_id, 20))
    await fusion.upsert_billing_schedule("deal_1", plan(project_id, 11))
    assert [line.due.day for line in (await fusion.billing_schedule_by_key("deal-1")).lines] == [20]
    assert [line.due.day for line in (await fusion.billing_schedule_by_key("deal_1")).lines] == [11]


@pytest.mark.parametrize("kind", ["accounts", "contracts", "projects", "projectBillingEvents"])
async def test_what_somebody_saves_meanwhile_is_not_overwritten(
    fusion: OracleFusion, box: Box, heard: Listening, kind: str
) -> None:
    project_id = await engagement(fusion)
    await fusion.upsert_billing_schedule(BILLING, plan(project_id, 10))
    customer = (await fusion.customer_by_key(KEY)).id
    writes: dict[str, Any] = {
        "accounts": lambda: fusion.upsert_customer(KEY, msgspec.structs.replace(CUSTOMER, legal_name="Elbe AG")),
        "contracts": lambda: fusion.upsert_contract(CONTRACT, contract(customer, title="Umbau")),
        "projects": lambda: fusion.set_project_stage(project_id, StageChange(stage="closed")),
        "projectBillingEvents": lambda: fusion.upsert_billing_schedule(BILLING, plan(project_id, 11)),
    }
    ours = [each for each in box.store.all(kind) if not str(each.get("ProjectNumber")).startswith(OVERHEAD)]
    (row,) = [each for each in ours if each.get("SourceSystemReferenceValue", KEY) == KEY]

    def meanwhile(request: httpx.Request) -> None:
        if request.method != "GET":
            box.store.update(kind, str(row["_id"]), {"_version": 999})

    heard.before = meanwhile
    with pytest.raises(VendorStale):
        await writes[kind]()
    heard.before = lambda _: None
    await writes[kind]()


async def test_only_the_path_of_a_link_is_followed(fusion: OracleFusion, heard: Listening) -> None:
    """Whatever host a pod names in its links, our credentials go to the address of the connection."""
    await engagement(fusion)
    heard.says = lambda content: content.replace(b"http://fusion.test", b"https://somewhere.example")
    await fusion.set_project_stage((await fusion.project_by_key(DEAL)).id, StageChange(stage="active"))
    assert {each.url.host for each in heard.asked} == {"fusion.test"}


@pytest.mark.parametrize("link", [b"https://fusion.test/elsewhere/1", b"//", b"http://[", b""])
async def test_a_link_that_leads_out_of_the_framework_is_drift(
    fusion: OracleFusion, heard: Listening, link: bytes
) -> None:
    await engagement(fusion)
    project_id = (await fusion.project_by_key(DEAL)).id
    heard.says = lambda content: content.replace(
        f"http://fusion.test/fscmRestApi/resources/11.13.18.05/projects/{project_id}".encode(), link
    )
    with pytest.raises(Drifted, match="link"):
        await fusion.set_project_stage(project_id, StageChange(stage="active"))


@pytest.mark.parametrize(
    ("text", "said"), [("plain", "'plain'"), ("O'Hara", '"O\'Hara"'), ('5" pipe', "'5\" pipe'"), ("", "''")]
)
def test_a_text_is_quoted_with_the_mark_it_does_not_hold(text: str, said: str) -> None:
    assert quoted(text) == said


async def test_a_key_with_both_marks_is_nobodys(fusion: OracleFusion, heard: Listening) -> None:
    with pytest.raises(NotFound):
        await fusion.customer_by_key("""a'b"c""")
    assert heard.asked == []


async def test_every_call_says_which_framework_it_means(fusion: OracleFusion, heard: Listening) -> None:
    await engagement(fusion)
    said = {each.headers.get("REST-Framework-Version") for each in heard.asked if "oauth2" not in each.url.path}
    assert said == {"4"}
