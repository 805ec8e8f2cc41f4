"""Oracle Fusion <-> canonical. Pure: what a legal entity is in Fusion's words comes in as an argument."""

from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from canonical.base import Source, Xref
from canonical.faults import Drifted, FieldError, Invalid
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
from foundation import vendor_values
from system_apis.oracle_fusion import codes, contracts_wire, framework, rest, wire
from system_apis.oracle_fusion.codes import SYSTEM
from system_apis.oracle_fusion.lengths import (
    ADDRESS,
    CITY,
    DESCRIPTION,
    ORGANIZATION,
    OWN,
    PROJECT_NAME,
    PROJECT_NUMBER,
    TAX_NUMBER,
    TITLE,
)

METHODS: Final[tuple[Literal["milestone", "monthly", "on_completion"], ...]] = ("milestone", "monthly", "on_completion")
LINE_OF: Final = "#"
"""Between the key of a schedule and the `ref` of its line, in a billing event's source reference."""


def legal_entity(
    found: wire.LookupCode, entity: wire.LegalEntity, ledger: wire.Ledger, periods: list[wire.PeriodStatus]
) -> LegalEntity:
    """A business unit with the legal entity, the ledger and the receivables periods behind it."""
    country, zone, _ = codes.placed(found.description)
    return LegalEntity(
        id=str(entity.legal_entity_id),
        legal_entity_id=found.lookup_code,
        xrefs=[Xref(system=SYSTEM, native_id=str(entity.legal_entity_id), alt_key=found.lookup_code)],
        source=Source(system=SYSTEM),
        code=found.lookup_code,
        legal_name=entity.name,
        country=country,
        functional_currency=vendor_values.currency(ledger.currency_code, system=SYSTEM),
        time_zone=zone,
        intercompany_partners=[code for code in (found.tag or "").split(";") if code],
        periods=[
            Period(
                name=each.period_name_id,
                start=each.start_date,
                end=each.end_date,
                open=each.closing_status == codes.OPEN_PERIOD,
            )
            for each in periods
            if each.adjustment_period_flag != "Y"
        ],
        status="closed" if found.enabled_flag == "N" else "open",
    )


def customer(found: wire.Account) -> Customer:
    """A customer: an account with its primary address."""
    return Customer(
        id=found.party_number,
        legal_entity_id=found.tg_legal_entity_c or "",
        xrefs=xrefs(found.party_number, found.source_system_reference_value),
        source=source(found, found.last_update_date),
        lifecycle="closed" if found.party_status == codes.INACTIVE or found.tg_closed_c else "active",
        legal_name=found.organization_name or "",
        trading_name=found.organization_name or "",
        number=found.party_number,
        addresses=[_address(each) for each in found.primary_address.items],
        tax_registrations=_registrations(found),
        default_currency=found.currency_code or "",
        payment_terms=found.tg_payment_terms_c or "",
        credit=Credit(hold=True, reason="Its account is on credit hold.") if found.tg_credit_hold_c else Credit(),
        email=found.email_address or "",
    )


def tax_profile(found: wire.Account) -> TaxProfile:
    """The tax standing of an account: with a registration number it is valid, without one unverified."""
    registrations = _registrations(found)
    return TaxProfile(
        id=found.party_number,
        legal_entity_id=found.tg_legal_entity_c or "",
        xrefs=xrefs(found.party_number, found.source_system_reference_value),
        source=source(found, found.last_update_date),
        account_id=found.party_number,
        jurisdiction=_tax_country(found),
        registrations=registrations,
        status="valid" if registrations else "unverified",
    )


def account_draft(key: str, data: Customer) -> wire.AccountDraft:
    """What a create writes."""
    bill = next((address for address in data.addresses if address.role == "bill"), None)
    tax = _foremost(data.tax_registrations, bill)
    return wire.AccountDraft(
        organization_name=cut(data.legal_name, ORGANIZATION),
        email_address=data.email or None,
        currency_code=data.default_currency or None,
        tg_legal_entity_c=data.legal_entity_id or None,
        tg_payment_terms_c=whole(data.payment_terms, OWN, "/payment_terms", system=SYSTEM) or None,
        tg_tax_country_c=tax.country if tax else None,
        tg_tax_scheme_c=tax.scheme if tax else None,
        tg_tax_number_c=whole(tax.number, TAX_NUMBER, "/tax_registrations/0/number", system=SYSTEM) if tax else None,
        type=codes.CUSTOMER,
        source_system=codes.SOURCE,
        source_system_reference_value=key,
        primary_address=[_address_head(bill)] if bill else [],
    )


