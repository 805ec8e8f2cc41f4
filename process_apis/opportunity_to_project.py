"""Opportunity to project: a won deal becomes a customer, a contract, a staffed and billable project.

    receive -> re-read -> guard -> customer -> contract -> template -> code -> ERP project -> PSA project -> billing plan
            -> people -> link back -> activate -> workspace -> verify

Safe to run twice: the run's id is the opportunity's and its winning, and every step looks up before it writes. Nothing
is written before all guards hold. Up to the activation a run can be undone; from there it only goes forward.
"""

from decimal import Decimal
from functools import partial
from typing import Annotated, Final

import msgspec
import sqlalchemy as sa
from dbos import DBOS

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.dates import business_date, now
from canonical.faults import Conflict, Fault, GuardsFailed, NotBound, NotFound
from canonical.money import Money
from canonical.objects import (
    BillingSchedule,
    Contract,
    Customer,
    LegalEntity,
    Opportunity,
    Project,
    ProjectLink,
    ProjectStage,
    ResourceDemand,
    RoleDemand,
)
from canonical.ports.processes import OpportunityToProjects
from canonical.ports.systems import (
    BillingSchedules,
    Contracts,
    Customers,
    LegalEntities,
    Message,
    Opportunities,
    Projects,
    ResourceDemands,
    StageChange,
    Workspaces,
)
from foundation.api import Api
from process_apis import ProcessApi, cases, codes, guards, journal, verification
from process_apis.guards import Deal, Evidence
from process_apis.journal import StepName
from process_apis.operating import Operating, Workflow
from process_apis.opportunity_to_project_undo import undo_opportunity_to_project
from process_apis.platform import here
from process_apis.steps import Scope, step
from process_apis.templates import Plan, dates_of, plan

NAME: Final = "opportunity_to_project"
PIVOT: Final = 13
"""From this step on the run only goes forward."""
READS: Final = 3
"""How often a deal edited while it is worked on is read again, before a person is asked."""
STEPS: Final = [
    StepName("receive", "Deal won"),
    StepName("read", "Read deal, account, quote and contract again"),
    StepName("guard", "Guards"),
    StepName("customer", "Make sure the customer exists"),
    StepName("contract", "Make sure the contract exists"),
    StepName("template", "Choose the template"),
    StepName("code", "Reserve the project code"),
    StepName("erp_project", "Create the project, inactive"),
    StepName("psa_project", "Create project, tasks, milestones"),
    StepName("billing", "Billing schedule"),
    StepName("people", "Ask for people"),
    StepName("link", "Link the ids to the deal"),
    StepName("activate", "Activate"),
    StepName("workspace", "Workspace and messages"),
    StepName("verify", "Check that all systems agree"),
]


class Keys(Value, frozen=True, kw_only=True):
    """The business keys of one deal, the same in every system and every winning."""

    project: Annotated[str, PUBLIC]
    account: Annotated[str, PUBLIC]
    contract: Annotated[str, PUBLIC]


class Made(Value, frozen=True, kw_only=True):
    """What the steps have made so far."""

    deal: Deal
    keys: Keys
    plan: Plan
    customer_id: Annotated[str, PUBLIC] = ""
    code: Annotated[str, PUBLIC] = ""
    erp_project_id: Annotated[str, PUBLIC] = ""
    psa_project_id: Annotated[str, PUBLIC] = ""

    @property
    def entity(self) -> str:
        """The selling legal entity's code."""
        return self.deal.opportunity.legal_entity_id


class Party(Value, frozen=True, kw_only=True):
    """The customer after step 4: merged accounts followed, known to the ERP."""

    account: Customer
    key: Annotated[str, PUBLIC]
    customer_id: Annotated[str, PUBLIC]


