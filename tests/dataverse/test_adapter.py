"""What the adapter says of an organisation, and what it writes to it."""

from decimal import Decimal

import httpx
import pytest
from msgspec.structs import replace

from canonical.faults import (
    Conflict,
    Drifted,
    NotFound,
    OutcomeUnknown,
    Unsupported,
    VendorForbade,
    VendorRefused,
    VendorStale,
)
from canonical.money import Money
from canonical.objects import ProjectLink
from canonical.ports.orders import QuoteMark
from canonical.ports.systems import Delivery
from foundation.connections import Connection
from foundation.sandbox import Box, FaultRule
from foundation.sandbox.firm import Deal
from system_apis.dataverse import connect
from system_apis.dataverse.adapter import Dataverse
from system_apis.dataverse.sandbox import org
from system_apis.dataverse.sandbox.schema import TABLES
from system_apis.dataverse.sandbox.seed import account_id, bind, deal_id
from tests.dataverse.conftest import CLIENT

NOBODY = "00000000-0000-0000-0000-0000000000ff"
LINK = ProjectLink(project_code="US-26-0001", erp_project_id="1207", psa_project_id="88", erp_customer_id="341")


async def test_every_seeded_deal_comes_whole_and_rests_on_a_quote_and_an_order(
    dataverse: Dataverse, firm: dict[str, Deal]
) -> None:
    for deal in firm.values():
        found = await dataverse.opportunity(deal_id(deal))
        assert (found.name, found.account_id) == (deal.name, account_id(deal.account))
        assert found.amount == Money(amount=deal.amount, currency=deal.currency)
        assert (found.legal_entity_id, tuple(found.delivery_entities)) == (deal.entity, deal.delivery_entities)
        assert (found.contract_type, found.practice, found.probability) == (
            deal.contract_type,
            deal.practice,
            Decimal("0.9"),
        )
        assert [(each.role, each.hours) for each in found.role_demand] == [(r.name, r.hours) for r in deal.roles]
        assert {(each.start, each.end) for each in found.role_demand} == {(deal.start, deal.end)}
        quote, contract = await dataverse.quote(found.quote_id), await dataverse.contract(found.contract_id)
        assert (quote.status, quote.currency, quote.total.amount) == ("accepted", deal.quote_currency, deal.amount)
        assert (contract.value, contract.opportunity_id) == (found.amount, found.id)
        assert (contract.billing_method, contract.payment_terms) == (deal.contract_type, "Net 30")
        assert (contract.status, contract.signed_at is not None) == (
            ("active", True) if deal.signed else ("in_approval", False)
        )


async def test_a_customer_comes_with_address_tax_and_people(dataverse: Dataverse, firm: dict[str, Deal]) -> None:
    account = account_id(firm["D03"].account)
    found = await dataverse.account(account)
    assert (found.legal_name, found.trading_name) == ("Blaue Elbe Werke GmbH & Co. KG", "Blaue Elbe Werke")
    (address,), (registration,) = found.addresses, found.tax_registrations
    assert (address.lines, address.city, address.country) == (["Werftstraße 14"], "Hamburg", "DE")
    assert (registration.scheme, registration.number) == ("USt-IdNr", "DE136695976")
    assert (found.default_currency, found.payment_terms, found.lifecycle) == ("EUR", "Net 30", "active")
    people = await dataverse.contacts(account)
    assert {(each.given, each.roles[0].role) for each in people} == {("Jörg", "buyer"), ("Käthe", "billing")}


async def test_a_merged_account_answers_as_its_master(box: Box, dataverse: Dataverse, firm: dict[str, Deal]) -> None:
    first, second, third = (account_id(firm[code].account) for code in ("D01", "D02", "D03"))
    org.merge(box, master=second, loser=first)
    org.merge(box, master=third, loser=second)
    found = await dataverse.account(first)
    assert (found.id, found.merged_into, found.trading_name) == (third, third, "Blaue Elbe Werke")
    assert (await dataverse.opportunity(deal_id(firm["D01"]))).account_id == third


async def test_a_customer_with_more_people_than_a_page_has_all_of_them(
    box: Box, dataverse: Dataverse, firm: dict[str, Deal]
) -> None:
    box.store.set_setting("largest_page", 3)
    account = account_id(firm["D01"].account)
    for number in range(8):
        person = {"lastname": f"n{number}", "parentcustomerid_account@odata.bind": bind("account", account)}
        org.create(box, TABLES["contact"], person)
    found = await dataverse.contacts(account)
    assert {each.family for each in found} == {"Okafor", "Reyes", *(f"n{number}" for number in range(8))}
    assert len(found) == 10


