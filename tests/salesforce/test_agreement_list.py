"""The poll of contracts: two objects, each read on from where it stands, and none of either is lost."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from canonical.faults import Invalid
from foundation.sandbox import Box
from system_apis.salesforce.adapter import Salesforce
from system_apis.salesforce.sandbox import org

Amend = Callable[..., str]


@pytest.fixture
def contracts(box: Box) -> list[str]:
    """Those in force, with a document."""
    found = box.store.find("Contract", Status="Activated")
    return [each["Id"] for each in found if each["Document_Hash__c"]]


@pytest.fixture
def amend(box: Box) -> Amend:
    def make(contract: str, agreed: bool = True, **fields: Any) -> str:
        box.store.set_setting("_clock_ahead", box.store.setting("_clock_ahead", 0) + 3600)
        signed = {"Signed_On__c": "2026-01-01", "Document_Hash__c": "ab" * 32, "CurrencyIsoCode": "USD"}
        plain = {"Contract__c": contract, "Number__c": 1, "Effective_Date__c": "2027-01-01", **signed, **fields}
        made = str(org.create(box, org.kind_of("Contract_Amendment__c"), plain)["Id"])
        if agreed:
            org.update(box, org.kind_of("Contract_Amendment__c"), made, {"Status__c": "Agreed"})
        return made

    return make


async def test_pages_of_two_objects_are_read_to_their_end(
    salesforce: Salesforce, contracts: list[str], amend: Amend
) -> None:
    amended = [contract for contract in contracts[:5] if amend(contract)]
    amend(contracts[5], agreed=False)
    seen, since = list[str](), ""
    while True:
        page = await salesforce.agreement_changes(since, limit=2)
        assert [each.changed_at for each in page.items] == sorted(each.changed_at for each in page.items)
        seen += [each.native_id for each in page.items]
        if page.next == since or not page.items:
            break
        since = page.next
        if len(seen) > 60:
            break  # only the overlap comes again
    assert set(seen) == set(contracts)
    assert all(seen.count(contract) >= 2 for contract in amended), "as itself, and as amended"
    mark = (await salesforce.agreement_changes("", limit=200)).next
    amend(contracts[6])
    again = [each.native_id for each in (await salesforce.agreement_changes(mark)).items]
    assert contracts[6] in again


async def test_a_change_carries_a_version_the_reader_sees_too(
    salesforce: Salesforce, contracts: list[str], amend: Amend
) -> None:
    amend(contracts[0])
    last = (await salesforce.agreement_changes("")).items[-1]
    read = await salesforce.agreement(contracts[0])
    assert read.source is not None
    assert (last.native_id, last.version) == (contracts[0], read.source.native_version)


async def test_an_end_is_said_of_by_the_contract_or_by_an_amendment(
    box: Box, salesforce: Salesforce, contracts: list[str], amend: Amend
) -> None:
    day = date(2035, 3, 31)
    box.store.update("Contract", contracts[0], {"EndDate": day.isoformat()})
    amend(contracts[1], New_End_Date__c=day.isoformat(), Kind__c="Renewal")
    amend(contracts[2], agreed=False, New_End_Date__c=day.isoformat(), Kind__c="Renewal")
    amend(contracts[0], New_End_Date__c=day.isoformat(), Kind__c="Renewal")
    assert await salesforce.ending_agreements(day, day) == contracts[:2]
    after = day + timedelta(days=1)
    assert await salesforce.ending_agreements(after, after) == []


@pytest.mark.parametrize("wrong", ["yesterday", "+", "2026-01-01T00:00:00Z~", "2026-01-01T00:00:00Z~+x' OR Id != '"])
async def test_a_watermark_that_is_not_ours_is_refused(salesforce: Salesforce, wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        await salesforce.agreement_changes(wrong)
    assert refused.value.errors[0].pointer == "query:since"
