"""What each step of opportunity-to-project does. Each looks before it writes, so that it can be repeated."""

from functools import partial
from typing import Final

import msgspec
import sqlalchemy as sa

from canonical.events import (
    ProjectActivated,
    ProjectCreated,
    ProjectRequested,
    ProjectValidated,
    ResourceDemandCreated,
)
from canonical.faults import NotBound, NotFound
from canonical.money import Money
from canonical.objects import Opportunity, Project, ProjectLink, RoleDemand
from canonical.ports.contracts import Agreements
from canonical.ports.leads import CustomerKeys
from canonical.ports.systems import (
    BillingSchedules,
    Contracts,
    Customers,
    Message,
    Opportunities,
    Projects,
    ResourceDemands,
    StageChange,
    Workspaces,
)
from process_apis import journal
from process_apis.account_sync import debtors, leads
from process_apis.account_sync import matching as account_matching
from process_apis.account_sync.customers import account_key
from process_apis.account_sync.debtors import Debtor
from process_apis.cross_references.xrefs import By, Place
from process_apis.events import outbox
from process_apis.opportunity_to_project import at_risk, codes, gathering, guards, holding, verification
from process_apis.opportunity_to_project.guards import Deal
from process_apis.opportunity_to_project.objects import (
    Keys,
    Made,
    Party,
    billing_of,
    contract_of,
    customer_of,
    demand_of,
    hours_of,
    keys_of,
    project_of,
    replanned,
)
from process_apis.opportunity_to_project.templates import Books, Plan, dates_of, plan
from process_apis.projections import edition_of
from process_apis.steps import Scope

_ACTIVE: Final = StageChange(stage="active")


async def receive(s: Scope, opportunity_id: str) -> None:
    """Say that it was asked for."""
    await s.record(lambda c: outbox.emit(c, s.run_id, ProjectRequested(opportunity_id=opportunity_id)))
    s.say(f"deal {opportunity_id}")


async def read(s: Scope, opportunity_id: str) -> Deal:
    """The deal as it is now, with everything it rests on."""
    crm = s.ask("crm", Opportunities)
    opportunity = await crm.opportunity(opportunity_id)
    deal = Deal(
        opportunity=opportunity,
        account=await crm.account(opportunity.account_id),
        contacts=await crm.contacts(opportunity.account_id),
        quote=await crm.quote(opportunity.quote_id) if opportunity.quote_id else None,
        contract=await crm.contract(opportunity.contract_id) if opportunity.contract_id else None,
    )
    keys = keys_of(s.platform.systems.name("crm"), deal)
    await s.record(lambda c: _describe(c, s.run_id, deal, keys))
    s.say(f"version {opportunity.source.native_version if opportunity.source else 'unknown'}")
    return deal


async def guard(s: Scope, deal: Deal) -> Books:
    """All guards; `GuardsFailed` names every one that does not hold. Who passes holds the contract from then on."""
    seen, keys = await gathering.gather(s, deal), keys_of(s.platform.systems.name("crm"), deal)
    verdicts = guards.judge(deal, seen)
    s.say(guards.summary(verdicts))
    guards.refuse(verdicts)
    quicker = await s.record(lambda c: holding.take(c, keys.contract, keys.project))
    guards.refuse(guards.judge(deal, msgspec.structs.replace(seen, contract_holder=quicker)))
    await s.record(lambda c: at_risk.keep(c, keys.project, deal.contract, seen.today))
    await s.record(lambda c: outbox.emit(c, s.run_id, ProjectValidated(guards=guards.summary(verdicts))))
    periods = seen.entity.periods if seen.entity else []
    return Books(today=seen.today, closed=[period for period in periods if not period.open])


async def customer(s: Scope, deal: Deal) -> Party | None:
    """The ERP's customer of the deal. None when its account was merged since the guards saw it: read again."""
    crm, entity = s.platform.systems.name("crm"), deal.opportunity.legal_entity_id
    key = account_key(crm, deal.account)
    account = await s.ask("crm", Opportunities).account(deal.opportunity.account_id)
    if account_key(crm, account) != key:
        s.say(f"the account was merged into {account.legal_name} since the guards passed: read again")
        return None
    try:
        known = await debtors.debtor(s.watched(), key, entity)
        s.say(f"found {known.id}, nothing changed")
    except NotFound:
        known = await _made(s, deal, key)
    if not known.key:
        known = await _keyed(s, known, key, entity)
    system = s.platform.systems.name("erp", entity)
    await s.record(lambda c: journal.link_free(c, "customer", key, system, known.id))
    await s.record(lambda c: journal.link(c, "customer", key, crm, account.merged_into or account.id))
    places = [
        Place(system=crm, native_id=account.merged_into or account.id),
        Place(system=system, native_id=known.id, instance=entity, alt_key=known.key),
    ]
    await s.record(lambda c: account_matching.together(c, places, By("opportunity to project", s.run_id)))
    return Party(key=key, customer_id=known.id)