def contract(found: contracts_wire.Contract, *, legal_entity: str) -> Contract:
    """A contract with its one line. Its own number is Fusion's; ours stands beside it."""
    ours = next(iter(found.flex.items), contracts_wire.ContractFlex())
    status = codes.contract_status(found.status_code)
    lines = [line.line_amount for line in found.contract_line.items if line.line_amount is not None]
    return Contract(
        id=str(found.contract_id),
        legal_entity_id=legal_entity,
        xrefs=xrefs(str(found.contract_id), found.external_reference_key),
        source=source(found, found.last_update_date),
        lifecycle="closed" if status in ("cancelled", "expired") else "active",
        number=ours.tg_number or found.contract_number,
        account_id=found.buyer_party_number or "",
        title=found.cognomen or "",
        opportunity_id=ours.tg_opportunity or "",
        currency=vendor_values.currency(found.currency_code, system=SYSTEM),
        value=_money(_summed(lines), found.currency_code) if lines else None,
        billing_method=codes.contract_type(ours.tg_method),
        start=found.start_date,
        end=found.end_date,
        signed_at=ours.tg_signed,
        po_number=ours.tg_purchase_order or "",
        document_hash=ours.tg_document or "",
        amendment=ours.tg_amendment,
        not_to_exceed=None if ours.tg_nte is None else _money(ours.tg_nte, found.currency_code),
        payment_terms=codes.terms_said(next((plan.payment_terms_name for plan in found.bill_plan.items), None)),
        status=status,
    )


def contract_draft(key: str, data: Contract, entity: wire.LookupCode) -> contracts_wire.ContractDraft:
    """What a create writes: one line of the whole value, and a bill plan."""
    if data.value is None:
        raise _needed("/value", "a contract in Fusion is billed by its line, and needs a value")
    return contracts_wire.ContractDraft(
        cognomen=cut(data.title, TITLE) or None,
        status_code=codes.CONTRACT_STATUSES[data.status],
        start_date=data.start,
        end_date=data.end,
        contract_type_name=codes.CONTRACT_TYPE,
        business_unit_name=entity.meaning,
        buyer_party_number=data.account_id,
        currency_code=data.currency,
        external_source_key=codes.SOURCE,
        external_reference_key=key,
        contract_line=[
            contracts_wire.ContractLineDraft(
                line_type_name=codes.LINE_TYPE,
                line_amount=data.value.amount,
                item_description=cut(data.title, DESCRIPTION) or None,
            )
        ],
        bill_plan=[
            contracts_wire.BillPlanDraft(
                bill_plan_name=codes.BILL_PLAN,
                bill_method_name=codes.BILL_METHOD,
                payment_terms_name=codes.terms(data.payment_terms),
            )
        ],
        flex=[
            contracts_wire.ContractFlexHead(
                tg_number=whole(data.number, OWN, "/number", system=SYSTEM) or None,
                tg_opportunity=data.opportunity_id or None,
                tg_method=data.billing_method,
                tg_signed=data.signed_at,
                tg_purchase_order=whole(data.po_number, OWN, "/po_number", system=SYSTEM) or None,
            )
        ],
    )


def project(found: wire.Project, *, legal_entity: str) -> Project:
    """A project. Tasks and milestones are the PSA's and are not kept here."""
    ours = next(iter(found.flex.items), wire.ProjectFlex())
    stage = codes.stage(found.project_status_code)
    return Project(
        id=str(found.project_id),
        legal_entity_id=legal_entity,
        xrefs=xrefs(str(found.project_id), found.source_project_reference),
        source=source(found, found.last_update_date),
        lifecycle="closed" if stage in ("closed", "cancelled") else "active",
        code=found.project_number,
        name=found.project_name or "",
        account_id=next((each.party_number or "" for each in found.project_customers.items), ""),
        contract_id=ours.tg_contract or "",
        opportunity_id=ours.tg_opportunity or "",
        stage=stage,
        currency=vendor_values.currency(found.project_currency_code, system=SYSTEM),
        budget=None if ours.tg_budget is None else _money(ours.tg_budget, found.project_currency_code),
        billing_method=codes.contract_type(ours.tg_method),
        start=found.project_start_date,
        end=found.project_end_date,
        practice=ours.tg_practice or "",
        project_manager=ours.tg_manager or "",
    )


def project_draft(key: str, data: Project, entity: wire.LookupCode) -> wire.ProjectDraft:
    """What a create writes."""
    return wire.ProjectDraft(
        project_status_code=codes.STAGES[data.stage],
        project_name=cut(data.name, PROJECT_NAME),
        project_start_date=data.start,
        project_end_date=data.end,
        project_number=whole(data.code, PROJECT_NUMBER, "/code", system=SYSTEM),
        source_template_number=codes.TEMPLATE,
        business_unit_name=entity.meaning,
        owning_organization_name=entity.meaning,
        project_currency_code=data.currency,
        source_application_code=codes.SOURCE,
        source_project_reference=key,
        project_customers=[wire.ProjectCustomerDraft(party_number=data.account_id)],
        flex=[
            wire.ProjectFlexHead(
                tg_contract=data.contract_id or None,
                tg_opportunity=data.opportunity_id or None,
                tg_method=data.billing_method,
                tg_manager=data.project_manager or None,
                tg_practice=data.practice or None,
                tg_budget=data.budget.amount if data.budget else None,
            )
        ],
    )


