"""What the adapter says of an org, and what it writes to it."""

import json
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest

from canonical.faults import Conflict, Drifted, Invalid, NotFound, VendorRefused
from canonical.money import Money
from canonical.objects import ProjectLink
from foundation.sandbox import Box
from foundation.sandbox.firm import Deal
from system_apis.salesforce.adapter import Salesforce
from system_apis.salesforce.sandbox import org

LINK = ProjectLink(project_code="US-26-0001", erp_project_id="1207", psa_project_id="88", erp_customer_id="341")
OPPORTUNITY = org.kind_of("Opportunity")


def close(box: Box, deal: Deal, stage: str = "Closed Won") -> None:
    org.update(box, OPPORTUNITY, deal.id, {"StageName": stage})


async def test_a_deal_comes_whole(salesforce: Salesforce, firm: dict[str, Deal]) -> None:
    deal = firm["D06"]
    found = await salesforce.opportunity(deal.id)
    assert (found.id, found.name, found.account_id) == (deal.id, "Store data platform", deal.account.id)
    assert found.amount == Money.of("75000.00", "USD")
    assert (found.legal_entity_id, found.delivery_entities) == ("ACME-US", ["ACME-US", "ACME-IN"])
    assert (found.stage.code, found.stage.category, found.won_generation) == ("Negotiation/Review", "open", 0)
    assert (found.contract_type, found.practice, found.probability) == ("retainer", "Data", Decimal("0.9"))
    assert (found.expected_start, found.expected_end) == (deal.start, deal.end)
    assert [(each.role, int(each.hours)) for each in found.role_demand] == [("Architect", 150), ("Data Engineer", 300)]
    assert (found.project_manager, found.po_number) == ("owen.tran@acme.example", "PO-4506")
    assert found.won_at is None


async def test_every_seeded_deal_rests_on_a_quote_and_a_contract(salesforce: Salesforce, firm: dict[str, Deal]) -> None:
    for deal in firm.values():
        found = await salesforce.opportunity(deal.id)
        quote = await salesforce.quote(found.quote_id)
        contract = await salesforce.contract(found.contract_id)
        assert (quote.status, quote.currency) == ("accepted", deal.quote_currency)
        assert quote.total.amount == deal.amount == sum(line.net.amount for line in quote.lines)
        assert [line.role for line in quote.lines] == [role.name for role in deal.roles]
        assert (contract.value, contract.opportunity_id) == (found.amount, deal.id)
        assert contract.billing_method == deal.contract_type
        assert (contract.status, contract.signed_at is not None) == (
            ("active", True) if deal.signed else ("in_approval", False)
        )


async def test_a_customer_comes_with_address_and_tax(salesforce: Salesforce, firm: dict[str, Deal]) -> None:
    found = await salesforce.account(firm["D03"].account.id)
    assert (found.legal_name, found.trading_name) == ("Blaue Elbe Werke GmbH & Co. KG", "Blaue Elbe Werke")
    (address,) = found.addresses
    assert (address.lines, address.city, address.country) == (["Werftstraße 14"], "Hamburg", "DE")
    (registration,) = found.tax_registrations
    assert (registration.country, registration.scheme, registration.number) == ("DE", "USt-IdNr", "DE136695976")
    assert (found.default_currency, found.payment_terms) == ("EUR", "Net 30")


async def test_a_customer_without_a_tax_number_has_no_registration(
    salesforce: Salesforce, firm: dict[str, Deal]
) -> None:
    assert (await salesforce.account(firm["D09"].account.id)).tax_registrations == []


async def test_the_people_at_a_customer_come_with_their_roles(salesforce: Salesforce, firm: dict[str, Deal]) -> None:
    found = await salesforce.contacts(firm["D01"].account.id)
    assert [(each.given, each.roles[0].role) for each in found] == [("Nina", "buyer"), ("Paul", "billing")]


