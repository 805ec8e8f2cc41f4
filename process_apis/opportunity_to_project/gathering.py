"""What the guards of opportunity-to-project look at besides the deal, read from ERP and PSA and from ourselves."""

from canonical.dates import business_date, now
from canonical.faults import NotBound, NotFound, Unsupported
from canonical.objects import Customer, LegalEntity, RateCard
from canonical.ports.effort import RateCards
from canonical.ports.leads import Leads
from canonical.ports.systems import Customers, LegalEntities
from process_apis.account_sync import debtors, leads
from process_apis.opportunity_to_project import codes, holding
from process_apis.opportunity_to_project.guards import Deal, Evidence
from process_apis.opportunity_to_project.objects import keys_of
from process_apis.paging import pages
from process_apis.rate_cards import BY_THE_HOUR
from process_apis.staffing.known import employed
from process_apis.steps import Scope


async def gather(s: Scope, deal: Deal) -> Evidence:
    """What the guards need to know from the ERP and from ourselves."""
    code, keys = deal.opportunity.legal_entity_id, keys_of(s.platform.systems.name("crm"), deal)
    entity: LegalEntity | None = None
    erp_customer, profile = None, None
    try:
        entity = await s.ask("erp", LegalEntities, code).legal_entity(code)
        customers = s.ask("erp", Customers, code)
        try:
            known = await debtors.debtor(s.watched(), keys.account, code)
            erp_customer, known_as = known.customer, known.key
        except NotFound:
            erp_customer, known_as = await prospect(s, deal)
        profile = await customers.tax_profile(known_as, code) if known_as else None
    except (NotFound, NotBound):
        pass  # an entity without an ERP, or a customer it does not know yet: the guards judge what is missing
    alike = await debtors.doubts(s.platform, keys.account, code) if entity and erp_customer is None else []
    others = [each for each in deal.opportunity.delivery_entities if each != code]
    delivering = {each: await _entity(s, each) for each in others if s.platform.systems.plays("erp", each)}
    cards, no_rates = await _rate_cards(s, deal)
    manager = deal.opportunity.project_manager
    return Evidence(
        entity=entity,
        erp_customer=erp_customer,
        tax_profile=profile,
        alike=alike,
        delivering=delivering,
        own_project_code=await s.record(lambda c: codes.code_of(c, keys.project)),
        contract_holder=await s.record(lambda c: holding.other(c, keys.contract, keys.project)),
        today=business_date(now(), entity.time_zone) if entity else now().date(),
        rate_cards=cards,
        no_rates=no_rates,
        employed=await s.record(lambda c: employed(c, code, [manager])),
    )


async def _rate_cards(s: Scope, deal: Deal) -> tuple[list[RateCard], str]:
    """The PSA's price lists, where the deal is billed by the hour; or why none can be read."""
    if deal.opportunity.contract_type not in BY_THE_HOUR:
        return [], ""
    try:
        listed = s.ask("psa", RateCards, deal.opportunity.legal_entity_id).rate_cards
        return [each async for page in pages(listed) for each in page], ""
    except (NotBound, Unsupported) as no:
        return [], no.detail


async def _entity(s: Scope, code: str) -> LegalEntity | None:
    try:
        return await s.ask("erp", LegalEntities, code).legal_entity(code)
    except NotFound:
        return None


async def prospect(s: Scope, deal: Deal) -> tuple[Customer, str]:
    """Whom the books know under the key of a lead this deal came of, and that key. `NotFound` when nobody."""
    entity, crm = deal.opportunity.legal_entity_id, s.platform.systems.name("crm")
    try:
        came_of = await leads.leads_of(s.ask("crm", Leads), deal.opportunity.id)
    except NotBound as none:
        raise NotFound("The CRM has no leads.") from none
    keys = leads.lead_keys(crm, came_of)
    prospect = await leads.known_as(s.ask("erp", Customers, entity), keys, entity)
    if prospect is None:
        raise NotFound("The books know nobody under a key of its leads.")
    return prospect, next(x.alt_key for x in prospect.xrefs if x.alt_key in keys)
