"""Reads what the guards need to know besides the contract: the ERP's order and invoices, the PSA's unbilled work."""

from decimal import Decimal
from functools import partial

from canonical.dates import business_date, now
from canonical.faults import NotBound, NotFound
from canonical.objects import Contract, Invoice
from canonical.ports.contracts import ContractTerms
from canonical.ports.effort import TimeEntries
from canonical.ports.receivables import Invoices
from canonical.ports.systems import LegalEntities, Projects
from process_apis.account_sync import debtors
from process_apis.account_sync.customers import account_key
from process_apis.contract_sync.evidence import Evidence, Unbilled
from process_apis.contract_sync.objects import Agreed
from process_apis.opportunity_to_project import holding
from process_apis.paging import pages
from process_apis.steps import Scope

_POSTED = ("posted", "part_paid", "paid")


async def gather(s: Scope, agreed: Agreed) -> Evidence:
    """The evidence; what no system tells is left out, and the guards say so. Raises `NotBound` where no ERP can."""
    crm, code = s.platform.systems.name("crm"), agreed.entity
    holder = await s.record(lambda c: holding.other(c, agreed.key(crm), agreed.deal_key(crm)))
    try:
        entity = await s.ask("erp", LegalEntities, code).legal_entity(code)
    except (NotFound, NotBound):
        return Evidence(entity=None, today=now().date(), holder=holder)  # the guards say that there is none
    there = await _terms(s, agreed, crm)
    return Evidence(
        entity=entity,
        today=business_date(now(), entity.time_zone),
        there=there,
        invoices=await _invoices(s, agreed, there, crm),
        unbilled=await _unbilled(s, agreed, crm),
        alike=[] if there else await _doubts(s, agreed, crm),
        holder=holder,
    )


async def _terms(s: Scope, agreed: Agreed, crm: str) -> Contract | None:
    try:
        return await s.ask("erp", ContractTerms, agreed.entity).contract_terms(agreed.key(crm))
    except NotFound:
        return None


async def _doubts(s: Scope, agreed: Agreed, crm: str) -> list[str]:
    """Asked where the books have nothing of the contract yet: then a customer would be made whom they do not know."""
    key = account_key(crm, agreed.account)
    try:
        await debtors.debtor(s.watched(), key, agreed.entity)
    except NotFound:
        return await debtors.doubts(s.platform, key, agreed.entity)
    return []


async def _invoices(s: Scope, agreed: Agreed, there: Contract | None, crm: str) -> list[Invoice] | None:
    """What is posted of the contract. An invoice names it by its number or by our key."""
    if there is None:
        return []
    try:
        port = s.ask("erp", Invoices, agreed.entity)
    except NotBound:
        return None
    names, found = {agreed.contract.number, agreed.key(crm)}, list[Invoice]()
    async for page in pages(partial(port.invoices, customer_id=there.account_id)):
        mine = [each for each in page if each.contract_id in names and each.status in _POSTED]
        found += [await port.invoice(each.id) for each in mine]
    return found


async def _unbilled(s: Scope, agreed: Agreed, crm: str) -> Unbilled:
    """Approved work on the deal's project that nobody has billed; asked for where the contract ends."""
    if agreed.amendment is None or agreed.amendment.kind != "termination":
        return Unbilled()
    try:
        times = s.ask("psa", TimeEntries, agreed.entity)
        project = await s.ask("psa", Projects, agreed.entity).project_by_key(agreed.deal_key(crm))
    except NotBound as none:
        return Unbilled(unknown=none.detail)
    except NotFound:
        return Unbilled()
    entries, hours = 0, Decimal(0)
    async for page in pages(partial(times.time_entries, project_id=project.id)):
        for each in page:
            if each.billable and each.status == "approved" and not each.invoice_id:
                entries, hours = entries + 1, hours + each.hours
    return Unbilled(entries=entries, hours=hours)
