"""Contract sync as it is called: a run is about one signed document."""

from typing import Any

import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict, NotFound
from canonical.objects import Contract, Opportunity
from canonical.ports import Page
from canonical.ports.contract_runs import ContractRun, ContractRunDetail, SignedContract, StartContractRun
from canonical.ports.contracts import Agreements, ContractTerms
from canonical.ports.deal_runs import Progress, RunProblem
from canonical.ports.processes import Run, RunStatus
from canonical.ports.systems import Opportunities
from foundation.context import current
from process_apis import journal
from process_apis.contract_sync.guards import HOLDS
from process_apis.contract_sync.objects import parts_of, run_key
from process_apis.operating import Operating
from process_apis.platform import Platform, about, acting
from process_apis.projections import edition_of
from process_apis.tables import RUNS


class OperatingContractRuns:
    """The operations of contract sync."""

    def __init__(self, platform: Platform, operating: Operating) -> None:
        self._platform, self._operating = platform, operating

    async def start_run(self, data: StartContractRun) -> ContractRun:
        """Start for a document of a CRM this firm sells with, or answer with the run it has."""
        return await self.begin(data, again=True)

    async def begin(self, data: StartContractRun, *, again: bool) -> ContractRun:
        """The same; what was taken back is carried `again`, or else its cancelled run is the answer."""
        values, spent = await self.first(data)
        if spent and not again:
            return (await self.run(spent)).run
        return shown(await self._operating.begin(values))

    async def first(self, data: StartContractRun) -> tuple[dict[str, Any], str]:
        """What is written of a document's run when it begins; and its last run, where one was taken back.

        `Conflict` where nothing is in force.
        """
        crm = self._operating.crm_of(data.contract.system, "/contract/system")
        with acting() as caller:
            contract = await self._platform.systems.ask(crm, Agreements).agreement(data.contract.id)
            number = contract.last_agreed() if data.amendment is None else data.amendment
            document = _in_force(contract, number)
            if not contract.opportunity_id:
                raise Conflict(f"Contract {contract.number} is of no deal, so nobody knows whose it is.")
            deal = await self._platform.systems.ask(crm, Opportunities).opportunity(contract.opportunity_id)
        self._operating.sold_with(crm, deal)
        base = run_key(crm, contract.id, number, document)
        run_id, place = await self._platform.database.run(lambda c: journal.unspent(c, base))
        spent = await self._platform.database.run(lambda c: journal.newest(c, base)) if place > 1 else ""
        return _first_row(run_id, crm, contract, number, deal, caller.acted_for), spent

    async def run(self, run_id: str) -> ContractRunDetail:
        """One run with its steps."""
        found = await self._operating.run(run_id)
        return ContractRunDetail(run=shown(found.run), steps=found.steps, agreement=found.agreement)

    async def runs(
        self, key: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[ContractRun]:
        """Runs of this workflow, newest first."""
        found = await self._operating.runs(key, status, limit, cursor)
        return Page(items=[shown(run) for run in found.items], next=found.next)

    async def retry_run(self, run_id: str) -> ContractRun:
        """From the failed step; from the beginning where the contract may be another by now."""
        return shown(await self._operating.retry_run(run_id))

    async def cancel_run(self, run_id: str) -> ContractRun:
        """Take back what was carried; `Conflict` once another document or a project rests on it."""
        run = (await self._operating.run(run_id)).run
        if run.step and self._platform.systems.plays("erp", run.legal_entity):
            await self._free(run)
        return shown(await self._operating.cancel_run(run_id))

    async def _free(self, run: Run) -> None:
        """No later amendment is carried, and no project is billed by it."""
        _, number, _ = parts_of(run.id)
        query = sa.select(RUNS.c.contract_key).where(RUNS.c.id == run.id)
        key = await self._platform.database.run(lambda c: c.scalar(query)) or ""
        with about(run.id), acting():
            try:
                there = await self._platform.systems.of("erp", ContractTerms, run.legal_entity).contract_terms(key)
            except NotFound:
                return
            deals = self._platform.systems.of("crm", Opportunities)
            deal = await deals.opportunity(run.business_key.partition(":")[2])
        if there.amendment is None or there.amendment < number:
            return  # it was never carried
        if there.amendment > number:
            raise Conflict(f"Amendment {there.amendment} rests on it: take that one back first.")
        if there.status == "cancelled":
            raise Conflict(f"Contract {there.number} is closed: what ended it is not taken back.")
        if not number and deal.project_code:
            raise Conflict(f"Project {deal.project_code} is billed by contract {there.number}: close it first.")


def shown(run: Run) -> ContractRun:
    """A run of the journal in this API's words."""
    contract_id, number, document = parts_of(run.id)
    system = run.id.split(":")[1]
    problem = RunProblem(reason=run.reason, detail=run.detail, errors=run.errors)
    orders = [each.native_id for each in run.ids if each.instance == "contract" and each.system != system]
    return ContractRun(
        id=run.id,
        status=run.status,
        contract=SignedContract(
            system=system,
            id=contract_id,
            amendment=number,
            document=document,
            opportunity_id=run.business_key.partition(":")[2],
            name=run.title,
            customer=run.customer,
            legal_entity=run.legal_entity,
            value=run.amount,
        ),
        progress=Progress(step=run.step, of=run.steps_in_all, takeovers=run.takeovers),
        order_id=orders[0] if orders else "",
        started_at=run.started_at,
        ended_at=run.ended_at,
        verified=run.verified,
        problem=problem if problem != RunProblem(reason="") else None,
        waivable=[each.rule for each in run.errors if each.rule in HOLDS],
        records=run.ids,
    )


def _in_force(contract: Contract, number: int) -> str:
    """The hash of the document at hand. `Conflict` where it is not in force; guards judge everything else."""
    if contract.status in ("draft", "in_approval"):
        raise Conflict(f"Contract {contract.number} is {contract.status}, not in force.")
    if not number:
        return contract.document_hash
    amendment = next((each for each in contract.amendments if each.number == number), None)
    if amendment is None:
        raise NotFound(f"Contract {contract.number} has no amendment {number}.")
    if amendment.status != "agreed":
        raise Conflict(f"Amendment {number} of contract {contract.number} is {amendment.status}, not agreed.")
    return amendment.document_hash


def _first_row(
    run_id: str, crm: str, contract: Contract, number: int, deal: Opportunity, acted_for: tuple[str, ...]
) -> dict[str, Any]:
    worth = contract.in_force(number).value
    return {
        "id": run_id,
        "workflow": "contract_sync",
        "business_key": f"{crm}:{deal.id}",
        "generation": number,
        "input_hash": journal.input_hash({"contract_id": contract.id, "amendment": number}),
        "status": "running",
        "title": deal.name,
        "legal_entity": contract.legal_entity_id or deal.legal_entity_id,
        "amount": str(worth.amount) if worth else "",
        "currency": worth.currency if worth else "",
        "started_at": now(),
        "traceparent": current().traceparent,
        "acted_for": " ".join(acted_for),
        "source_version": edition_of(contract),
    }