@DBOS.workflow(name=f"{NAME}.v1", max_recovery_attempts=1000)
async def opportunity_to_project(opportunity_id: str) -> str:
    """One run, under the workflow id `o2p:{crm}:{opportunity_id}:{winning}`; answers its final status."""
    try:
        return await _flow(opportunity_id)
    except GuardsFailed as refused:
        await cases.end_refused(refused)
        return "refused"
    except Fault as fault:
        await cases.end_failed(fault)
        raise


async def _flow(opportunity_id: str) -> str:
    await step(1, "receive", lambda s: receive(s, opportunity_id))
    made, project_id = await _up_to_the_erp_project(opportunity_id, READS)
    if made is None:
        await cases.end_cancelled(Conflict("The deal is not won any more; nothing was activated."))
        return "cancelled"
    made = msgspec.structs.replace(made, erp_project_id=project_id)
    return await _from_the_psa_project_on(made)


async def _from_the_psa_project_on(made: Made) -> str:
    """Steps 9 to 15, on a deal that stays as its guards saw it."""
    project_id = await step(9, "psa_project", lambda s: psa_project(s, made), system=_name("psa", made.entity))
    made = msgspec.structs.replace(made, psa_project_id=project_id)
    await step(10, "billing", lambda s: billing(s, made), system=_name("erp", made.entity))
    await step(11, "people", lambda s: people(s, made), system=_name("psa", made.entity))
    await step(12, "link", lambda s: link(s, made), system=_name("crm"))
    await step(13, "activate", lambda s: activate(s, made), system=_name("erp", made.entity))
    await step(14, "workspace", lambda s: workspace(s, made), system=_name("psa", made.entity))
    await step(15, "verify", lambda s: verify(s, made))
    await cases.end_succeeded()
    return "succeeded"


async def _up_to_the_erp_project(opportunity_id: str, readings: int) -> tuple[Made | None, str]:
    """Steps 2 to 8, again as often as the deal is edited between its guards and the first project; None: not won."""
    deal = await step(2, "read", lambda s: read(s, opportunity_id), system=_name("crm"))
    if deal.opportunity.stage.category != "won":
        return None, ""
    made = await _before_the_projects(deal)
    project_id = await step(8, "erp_project", lambda s: erp_project(s, made), system=_name("erp", made.entity))
    if project_id:
        return made, project_id
    if readings <= 1:
        raise Conflict("The deal is being edited again and again; nobody knows which amount is meant.")
    return await _up_to_the_erp_project(opportunity_id, readings - 1)


async def _before_the_projects(deal: Deal) -> Made:
    """Steps 3 to 7: nothing of them is lost when the deal turns out to be edited, all are repeated safely."""
    entity = deal.opportunity.legal_entity_id
    await step(3, "guard", lambda s: guard(s, deal))
    party = await step(4, "customer", lambda s: customer(s, deal), system=_name("erp", entity))
    deal = msgspec.structs.replace(deal, account=party.account)
    keys = keys_of(deal)
    await step(5, "contract", lambda s: contract(s, deal, party, "draft"), system=_name("erp", entity))
    planned = await step(6, "template", lambda s: template(s, deal))
    code = await step(7, "code", lambda s: reserve(s, keys))
    return Made(deal=deal, keys=keys, plan=planned, customer_id=party.customer_id, code=code)


async def receive(s: Scope, opportunity_id: str) -> None:
    """Say that it was asked for."""
    await s.record(lambda c: journal.emit(c, s.run_id, "project.requested", {"opportunity_id": opportunity_id}))
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
    await s.record(lambda c: _describe(c, s.run_id, deal))
    s.say(f"version {opportunity.source.native_version if opportunity.source else 'unknown'}")
    return deal


async def guard(s: Scope, deal: Deal) -> None:
    """All guards; `GuardsFailed` names every one that does not hold."""
    seen = await gather(s, deal)
    verdicts = guards.judge(deal, seen)
    s.say(guards.summary(verdicts))
    guards.refuse(verdicts)
    await s.record(lambda c: journal.emit(c, s.run_id, "project.validated", {"guards": guards.summary(verdicts)}))


