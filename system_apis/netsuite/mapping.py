"""NetSuite <-> canonical. Pure: what needs a look-up (`References`) comes in as an argument."""

from datetime import datetime
from typing import Final

from canonical.base import Source, Xref
from canonical.faults import FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.money import Money
from canonical.objects import (
    Address,
    BillingLine,
    BillingSchedule,
    Contract,
    Credit,
    Customer,
    LegalEntity,
    Period,
    Project,
    ProjectStage,
    TaxProfile,
    TaxRegistration,
)
from foundation.vendor_values import money
from system_apis.netsuite import codes, wire
from system_apis.netsuite.lengths import ADDRESS, CITY, CODE, MEMO, NAME, PO_NUMBER, TAX_NUMBER

SYSTEM: Final = "netsuite"


def customer(found: wire.Customer, *, legal_entity: str, currency: str) -> Customer:
    """A debtor. Tax country and scheme stand in custom fields; without them the billing address decides."""
    return Customer(
        id=found.id,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.id, found.external_id),
        source=source(found.last_modified_date),
        lifecycle="closed" if found.is_inactive else "active",
        legal_name=found.company_name,
        trading_name=found.company_name,
        number=found.entity_id,
        addresses=[_address(line) for line in found.address_book.items],
        tax_registrations=_registrations(found),
        default_currency=currency,
        payment_terms=found.terms.ref_name,
        credit=_credit(found, currency),
        email=found.email,
    )


def tax_profile(found: wire.Customer, *, legal_entity: str) -> TaxProfile:
    """The tax standing NetSuite knows: with a registration number it is valid, without one unverified."""
    registrations = _registrations(found)
    return TaxProfile(
        id=found.id,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.id, found.external_id),
        source=source(found.last_modified_date),
        account_id=found.id,
        jurisdiction=_tax_country(found),
        registrations=registrations,
        status="valid" if registrations else "unverified",
    )


def customer_draft(
    data: Customer, *, subsidiary: str, currency: str, terms: str, billing_line: int | None
) -> wire.CustomerDraft:
    """What an upsert writes. `billing_line` is the address line to overwrite, None to add one."""
    bill = next((address for address in data.addresses if address.role == "bill"), None)
    tax = _foremost(data.tax_registrations, bill)
    return wire.CustomerDraft(
        company_name=cut(data.legal_name, NAME),
        is_person=False,
        subsidiary=wire.Ref(id=subsidiary),
        currency=wire.Ref(id=currency),
        email=data.email or None,
        vat_reg_number=whole(tax.number, TAX_NUMBER, "/tax_registrations/0/number", system=SYSTEM) if tax else None,
        custentity_tg_tax_country=tax.country if tax else None,
        custentity_tg_tax_scheme=tax.scheme if tax else None,
        terms=wire.Ref(id=terms) if terms else None,
        address_book=wire.AddressBook(items=[_address_line(bill, billing_line)]) if bill else None,
    )


def contract(found: wire.SalesOrder, *, legal_entity: str, currency: str) -> Contract:
    """A contract, kept as a sales order. Its value is the subtotal: NetSuite's `total` includes tax."""
    status = codes.order_meaning(found.order_status.id)
    return Contract(
        id=found.id,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.id, found.external_id),
        source=source(found.last_modified_date),
        lifecycle="closed" if status == "cancelled" else "active",
        number=found.custbody_tg_contract or found.tran_id,
        account_id=found.entity.id,
        title=found.memo,
        opportunity_id=found.custbody_tg_opportunity,
        currency=currency,
        value=money(found.subtotal, currency, system=SYSTEM),
        billing_method=codes.contract_type(found.custbody_tg_method),
        start=found.start_date,
        end=found.end_date,
        signed_at=found.custbody_tg_signed,
        po_number=found.other_ref_num,
        payment_terms=found.terms.ref_name,
        status=status,
        amendment=found.custbody_tg_amendment,
        document_hash=found.custbody_tg_document,
    )


def contract_draft(data: Contract, *, subsidiary: str, currency: str, terms: str) -> wire.SalesOrderDraft:
    """What an upsert writes: one service line of the whole value, closed when the contract is.

    Where an order of a quote bills the contract, its lines are left as they are.
    """
    if data.value is None:
        raise Invalid(errors=[FieldError(detail="an order in NetSuite needs a value", pointer="/value")])
    over = data.status in ("cancelled", "expired")
    return wire.SalesOrderDraft(
        entity=wire.Ref(id=data.account_id),
        subsidiary=wire.Ref(id=subsidiary),
        currency=wire.Ref(id=currency),
        order_status=wire.Ref(id=codes.order_status(data.status)),
        other_ref_num=whole(data.po_number, PO_NUMBER, "/po_number", system=SYSTEM) or None,
        memo=cut(data.title, MEMO) or None,
        start_date=data.start,
        end_date=data.end,
        custbody_tg_contract=data.number,
        custbody_tg_opportunity=data.opportunity_id or None,
        custbody_tg_method=data.billing_method,
        custbody_tg_signed=data.signed_at,
        item=None if data.order_id else _one_line(data, data.value, over=over),
        terms=wire.Ref(id=terms) if terms else None,
    )


