"""Contract sync where Dynamics is the CRM, over either ERP that keeps contracts line by line: by binding alone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.money import Money
from canonical.ports.contract_runs import ContractRunDetail
from process_apis.contract_sync.expiring import tell_expiring
from process_apis.events.intake import poll_contracts, work_off
from process_apis.tables import EVENTS
from system_apis.dataverse.sandbox import org
from system_apis.dataverse.sandbox.contracts import AGREED
from system_apis.dataverse.sandbox.schema import TABLES
from system_apis.dataverse.sandbox.seed import CODES, bind, currency, deal_id
from tests.process.contracting import Contracting, rules
from tests.process.world import Over, World

CHANGE, TERMINATION, PAPER, UNBILLED = 100000000, 100000002, "100000000", "100000005"


class Dynamics:
    """Legal operations' work in Dynamics."""

    def __init__(self, firm: World) -> None:
        self.firm, self.legal, self.box = firm, Contracting(firm), firm.boxes["dataverse"]
        self.psa = firm.platform.systems.name("psa", "ACME-US")

    def order(self, code: str) -> dict[str, Any]:
        """The order that is a deal's contract."""
        (found,) = self.box.store.find("salesorder", opportunityid=deal_id(self.firm.deal(code)))
        return found

    def amend(self, code: str, number: int, amount: int, kind: int = CHANGE, **fields: Any) -> str:
        """An agreed amendment of one line, signed today."""
        deal = self.firm.deal(code)
        of = {
            "tg_Contract@odata.bind": bind("salesorder", self.order(code)["salesorderid"]),
            "transactioncurrencyid@odata.bind": currency(deal.currency),
        }
        plain: dict[str, Any] = {
            "tg_number": number,
            "tg_kind": kind,
            "tg_basedon": number - 1,
            "tg_effectiveon": deal.start.isoformat(),
            "tg_signedon": now().date().isoformat(),
            "tg_documenthash": sha256(f"{code} {number}".encode()).hexdigest(),
            "tg_signatureenvelope": f"envelope-{code}-{number}",
            "tg_valuechange": amount,
        }
        made = str(org.create(self.box, TABLES["tg_contractamendment"], plain | of | fields)["tg_contractamendmentid"])
        line = {"tg_name": "More work", "tg_linenumber": 1, "tg_amount": amount, "tg_contracttype": CODES["tm"]}
        above = {"tg_Amendment@odata.bind": bind("tg_contractamendment", made)}
        if amount:
            org.create(self.box, TABLES["tg_contractamendmentline"], line | above | of)
        org.update(self.box, TABLES["tg_contractamendment"], made, {"tg_status": AGREED})
        return made

    async def played(self, code: str, amendment: int | None = None) -> ContractRunDetail:
        return await self.legal.played(self.order(code)["salesorderid"], amendment)

    async def told(self, code: str) -> dict[str, Money | None]:
        """What the contract comes to in every system, the CRM's own word first."""
        key, order = f"dataverse:{deal_id(self.firm.deal(code))}", self.order(code)["salesorderid"]
        signed = await self.firm.adapters["dataverse"].agreement(order)
        name, entity = self.firm.platform.systems.name, self.firm.deal(code).entity
        erp, psa = (self.firm.adapters[name(role, entity)] for role in ("erp", "psa"))
        return {
            "signed": signed.in_force(signed.amendment or 0).value,
            "terms": (await erp.contract_terms(f"dataverse:{order}")).value,
            "erp": (await erp.project_by_key(key)).budget,
            "psa": (await psa.project_by_key(key)).budget,
            "plan": (await erp.billing_schedule_by_key(f"{key}:billing")).total(),
        }


@pytest.fixture(params=[("netsuite", "kantata"), ("business_central", "certinia")], ids="-".join)
async def dynamics(request: pytest.FixtureRequest, over: Over) -> AsyncIterator[Dynamics]:
    async with over("dataverse", *request.param) as firm:
        yield Dynamics(firm)