async def gather(s: Scope, deal: Deal) -> Evidence:
    """What the guards need to know from the ERP and from ourselves."""
    code = deal.opportunity.legal_entity_id
    entity: LegalEntity | None = None
    erp_customer, profile = None, None
    try:
        entity = await s.ask("erp", LegalEntities, code).legal_entity(code)
        customers = s.ask("erp", Customers, code)
        erp_customer = await customers.customer_by_key(keys_of(deal).account)
        profile = await customers.tax_profile(keys_of(deal).account)
    except (NotFound, NotBound):
        pass  # an entity without an ERP, or a customer it does not know yet: the guards judge what is missing
    unbound = {}
    for role in ("hr", "screening", "rates"):
        try:
            s.platform.systems.name(role, code)
        except NotBound as none:
            unbound[role] = none.detail
    own = await s.record(lambda c: codes.code_of(c, keys_of(deal).project))
    today = business_date(now(), entity.time_zone) if entity else now().date()
    return Evidence(
        entity=entity,
        erp_customer=erp_customer,
        tax_profile=profile,
        own_project_code=own,
        today=today,
        unbound=unbound,
    )


async def customer(s: Scope, deal: Deal) -> Party:
    """The ERP's customer of the deal, following a merge that happened since the deal was read."""
    account = await s.ask("crm", Opportunities).account(deal.opportunity.account_id)
    account = msgspec.structs.replace(account, id=account.merged_into or account.id)
    key = f"{_name('crm')}:{account.id}"
    entity = deal.opportunity.legal_entity_id
    erp = s.ask("erp", Customers, entity)
    try:
        native, what = (await erp.customer_by_key(key)).id, "found {}, nothing changed"
    except NotFound:
        data = msgspec.structs.replace(
            account, legal_entity_id=entity, default_currency=deal.opportunity.amount.currency
        )
        written = await s.settle(lambda: erp.upsert_customer(key, data), lambda: erp.customer_by_key(key))
        native, what = written.id, "created {}"
    system = s.platform.systems.name("erp", entity)
    await s.record(lambda c: journal.link(c, "customer", key, system, native))
    await s.record(lambda c: journal.link(c, "customer", key, _name("crm"), account.id))
    await s.record(lambda c: journal.update_run(c, s.run_id, account_key=key, customer=account.legal_name))
    s.say(what.format(native))
    return Party(account=account, key=key, customer_id=native)


async def contract(s: Scope, deal: Deal, party: Party, status: str) -> str:
    """The contract as the ERP can bill it; a draft until the project is activated."""
    entity, keys = deal.opportunity.legal_entity_id, keys_of(deal)
    erp = s.ask("erp", Contracts, entity)
    data = _contract(deal, party.customer_id, status)
    try:
        there = await erp.contract_by_key(keys.contract)
        if there.status == "active":
            data = msgspec.structs.replace(data, status="active")
    except NotFound:
        pass
    written = await s.settle(
        lambda: erp.upsert_contract(keys.contract, data), lambda: erp.contract_by_key(keys.contract)
    )
    system = s.platform.systems.name("erp", entity)
    await s.record(lambda c: journal.link(c, "contract", keys.project, system, written.id, data.number))
    s.say(f"{data.number} is {written.id}")
    return written.id


async def template(s: Scope, deal: Deal) -> Plan:
    """Tasks, milestones and billing lines, from the contract type and the practice."""
    chosen = plan(deal.opportunity)
    s.say(chosen.template)
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
    if _version(fresh) != _version(made.deal.opportunity):
        s.say("the deal was edited since its guards passed: read again")
        return ""
    data = _project(made, account_id=made.customer_id)
    native = await _project_in(s, "erp", made, data)
    await s.record(lambda c: journal.emit(c, s.run_id, "project.created", {"project_code": made.code}))
    return native