async def _made(s: Scope, deal: Deal, key: str) -> Debtor:
    """The customer of an account the books do not know: its lead's prospect, which gets its key, or a new one."""
    entity = deal.opportunity.legal_entity_id
    erp = s.ask("erp", Customers, entity)
    try:
        prospect, _ = await gathering.prospect(s, deal)
    except NotFound:
        data, under = customer_of(deal), await debtors.key_to_make(s.platform, key, entity)
        written = await s.settle(lambda: erp.upsert_customer(under, data), lambda: erp.customer_by_key(under, entity))
        s.say(f"created {written.id}")
        return Debtor(msgspec.structs.replace(data, id=written.id), under)
    try:
        port = s.ask("erp", CustomerKeys, entity)
    except NotBound as cannot:
        raise leads.unkeyed(s.platform.systems.name("erp", entity), prospect, key) from cannot
    await s.settle(lambda: leads.rekey(port, prospect, key), lambda: erp.customer_by_key(key, entity))
    s.say(f"{prospect.id} was its lead's: the account's from now on")
    return Debtor(prospect, key)


async def _keyed(s: Scope, known: Debtor, key: str, entity: str) -> Debtor:
    """A customer that was in the books before us has the account's key from now on, where they let us give it."""
    erp = s.ask("erp", Customers, entity)
    try:
        port = s.ask("erp", CustomerKeys, entity)
    except NotBound:
        return known
    await s.settle(lambda: leads.rekey(port, known.customer, key), lambda: erp.customer_by_key(key, entity))
    s.say(f"{known.id} was in the books without a key: it has the account's from now on")
    return msgspec.structs.replace(known, key=key)


async def contract(s: Scope, deal: Deal, keys: Keys, customer_id: str, status: str) -> str:
    """The contract as the ERP can bill it; a draft until the project is activated. One carried as signed stays."""
    entity = deal.opportunity.legal_entity_id
    erp = s.ask("erp", Contracts, entity)
    system, data = s.platform.systems.name("erp", entity), contract_of(deal, customer_id, status)
    try:
        there = await erp.contract_by_key(keys.contract)
        if there.amendment is not None:
            await s.record(lambda c: journal.link(c, "contract", keys.contract, system, there.id, there.number))
            s.say(f"{there.number} is {there.id}, as it was signed and carried")
            return there.id
        if there.status == "active":
            data = msgspec.structs.replace(data, status="active")
    except NotFound:
        pass
    written = await s.settle(
        lambda: erp.upsert_contract(keys.contract, data), lambda: erp.contract_by_key(keys.contract)
    )
    await s.record(lambda c: journal.link(c, "contract", keys.contract, system, written.id, data.number))
    s.say(f"{data.number} is {written.id}")
    return written.id


async def template(s: Scope, deal: Deal, books: Books | None = None) -> Plan:
    """Tasks, milestones and billing lines, from the contract type and the practice."""
    chosen, asked = plan(deal.opportunity, books), plan(deal.opportunity)
    moved = sum(line.due != wanted.due for line, wanted in zip(chosen.billing, asked.billing, strict=True))
    late = f"; {moved} billing lines of closed periods fall due on {books.today}" if moved and books else ""
    s.say(f"{chosen.template}{late}")
    return chosen


async def reserve(s: Scope, keys: Keys) -> str:
    """The project's code: the same again for the same deal."""
    code = await s.record(lambda c: codes.reserve(c, keys.project))
    await s.record(lambda c: journal.update_run(c, s.run_id, project_code=code))
    s.say(code)
    return code


async def erp_project(s: Scope, made: Made) -> str:
    """The project in the ERP, not open yet. Empty when the deal was edited since its guards passed: begin again."""
    fresh = await s.ask("crm", Opportunities).opportunity(made.deal.opportunity.id)
    if edition_of(fresh) != edition_of(made.deal.opportunity):
        s.say("the deal was edited since its guards passed: read again")
        return ""
    data = msgspec.structs.replace(project_of(made, made.customer_id), budget=await _worth(s, made))
    native = await _project_in(s, "erp", made, data)
    await s.record(lambda c: outbox.emit(c, s.run_id, ProjectCreated(project_code=made.code)))
    return native


async def psa_project(s: Scope, made: Made) -> str:
    """The project in the PSA, with its tasks and milestones; empty where there is no PSA."""
    if not s.bound("psa", made.entity):
        return ""
    data = project_of(made, made.keys.account)
    data = msgspec.structs.replace(
        data, tasks=made.plan.tasks, milestones=made.plan.milestones, budget=await _worth(s, made)
    )
    native = await _project_in(s, "psa", made, data)
    s.say(f"{native}: {len(data.tasks)} tasks, {len(data.milestones)} milestones")
    return native


async def billing(s: Scope, made: Made) -> None:
    """When the project is billed."""
    erp, key, data = s.ask("erp", BillingSchedules, made.entity), made.keys.billing, billing_of(made)
    worth, contract = await _worth(s, made), made.deal.contract
    if contract is not None and not data.total().same(worth):
        last = data.lines[-1]
        data = replanned(data, worth, msgspec.structs.replace(last, ref=f"a{contract.amendment}", name="Amendments"))
    written = await s.settle(lambda: erp.upsert_billing_schedule(key, data), lambda: erp.billing_schedule_by_key(key))
    system = s.platform.systems.name("erp", made.entity)
    await s.record(lambda c: journal.link(c, "billing_schedule", made.keys.project, system, written.id))
    s.say(f"{len(data.lines)} lines, {data.total()}")