async def test_an_order_of_dynamics_is_carried_amended_and_taken_back_in_every_system(dynamics: Dynamics) -> None:
    assert (await dynamics.firm.played("D02")).run.verified
    signed = dynamics.firm.deal("D02")
    worth, more = Money.of(signed.amount, signed.currency), Money.of(5000, signed.currency)
    first = await dynamics.played("D02")
    assert (first.run.status, first.run.verified, rules(first) if first.run.problem else []) == ("succeeded", True, [])
    assert first.run.id == f"ctr:dataverse:{dynamics.order('D02')['salesorderid']}:0:{signed.document[:16]}"
    kept = dynamics.order("D02")
    assert (kept["tg_carriedamendment"], kept["tg_erporderid"], kept["statecode"]) == (0, first.run.order_id, 1)
    assert set((await dynamics.told("D02")).values()) == {worth}

    amendment = dynamics.amend("D02", 1, 5000, tg_signatureenvelope=None)
    held = await dynamics.played("D02")
    assert rules(held) == ["paper_checked"]
    org.update(dynamics.box, TABLES["tg_contractamendment"], amendment, {"tg_approvedexceptions": PAPER})
    second = await dynamics.legal.again(held)
    assert (second.run.status, second.run.verified, second.run.contract.amendment) == ("succeeded", True, 1)
    assert set((await dynamics.told("D02")).values()) == {worth + more}
    assert dynamics.order("D02")["tg_carriedamendment"] == 1

    assert (await dynamics.legal.undone(second)).run.status == "cancelled"
    assert set((await dynamics.told("D02")).values()) == {worth}
    assert (dynamics.order("D02")["tg_carriedamendment"], len(dynamics.legal.orders())) == (0, 1)
    assert dynamics.firm.duplicates() == []
    unbound = {"netsuite", "business_central", "kantata", "certinia"} - {dynamics.legal.erp, dynamics.psa}
    assert dynamics.firm.writes(*unbound) == []


async def test_an_answer_lost_while_an_amendment_is_written_adds_its_line_once(dynamics: Dynamics) -> None:
    assert (await dynamics.played("D01")).run.status == "succeeded"
    dynamics.amend("D01", 1, 5000)
    method, path = {"netsuite": ("PUT", "/salesOrder/"), "business_central": ("POST", "/salesOrderLines")}[
        dynamics.legal.erp
    ]
    dynamics.firm.fault(dynamics.legal.erp, "timeout_after_commit", method=method, path=path)
    done = await dynamics.played("D01")
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    tried = [(attempt.operation, attempt.fault) for step in done.steps for attempt in step.attempts]
    assert ("PUT /contracts/by-key/{key}/terms", "outcome_unknown") in tried
    key = f"dataverse:{dynamics.order('D01')['salesorderid']}"
    there = await dynamics.firm.adapters[dynamics.legal.erp].contract_terms(key)
    assert [len(each.lines) for each in there.amendments] == [1]
    assert (len(dynamics.legal.orders()), dynamics.firm.duplicates()) == (1, [])


