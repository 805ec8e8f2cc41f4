"""Contracts and amendments in the sandboxes, as people sign them there, and the runs that carry them."""

import asyncio
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from canonical.dates import now
from canonical.money import Money
from canonical.objects import Contract, Invoice, InvoiceLine
from canonical.ports.contract_runs import ContractReference, ContractRun, ContractRunDetail, StartContractRun
from canonical.ports.roles import Role
from foundation.context import fresh, use
from process_apis.contract_sync.runs import OperatingContractRuns
from process_apis.contract_sync.workflow import WORKFLOW
from process_apis.operating import Operating
from tests.process.books import BOOKS
from tests.process.papers import PAPERS, Kind
from tests.process.world import PATIENCE, PRIYA, World

Line = dict[str, Any]
ROLES: Final[tuple[Role, ...]] = ("crm", "erp", "psa")


class Contracting:
    """Legal operations' work in a firm's CRM, in our words (`papers`), and what comes of it."""

    def __init__(self, firm: World) -> None:
        self.firm = firm
        self.runs = OperatingContractRuns(firm.platform, Operating(firm.platform, WORKFLOW))
        self.sold_with, self.erp, self.psa = (firm.platform.systems.name(role, "ACME-US") for role in ROLES)
        self.crm = firm.boxes[self.sold_with]
        self.papers = PAPERS[self.sold_with](self.crm)
        self.books = BOOKS[self.erp](firm.boxes[self.erp])

    # ── what people do in the CRM ──────────────────────────────────────────────────────────────────────────────────

    def contract(self, code: str = "D01") -> str:
        """The contract that is linked to a deal."""
        return self.papers.contract(self.firm.native(code))

    def key(self, code: str = "D01") -> str:
        """What we call that contract."""
        return f"{self.sold_with}:{self.contract(code)}"

    def deal_key(self, code: str = "D01") -> str:
        """What we call a deal."""
        return f"{self.sold_with}:{self.firm.native(code)}"

    def held(self, code: str = "D01") -> dict[str, Any]:
        """That contract as the CRM has it now."""
        return self.papers.row("contract", self.contract(code))

    def later(self) -> None:
        """A second passes in the CRM, whose stamps have whole seconds."""
        self.papers.later()

    def edit(self, kind: Kind, record: str, **said: Any) -> None:
        """Save a record with other fields, a second later, as the CRM lets people."""
        self.papers.edit(kind, record, said)

    def waive(self, record: str, *named: str, kind: Kind = "amendment") -> None:
        """Somebody entitled to waives rules for one document."""
        self.edit(kind, record, waived=named)

    def void(self, amendment: str) -> None:
        """An amendment is not wanted after all."""
        self.edit("amendment", amendment, status="void")

    def typed(self, code: str, **said: Any) -> None:
        """What somebody typed in before it was activated: the rules of the org do not apply yet."""
        self.papers.typed("contract", self.contract(code), said)

    def typed_line(self, code: str, **said: Any) -> None:
        """The same of its first line."""
        self.papers.typed("line", self.papers.lines(self.contract(code))[0], said)

    def amend(self, code: str, number: int, *lines: Line, agreed: bool = True, **said: Any) -> str:
        """An amendment with its lines; agreed and signed today, unless it says otherwise."""
        contract, deal = self.contract(code), self.firm.deal(code)
        plain: dict[str, Any] = {
            "contract_id": contract,
            "number": number,
            "based_on": number - 1,
            "currency": deal.currency,
            "effective": deal.start,
            "signed_at": now().date(),
            "document_hash": sha256(f"{code} {number}".encode()).hexdigest(),
            "envelope": f"envelope-{code}-{number}",
        }
        if lines:
            plain["value_change"] = sum(Decimal(line["amount"]) for line in lines)
        made = self.papers.make("amendment", plain | said)
        for place, line in enumerate(lines, 1):
            below = {"contract_id": contract, "amendment_id": made, "seq": place, "currency": deal.currency}
            self.papers.make("amendment_line", below | line)
        if agreed:
            self.edit("amendment", made, status="agreed")
        return made

    def another(self, code: str, **said: Any) -> str:
        """Another contract of a deal's customer: signed and in force, with one line of its whole value."""
        deal = self.firm.deal(code)
        plain: dict[str, Any] = {
            "account_id": self.papers.customer(self.contract(code)),
            "opportunity_id": self.firm.native(code),
            "title": deal.name,
            "start": deal.start,
            "end": deal.end,
            "currency": deal.currency,
            "value": deal.amount,
            "billing_method": deal.contract_type,
            "po_number": deal.po_number,
            "payment_terms": "Net 30",
            "governing_law": "US",
            "document_hash": sha256(repr(said).encode()).hexdigest(),
            "envelope": "envelope-2",
        }
        plain |= said
        made = self.papers.make("contract", plain)
        line = {"contract_id": made, "seq": 1, "description": "All of it", "amount": plain["value"]}
        line |= {word: plain[word] for word in ("billing_method", "currency")}
        self.papers.make("line", line)
        self.papers.sign(made)
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

    # ── what is in the systems ────────────────────────────────────────────────────────────────────────────────────

    async def signed(self, code: str = "D01") -> Contract:
        """A deal's contract as the CRM's adapter reads it, with what was agreed since."""
        found: Contract = await self.firm.adapters[self.sold_with].agreement(self.contract(code))
        return found

    async def terms(self, code: str = "D01") -> Contract:
        """What the ERP bills a deal's contract by."""
        found: Contract = await self.firm.adapters[self.erp].contract_terms(self.key(code))
        return found

    def orders(self) -> list[dict[str, Any]]:
        return self.books.contracts()

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


def line(amount: int | str, description: str = "More work", billing_method: str = "tm", **more: Any) -> Line:
    """A line of an amendment."""
    return {"description": description, "amount": Decimal(amount), "billing_method": billing_method, **more}
