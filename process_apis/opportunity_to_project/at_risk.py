"""Work begun before its contract is signed, once the day of its approval has passed: the approver is told.

    guard passes at risk -> its day is kept -> a look each day: signed? approved further? lost?
                                            -> else: closed for time in the PSA, `project.at_risk_ended`, a case

Looked at once a day in the CRM, as it is then, and at once when its case is run again. Once the contract is signed or
the approval goes on, the project takes time again where we had closed it, and the case closes. Nothing else is undone:
what was worked until then stays, and who decides is a person.
"""

from datetime import date
from typing import Any, Final

import sqlalchemy as sa
import structlog

from canonical.dates import now
from canonical.events import ProjectAtRiskEnded
from canonical.faults import Fault, FieldError, GuardsFailed, NotBound, NotFound, Unsupported
from canonical.objects import Contract, Opportunity, ProjectSetup
from canonical.ports.processes import Run
from canonical.ports.setups import ProjectSetups
from canonical.ports.systems import Opportunities, Projects
from foundation.context import fresh, use
from foundation.database import upsert
from process_apis import cases, daily, own_cases
from process_apis.events import outbox
from process_apis.operating import FOLLOWED
from process_apis.opportunity_to_project.codes import REGISTERED_AS
from process_apis.opportunity_to_project.guards import at_risk
from process_apis.platform import Platform, on_own_account
from process_apis.tables import AT_RISK, RUNS

WORKFLOW: Final = "at_risk"
"""What its cases go under: no run of the engine brings them about."""
RULE: Final = "at_risk_ended"
_SOURCE: Final = "at-risk approvals"
"""Under what the day of the last look is kept."""
_OWNER: Final = "Legal operations"
cases.SUGGESTIONS[WORKFLOW] = {
    "guards_failed": (
        "guards",
        _OWNER,
        "Have the contract signed, or the approval at risk extended in the CRM; then run it again.",
    )
}
log = structlog.get_logger("tiergate.at_risk")


def keep(c: sa.Connection, key: str, contract: Contract | None, today: date) -> None:
    """A deal's guards have passed: until when its work is approved at risk, or that it needs no such approval."""
    if contract is not None and contract.at_risk_until is not None and at_risk(contract, today):
        upsert(c, AT_RISK, {"business_key": key}, {"until": contract.at_risk_until, "told": None})
    else:
        c.execute(sa.delete(AT_RISK).where(AT_RISK.c.business_key == key))


async def tell_ended(platform: Platform) -> int:
    """Today's look, if it is still to come; how many projects were told of. One whose systems do not answer stops none
    of the others: its fault is raised in the end, and the look is taken again."""
    today, told = now().date(), 0
    if not await daily.is_due(platform, _SOURCE, today):
        return 0
    ended = sa.select(AT_RISK.c.business_key).where(AT_RISK.c.until < today).order_by(AT_RISK.c.business_key)
    failure: Fault | None = None
    for key in await platform.database.run(lambda c: list(c.scalars(ended))):
        try:
            told += await look(platform, key, today)
        except Fault as fault:
            log.warning("a project at risk could not be looked at", key=key, reason=fault.reason)
            failure = fault
    if failure is not None:
        raise failure
    await daily.done(platform, _SOURCE, today)
    return told


async def look(platform: Platform, key: str, today: date) -> bool:
    """One project, as its CRM says now; whether it is told of for the first time."""
    made = await platform.database.run(lambda c: _made(c, key))
    if made is None:
        return False
    with use(fresh(caller=on_own_account(_SOURCE))):
        crm, _, deal_id = key.partition(":")
        asked = platform.systems.ask(crm, Opportunities)
        deal = await asked.opportunity(deal_id)
        contract = await asked.contract(deal.contract_id) if deal.contract_id else None
        if settled := _settled(deal, contract, today):
            await _settle(platform, made, contract, settled, today)
            return False
        until = (contract.at_risk_until if contract else None) or made.until
        if made.told == until:
            return False  # who has opened the project for time since then knew what they did
        closed = await _close(platform, made)
        return await platform.database.run(lambda c: _tell(c, platform, made, deal, contract, until, closed))


def _made(c: sa.Connection, key: str) -> Any:
    """The deal's last run, with what is kept of its approval; None where it is not at risk, or nothing goes on."""
    beside = RUNS.join(AT_RISK, AT_RISK.c.business_key == RUNS.c.business_key)
    last = sa.select(RUNS, AT_RISK.c.until, AT_RISK.c.closed, AT_RISK.c.told).select_from(beside)
    last = last.where(RUNS.c.business_key == key, RUNS.c.workflow == REGISTERED_AS)
    row = c.execute(last.order_by(RUNS.c.generation.desc()).limit(1)).first()
    return row if row is not None and row.status in ("running", "failed", "succeeded") else None


