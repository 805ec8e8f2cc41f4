"""Contracts that come to their end: told once a contract and end, so many days before it.

Looked for once a day in every CRM that lists them. Which end holds is worked out as it is when a contract is carried:
as first signed, with every agreed amendment.
"""

from datetime import date, timedelta
from typing import Final

import structlog

from canonical.dates import now
from canonical.events import ContractExpiring
from canonical.faults import Drifted, NotBound, NotFound, Unsupported
from canonical.objects import Contract
from canonical.ports.contracts import AgreementList, Agreements
from canonical.ports.systems import Opportunities
from foundation.context import fresh, use
from process_apis import daily
from process_apis.events import outbox
from process_apis.platform import Platform, on_own_account

_SOURCE: Final = "{crm}:contract ends"
"""Under what the day of the last look is kept."""
log = structlog.get_logger("tiergate.expiring")


async def tell_expiring(platform: Platform) -> int:
    """Today's look, if it is still to come; how many contracts were told of."""
    told, today = 0, now().date()
    if platform.pace.contract_notice:
        for crm in platform.systems.playing("crm"):
            told += await _look(platform, crm, today)
    return told


async def _look(platform: Platform, crm: str, today: date) -> int:
    """A system that lists no contracts is passed over, and one contract that cannot be read is said and passed over;
    any other fault is raised, and the look is taken again."""
    source, told = _SOURCE.format(crm=crm), 0
    if not await daily.is_due(platform, source, today):
        return 0
    last = today + timedelta(days=platform.pace.contract_notice)
    with use(fresh(caller=on_own_account("contract ends"))):
        try:
            found = await platform.systems.ask(crm, AgreementList).ending_agreements(today, last)
        except (NotBound, Unsupported):
            return 0
        for contract_id in found:
            try:
                told += await _tell(platform, crm, contract_id, today, last)
            except (NotFound, Drifted) as fault:
                log.warning("an ending contract could not be read", contract=contract_id, reason=fault.reason)
    await daily.done(platform, source, today)
    return told


async def _tell(platform: Platform, crm: str, contract_id: str, today: date, last: date) -> bool:
    """Whether it is told of now: its end lies in these days, it is in force, and nobody was told of this end before."""
    contract = await platform.systems.ask(crm, Agreements).agreement(contract_id)
    number = contract.last_agreed()
    held = contract.in_force(number)
    if held.end is None or not today <= held.end <= last or (contract.status, held.status) != ("active", "active"):
        return False
    subject, entity = await _deal_of(platform, crm, contract)
    event = ContractExpiring(
        contract_id=contract.id,
        amendment=number,
        end=held.end.isoformat(),
        renews=contract.auto_renew,
        value=str(held.value or ""),
    )
    term = f"expiring:{crm}:{contract.id}:{held.end}"
    return await platform.database.run(lambda c: outbox.emit_apart(c, term, event, subject, entity, once=True))


async def _deal_of(platform: Platform, crm: str, contract: Contract) -> tuple[str, str]:
    """The event's subject and legal entity: of the deal it was made for; one of no deal is its own subject."""
    if not contract.opportunity_id:
        return f"{crm}:{contract.id}", contract.legal_entity_id
    deal = await platform.systems.ask(crm, Opportunities).opportunity(contract.opportunity_id)
    return f"{crm}:{deal.id}", contract.legal_entity_id or deal.legal_entity_id