async def psa_project(s: Scope, made: Made) -> str:
    """The project in the PSA, with its tasks and milestones."""
    data = _project(made, account_id=made.keys.account)
    data = msgspec.structs.replace(data, tasks=made.plan.tasks, milestones=made.plan.milestones)
    native = await _project_in(s, "psa", made, data)
    s.say(f"{native}: {len(data.tasks)} tasks, {len(data.milestones)} milestones")
    return native


async def billing(s: Scope, made: Made) -> None:
    """When the project is billed. The lines sum to the deal's amount."""
    erp, key = s.ask("erp", BillingSchedules, made.entity), f"{made.keys.project}:billing"
    data = BillingSchedule(
        legal_entity_id=made.entity,
        name=f"{made.code} {made.deal.opportunity.name}",
        project_id=made.erp_project_id,
        currency=made.deal.opportunity.amount.currency,
        method=made.plan.billing_method,
        lines=made.plan.billing,
    )
    written = await s.settle(lambda: erp.upsert_billing_schedule(key, data), lambda: erp.billing_schedule_by_key(key))
    system = s.platform.systems.name("erp", made.entity)
    await s.record(lambda c: journal.link(c, "billing_schedule", made.keys.project, system, written.id))
    s.say(f"{len(data.lines)} lines, {data.total()}")


async def people(s: Scope, made: Made) -> None:
    """A request for each role the deal needs; nobody is booked yet."""
    psa = s.ask("psa", ResourceDemands, made.entity)
    start, end = dates_of(made.deal.opportunity)
    system = s.platform.systems.name("psa", made.entity)
    for n, wanted in enumerate(made.deal.opportunity.role_demand, 1):
        key = f"{made.keys.project}:role{n}"
        data = ResourceDemand(
            legal_entity_id=made.entity,
            project_id=made.psa_project_id,
            role=wanted.role,
            hours=wanted.hours,
            start=wanted.start or start,
            end=wanted.end or end,
        )
        written = await s.settle(partial(psa.upsert_resource_demand, key, data))
        await s.record(partial(_demanded, run_id=s.run_id, key=key, system=system, native_id=written.id, wanted=wanted))
    hours = sum((role.hours for role in made.deal.opportunity.role_demand), Decimal(0))
    s.say(f"{len(made.deal.opportunity.role_demand)} roles, {hours} hours")


async def link(s: Scope, made: Made) -> None:
    """The project's ids, written to the deal."""
    data = ProjectLink(
        project_code=made.code,
        erp_project_id=made.erp_project_id,
        psa_project_id=made.psa_project_id,
        erp_customer_id=made.customer_id,
    )
    await s.settle(lambda: s.ask("crm", Opportunities).link_project(made.deal.opportunity.id, data))
    await s.record(
        lambda c: journal.link(c, "project", made.keys.project, _name("crm"), made.deal.opportunity.id, made.code)
    )
    s.say("4 fields on the deal")


async def activate(s: Scope, made: Made) -> None:
    """The point of no return: contract billable, both projects open."""
    await contract(
        s, made.deal, Party(account=made.deal.account, key=made.keys.account, customer_id=made.customer_id), "active"
    )
    wanted = StageChange(stage="active")
    erp, psa = s.ask("erp", Projects, made.entity), s.ask("psa", Projects, made.entity)
    await s.settle(lambda: erp.set_project_stage(made.erp_project_id, wanted))
    await s.settle(lambda: psa.set_project_stage(made.psa_project_id, wanted))
    await s.record(lambda c: journal.emit(c, s.run_id, "project.activated", {"project_code": made.code}))
    s.say("from here the run only goes forward")


async def workspace(s: Scope, made: Made) -> None:
    """Tell the project's people, in the PSA project's own workspace."""
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