def _settled(deal: Opportunity, contract: Contract | None, today: date) -> str:
    """Why nobody has to be asked any more; empty where somebody has."""
    if deal.stage.category != "won":
        return f"The deal is {deal.stage.code}."
    if contract is not None and contract.signed_at is not None:
        return f"Contract {contract.number} is signed."
    if contract is not None and at_risk(contract, today):
        return f"Work is approved until {contract.at_risk_until}."
    return ""


async def _settle(platform: Platform, made: Any, contract: Contract | None, why: str, today: date) -> None:
    """It takes time again where we had closed it, and its case is over. What a lost deal had is wound up elsewhere."""
    again = contract is not None and (contract.signed_at is not None or at_risk(contract, today))
    if made.closed and again:
        await _open_for_time(platform, made, True)

    def write(c: sa.Connection) -> None:
        own_cases.close_case(c, run_id(made.business_key), why)
        keep(c, made.business_key, contract if again else None, today)
        c.execute(sa.update(AT_RISK).where(AT_RISK.c.business_key == made.business_key).values(closed=False))

    await platform.database.run(write)


async def _close(platform: Platform, made: Any) -> str:
    """The project takes no more time in the PSA; what became of it, in a sentence. That we do it is written first."""

    def meant(c: sa.Connection) -> None:
        c.execute(sa.update(AT_RISK).where(AT_RISK.c.business_key == made.business_key).values(closed=True))

    try:
        title, is_open = await _taking_time(platform, made)
        if not is_open and not made.closed:
            return f"It took no time in {title} before."
        await platform.database.run(meant)
        if is_open:
            await _open_for_time(platform, made, False)
    except (NotBound, NotFound, Unsupported) as none:
        return f"Nobody can close it for time: {none.detail}"
    return f"It takes no more time in {title}."


async def _taking_time(platform: Platform, made: Any) -> tuple[str, bool]:
    """What the PSA is called, and whether people may enter time there."""
    psa, native = await _psa(platform, made)
    title = platform.systems.title(platform.systems.name("psa", made.legal_entity))
    return title, bool((await psa.project_setup(native)).open_for_time)


async def _open_for_time(platform: Platform, made: Any, is_open: bool) -> None:
    psa, native = await _psa(platform, made)
    await psa.set_project_setup(native, ProjectSetup(open_for_time=is_open))


async def _psa(platform: Platform, made: Any) -> tuple[ProjectSetups, str]:
    """The PSA, and what it calls the project. `NotFound` where none was made."""
    systems, entity = platform.systems, made.legal_entity
    project = await systems.of("psa", Projects, entity).project_by_key(made.business_key)
    return systems.of("psa", ProjectSetups, entity), project.id


def _tell(
    c: sa.Connection,
    platform: Platform,
    made: Any,
    deal: Opportunity,
    contract: Contract | None,
    until: date,
    closed: str,
) -> bool:
    """The event and the case, once a deal and day."""
    number = contract.number if contract is not None else ""
    event = ProjectAtRiskEnded(
        project_code=made.project_code,
        contract=number,
        until=until.isoformat(),
        amount=str(deal.amount),
        cap=str(contract.at_risk_cap or "") if contract is not None else "",
    )
    once = f"{run_id(made.business_key)}:{until}"
    if not outbox.emit_apart(c, once, event, made.business_key, made.legal_entity, once=True):
        return False  # another process has told it meanwhile
    c.execute(sa.update(AT_RISK).where(AT_RISK.c.business_key == made.business_key).values(told=until))
    named = f"contract {number} is not signed" if number else "no contract is linked to the deal"
    said = f"Work goes on, {named}, and its approval at risk ended on {until}."
    error = FieldError(rule=RULE, detail=f"{said} {closed}", owner=_OWNER)
    same = ("title", "customer", "legal_entity", "amount", "currency", "account_key", "contract_key", "project_code")
    values = {"workflow": WORKFLOW, "business_key": made.business_key, **{name: getattr(made, name) for name in same}}
    own_cases.open_case(c, platform, run_id(made.business_key), values, GuardsFailed(said, errors=[error]))
    return True


def run_id(key: str) -> str:
    """Under what a project at risk stands among the runs: one row a deal, so one case."""
    return f"risk:{key}"


async def again(platform: Platform, run: Run) -> None:
    """A person has its case run again: the CRM is looked at now."""
    await look(platform, run.business_key, now().date())


FOLLOWED[WORKFLOW] = again
