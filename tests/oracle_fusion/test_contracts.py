"""Contracts that are carried line by line, and the keys that customers are known by."""

from datetime import date
from typing import Any

import httpx
import pytest

from canonical.faults import Conflict, Drifted, Invalid, NotFound, VendorStale
from canonical.money import Money
from canonical.objects import Amendment, Contract, ContractLine
from canonical.ports.leads import KeyChange
from foundation.sandbox import Box, Record
from system_apis.oracle_fusion.adapter import OracleFusion
from system_apis.oracle_fusion.sandbox.schema import RESOURCES
from system_apis.oracle_fusion.sandbox.writing import create_below, delete_below, update_below
from tests.oracle_fusion.conftest import Listening
from tests.ports import objects

KEY = objects.AGREEMENT
BATCH = "application/vnd.oracle.adf.batch+json"


@pytest.fixture
async def customer(fusion: OracleFusion) -> str:
    return (await fusion.upsert_customer(objects.CUSTOMER, objects.customer())).id


@pytest.fixture
def agreement(customer: str) -> Contract:
    return objects.agreement(account_id=customer)


def kept(box: Box) -> Record:
    (found,) = box.store.find("contracts", ExternalReferenceKey=KEY)
    return found


def lines(box: Box) -> list[tuple[str | None, Any, str | None]]:
    """Reference, amount and whether it was taken back, as they stand there."""
    rows = kept(box)["ContractLine"]
    flex = [next(iter(row["ContractAllLineDesFlexVA"]), {}) for row in rows]
    return [
        (ours.get("tgRef"), float(row["LineAmount"]), ours.get("tgTakenBack"))
        for row, ours in zip(rows, flex, strict=True)
    ]


def invoiced(box: Box, number: str, status: str = "P") -> None:
    """A billing event of a line that Fusion has invoiced."""
    about = {"EventDescription": "Start", "CompletionDate": "2027-02-01", "ProjectNumber": "DE-27-0077"}
    event = {"_id": 77, "_version": 0, "EventId": 77, "ContractNumber": kept(box)["ContractNumber"]}
    box.store.insert("projectBillingEvents", "77", event | {"ContractLineNumber": number, "Invoiced": status} | about)


def amended(data: Contract, number: int, amount: str) -> Contract:
    line = ContractLine(seq=1, description=f"More {number}", amount=Money.of(amount, "EUR"))
    more = Amendment(number=number, status="agreed", effective=date(2027, 4, 1), currency="EUR", lines=[line])
    replaced = {"amendments": [*data.amendments, more], "amendment": number}
    return Contract(**{name: getattr(data, name) for name in data.__struct_fields__} | replaced)


async def test_the_one_line_of_a_deal_becomes_the_first_of_what_is_carried(
    fusion: OracleFusion, box: Box, heard: Listening, agreement: Contract
) -> None:
    await fusion.upsert_contract(KEY, objects.contract(account_id=agreement.account_id))
    job = await fusion.upsert_project(objects.DEAL, objects.project(account_id=agreement.account_id, contract_id=KEY))
    await fusion.upsert_billing_schedule("plan", objects.billing_schedule(project_id=job.id))
    (before,) = kept(box)["ContractLine"]
    heard.asked.clear()
    await fusion.set_contract_terms(KEY, agreement)
    sent = [each for each in heard.asked if each.method != "GET"]
    assert [each.headers["Content-Type"] for each in sent] == [BATCH], "all of it or nothing"
    assert lines(box) == [("0.1", 18200.5, None), ("0.2", 30000, None), ("1.1", 5000.25, None)]
    first = kept(box)["ContractLine"][0]
    assert (first["LineId"], len(first["AssociatedProject"])) == (before["LineId"], 1), "its project and events stay"
    there = await fusion.contract_terms(KEY)
    assert (there.lines, there.amendments, there.value) == (agreement.lines, agreement.amendments, agreement.value)
    assert (there.amendment, there.document_hash, there.not_to_exceed) == (
        1,
        agreement.document_hash,
        agreement.not_to_exceed,
    )
    count = len(box.store.writes())
    await fusion.set_contract_terms(KEY, agreement)
    assert len(box.store.writes()) == count, "a repeat writes nothing"