async def people(s: Scope, made: Made) -> None:
    """A request for each role the deal needs; nobody is booked yet."""
    if not s.bound("psa", made.entity):
        return
    psa = s.ask("psa", ResourceDemands, made.entity)
    system = s.platform.systems.name("psa", made.entity)
    roles = made.deal.opportunity.role_demand
    for n, wanted in enumerate(roles, 1):
        key = made.keys.role(n)
        written = await s.settle(partial(psa.upsert_resource_demand, key, demand_of(made, wanted)))
        await s.record(partial(_demanded, run_id=s.run_id, key=key, system=system, native_id=written.id, wanted=wanted))
    s.say(f"{len(roles)} roles, {hours_of(made.deal.opportunity)} hours")


async def link(s: Scope, made: Made) -> None:
    """The project's ids, written to the deal."""
    crm, deal_id = s.platform.systems.name("crm"), made.deal.opportunity.id
    data = ProjectLink(
        project_code=made.code,
        erp_project_id=made.erp_project_id,
        psa_project_id=made.psa_project_id,
        erp_customer_id=made.customer_id,
    )
    await s.settle(lambda: s.ask("crm", Opportunities).link_project(deal_id, data))
    await s.record(lambda c: journal.link(c, "project", made.keys.project, crm, deal_id, made.code))
    s.say(f"project {made.code} on the deal")


async def activate(s: Scope, made: Made) -> None:
    """The point of no return: contract billable, projects open."""
    await contract(s, made.deal, made.keys, made.customer_id, "active")
    erp = s.ask("erp", Projects, made.entity)
    await s.settle(lambda: erp.set_project_stage(made.erp_project_id, _ACTIVE))
    if made.psa_project_id:
        psa = s.ask("psa", Projects, made.entity)
        await s.settle(lambda: psa.set_project_stage(made.psa_project_id, _ACTIVE))
    await s.record(lambda c: outbox.emit(c, s.run_id, ProjectActivated(project_code=made.code)))
    s.say("from here the run only goes forward")


async def workspace(s: Scope, made: Made) -> None:
    """Tell the project's people, in the PSA project's own workspace."""
    if not s.bound("psa", made.entity):
        return
    deal = made.deal.opportunity
    start, end = dates_of(deal)
    text = f"{made.code} {deal.name} is open. {deal.amount}, {start} to {end}."
    post = Message(key=f"{made.keys.project}:open", text=text)
    await s.settle(lambda: s.ask("psa", Workspaces, made.entity).post_message(made.psa_project_id, post))
    try:
        s.platform.systems.name("chat", made.entity)
        s.say("told the project's workspace")
    except NotBound as none:
        s.say(f"told the project's workspace; chat not applicable: {none.detail}")


async def verify(s: Scope, made: Made) -> None:
    """Read every system back, and record whether they agree; `Disagreement` when they do not."""
    s.say(await verification.verify(s, made.keys.project, made.keys.contract, made.deal.opportunity.id, made.entity))


async def _worth(s: Scope, made: Made) -> Money:
    """What the deal comes to: its amount; once its contract was amended, what that says by now."""
    contract, amount = made.deal.contract, made.deal.opportunity.amount
    if contract is None or not contract.amendment:
        return amount
    signed = await s.ask("crm", Agreements).agreement(contract.id)
    return signed.in_force(contract.amendment).value or amount


async def _project_in(s: Scope, role: str, made: Made, data: Project) -> str:
    """The project in one system, planned; one that is active already stays so."""
    system, key = s.ask(role, Projects, made.entity), made.keys.project
    try:
        if (await system.project_by_key(key)).stage == "active":
            data = msgspec.structs.replace(data, stage="active")
    except NotFound:
        pass
    written = await s.settle(lambda: system.upsert_project(key, data), lambda: system.project_by_key(key))
    name = s.platform.systems.name(role, made.entity)
    await s.record(lambda c: journal.link(c, "project", key, name, written.id, made.code))
    s.say(f"{made.code} is {written.id}")
    return written.id


def _demanded(
    connection: sa.Connection, *, run_id: str, key: str, system: str, native_id: str, wanted: RoleDemand
) -> None:
    journal.link(connection, "resource_demand", key, system, native_id)
    outbox.emit(connection, run_id, ResourceDemandCreated(role=wanted.role, hours=str(wanted.hours)))


def _describe(connection: sa.Connection, run_id: str, deal: Deal, keys: Keys) -> None:
    opportunity: Opportunity = deal.opportunity
    journal.update_run(
        connection,
        run_id,
        title=opportunity.name,
        customer=deal.account.legal_name,
        account_key=keys.account,
        contract_key=keys.contract,
        legal_entity=opportunity.legal_entity_id,
        amount=str(opportunity.amount.amount),
        currency=opportunity.amount.currency,
        source_version=edition_of(opportunity),
    )
