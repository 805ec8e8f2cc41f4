"""Deletions, by the delta link of a table: each is told once, whatever happens to its token."""

from datetime import timedelta

import httpx
import pytest

from foundation.sandbox import Box
from system_apis.dataverse.adapter import Dataverse
from system_apis.dataverse.sandbox import org
from system_apis.dataverse.sandbox.schema import TABLES
from system_apis.dataverse.watermark import Watermark
from tests.dataverse.conftest import DATA
from tests.dataverse.test_batch_and_delta import TRACK, everything

CONTACT = TABLES["contact"]


async def told(dataverse: Dataverse, since: str, limit: int = 200) -> tuple[list[str], str]:
    """Who is told as gone, and the next watermark."""
    page = await dataverse.person_changes(since, limit)
    assert len(page.items) <= limit
    return [each.native_id for each in page.items if each.gone], page.next


def people(box: Box) -> list[str]:
    return sorted(row["contactid"] for row in box.store.all("contact"))


def later(box: Box, **by: float) -> None:
    """The overlap of the stamps is over: what was read does not come again."""
    ahead = float(box.store.setting("_clock_ahead", 0))
    box.store.set_setting("_clock_ahead", ahead + timedelta(**by).total_seconds())


async def test_more_deletions_than_a_page_are_told_once_each_and_so_is_one_that_comes_between(
    box: Box, dataverse: Dataverse
) -> None:
    _, mark = await told(dataverse, "")
    later(box, minutes=30)
    first, *others = people(box)
    org.update(box, CONTACT, others[-1], {"jobtitle": "Last to stay"})
    _, mark = await told(dataverse, mark)
    later(box, minutes=30)
    for each in others[:7]:
        org.delete(box, CONTACT, each)
    gone, mark = await told(dataverse, mark, 4)
    assert gone == others[:3], "beside the row of the last poll, which comes again"
    org.delete(box, CONTACT, first)  # before all that were told, in the order they are told in
    seen = list(gone)
    for _ in range(4):
        gone, mark = await told(dataverse, mark, 4)
        seen += gone
    assert sorted(seen) == sorted([first, *others[:7]])


async def test_inside_a_backlog_rows_go_first_and_the_token_is_kept(box: Box, dataverse: Dataverse) -> None:
    page = await dataverse.person_changes("", 5)
    gone = people(box)[-1]
    org.delete(box, CONTACT, gone)
    seen, mark = [each.native_id for each in page.items], page.next
    while page.items and not any(each.gone for each in page.items):
        page = await dataverse.person_changes(mark, 5)
        mark = page.next
        seen += [each.native_id for each in page.items]
    assert set(people(box)) <= set(seen)
    assert (page.items[-1].native_id, page.items[-1].gone) == (gone, True)


@pytest.mark.parametrize("expired", ["refused", "everything"])
async def test_a_token_that_is_over_is_replaced_and_what_is_deleted_from_then_on_is_told(
    box: Box, dataverse: Dataverse, expired: str
) -> None:
    box.store.set_setting("expired_delta", expired)
    _, mark = await told(dataverse, "")
    lost, found = people(box)[:2]
    org.delete(box, CONTACT, lost)
    later(box, days=8)
    gone, mark = await told(dataverse, mark)
    assert gone == [], "what was deleted before is not known any more"
    org.delete(box, CONTACT, found)
    assert (await told(dataverse, mark))[0] == [found]


async def test_without_tracking_or_the_right_to_it_nothing_is_told_and_nothing_fails(
    box: Box, dataverse: Dataverse
) -> None:
    box.store.set_setting("untracked_tables", ["contact"])
    _, mark = await told(dataverse, "")
    org.delete(box, CONTACT, people(box)[0])
    gone, following = await told(dataverse, mark)
    assert (gone, Watermark.read(following).token) == ([], "")


async def test_a_page_that_is_full_and_the_last_still_ends_the_backlog(box: Box, dataverse: Dataverse) -> None:
    every = len(people(box))
    page = await dataverse.person_changes("", every)
    assert (len(page.items), Watermark.read(page.next).number) == (every, 0)
    late = box.now() - timedelta(minutes=5)
    row = org.create(box, CONTACT, {"lastname": "Late"})
    box.store.update("contact", row["contactid"], {"modifiedon": org.stamp(late), "versionnumber": 1})
    following = await dataverse.person_changes(page.next, every + 5)
    assert row["contactid"] in [each.native_id for each in following.items], "a commit that shows up late"


async def test_the_pages_of_a_delta_are_of_what_changed_only(box: Box, http: httpx.AsyncClient) -> None:
    _, link = await everything(http, f"{DATA}/contacts?$select=contactid", TRACK)
    changed = people(box)[:7]
    for each in changed:
        org.update(box, CONTACT, each, {"jobtitle": "Head"})
    rows, _ = await everything(http, link, {"Prefer": "odata.maxpagesize=5"})
    assert sorted(each["contactid"] for each in rows) == changed
