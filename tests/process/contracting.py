"""Contracts and amendments in the sandboxes, as people sign them there, and the runs that carry them."""

import asyncio
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from canonical.dates import now
from canonical.money import Money
from canonical.objects import Contract, Invoice, InvoiceLine
from canonical.ports.contract_runs import ContractReference, ContractRun, ContractRunDetail, StartContractRun
from foundation.context import fresh, use
from process_apis.contract_sync.runs import OperatingContractRuns
from process_apis.contract_sync.workflow import WORKFLOW
from process_apis.operating import Operating
from system_apis.salesforce.sandbox import org
from tests.process.world import PATIENCE, PRIYA, World

Line = dict[str, Any]
ORDERS = {"netsuite": "salesOrder", "business_central": "salesOrders"}
"""What an ERP calls the order that a contract is."""


class Contracting:
    """Legal operations' work, and what comes of it."""

    def __init__(self, firm: World) -> None:
        self.firm = firm
        self.runs = OperatingContractRuns(firm.platform, Operating(firm.platform, WORKFLOW))
        self.crm = firm.boxes["salesforce"]
        self.erp = firm.platform.systems.name("erp", "ACME-US")

    # ── what people do in the CRM ──────────────────────────────────────────────────────────────────────────────────

    def contract(self, code: str = "D01") -> str:
        """The contract that is linked to a deal."""
        return str((self.crm.store.get("Opportunity", self.firm.deal(code).id) or {})["ContractId"])

    def held(self, code: str = "D01") -> dict[str, Any]:
        """That contract as the CRM has it now."""
        return self.crm.store.get("Contract", self.contract(code)) or {}

    def later(self) -> None:
        """A second passes in the CRM, whose stamps have whole seconds."""
        self.crm.store.set_setting("_clock_ahead", self.crm.store.setting("_clock_ahead", 0) + 1)

    def edit(self, kind: str, record: str, **fields: Any) -> None:
        """Save a record with other fields, a second later, as the org lets people."""
        self.later()
        org.update(self.crm, org.kind_of(kind), record, fields)

    def typed(self, code: str, **fields: Any) -> None:
        """What somebody typed in before it was activated: the rules of the org do not apply yet."""
        self.crm.store.update("Contract", self.contract(code), fields)

    def amend(self, code: str, number: int, *lines: Line, agreed: bool = True, **fields: Any) -> str:
        """An amendment with its lines; agreed and signed today, unless it says otherwise."""
        contract, deal = self.contract(code), self.firm.deal(code)
        plain: dict[str, Any] = {
            "Contract__c": contract,
            "Number__c": number,
            "Based_On__c": number - 1,
            "CurrencyIsoCode": deal.currency,
            "Effective_Date__c": deal.start.isoformat(),
            "Signed_On__c": now().date().isoformat(),
            "Document_Hash__c": sha256(f"{code} {number}".encode()).hexdigest(),
            "Signature_Envelope__c": f"envelope-{code}-{number}",
        }
        if lines and "Value_Change__c" not in fields:
            plain["Value_Change__c"] = sum(Decimal(line["Amount__c"]) for line in lines)
        made = str(org.create(self.crm, org.kind_of("Contract_Amendment__c"), plain | fields)["Id"])
        for place, line in enumerate(lines, 1):
            below = {"Contract__c": contract, "Amendment__c": made, "Sort_Order__c": place}
            org.create(self.crm, org.kind_of("Contract_Line__c"), below | {"CurrencyIsoCode": deal.currency} | line)
        if agreed:
            self.edit("Contract_Amendment__c", made, Status__c="Agreed")
        return made

    def another(self, code: str, **fields: Any) -> str:
        """Another contract of a deal's customer: signed and in force, with one line of its whole value."""
        kept = self.held(code)
        plain = {name: kept[name] for name in ("AccountId", "Name", "StartDate", "EndDate", "CurrencyIsoCode")}
        plain |= {name: kept[name] for name in ("Contract_Value__c", "Contract_Type__c", "PO_Number__c")}
        plain |= {"Payment_Terms__c": "Net 30", "Governing_Law__c": "US", "Opportunity__c": kept["Opportunity__c"]}
        plain |= {"Document_Hash__c": sha256(repr(fields).encode()).hexdigest(), "Signature_Envelope__c": "envelope-2"}
        plain |= fields
        made = str(org.create(self.crm, org.kind_of("Contract"), plain)["Id"])
        line = {"Contract__c": made, "Sort_Order__c": 1, "Name": "All of it", "Amount__c": plain["Contract_Value__c"]}
        line |= {"Billing_Method__c": plain["Contract_Type__c"], "CurrencyIsoCode": plain["CurrencyIsoCode"]}
        org.create(self.crm, org.kind_of("Contract_Line__c"), line)
        self.edit("Contract", made, Status="Activated", CustomerSignedDate=now().date().isoformat())
        return made

    # ── runs ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def start(self, contract: str, amendment: int | None = None) -> ContractRun:
        with use(fresh(caller=PRIYA)):
            return await self.runs.start_run(
                StartContractRun(contract=ContractReference(id=contract), amendment=amendment)
            )

    async def ended(self, run_id: str) -> ContractRunDetail:
        """The run once it does not run any more (and, when cancelled, is undone)."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self.runs.run(run_id)
                if found.run.status != "running" and found.run.ended_at:
                    return found
                await asyncio.sleep(0.02)

    async def played(self, contract: str, amendment: int | None = None) -> ContractRunDetail:
        """The run of a document at its end."""
        return await self.ended((await self.start(contract, amendment)).id)

    async def again(self, run: ContractRunDetail) -> ContractRunDetail:
        """The same run, after somebody mended what it was stopped by."""
        with use(fresh(caller=PRIYA)):
            return await self.ended((await self.runs.retry_run(run.run.id)).id)

    async def undone(self, run: ContractRunDetail) -> ContractRunDetail:
        with use(fresh(caller=PRIYA)):
            return await self.ended((await self.runs.cancel_run(run.run.id)).id)

    # ── what is in the ERP ─────────────────────────────────────────────────────────────────────────────────────────

    async def terms(self, code: str = "D01") -> Contract:
        """What the ERP bills a deal's contract by."""
        found: Contract = await self.firm.adapters[self.erp].contract_terms(f"salesforce:{self.contract(code)}")
        return found

    def orders(self) -> list[dict[str, Any]]:
        return self.firm.records(self.erp, ORDERS[self.erp])

    async def bill(self, code: str, amount: str, day: date | None = None) -> str:
        """An invoice of a deal's contract, posted; its number."""
        erp, there = self.firm.adapters[self.erp], await self.terms(code)
        line = InvoiceLine(seq=1, net=Money.of(amount, there.currency))
        data = Invoice(
            legal_entity_id=there.legal_entity_id,
            account_id=there.account_id,
            contract_id=there.number,
            issued_on=day or now().date(),
            currency=there.currency,
            lines=[line],
        )
        written = await erp.upsert_invoice(f"bill:{code}:{amount}", data)
        await erp.post_invoice(written.id)
        return str((await erp.invoice(written.id)).number)


def rules(run: ContractRunDetail) -> list[str]:
    """The guards that stopped it."""
    assert run.run.problem is not None, run.run
    return [error.rule for error in run.run.problem.errors]


def said(run: ContractRunDetail, rule: str) -> str:
    """What one of them says."""
    assert run.run.problem is not None, run.run
    return next(error.detail for error in run.run.problem.errors if error.rule == rule)


def line(amount: int | str, name: str = "More work", method: str = "Time and Materials", **more: Any) -> Line:
    """A line of an amendment."""
    return {"Name": name, "Amount__c": Decimal(amount), "Billing_Method__c": method, **more}