async def test_a_merged_account_answers_as_its_master(box: Box, salesforce: Salesforce, firm: dict[str, Deal]) -> None:
    first, second, third = (firm[code].account.id for code in ("D01", "D02", "D03"))
    org.merge(box, master=second, loser=first)
    org.merge(box, master=third, loser=second)
    found = await salesforce.account(first)
    assert (found.id, found.merged_into, found.trading_name) == (third, third, "Blaue Elbe Werke")


async def test_a_deleted_account_is_not_there(box: Box, salesforce: Salesforce, firm: dict[str, Deal]) -> None:
    org.delete(box, org.kind_of("Account"), firm["D01"].account.id)
    with pytest.raises(NotFound):
        await salesforce.account(firm["D01"].account.id)


@pytest.mark.parametrize("wrong", ["006Tg0000000099IAA", "x' OR Id != '", "../Account/1", ""])
async def test_what_is_not_there_is_not_found(salesforce: Salesforce, wrong: str) -> None:
    for ask in (salesforce.opportunity, salesforce.account, salesforce.quote, salesforce.contract):
        with pytest.raises(NotFound):
            await ask(wrong)


async def test_winning_reopening_and_winning_again_counts_two(
    box: Box, salesforce: Salesforce, firm: dict[str, Deal]
) -> None:
    deal = firm["D01"]
    for stage in ("Closed Won", "Closed Won", "Negotiation/Review", "Closed Won"):
        close(box, deal, stage)
    found = await salesforce.opportunity(deal.id)
    assert (found.stage.category, found.won_generation) == ("won", 2)
    assert found.won_at is not None
    close(box, deal, "Closed Lost")
    assert (await salesforce.opportunity(deal.id)).stage.category == "lost"


async def test_a_word_we_do_not_know_is_drift(box: Box, salesforce: Salesforce, firm: dict[str, Deal]) -> None:
    deal = firm["D01"]
    box.store.update("Opportunity", deal.id, {"Contract_Type__c": "Success Fee"})
    with pytest.raises(Drifted, match="Success Fee"):
        await salesforce.opportunity(deal.id)


async def test_a_role_demand_that_cannot_be_read_is_the_orgs_to_mend(
    box: Box, salesforce: Salesforce, firm: dict[str, Deal]
) -> None:
    deal = firm["D01"]
    box.store.update("Opportunity", deal.id, {"Role_Demand__c": "two engineers"})
    with pytest.raises(VendorRefused, match="Role_Demand__c"):
        await salesforce.opportunity(deal.id)


async def test_amounts_and_names_survive_whatever_the_currency_and_script(
    box: Box, salesforce: Salesforce, firm: dict[str, Deal]
) -> None:
    deal = firm["D05"]
    names = ["Über Größe", "सोना फूड्स", "東京物流株式会社", "شركة الميناء", "Ζεύς Ναυτιλία"]
    amounts = [("JPY", "98000000"), ("KWD", "1234.567"), ("INR", "18500000.05"), ("EUR", "0.1"), ("USD", "240000")]
    for name, (currency, amount) in zip(names, amounts, strict=True):
        change = {"Name": name, "CurrencyIsoCode": currency, "Amount": Decimal(amount)}
        org.update(box, OPPORTUNITY, deal.id, change)
        found = await salesforce.opportunity(deal.id)
        assert (found.name, found.amount) == (name, Money.of(amount, currency))


async def test_linking_writes_once_and_clearing_unlinks(
    box: Box, salesforce: Salesforce, firm: dict[str, Deal]
) -> None:
    deal = firm["D01"]
    assert (await salesforce.link_project(deal.id, LINK)).created is True
    assert (await salesforce.link_project(deal.id, LINK)).created is False
    assert (await salesforce.opportunity(deal.id)).project_code == "US-26-0001"
    assert len(box.store.writes()) == 1  # the second call found nothing to do
    await salesforce.link_project(deal.id, ProjectLink(project_code=""))
    kept = box.store.get("Opportunity", deal.id) or {}
    assert [kept[f"{name}__c"] for name in ("Project_Code", "ERP_Project_Id", "PSA_Project_Id")] == [None] * 3