async def test_opportunity_to_project_and_contract_sync_make_one_contract_whichever_comes_first(
    dynamics: Dynamics,
) -> None:
    firm, erp = dynamics.firm, dynamics.firm.adapters[dynamics.legal.erp]
    assert (await dynamics.played("D01")).run.status == "succeeded"
    key = f"dataverse:{dynamics.order('D01')['salesorderid']}"
    signed = await erp.contract_terms(key)
    project = await firm.played("D01")
    assert (project.run.status, project.run.verified) == ("succeeded", True), project.run.detail
    said = next(step.summary for step in project.steps if step.name == "contract")
    assert said.endswith("as it was signed and carried")
    assert (await erp.contract_terms(key)).lines == signed.lines, "its lines are not made one"
    dynamics.amend("D01", 1, 5000)
    assert (await dynamics.played("D01")).run.status == "succeeded"
    amended = await erp.contract_terms(key)
    await firm.reopen("D01")
    again = await firm.played("D01")
    assert (again.run.status, again.run.verified, again.run.generation) == ("succeeded", True, 2), again.run.detail
    assert (await erp.contract_terms(key)).value == amended.value, "nobody fights over the amount"
    closed = msgspec.structs.replace(await erp.contract_by_key(key), status="cancelled")
    await erp.upsert_contract(key, closed)
    left = await erp.contract_terms(key)
    assert (left.status, left.lines, left.amendments) == ("cancelled", amended.lines, amended.amendments)

    await firm.played("D03")
    (bare,) = (await erp.contract_terms(f"dataverse:{dynamics.order('D03')['salesorderid']}")).lines
    assert bare.billing_method is None, "opportunity-to-project writes one line of the whole"
    assert (await dynamics.played("D03")).run.status == "succeeded"
    lines = (await erp.contract_terms(f"dataverse:{dynamics.order('D03')['salesorderid']}")).lines
    assert [each.billing_method for each in lines] == ["fixed"] * len(lines)
    assert (len(dynamics.legal.orders()), firm.duplicates()) == (2, [])


async def test_an_amendment_that_ends_a_contract_cancels_its_order_and_the_deal_still_knows_it(
    dynamics: Dynamics,
) -> None:
    assert (await dynamics.played("D01")).run.status == "succeeded"
    dynamics.amend("D01", 1, 0, TERMINATION, tg_valuechange=None, tg_approvedexceptions=UNBILLED)
    done = await dynamics.played("D01")
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    order = dynamics.order("D01")
    assert (order["statecode"], order["tg_carriedamendment"]) == (2, 1)
    terms = await dynamics.firm.adapters[dynamics.legal.erp].contract_terms(f"dataverse:{order['salesorderid']}")
    assert (terms.status, terms.amendment) == ("cancelled", 1)
    deal = await dynamics.firm.adapters["dataverse"].opportunity(deal_id(dynamics.firm.deal("D01")))
    assert deal.contract_id == order["salesorderid"]


async def test_an_amendment_nobody_told_of_is_found_by_the_poll_and_carried_once(dynamics: Dynamics) -> None:
    platform = dynamics.firm.platform

    async def polled() -> int:
        new = await poll_contracts(platform)
        await work_off(platform)
        return new

    assert await polled() == 0, "what was there before anybody asked is passed over"
    assert (await dynamics.played("D02")).run.status == "succeeded"
    await polled()
    dynamics.amend("D02", 1, 5000)
    assert await polled() >= 1
    run = (await dynamics.legal.runs.runs()).items[0]
    assert run.contract.amendment == 1
    done = await dynamics.legal.ended(run.id)
    assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.problem
    await polled()
    assert await polled() == 0
    assert len((await dynamics.legal.runs.runs()).items) == 2
    assert dynamics.firm.duplicates() == []


async def test_an_order_that_ends_soon_is_told_once_and_not_once_it_is_cancelled(dynamics: Dynamics) -> None:
    platform, near = dynamics.firm.platform, now().date() + timedelta(days=20)
    platform.pace = msgspec.structs.replace(platform.pace, contract_notice=30)
    for code in ("D01", "D02"):
        dynamics.box.store.update("salesorder", dynamics.order(code)["salesorderid"], {"tg_endson": near.isoformat()})
    dynamics.box.store.update("salesorder", dynamics.order("D02")["salesorderid"], {"statecode": 2})
    assert [await tell_expiring(platform) for _ in range(2)] == [1, 0]
    query = sa.select(EVENTS.c.subject, EVENTS.c.data).where(EVENTS.c.type == "com.tiergate.contract.expiring.v1")
    told = await platform.database.run(lambda c: c.execute(query).all())
    deal, data = deal_id(dynamics.firm.deal("D01")), msgspec.json.decode(told[0].data)
    assert (len(told), told[0].subject) == (1, f"dataverse:{deal}")
    assert (data["contract_id"], data["end"]) == (dynamics.order("D01")["salesorderid"], near.isoformat())
