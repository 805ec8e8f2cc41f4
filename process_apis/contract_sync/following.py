"""What comes of hearing that a contract, or an amendment of it, has changed."""

from contextlib import suppress

import sqlalchemy as sa

from canonical.faults import Conflict
from canonical.ports.contract_runs import ContractReference, StartContractRun
from canonical.ports.contracts import Agreements
from process_apis.contract_sync.runs import OperatingContractRuns
from process_apis.contract_sync.workflow import WORKFLOW
from process_apis.operating import Operating, retry
from process_apis.platform import Platform, acting
from process_apis.projections import edition_of
from process_apis.tables import RUNS


async def contract_told(platform: Platform, contract_id: str, crm: str) -> str:
    """Carry the last document that was agreed; told again it is the same run. What a person took back stays so until a
    person carries it again: taking it back is itself a change of the contract.

    One that guards stopped begins again where the contract says something else than they saw. `Conflict` while nothing
    of it is in force.
    """
    runs = OperatingContractRuns(platform, Operating(platform, WORKFLOW))
    of = StartContractRun(contract=ContractReference(system=crm, id=contract_id))
    run = await runs.begin(of, again=False)
    if run.status == "cancelled":
        return "taken back"
    if run.status == "refused":
        seen = await platform.database.run(
            lambda c: c.scalar(sa.select(RUNS.c.source_version).where(RUNS.c.id == run.id))
        )
        with acting():
            contract = await platform.systems.ask(crm, Agreements).agreement(contract_id)
        if edition_of(contract) != seen:
            with suppress(Conflict):  # another process was quicker
                await retry(platform, run.id)
    return "contract run"