def project_status(stage: ProjectStage) -> wire.ProjectStatus:
    """A stage as Fusion keeps it."""
    return wire.ProjectStatus(project_status_code=codes.STAGES[stage])


def billing_schedule(key: str, found: list[wire.Event], *, project_id: str, legal_entity: str) -> BillingSchedule:
    """A billing plan: it is its events, at least one, in the order they are billed in. What it is called each says."""
    ours = next(iter(found[0].flex.items), wire.EventFlex())
    method = next((known for known in METHODS if known == ours.tg_method), METHODS[0])
    latest = max((each.last_update_date for each in found if each.last_update_date), default=None)
    return BillingSchedule(
        id=key,
        legal_entity_id=legal_entity,
        xrefs=xrefs(key, key),
        source=Source(system=SYSTEM, native_version=latest.isoformat() if latest else "", updated_at=latest),
        name=ours.tg_plan or "",
        project_id=project_id,
        currency=vendor_values.currency(found[0].bill_trns_currency_code, system=SYSTEM),
        method=method,
        lines=[_line(key, each) for each in found],
    )


def event_drafts(
    key: str, data: BillingSchedule, job: wire.Project, signed: contracts_wire.Contract, *, order: str
) -> list[wire.EventDraft]:
    """What is billed, one event a line, on the first line of the contract; held where `order` bills the deal."""
    if not data.lines:
        raise _needed("/lines", "a billing plan in Fusion is its events: without a line there is none")
    line = next(iter(signed.contract_line.items), None)
    if line is None or not line.line_number:
        raise Drifted(f"the contract {signed.contract_number} has no line to bill by", system=SYSTEM)
    unit = signed.business_unit_name or ""
    return [
        wire.EventDraft(
            event_description=cut(each.name, DESCRIPTION),
            completion_date=each.due,
            bill_trns_amount=each.amount.amount,
            bill_trns_currency_code=each.amount.currency,
            bill_hold=codes.HELD if order else codes.NOT_HELD,
            source_name=codes.SOURCE,
            source_reference=key + LINE_OF + each.ref,
            contract_type_name=signed.contract_type_name or codes.CONTRACT_TYPE,
            contract_number=signed.contract_number,
            contract_line_number=line.line_number,
            event_type_name=codes.EVENT_TYPE,
            business_unit_name=unit,
            organization_name=unit,
            project_number=job.project_number,
            flex=[wire.EventFlexHead(tg_plan=cut(data.name, OWN), tg_method=data.method, tg_order=order or None)],
        )
        for each in data.lines
    ]


def _line(key: str, found: wire.Event) -> BillingLine:
    return BillingLine(
        ref=found.source_reference.removeprefix(key + LINE_OF),
        name=found.event_description or "",
        due=found.completion_date,
        amount=_money(found.bill_trns_amount, found.bill_trns_currency_code),
    )


def _money(amount: Decimal, currency: str) -> Money:
    return vendor_values.money(amount, currency, system=SYSTEM)


def _summed(amounts: list[Decimal]) -> Decimal:
    return sum((vendor_values.money(each, "XXX", system=SYSTEM).amount for each in amounts), Decimal(0))


def _needed(pointer: str, detail: str) -> Invalid:
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])


def xrefs(native_id: str, key: str | None) -> list[Xref]:
    """What a record is called there, and under our key."""
    return [Xref(system=SYSTEM, native_id=native_id, alt_key=key or "")]


def source(row: framework.Row, changed: datetime | None) -> Source:
    """Where a record was read, and at which version."""
    return Source(system=SYSTEM, native_version=rest.version(row), updated_at=changed)


def _address(found: wire.Address) -> Address:
    return Address(
        role="bill",
        lines=[text for text in (found.address_line1, found.address_line2) if text],
        city=found.city or "",
        subdivision=found.state or "",
        postal=found.postal_code or "",
        country=found.country or "",
    )


def _address_head(bill: Address) -> wire.AddressHead:
    first, *rest_ = bill.lines or [""]
    return wire.AddressHead(
        address_line1=cut(first, ADDRESS) or None,
        address_line2=cut(", ".join(rest_), ADDRESS) or None,
        city=cut(bill.city, CITY) or None,
        state=bill.subdivision or None,
        postal_code=bill.postal or None,
        country=bill.country or None,
    )


def _foremost(registrations: list[TaxRegistration], bill: Address | None) -> TaxRegistration | None:
    """An account keeps one tax number: that of the billing country, else the first."""
    at_home = [each for each in registrations if bill and each.country == bill.country]
    return next(iter([*at_home, *registrations]), None)


def _registrations(found: wire.Account) -> list[TaxRegistration]:
    if not found.tg_tax_number_c:
        return []
    country = _tax_country(found)
    scheme = found.tg_tax_scheme_c or codes.SCHEMES.get(country, "VAT")
    return [TaxRegistration(country=country, scheme=scheme, number=found.tg_tax_number_c, status="valid")]


def _tax_country(found: wire.Account) -> str:
    billed_in = next((each.country or "" for each in found.primary_address.items), "")
    return found.tg_tax_country_c or billed_in