async def test_a_deal_is_not_taken_from_another_project(salesforce: Salesforce, firm: dict[str, Deal]) -> None:
    await salesforce.link_project(firm["D01"].id, LINK)
    with pytest.raises(Conflict, match="US-26-0001"):
        await salesforce.link_project(firm["D01"].id, ProjectLink(project_code="US-26-0002"))


async def test_the_poll_pages_through_equal_stamps_without_losing_one(
    salesforce: Salesforce, firm: dict[str, Deal]
) -> None:
    seen: list[str] = []
    since = ""
    for _ in range(4):
        page = await salesforce.changes(since, limit=5)
        seen += [change.native_id for change in page.items]
        since = page.next
        if len(page.items) < 5:
            break
    assert sorted(seen) == sorted(deal.id for deal in firm.values())


async def test_the_poll_finds_what_changed_since(box: Box, salesforce: Salesforce, firm: dict[str, Deal]) -> None:
    mark = (await salesforce.changes("")).next
    box.store.set_setting("_clock_ahead", 3600)
    close(box, firm["D07"])
    page = await salesforce.changes(mark)
    assert [(change.native_id, change.won) for change in page.items if change.won] == [(firm["D07"].id, True)]
    later = await salesforce.changes(page.next)
    assert [change.native_id for change in later.items] == [firm["D07"].id]  # the overlap, and nothing older
    found = await salesforce.opportunity(firm["D07"].id)
    assert found.source is not None
    assert page.items[-1].version == found.source.native_version


async def test_the_poll_finds_a_commit_that_shows_up_late(
    box: Box, salesforce: Salesforce, firm: dict[str, Deal]
) -> None:
    box.store.set_setting("_clock_ahead", 3600)
    close(box, firm["D01"])
    page = await salesforce.changes("")
    late = org.stamp(page.items[-1].changed_at - timedelta(minutes=10))
    box.store.update("Opportunity", firm["D02"].id, {"SystemModstamp": late})
    assert firm["D02"].id in [change.native_id for change in (await salesforce.changes(page.next)).items]


async def test_an_empty_poll_keeps_its_watermark(box: Box, salesforce: Salesforce, firm: dict[str, Deal]) -> None:
    for deal in firm.values():
        org.delete(box, OPPORTUNITY, deal.id)
    page = await salesforce.changes("")
    assert page.items == []
    assert (await salesforce.changes(page.next)).next == page.next


@pytest.mark.parametrize("wrong", ["yesterday", "2026-13-01T00:00:00Z~", "2026-01-01T00:00:00Z~x' OR Id != '"])
async def test_a_watermark_that_is_not_ours_is_refused(salesforce: Salesforce, wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        await salesforce.changes(wrong)
    assert refused.value.errors[0].pointer == "query:since"


async def test_the_poll_asks_for_more_pages_of_a_long_answer(
    box: Box, salesforce: Salesforce, firm: dict[str, Deal]
) -> None:
    template = box.store.get("Opportunity", firm["D01"].id) or {}
    for number in range(2100):
        row = template | {"Id": f"006Zz{number:010}AAA", "Name": f"n{number}"}
        box.store.insert("Opportunity", row["Id"], row)
    found = await salesforce.changes("", limit=2112)
    assert len({change.native_id for change in found.items}) == 2112


async def test_who_we_are_is_what_the_org_says(salesforce: Salesforce) -> None:
    found = await salesforce.whoami()
    assert (found.system, found.user) == ("salesforce", "integration@acme.example")


async def test_closing_again_with_the_same_values_leaves_the_same_contents(
    box: Box, salesforce: Salesforce, firm: dict[str, Deal]
) -> None:
    close(box, firm["D01"])
    before = box.store.contents(box.sandbox.volatile)
    stamp = (await salesforce.changes("")).items[-1].version
    box.store.set_setting("_clock_ahead", 60)
    close(box, firm["D01"])
    assert box.store.contents(box.sandbox.volatile) == before
    assert (await salesforce.changes("")).items[-1].version > stamp
    assert json.loads(msgspec.json.encode(box.store.duplicates())) == []