async def test_an_amendment_is_added_and_taken_back_and_added_again(
    fusion: OracleFusion, box: Box, agreement: Contract
) -> None:
    await fusion.set_contract_terms(KEY, agreement)
    await fusion.set_contract_terms(KEY, amended(agreement, 2, "-1000.00"))
    there = await fusion.contract_terms(KEY)
    assert [(each.number, each.effective) for each in there.amendments] == [
        (1, date(2027, 3, 1)),
        (2, date(2027, 4, 1)),
    ]
    assert (there.value, there.amendment) == (Money.of("52200.75", "EUR"), 2)
    await fusion.set_contract_terms(KEY, agreement)
    assert lines(box)[-1] == ("2.1", 0, "Y")
    back = await fusion.contract_terms(KEY)
    assert (back.value, back.amendments, back.amendment) == (agreement.value, agreement.amendments, 1)
    count = len(box.store.writes())
    await fusion.set_contract_terms(KEY, agreement)
    assert len(box.store.writes()) == count
    await fusion.set_contract_terms(KEY, amended(agreement, 2, "-900.00"))
    assert lines(box)[-1] == ("2.1", -900, None)


async def test_two_writers_of_one_document_do_not_add_its_lines_twice(
    fusion: OracleFusion, box: Box, heard: Listening, agreement: Contract
) -> None:
    await fusion.set_contract_terms(KEY, agreement)

    def quicker(request: httpx.Request) -> None:
        if request.method == "POST":
            record, top = kept(box), RESOURCES["contracts"]
            rows, kind = record["ContractHeaderFlexfieldVA"], top.children["ContractHeaderFlexfieldVA"]
            update_below(box, top, record, kind, rows, rows[0], {"tgAmendment": 2})

    heard.before = quicker
    with pytest.raises(VendorStale):
        await fusion.set_contract_terms(KEY, amended(agreement, 2, "10.00"))
    assert len(lines(box)) == 3


async def test_nothing_that_is_billed_is_written_again(fusion: OracleFusion, box: Box, agreement: Contract) -> None:
    await fusion.set_contract_terms(KEY, agreement)
    invoiced(box, kept(box)["ContractLine"][2]["LineNumber"])
    less = objects.agreement(account_id=agreement.account_id, amendments=[], amendment=0)
    with pytest.raises(Conflict, match=r"line 1\.1 of contract C10001 is billed"):
        await fusion.set_contract_terms(KEY, less)
    (amendment,) = agreement.amendments
    other = Amendment(
        number=1, status="agreed", currency="EUR", lines=[ContractLine(seq=1, amount=Money.of("1.00", "EUR"))]
    )
    with pytest.raises(Conflict, match=r"line 1\.1"):
        await fusion.set_contract_terms(KEY, objects.agreement(account_id=agreement.account_id, amendments=[other]))
    assert (await fusion.contract_terms(KEY)).amendments == [amendment]
    added = await fusion.set_contract_terms(KEY, amended(agreement, 2, "10.00"))
    assert (added.created, lines(box)[-1]) == (False, ("2.1", 10, None)), "what is added is none of it"


async def test_a_billed_line_of_the_whole_value_stands_as_it_was_ordered(
    fusion: OracleFusion, box: Box, agreement: Contract
) -> None:
    await fusion.upsert_contract(KEY, objects.contract(account_id=agreement.account_id))
    invoiced(box, "1", "F")
    await fusion.set_contract_terms(KEY, agreement)
    assert lines(box) == [(None, 48200.5, None), ("1.1", 5000.25, None)]
    there = await fusion.contract_terms(KEY)
    assert (there.value, [each.amount for each in there.lines]) == (agreement.value, [Money.of("48200.50", "EUR")])


async def test_a_contract_of_another_is_none_to_amend(fusion: OracleFusion, agreement: Contract) -> None:
    await fusion.set_contract_terms(KEY, agreement)
    for more, said in (
        ({"legal_entity_id": "ACME-US"}, "another business unit"),
        ({"account_id": "CDRM_1"}, "another customer's"),
        ({"currency": "USD"}, "another currency"),
    ):
        with pytest.raises(Conflict, match=said):
            await fusion.set_contract_terms(KEY, objects.agreement(**{"account_id": agreement.account_id} | more))
    with pytest.raises(Invalid) as refused:
        await fusion.set_contract_terms(KEY, objects.agreement(account_id=agreement.account_id, lines=[]))
    assert [error.pointer for error in refused.value.errors] == ["/lines"]
    with pytest.raises(NotFound):
        await fusion.contract_terms("nobody's")