def _one_line(data: Contract, value: Money, *, over: bool) -> wire.OrderLines:
    line = wire.OrderLine(
        item=wire.Ref(external_id=wire.SERVICE_ITEM),
        quantity=1,
        amount=value.amount,
        description=cut(data.title, MEMO),
        is_closed=over,
    )
    return wire.OrderLines(items=[line])


def project(found: wire.Job, *, legal_entity: str, currency: str) -> Project:
    """A project, NetSuite's `job`. Tasks and milestones are the PSA's and are not kept here."""
    budget = found.estimated_revenue
    stage = codes.stage(found.entity_status.id, inactive=found.is_inactive)
    return Project(
        id=found.id,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.id, found.external_id),
        source=source(found.last_modified_date),
        lifecycle="closed" if stage in ("closed", "cancelled") else "active",
        code=found.entity_id,
        name=found.company_name,
        account_id=found.parent.id,
        contract_id=found.custentity_tg_contract,
        opportunity_id=found.custentity_tg_opportunity,
        stage=stage,
        currency=currency,
        budget=None if budget is None else money(budget, currency, system=SYSTEM),
        billing_method=codes.contract_type(found.custentity_tg_method),
        start=found.start_date,
        end=found.projected_end_date,
        practice=found.custentity_tg_practice,
        project_manager=found.custentity_tg_pm,
    )


def job_draft(data: Project, *, subsidiary: str, currency: str) -> wire.JobDraft:
    """What an upsert writes."""
    stage = job_stage(data.stage)
    return wire.JobDraft(
        company_name=cut(data.name, NAME),
        entity_id=whole(data.code, CODE, "/code", system=SYSTEM),
        parent=wire.Ref(id=data.account_id),
        subsidiary=wire.Ref(id=subsidiary),
        currency=wire.Ref(id=currency),
        entity_status=stage.entity_status,
        is_inactive=stage.is_inactive,
        job_billing_type=wire.Ref(id=codes.BILLING_TYPES[data.billing_method]),
        estimated_revenue=data.budget.amount if data.budget else None,
        start_date=data.start,
        projected_end_date=data.end,
        custentity_tg_opportunity=data.opportunity_id or None,
        custentity_tg_contract=data.contract_id or None,
        custentity_tg_method=data.billing_method,
        custentity_tg_pm=data.project_manager or None,
        custentity_tg_practice=data.practice or None,
    )


def job_stage(stage: ProjectStage) -> wire.JobStage:
    """A stage as NetSuite keeps it: a status, and whether the project takes time and cost at all."""
    status, inactive = codes.STAGES[stage]
    return wire.JobStage(entity_status=wire.Ref(id=status), is_inactive=inactive)


def billing_schedule(found: wire.BillingSchedule, *, currency: str) -> BillingSchedule:
    """A billing plan. Interval lines have no text in NetSuite: their `ref` comes back as their place, 1 first."""
    by_milestone = found.schedule_type.id == codes.BY_MILESTONE
    lines = (
        [_milestone_line(line, currency) for line in found.milestone.items]
        if by_milestone
        else [
            BillingLine(
                ref=str(place), name="", due=line.recurrence_date, amount=money(line.amount, currency, system=SYSTEM)
            )
            for place, line in enumerate(found.recurrence.items, start=1)
        ]
    )
    return BillingSchedule(
        id=found.id,
        xrefs=xrefs(found.id, found.external_id),
        source=source(found.last_modified_date),
        name=found.name,
        project_id=found.project.id,
        currency=currency,
        method="milestone" if by_milestone else "monthly" if len(lines) > 1 else "on_completion",
        lines=lines,
    )


