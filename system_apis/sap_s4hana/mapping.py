"""SAP S/4HANA <-> canonical. Pure: what a legal entity is in SAP's words (`wire.Entity`) comes in as an argument."""

from decimal import Decimal
from typing import Final

from canonical.base import Source, Xref
from canonical.faults import Drifted, FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import (
    BillingLine,
    BillingSchedule,
    LegalEntity,
    Period,
    Project,
)
from system_apis.sap_s4hana import codes, wire
from system_apis.sap_s4hana.lengths import (
    ITEM_TEXT,
    OWN,
    PROJECT_CODE,
    PROJECT_NAME,
)
from system_apis.sap_s4hana.odata import SYSTEM, day, moment, written

ONE: Final = Decimal(1)
UNIT: Final = "EA"
_METHODS: Final = ("milestone", "monthly", "on_completion")


def legal_entity(found: wire.Entity, company: wire.CompanyCode) -> LegalEntity:
    """A company code, with the zone, the partners and the periods that our own service adds."""
    return LegalEntity(
        id=company.company_code,
        legal_entity_id=found.code,
        xrefs=xrefs(company.company_code, found.code),
        source=Source(system=SYSTEM),
        code=found.code,
        legal_name=company.company_code_name,
        country=company.country,
        functional_currency=company.currency,
        time_zone=found.time_zone,
        intercompany_partners=[code for code in found.intercompany_partners.split(";") if code],
        periods=[
            Period(
                name=each.fiscal_year_period,
                start=each.start_date,
                end=each.end_date,
                open=each.is_open,
            )
            for each in found.periods
        ],
    )


def project(found: wire.Project, *, legal_entity: str) -> Project:
    """A project. Tasks and milestones are the PSA's and are not kept here."""
    stage = codes.stage(found.processing_status, found.tg_stage_pph)
    budget = found.tg_budget_pph
    return Project(
        id=found.project_uuid,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.project_uuid, found.tg_key_pph),
        source=source(found.metadata, found.last_change_date_time),
        lifecycle="closed" if stage in ("closed", "cancelled") else "active",
        code=found.project,
        name=found.project_description,
        account_id=found.tg_customer_pph,
        contract_id=found.tg_contract_pph,
        opportunity_id=found.tg_opportunity_pph,
        stage=stage,
        currency=found.project_currency,
        budget=None if budget is None else money(budget, found.project_currency),
        billing_method=codes.contract_type(found.tg_method_pph),
        start=day(found.project_start_date),
        end=day(found.project_end_date),
        practice=found.tg_practice_pph,
        project_manager=found.tg_manager_pph,
    )


def project_draft(key: str, data: Project, entity: wire.Entity) -> wire.ProjectDraft:
    """What a create writes: the project, and the one element that orders are assigned to."""
    code = whole(data.code, PROJECT_CODE, "/code", system=SYSTEM)
    name = cut(data.name, PROJECT_NAME)
    return wire.ProjectDraft(
        tg_stage_pph=data.stage,
        project_description=name,
        project_start_date=written(data.start),
        project_end_date=written(data.end),
        tg_customer_pph=data.account_id,
        tg_contract_pph=data.contract_id,
        tg_opportunity_pph=data.opportunity_id,
        tg_method_pph=data.billing_method,
        tg_budget_pph=data.budget.amount if data.budget else None,
        tg_manager_pph=data.project_manager,
        tg_practice_pph=data.practice,
        project=code,
        project_profile_code="YP03",
        project_currency=data.currency,
        responsible_cost_center=entity.responsible_cost_center,
        profit_center=entity.profit_center,
        tg_key_pph=key,
        to_enterprise_project_element=[
            wire.ElementDraft(
                project_element=element_of(code),
                project_element_description=name,
                planned_start_date=written(data.start),
                planned_end_date=written(data.end),
            )
        ],
    )


def element_of(code: str) -> str:
    """The element of a project that what it bills is assigned to."""
    return f"{code}-PLAN"


def billing_schedule(found: wire.Order, *, legal_entity: str) -> BillingSchedule:
    """What of a project is billed: an order, each item one line with a billing plan of one date."""
    method = found.tg_method_sdh
    return BillingSchedule(
        id=found.sales_order,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.sales_order, found.tg_key_sdh),
        source=source(found.metadata, found.last_change_date_time),
        name=found.tg_name_sdh,
        project_id=found.tg_project_sdh,
        currency=found.transaction_currency,
        method=next((known for known in _METHODS if known == method), "milestone"),
        lines=[line for item in found.to_item.results for line in _lines(item, found.transaction_currency)],
    )


def order_draft(key: str, data: BillingSchedule, job: wire.Project, entity: wire.Entity) -> wire.OrderDraft:
    """What a create writes."""
    return wire.OrderDraft(
        tg_name_sdh=cut(data.name, OWN),
        tg_method_sdh=data.method,
        sales_order_type="OR",
        sales_organization=entity.sales_organization,
        distribution_channel=entity.distribution_channel,
        organization_division=entity.organization_division,
        sold_to_party=job.tg_customer_pph,
        transaction_currency=data.currency,
        tg_key_sdh=key,
        tg_project_sdh=job.project_uuid,
        to_item=[order_item(line, job) for line in data.lines],
    )


def plan_block(found: str, *, ordered: bool) -> str:
    """The billing block of a plan: ours while an order of the quote bills the deal; what people set stays."""
    if ordered:
        return found or codes.BILLING_BLOCK
    return "" if found == codes.BILLING_BLOCK else found


def order_item(line: BillingLine, job: wire.Project) -> wire.OrderItemDraft:
    """One line: an item of the project, with the day it is billed on."""
    return wire.OrderItemDraft(
        sales_order_item_text=cut(f"{line.ref}: {line.name}", ITEM_TEXT),
        material=codes.MATERIAL,
        requested_quantity=ONE,
        requested_quantity_unit=UNIT,
        wbs_element=element_of(job.project),
        to_billing_plan=[
            wire.PlanDraft(
                to_billing_plan_item=[
                    wire.PlanItemHead(
                        billing_plan_billing_date=written(line.due), billing_plan_amount=line.amount.amount
                    )
                ]
            )
        ],
    )


def _lines(item: wire.OrderItem, currency: str) -> list[BillingLine]:
    ref, _, name = item.sales_order_item_text.partition(": ")
    return [
        BillingLine(ref=ref, name=name, due=due, amount=money(dated.billing_plan_amount, currency))
        for plan in item.to_billing_plan.results
        for dated in plan.to_billing_plan_item.results
        if (due := day(dated.billing_plan_billing_date)) and dated.billing_plan_amount is not None
    ]


def money(amount: Decimal, currency: str) -> Money:
    """An amount SAP said; `Drifted` for a text that is a number and no amount, such as `NaN`."""
    if not amount.is_finite():
        raise Drifted(f"{amount} is no amount", system=SYSTEM)
    return Money(amount=amount, currency=currency)


def _needed(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])


def xrefs(native_id: str, key: str) -> list[Xref]:
    """Where a record lives in SAP."""
    return [Xref(system=SYSTEM, native_id=native_id, alt_key=key)]


def source(metadata: wire.Metadata, changed: str | None) -> Source:
    """The version it was read at."""
    return Source(system=SYSTEM, native_version=metadata.etag, updated_at=moment(changed))