async def test_of_what_is_carried_only_the_status_is_written_by_others(
    fusion: OracleFusion, box: Box, agreement: Contract
) -> None:
    with pytest.raises(Invalid) as refused:
        await fusion.upsert_contract(KEY, agreement)
    assert [error.pointer for error in refused.value.errors] == ["/amendment"]
    await fusion.set_contract_terms(KEY, agreement)
    whole = lines(box)
    for amendment in (1, None):
        plain = objects.contract(account_id=agreement.account_id, status="cancelled", amendment=amendment, title="No")
        await fusion.upsert_contract(KEY, plain)
        assert (lines(box), kept(box)["StatusCode"], kept(box)["Cognomen"]) == (whole, "CANCELED", agreement.title)
        await fusion.set_contract_terms(KEY, agreement)
        assert kept(box)["StatusCode"] == "ACTIVE"


async def test_a_word_of_fusion_that_means_the_same_stays(fusion: OracleFusion, box: Box, agreement: Contract) -> None:
    await fusion.set_contract_terms(KEY, agreement)
    box.store.update("contracts", str(kept(box)["_id"]), {"StatusCode": "HOLD"})
    await fusion.set_contract_terms(KEY, amended(agreement, 2, "10.00"))
    assert kept(box)["StatusCode"] == "HOLD"


async def test_more_lines_than_an_expanded_child_holds_are_all_read(fusion: OracleFusion, agreement: Contract) -> None:
    many = [ContractLine(seq=seq, description=f"Line {seq}", amount=Money.of("100.00", "EUR")) for seq in range(1, 31)]
    data = objects.agreement(account_id=agreement.account_id, lines=many)
    await fusion.set_contract_terms(KEY, data)
    there = await fusion.contract_terms(KEY)
    assert (len(there.lines), there.value) == (30, Money.of("8000.25", "EUR"))
    assert (await fusion.contract_by_key(KEY)).value == there.value


async def test_a_reference_nobody_wrote_is_drift(fusion: OracleFusion, box: Box, agreement: Contract) -> None:
    await fusion.set_contract_terms(KEY, agreement)
    record = kept(box)
    record["ContractLine"][0]["ContractAllLineDesFlexVA"][0]["tgRef"] = "first"
    box.store.update("contracts", str(record["_id"]), record)
    with pytest.raises(Drifted, match="unknown reference 'first'"):
        await fusion.contract_terms(KEY)


def account(box: Box, customer: str) -> Record:
    (found,) = box.store.find("accounts", PartyNumber=customer)
    return found


async def test_a_customer_gets_another_key_and_no_other_s(fusion: OracleFusion, box: Box, customer: str) -> None:
    await fusion.upsert_customer("lead", objects.customer(legal_name="Prospect AG"))
    for _ in range(2):
        await fusion.set_customer_key(customer, KeyChange(key="account"))
    assert (await fusion.customer_by_key("account")).id == customer
    with pytest.raises(NotFound):
        await fusion.customer_by_key(objects.CUSTOMER)
    with pytest.raises(Conflict, match="another customer has the key lead"):
        await fusion.set_customer_key(customer, KeyChange(key="lead"))
    assert (await fusion.customer_by_key("account")).id == customer
    for nobody in ("CDRM_9999", "../1"):
        with pytest.raises(NotFound):
            await fusion.set_customer_key(nobody, KeyChange(key="x"))
    count = len(box.store.writes())
    await fusion.set_customer_key(customer, KeyChange(key="account"))
    assert len(box.store.writes()) == count


async def test_a_customer_people_made_gets_a_key_beside_those_of_other_sources(
    fusion: OracleFusion, box: Box, customer: str
) -> None:
    record, top = account(box, customer), RESOURCES["accounts"]
    rows, kind = record["SourceSystemReference"], top.children["SourceSystemReference"]
    delete_below(box, top, record, kind, rows, rows[0])
    create_below(box, top, record, kind, rows, {"SourceSystem": "RNOW", "SourceSystemReferenceValue": "7"})
    await fusion.set_customer_key(customer, KeyChange(key="account"))
    assert [
        (each["SourceSystem"], each["SourceSystemReferenceValue"]) for each in account(box, customer)[kind.name]
    ] == [
        ("RNOW", "7"),
        ("TIERGATE", "account"),
    ]
    assert (await fusion.customer_by_key("account")).id == customer