def keys_of(deal: Deal) -> Keys:
    """Our keys: the CRM's name and its ids."""
    crm = _name("crm")
    return Keys(
        project=f"{crm}:{deal.opportunity.id}",
        account=f"{crm}:{deal.account.merged_into or deal.account.id}",
        contract=f"{crm}:{deal.contract.id}" if deal.contract else f"{crm}:{deal.opportunity.id}:contract",
    )


async def _project_in(s: Scope, role: str, made: Made, data: Project) -> str:
    """The project in one system, planned; one that is active already stays so."""
    system, key = s.ask(role, Projects, made.entity), made.keys.project
    try:
        there = await system.project_by_key(key)
        if there.stage == "active":
            data = msgspec.structs.replace(data, stage="active")
    except NotFound:
        pass
    written = await s.settle(lambda: system.upsert_project(key, data), lambda: system.project_by_key(key))
    name = s.platform.systems.name(role, made.entity)
    await s.record(lambda c: journal.link(c, "project", key, name, written.id, made.code))
    s.say(f"{made.code} is {written.id}")
    return written.id


def _project(made: Made, account_id: str) -> Project:
    deal = made.deal.opportunity
    start, end = dates_of(deal)
    stage: ProjectStage = "planned"
    return Project(
        legal_entity_id=made.entity,
        code=made.code,
        name=deal.name,
        account_id=account_id,
        contract_id=made.keys.contract,
        opportunity_id=deal.id,
        stage=stage,
        currency=deal.amount.currency,
        budget=deal.amount,
        billing_method=deal.contract_type,
        start=start,
        end=end,
        practice=deal.practice,
        project_manager=deal.project_manager,
    )


def _contract(deal: Deal, customer_id: str, status: str) -> Contract:
    opportunity = deal.opportunity
    signed = deal.contract or Contract(number=opportunity.id, account_id="", currency=opportunity.amount.currency)
    return msgspec.structs.replace(
        signed,
        account_id=customer_id,
        legal_entity_id=opportunity.legal_entity_id,
        title=opportunity.name,
        opportunity_id=opportunity.id,
        currency=opportunity.amount.currency,
        value=Money(amount=opportunity.amount.amount, currency=opportunity.amount.currency),
        billing_method=opportunity.contract_type,
        po_number=opportunity.po_number or signed.po_number,
        payment_terms=signed.payment_terms or deal.account.payment_terms,
        status=status,
    )


def _demanded(
    connection: sa.Connection, *, run_id: str, key: str, system: str, native_id: str, wanted: RoleDemand
) -> None:
    journal.link(connection, "resource_demand", key, system, native_id)
    said = {"role": wanted.role, "hours": str(wanted.hours)}
    journal.emit(connection, run_id, "resource.demand.created", said)


def _describe(connection: sa.Connection, run_id: str, deal: Deal) -> None:
    opportunity = deal.opportunity
    journal.update_run(
        connection,
        run_id,
        title=opportunity.name,
        customer=deal.account.legal_name,
        account_key=keys_of(deal).account,
        legal_entity=opportunity.legal_entity_id,
        amount=str(opportunity.amount.amount),
        currency=opportunity.amount.currency,
        source_version=_version(opportunity),
    )


def _version(opportunity: Opportunity) -> str:
    return opportunity.source.native_version if opportunity.source else ""


def _name(role: str, entity: str = "") -> str:
    """The bound system's name; empty when nothing is bound (the step itself then says so)."""
    try:
        return here().systems.name(role, entity)
    except NotBound:
        return ""


WORKFLOW: Final = Workflow(
    name=NAME, prefix="o2p", steps=STEPS, pivot=PIVOT, run=opportunity_to_project, undo=undo_opportunity_to_project
)
PROCESS_API: Final = ProcessApi(
    api=Api(
        name="opportunity-to-project",
        layer="process",
        title="Opportunity to project",
        description="A won deal becomes a customer, a contract, a staffed and billable project.",
        ports=(OpportunityToProjects,),
    ),
    implement=lambda platform: Operating(platform, WORKFLOW),
)