async def test_winning_reopening_and_winning_again_counts_two(
    box: Box, dataverse: Dataverse, firm: dict[str, Deal]
) -> None:
    deal = deal_id(firm["D01"])
    org.close(box, deal, won=True)
    org.reopen(box, deal)
    assert (await dataverse.opportunity(deal)).won_at is None
    org.close(box, deal, won=True)
    found = await dataverse.opportunity(deal)
    assert (found.stage.category, found.won_generation, found.won_at is not None) == ("won", 2, True)


async def test_a_cancelled_order_is_no_contract_any_more(box: Box, dataverse: Dataverse, firm: dict[str, Deal]) -> None:
    before = await dataverse.opportunity(deal_id(firm["D01"]))
    org.update(box, TABLES["salesorder"], before.contract_id, {"statecode": 2, "statuscode": 4})
    after = await dataverse.opportunity(before.id)
    assert (after.contract_id, after.quote_id) == ("", before.quote_id)
    assert (await dataverse.contract(before.contract_id)).status == "cancelled"


async def test_a_word_we_do_not_know_is_drift_and_named(box: Box, dataverse: Dataverse, firm: dict[str, Deal]) -> None:
    box.store.set_setting("more_values", {"opportunity.tg_contracttype": {"100000009": "Success Fee"}})
    box.store.update("opportunity", deal_id(firm["D01"]), {"tg_contracttype": 100000009})
    with pytest.raises(Drifted, match=r"100000009 \(Success Fee\)"):
        await dataverse.opportunity(deal_id(firm["D01"]))


async def test_a_deal_is_linked_once_to_one_project_and_freed(
    box: Box, dataverse: Dataverse, firm: dict[str, Deal]
) -> None:
    deal = deal_id(firm["D01"])
    assert (await dataverse.link_project(deal, LINK)).created is True
    again = await dataverse.link_project(deal, LINK)
    found = await dataverse.opportunity(deal)
    assert found.source is not None
    assert (again.created, again.version, len(box.store.writes())) == (False, found.source.native_version, 1)
    with pytest.raises(Conflict, match="US-26-0001"):
        await dataverse.link_project(deal, ProjectLink(project_code="US-26-0002"))
    await dataverse.link_project(deal, ProjectLink(project_code=""))
    kept = box.store.get("opportunity", deal) or {}
    assert [kept[f"tg_{name}"] for name in ("projectcode", "erpprojectid", "psaprojectid")] == [None] * 3