def billing_schedule_draft(data: BillingSchedule) -> wire.BillingScheduleDraft:
    """What an upsert writes: milestones with their refs, or plain dated amounts."""
    by_milestone = data.method == "milestone"
    return wire.BillingScheduleDraft(
        name=cut(data.name, NAME),
        project=wire.Ref(id=data.project_id),
        schedule_type=wire.Ref(id=codes.BY_MILESTONE if by_milestone else codes.BY_INTERVAL),
        milestone=wire.ScheduleMilestones(
            items=[
                wire.ScheduleMilestone(
                    milestone_date=line.due,
                    milestone_amount=line.amount.amount,
                    comments=cut(f"{line.ref}: {line.name}", MEMO),
                )
                for line in data.lines
                if by_milestone
            ]
        ),
        recurrence=wire.ScheduleRecurrences(
            items=[
                wire.ScheduleRecurrence(recurrence_date=line.due, amount=line.amount.amount)
                for line in data.lines
                if not by_milestone
            ]
        ),
    )


def legal_entity(found: wire.SubsidiaryRow, periods: list[wire.PeriodRow], *, currency: str) -> LegalEntity:
    """A subsidiary. A period is open when neither it nor its receivables are locked."""
    return LegalEntity(
        id=found.id,
        legal_entity_id=found.custrecord_tg_code,
        xrefs=xrefs(found.id, found.custrecord_tg_code),
        code=found.custrecord_tg_code,
        legal_name=found.legalname or found.name,
        country=found.country,
        functional_currency=currency,
        time_zone=found.custrecord_tg_time_zone,
        intercompany_partners=[code for code in found.custrecord_tg_ic_partners.split(";") if code],
        periods=[
            Period(
                name=row.periodname,
                start=row.startdate,
                end=row.enddate,
                open=(row.closed, row.arlocked) == ("F", "F"),
            )
            for row in periods
        ],
        status="closed" if found.isinactive == "T" else "open",
    )


def xrefs(native_id: str, key: str) -> list[Xref]:
    """Where a record lives in NetSuite."""
    return [Xref(system=SYSTEM, native_id=native_id, alt_key=key)]


def source(changed: datetime | None) -> Source:
    """The version it was read at."""
    return Source(system=SYSTEM, native_version=changed.isoformat() if changed else "", updated_at=changed)


def _address(line: wire.AddressLine) -> Address:
    postal = line.address_book_address
    return Address(
        role="bill" if line.default_billing else "ship" if line.default_shipping else "legal",
        lines=[text for text in (postal.addr1, postal.addr2) if text],
        city=postal.city,
        subdivision=postal.state,
        postal=postal.zip,
        country=postal.country.id if postal.country else "",
    )


def _address_line(bill: Address, line: int | None) -> wire.AddressLine:
    first, *rest = bill.lines or [""]
    return wire.AddressLine(
        id=line,
        default_billing=True,
        address_book_address=wire.PostalAddress(
            addr1=cut(first, ADDRESS),
            addr2=cut(", ".join(rest), ADDRESS),
            city=cut(bill.city, CITY),
            state=bill.subdivision,
            zip=bill.postal,
            country=wire.Country(id=bill.country) if bill.country else None,
        ),
    )


def _foremost(registrations: list[TaxRegistration], bill: Address | None) -> TaxRegistration | None:
    """NetSuite's customer has one tax number: that of the billing country, else the first."""
    at_home = [each for each in registrations if bill and each.country == bill.country]
    return next(iter([*at_home, *registrations]), None)


def _registrations(found: wire.Customer) -> list[TaxRegistration]:
    if not found.vat_reg_number:
        return []
    country = _tax_country(found)
    scheme = found.custentity_tg_tax_scheme or codes.TAX_SCHEMES.get(country, "VAT")
    return [TaxRegistration(country=country, scheme=scheme, number=found.vat_reg_number, status="valid")]


def _tax_country(found: wire.Customer) -> str:
    if found.custentity_tg_tax_country:
        return found.custentity_tg_tax_country
    billed_at = [line.address_book_address.country for line in found.address_book.items if line.default_billing]
    return next((country.id for country in billed_at if country), "")


def _credit(found: wire.Customer, currency: str) -> Credit:
    limit = None if found.credit_limit is None else money(found.credit_limit, currency, system=SYSTEM)
    if found.credit_hold_override.id == "ON":
        return Credit(limit=limit, hold=True, reason="It was put on hold by hand.")
    if found.credit_hold_override.id == "AUTO" and limit is not None and found.balance > limit.amount:
        return Credit(limit=limit, hold=True, reason="It owes more than its credit limit.")
    return Credit(limit=limit)


def _milestone_line(line: wire.ScheduleMilestone, currency: str) -> BillingLine:
    ref, _, name = line.comments.partition(": ")
    amount = money(line.milestone_amount, currency, system=SYSTEM)
    return BillingLine(ref=ref, name=name, due=line.milestone_date, amount=amount)
