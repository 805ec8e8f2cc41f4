"""The poll of contracts: two tables in one call, each read on from where it stands, and none of either is lost."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from canonical.faults import Invalid
from foundation.sandbox import Box
from system_apis.dataverse.adapter import Dataverse
from system_apis.dataverse.sandbox import org
from system_apis.dataverse.sandbox.contracts import AGREED
from system_apis.dataverse.sandbox.schema import TABLES
from system_apis.dataverse.sandbox.seed import bind, currency

Amend = Callable[..., str]
AMENDMENT = TABLES["tg_contractamendment"]
DAY = date(2035, 3, 31)


@pytest.fixture
def contracts(box: Box) -> list[str]:
    """Orders in force, with a document."""
    return [each["salesorderid"] for each in box.store.find("salesorder", statecode=1) if each["tg_documenthash"]]


@pytest.fixture
def amend(box: Box) -> Amend:
    def make(contract: str, agreed: bool = True, **fields: Any) -> str:
        box.store.set_setting("_clock_ahead", box.store.setting("_clock_ahead", 0) + 3600)
        of = {"tg_Contract@odata.bind": bind("salesorder", contract)} if contract else {}
        of |= {"transactioncurrencyid@odata.bind": currency("USD")}
        made = str(org.create(box, AMENDMENT, {"tg_number": 1, **of, **fields})[AMENDMENT.key])
        if agreed:
            org.update(box, AMENDMENT, made, {"tg_status": AGREED})
        return made

    return make


async def test_pages_of_two_tables_are_read_to_their_end(
    dataverse: Dataverse, contracts: list[str], amend: Amend
) -> None:
    amended = [contract for contract in contracts[:5] if amend(contract)]
    amend("")  # of no contract: nobody's business
    seen, since = list[str](), ""
    while True:
        page = await dataverse.agreement_changes(since, limit=2)
        assert [each.changed_at for each in page.items] == sorted(each.changed_at for each in page.items)
        seen += [each.native_id for each in page.items]
        if page.next == since or not page.items:
            break
        since = page.next
        if len(seen) > 60:
            break  # only the overlap comes again
    assert set(seen) == set(contracts)
    assert all(seen.count(contract) >= 2 for contract in amended), "as itself, and as amended"
    mark = (await dataverse.agreement_changes("", limit=200)).next
    assert (await dataverse.agreement_changes(mark)).next == mark, "nothing is new: the mark stays"
    amend(contracts[6])
    again = [each.native_id for each in (await dataverse.agreement_changes(mark)).items]
    assert contracts[6] in again


async def test_a_change_carries_a_version_the_reader_sees_too(
    dataverse: Dataverse, contracts: list[str], amend: Amend
) -> None:
    amend(contracts[0])
    amend(contracts[1], agreed=False)  # is nobody's business yet
    last = (await dataverse.agreement_changes("")).items[-1]
    read = await dataverse.agreement(contracts[0])
    assert read.source is not None
    assert (last.native_id, last.version) == (contracts[0], read.source.native_version)


async def test_one_that_is_not_in_force_or_names_no_document_is_not_told(box: Box, dataverse: Dataverse) -> None:
    order, other = (each["salesorderid"] for each in box.store.find("salesorder", statecode=1)[:2])
    box.store.update("salesorder", order, {"tg_documenthash": None, "tg_endson": DAY.isoformat()})
    box.store.update("salesorder", other, {"statecode": 2, "tg_endson": DAY.isoformat()})
    told = {each.native_id for each in (await dataverse.agreement_changes("", limit=200)).items}
    assert told.isdisjoint({order, other})
    assert await dataverse.ending_agreements(DAY, DAY) == []


async def test_an_end_is_said_of_by_the_contract_or_by_an_amendment(
    box: Box, dataverse: Dataverse, contracts: list[str], amend: Amend
) -> None:
    box.store.update("salesorder", contracts[0], {"tg_endson": DAY.isoformat()})
    amend(contracts[1], tg_newendson=DAY.isoformat())
    amend(contracts[2], agreed=False, tg_newendson=DAY.isoformat())
    amend(contracts[0], tg_newendson=DAY.isoformat())
    assert await dataverse.ending_agreements(DAY, DAY) == contracts[:2]
    after = DAY + timedelta(days=1)
    assert await dataverse.ending_agreements(after, after) == []
    assert await dataverse.ending_agreements(DAY - timedelta(days=5), DAY - timedelta(days=1)) == []


async def test_more_ends_than_a_page_holds_are_all_told(box: Box, dataverse: Dataverse, contracts: list[str]) -> None:
    box.store.set_setting("largest_page", 2)
    for each in contracts:
        box.store.update("salesorder", each, {"tg_endson": DAY.isoformat()})
    assert len(contracts) > 4
    assert sorted(await dataverse.ending_agreements(DAY, DAY)) == sorted(contracts)


@pytest.mark.parametrize("wrong", ["yesterday", "+", "2026-01-01T00:00:00Z~", "2026-01-01T00:00:00Z~+1 or true"])
async def test_a_watermark_that_is_not_ours_is_refused(dataverse: Dataverse, wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        await dataverse.agreement_changes(wrong)
    assert refused.value.errors[0].pointer == "query:since"