async def test_a_deal_deleted_between_reading_and_writing_does_not_come_back(
    box: Box, connection: Connection, firm: dict[str, Deal]
) -> None:
    sandbox, deal = box.transport(), deal_id(firm["D01"])

    async def deleted_first(request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            org.delete(box, TABLES["opportunity"], deal)
        return await sandbox.handle_async_request(request)

    dataverse = connect(connection, httpx.MockTransport(deleted_first))
    with pytest.raises(NotFound):
        await dataverse.link_project(deal, LINK)
    assert box.store.get("opportunity", deal) is None
    await dataverse.close()


async def test_an_edit_in_the_same_second_is_stale_too(box: Box, connection: Connection, firm: dict[str, Deal]) -> None:
    sandbox, deal = box.transport(), deal_id(firm["D01"])

    async def edited_first(request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            org.update(box, TABLES["opportunity"], deal, {"tg_practice": "Finance"})
        return await sandbox.handle_async_request(request)

    dataverse = connect(connection, httpx.MockTransport(edited_first))
    with pytest.raises(VendorStale):
        await dataverse.link_project(deal, LINK)
    assert (box.store.get("opportunity", deal) or {})["tg_projectcode"] is None
    await dataverse.close()


@pytest.mark.parametrize(("fault", "written"), [("timeout_after_commit", True), ("timeout_before_commit", False)])
async def test_a_write_without_an_answer_is_unknown_and_may_be_repeated(
    box: Box, dataverse: Dataverse, firm: dict[str, Deal], fault: str, written: bool
) -> None:
    box.faults.add(FaultRule(fault=fault, method="PATCH"))  # type: ignore[arg-type]  # a parameter
    with pytest.raises(OutcomeUnknown):
        await dataverse.link_project(deal_id(firm["D01"]), LINK)
    assert len(box.store.writes()) == int(written)
    assert (await dataverse.link_project(deal_id(firm["D01"]), LINK)).created is not written
    assert len(box.store.writes()) == 1


async def test_a_long_backlog_is_read_over_many_pages(box: Box, dataverse: Dataverse, firm: dict[str, Deal]) -> None:
    box.store.set_setting("largest_page", 4)
    page = await dataverse.changes("", limit=10)
    rest = await dataverse.changes(page.next, limit=10)
    found = [change.native_id for change in (*page.items, *rest.items)]
    assert (len(page.items), len(rest.items), len(set(found))) == (10, 2, 12)


async def test_no_notification_is_taken_since_none_is_signed(dataverse: Dataverse) -> None:
    with pytest.raises(Unsupported, match="not a signature"):
        await dataverse.read_notification(Delivery(headers={}, body="{}"))


async def test_an_app_without_a_user_here_is_forbidden_and_not_asked_to_sign_in_again(
    box: Box, dataverse: Dataverse
) -> None:
    apps = box.option("apps")
    box.store.set_setting("apps", {CLIENT: apps[CLIENT] | {"application_user": False}})
    with pytest.raises(VendorForbade, match="not a member of the organization"):
        await dataverse.whoami()


@pytest.mark.parametrize("link", ["http://[", "https://x:port/", "\u0000", "http://a/\n"])
async def test_a_link_to_the_next_page_that_is_none_or_leads_back_is_drift(link: str) -> None:
    def reply(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"value": [], "@odata.nextLink": link})

    async with httpx.AsyncClient(transport=httpx.MockTransport(reply), base_url="https://acme.test") as http:
        with pytest.raises(Drifted, match="next page"):
            await Dataverse(http).contacts(NOBODY)


async def test_a_link_to_another_host_is_followed_on_ours() -> None:
    asked: list[str] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        body: dict[str, object] = {"value": []}
        if len(asked) == 1:
            body["@odata.nextLink"] = "https://evil.example/api/data/v9.2/contacts?$skiptoken=%3Ccookie%20x=%221%22/%3E"
        return httpx.Response(200, json=body)

    async with httpx.AsyncClient(transport=httpx.MockTransport(reply), base_url="https://acme.test") as http:
        assert await Dataverse(http).contacts(NOBODY) == []
    assert asked[1] == "https://acme.test/api/data/v9.2/contacts?$skiptoken=%3Ccookie%20x=%221%22/%3E"


# --- quotes -----------------------------------------------------------------------------------------------------------


async def test_a_quote_is_won_frozen_and_closed_by_the_actions_that_move_it(box: Box, dataverse: Dataverse) -> None:
    (quote, *_) = box.store.all("quote")
    org.update(box, TABLES["quote"], quote["quoteid"], {"statecode": 1, "statuscode": 3})
    await dataverse.mark_quote(quote["quoteid"], QuoteMark(status="accepted", frozen=True, order_number="SO-7"))
    found = await dataverse.quote(quote["quoteid"])
    assert (found.status, found.frozen, found.order_number) == ("accepted", True, "SO-7")
    writes = len(box.store.writes())
    await dataverse.mark_quote(quote["quoteid"], QuoteMark(status="accepted", frozen=True, order_number="SO-7"))
    assert len(box.store.writes()) == writes
    await dataverse.mark_quote(quote["quoteid"], QuoteMark(status="superseded", frozen=False))
    assert (await dataverse.quote(quote["quoteid"])).status == "superseded"
    newer = org.revise(box, quote["quoteid"])["quoteid"]
    revisions = await dataverse.quotes(quote["opportunityid"])
    assert {(each.id, each.revision, each.status) for each in revisions} == {
        (quote["quoteid"], 1, "superseded"),
        (newer, 2, "draft"),
    }
    with pytest.raises(VendorRefused):
        await dataverse.mark_quote(newer, QuoteMark(status="accepted", frozen=False))


async def test_an_active_quote_is_closed_as_revised(box: Box, dataverse: Dataverse) -> None:
    (quote, *_) = box.store.all("quote")
    org.update(box, TABLES["quote"], quote["quoteid"], {"statecode": 1, "statuscode": 3})
    await dataverse.mark_quote(quote["quoteid"], QuoteMark(status="superseded", frozen=False))
    assert (await dataverse.quote(quote["quoteid"])).status == "superseded"


async def test_where_a_won_quote_takes_no_edit_that_is_said(box: Box, dataverse: Dataverse) -> None:
    box.store.set_setting("closed_quotes_locked", True)
    (quote, *_) = box.store.all("quote")
    with pytest.raises(VendorRefused, match="cannot be edited"):
        await dataverse.mark_quote(quote["quoteid"], QuoteMark(status="accepted", frozen=True))


async def test_a_quote_edited_since_it_was_read_is_stale_unless_it_is_ours_already(
    box: Box, dataverse: Dataverse
) -> None:
    (quote, *_) = box.store.all("quote")
    seen = (await dataverse.quote(quote["quoteid"])).source
    assert seen is not None
    org.update(box, TABLES["quote"], quote["quoteid"], {"name": "Better offer"})
    mark = QuoteMark(status="accepted", frozen=True, seen=seen.native_version)
    with pytest.raises(VendorStale):
        await dataverse.mark_quote(quote["quoteid"], mark)
    await dataverse.mark_quote(quote["quoteid"], replace(mark, seen=""))
    assert (await dataverse.mark_quote(quote["quoteid"], mark)).created is False
