"""Contracts that were carried line by line, and those that were not."""

import pytest

from canonical.faults import Invalid
from foundation.sandbox import Box
from system_apis.netsuite.adapter import NetSuite
from tests.ports import objects


async def test_an_amended_contract_nobody_carried_is_not_made_with_one_line(netsuite: NetSuite, box: Box) -> None:
    amended = objects.agreement(account_id="107", amendment=1)
    with pytest.raises(Invalid) as refused:
        await netsuite.upsert_contract("salesforce:800Tg0000000077IAA", amended)
    assert [error.pointer for error in refused.value.errors] == ["/amendment"]
    assert box.store.find("salesOrder") == []
