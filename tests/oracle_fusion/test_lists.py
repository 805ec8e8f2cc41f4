"""Lists and changes, where Fusion is unlike the others; what all systems share is asked in `tests/ports`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from canonical.faults import VendorRefused
from canonical.ports.lists import LifecycleChange
from foundation.sandbox import Box
from system_apis.oracle_fusion.adapter import OracleFusion
from system_apis.oracle_fusion.sandbox.schema import RESOURCES
from system_apis.oracle_fusion.sandbox.writing import create
from tests.oracle_fusion.asked import ACCOUNT, PROJECT
from tests.oracle_fusion.conftest import Listening
from tests.oracle_fusion.test_adapter import CUSTOMER, KEY

AT = datetime(2026, 2, 20, 9, 0, tzinfo=UTC)


def accounts(box: Box, number: int, **more: Any) -> list[str]:
    """So many accounts, made directly; their numbers."""
    with box.store.transaction():
        made = [create(box, RESOURCES["accounts"], ACCOUNT | {"OrganizationName": f"Werk {n}"}) for n in range(number)]
        for each in made:
            box.store.update("accounts", str(each["_id"]), more)
    return [each["PartyNumber"] for each in made]


async def test_a_prospect_is_no_customer(fusion: OracleFusion, box: Box) -> None:
    (prospect,) = accounts(box, 1, Type="ZCA_PROSPECT")
    listed = {each.id for each in (await fusion.customers(limit=100)).items}
    changed = {each.native_id for each in (await fusion.customer_changes("", limit=100)).items}
    assert prospect not in listed | changed
    assert len(listed) == len(changed) == 1, "the one that was seeded"


async def test_a_project_of_another_business_unit_is_not_the_firms(fusion: OracleFusion, box: Box) -> None:
    with box.store.transaction():
        ours = create(box, RESOURCES["projects"], PROJECT)
        other = create(box, RESOURCES["projects"], PROJECT | {"ProjectNumber": "P2"})
        box.store.update("projects", str(other["_id"]), {"BusinessUnitName": "Vision Operations"})
    assert [each.code for each in (await fusion.projects()).items] == ["P1"]
    assert [each.native_id for each in (await fusion.project_changes("")).items] == [str(ours["ProjectId"])]


async def test_more_at_one_stamp_than_a_page_holds_are_all_told(
    fusion: OracleFusion, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("system_apis.oracle_fusion.listing.PAGE", 3)
    made = accounts(box, 10, LastUpdateDate=AT.isoformat(timespec="milliseconds"))
    seen, since = list[str](), ""
    for _ in range(9):
        page = await fusion.customer_changes(since, limit=4)
        seen += [each.native_id for each in page.items]
        since = page.next
        if len(page.items) < 4:
            break
    assert set(made) <= set(seen)
    assert len(seen) == len(set(seen))


async def test_a_row_that_changes_while_the_poll_reads_hides_no_other(
    fusion: OracleFusion, box: Box, heard: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an offset over all, the row after the page would move into it, and be passed over."""
    monkeypatch.setattr("system_apis.oracle_fusion.listing.PAGE", 3)
    made = accounts(box, 9)
    rows = {each["PartyNumber"]: str(each["_id"]) for each in box.store.all("accounts")}
    for minute, number in enumerate(made):
        stamp = (AT + timedelta(minutes=minute)).isoformat(timespec="milliseconds")
        box.store.update("accounts", rows[number], {"LastUpdateDate": stamp})
    asked = 0

    def meanwhile(request: httpx.Request) -> None:
        nonlocal asked
        asked += request.url.path.endswith("/accounts")
        if asked == 2:
            late = (AT + timedelta(hours=1)).isoformat(timespec="milliseconds")
            box.store.update("accounts", rows[made[0]], {"LastUpdateDate": late})

    heard.before = meanwhile
    found = [each.native_id for each in (await fusion.customer_changes("", limit=100)).items]
    assert set(made) <= set(found)


async def test_stamps_are_compared_as_instants_whatever_their_zone(fusion: OracleFusion, box: Box) -> None:
    (early,) = accounts(box, 1, LastUpdateDate="2026-02-20T23:30:00.000+05:30")
    (late,) = accounts(box, 1, LastUpdateDate="2026-02-20T18:00:01.000+00:00")
    page = await fusion.customer_changes("2026-02-20T17:59:00Z~", limit=2)
    assert [each.native_id for each in page.items] == [early, late]


async def test_an_inactive_party_counts_as_closed_and_is_not_opened(fusion: OracleFusion, box: Box) -> None:
    key = {"SourceSystem": "TIERGATE", "SourceSystemReferenceValue": KEY}
    (party,) = accounts(box, 1, PartyStatus="I", **key)
    assert (await fusion.customer(party)).lifecycle == "closed"
    await fusion.set_customer_lifecycle(party, LifecycleChange(lifecycle="closed"))
    with pytest.raises(VendorRefused, match="inactive there"):
        await fusion.set_customer_lifecycle(party, LifecycleChange(lifecycle="active"))
    with pytest.raises(VendorRefused, match="Inactive records can't be updated"):
        await fusion.upsert_customer(KEY, CUSTOMER)


async def test_a_closed_customer_stays_closed_when_it_is_written_again(fusion: OracleFusion) -> None:
    written = await fusion.upsert_customer(KEY, CUSTOMER)
    await fusion.set_customer_lifecycle(written.id, LifecycleChange(lifecycle="closed"))
    await fusion.upsert_customer(KEY, msgspec.structs.replace(CUSTOMER, legal_name="Elbe AG"))
    found = await fusion.customer(written.id)
    assert (found.legal_name, found.lifecycle) == ("Elbe AG", "closed")


async def test_a_list_goes_on_where_it_stood_without_reading_what_came_before(fusion: OracleFusion, box: Box) -> None:
    made = accounts(box, 1200)
    cursor, found = "", list[str]()
    while True:
        page = await fusion.customers(cursor, limit=1000)
        assert len(page.items) <= 500, "the server's own limit"
        found += [each.id for each in page.items]
        cursor = page.next
        if not cursor:
            break
    assert found[1:] == made
