"""Business Central <-> canonical. Pure: what needs a look-up comes in as an argument.

An id of ours is `<company>.<GUID>`: a GUID alone does not say in which company it is.
"""

import re
from datetime import date, timedelta
from itertools import pairwise
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
    TaxProfile,
    TaxRegistration,
)
from canonical.ports.lists import RecordChange
from foundation.vendor_values import currency as iso
from foundation.vendor_values import money
from system_apis.business_central import codes, lengths, wire

SYSTEM: Final = "business_central"
_ID: Final = re.compile(r"([A-Za-z0-9_-]{1,30})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
METHODS: Final[tuple[Literal["milestone", "monthly", "on_completion"], ...]] = ("milestone", "monthly", "on_completion")


def native(company: str, guid: str) -> str:
    """Our id of a record."""
    return f"{company}.{guid.lower()}"


def parts(native_id: str) -> tuple[str, str] | None:
    """The company and the GUID of an id of ours; None where it is none."""
    known = _ID.fullmatch(native_id)
    return (known[1], known[2]) if known else None


def guid_in(native_id: str, company: str, pointer: str) -> str:
    """The GUID of what a caller refers to, none for nothing; `Invalid` where that is in another company."""
    if not native_id:
        return wire.NOTHING
    known = parts(native_id)
    if known is None or known[0] != company:
        detail = f"this must be the id of a record in the same company, as `{company}.<GUID>`"
        raise Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])
    return known[1]


def legal_entity(
    company: wire.Company,
    told: wire.CompanyInformation,
    settings: wire.EntitySettings,
    periods: list[wire.AccountingPeriod],
) -> LegalEntity:
    """A company. A period lasts until the next begins, so the last one there only ends the one before it."""
    return LegalEntity(
        id=company.id,
        legal_entity_id=company.name,
        xrefs=[Xref(system=SYSTEM, native_id=company.id, alt_key=company.name)],
        code=company.name,
        legal_name=told.display_name or company.display_name,
        country=told.country,
        functional_currency=iso(told.currency_code, system=SYSTEM),
        time_zone=settings.time_zone,
        intercompany_partners=[code for code in settings.intercompany_partners.split(";") if code],
        periods=[_period(each, following.starting_date, settings) for each, following in pairwise(periods)],
        status="closed" if settings.closed else "open",
    )


def customer(found: wire.Customer, *, company: str, local: str, terms: str) -> Customer:
    """A debtor. An empty currency is the company's own."""
    currency = currency_of(found.currency_code, local)
    lines = [text for text in (found.address_line1, found.address_line2) if text]
    bill = Address(
        role="bill",
        lines=lines,
        city=found.city,
        subdivision=found.state,
        postal=found.postal_code,
        country=found.country,
    )
    reason = codes.hold(found.blocked)
    limit = money(found.credit_limit, currency, system=SYSTEM) if found.credit_limit else None
    if limit and found.balance_due > limit.amount:
        reason = reason or "It owes more than its credit limit."
    return Customer(
        id=native(company, found.id),
        legal_entity_id=company,
        xrefs=xrefs(company, found, found.tiergate_key),
        source=source(found),
        lifecycle="closed" if codes.plain(found.blocked) == codes.CLOSED else "active",
        legal_name=found.display_name,
        trading_name=found.display_name,
        number=found.number,
        addresses=[bill] if lines or found.city or found.country else [],
        tax_registrations=_registrations(found),
        default_currency=currency,
        payment_terms=terms,
        credit=Credit(limit=limit, hold=bool(reason), reason=reason),
        email=found.email,
    )


def customer_block(found: wire.Customer, lifecycle: Literal["active", "closed"]) -> wire.CustomerBlock:
    """How a customer is blocked once it is closed, or open again: another block than ours stays."""
    if lifecycle == "closed":
        return wire.CustomerBlock(blocked=codes.CLOSED)
    lifted = codes.plain(found.blocked) == codes.CLOSED
    return wire.CustomerBlock(blocked=codes.escaped(" ") if lifted else found.blocked)


def change(company: str, row: wire.Kept) -> RecordChange:
    """A record the poll found."""
    changed = row.last_modified_date_time
    if changed is None or changed.tzinfo is None:
        raise Drifted("a record has no instant of its last change", system=SYSTEM)
    return RecordChange(native_id=native(company, row.id), version=row.etag, changed_at=changed, exact=True)


def tax_profile(found: wire.Customer, *, company: str) -> TaxProfile:
    """The tax standing it knows: with a registration number it is valid, without one unverified."""
    registrations = _registrations(found)
    return TaxProfile(
        id=native(company, found.id),
        legal_entity_id=company,
        xrefs=xrefs(company, found, found.tiergate_key),
        source=source(found),
        account_id=native(company, found.id),
        jurisdiction=found.tax_country or found.country,
        registrations=registrations,
        status="valid" if registrations else "unverified",
    )


def customer_draft(key: str, data: Customer, *, local: str, terms: str) -> wire.CustomerDraft:
    """What an upsert writes: the whole of a customer but its credit."""
    bill = next((address for address in data.addresses if address.role == "bill"), Address())
    first, *rest = bill.lines or [""]
    at_home = [each for each in data.tax_registrations if each.country == bill.country]
    tax = next(iter([*at_home, *data.tax_registrations]), None)
    number = tax.number if tax else ""
    return wire.CustomerDraft(
        tiergate_key=key,
        display_name=cut(data.legal_name, lengths.NAME),
        address_line1=cut(first, lengths.ADDRESS),
        address_line2=cut(", ".join(rest), lengths.ADDRESS_2),
        city=cut(bill.city, lengths.CITY),
        state=cut(bill.subdivision, lengths.STATE),
        postal_code=cut(bill.postal, lengths.POSTAL),
        country=bill.country,
        email=data.email,
        currency_code=code_of(data.default_currency, local),
        payment_terms_id=terms,
        tax_registration_number=whole(number, lengths.TAX_NUMBER, "/tax_registrations/0/number", system=SYSTEM),
        tax_country=tax.country if tax else "",
        tax_scheme=tax.scheme if tax else "",
    )


def contract(found: wire.Order, *, company: str, local: str, terms: str) -> Contract:
    """A contract, kept as a sales order. Its value is what its lines come to without tax."""
    currency = currency_of(found.currency_code, local)
    status = codes.contract_status(found.contract_status)
    value = sum((line.net_amount for line in found.sales_order_lines), start=Money.of(0, currency).amount)
    return Contract(
        id=native(company, found.id),
        legal_entity_id=company,
        xrefs=xrefs(company, found, found.tiergate_key),
        source=source(found),
        lifecycle="closed" if status == "cancelled" else "active",
        number=found.contract_number or found.number,
        account_id=reference(company, found.customer_id),
        title=found.contract_title,
        opportunity_id=found.opportunity_id,
        currency=currency,
        value=money(value, currency, system=SYSTEM),
        billing_method=codes.contract_type(found.billing_method),
        start=day(found.starts_on),
        end=day(found.ends_on),
        signed_at=day(found.signed_on),
        po_number=found.external_document_number,
        payment_terms=terms,
        status=status,
        document_hash=found.document_hash,
        amendment=codes.carried(found.carried_amendment, found.number),
    )


def order_draft(key: str, data: Contract, *, customer_id: str, local: str, terms: str) -> wire.NewOrder:
    """What an upsert writes: a head, and one service line of the whole value."""
    if data.value is None:
        error = FieldError(detail="an order in Business Central needs a value", pointer="/value")
        raise Invalid(system=SYSTEM, errors=[error])
    line = wire.OrderLineDraft(description=cut(data.title, lengths.NAME), unit_price=data.value.amount)
    return wire.NewOrder(
        tiergate_key=key,
        customer_id=customer_id,
        currency_code=code_of(data.currency, local),
        payment_terms_id=terms,
        external_document_number=whole(data.po_number, lengths.PO_NUMBER, "/po_number", system=SYSTEM),
        contract_number=data.number,
        contract_title=cut(data.title, lengths.TITLE),
        contract_status=codes.status_word(data.status),
        opportunity_id=data.opportunity_id,
        billing_method=data.billing_method,
        starts_on=data.start or wire.NEVER,
        ends_on=data.end or wire.NEVER,
        signed_on=data.signed_at or wire.NEVER,
        sales_order_lines=[line],
    )


def order_head(whole_order: wire.NewOrder) -> wire.OrderDraft:
    """An order without its lines, which a PATCH cannot carry."""
    names = wire.OrderDraft.__struct_fields__
    return wire.OrderDraft(**{name: getattr(whole_order, name) for name in names})


def contract_mark(whole_order: wire.NewOrder) -> wire.ContractMark:
    """What is written of a contract that the order of a quote bills: its customer, terms and lines are that order's."""
    names = wire.ContractMark.__struct_fields__
    return wire.ContractMark(**{name: getattr(whole_order, name) for name in names})


def project(found: wire.Project, *, company: str, local: str) -> Project:
    """A project. Tasks and milestones are the PSA's and are not kept here."""
    currency = currency_of(found.currency_code, local)
    stage = codes.stage(found.status, found.blocked)
    return Project(
        id=native(company, found.id),
        legal_entity_id=company,
        xrefs=xrefs(company, found, found.tiergate_key),
        source=source(found),
        lifecycle="closed" if stage in ("closed", "cancelled") else "active",
        code=found.number,
        name=found.display_name,
        account_id=reference(company, found.bill_to_customer_id),
        contract_id=found.contract_number,
        opportunity_id=found.opportunity_id,
        stage=stage,
        currency=currency,
        budget=money(found.budget, currency, system=SYSTEM) if found.budget else None,
        billing_method=codes.contract_type(found.billing_method),
        start=day(found.starting_date),
        end=day(found.ending_date),
        practice=found.practice,
        project_manager=found.manager,
    )


def project_draft(key: str, data: Project, *, customer_id: str, local: str) -> wire.ProjectDraft:
    """What an upsert writes."""
    status, blocked = codes.STAGES[data.stage]
    return wire.ProjectDraft(
        tiergate_key=key,
        number=whole(data.code, lengths.PROJECT_NUMBER, "/code", system=SYSTEM),
        display_name=cut(data.name, lengths.NAME),
        bill_to_customer_id=customer_id,
        currency_code=code_of(data.currency, local),
        status=status,
        blocked=codes.escaped(blocked),
        starting_date=data.start or wire.NEVER,
        ending_date=data.end or wire.NEVER,
        contract_number=whole(data.contract_id, lengths.CONTRACT, "/contract_id", system=SYSTEM),
        opportunity_id=data.opportunity_id,
        billing_method=data.billing_method,
        budget=data.budget.amount if data.budget else Money.of(0, data.currency).amount,
        practice=data.practice,
        manager=data.project_manager,
    )


def project_stage(stage: str) -> wire.ProjectStage:
    """A stage as it is kept: a status, and what is blocked."""
    status, blocked = next(pair for known, pair in codes.STAGES.items() if known == stage)
    return wire.ProjectStage(status=status, blocked=codes.escaped(blocked))


def billing_schedule(found: wire.Schedule, *, company: str, currency: str) -> BillingSchedule:
    """A billing plan; its currency is its project's."""
    method = next((known for known in METHODS if known == found.method), None)
    if method is None:
        raise Drifted(f"a billing plan has the unknown method {found.method!r}", system=SYSTEM)
    return BillingSchedule(
        id=native(company, found.id),
        legal_entity_id=company,
        xrefs=xrefs(company, found, found.tiergate_key),
        source=source(found),
        name=found.display_name,
        project_id=reference(company, found.project_id),
        currency=currency,
        method=method,
        lines=[
            BillingLine(
                ref=line.line_reference,
                name=line.description,
                due=line.planning_date,
                amount=money(line.line_amount, currency, system=SYSTEM),
            )
            for line in found.project_planning_lines
        ],
    )


def schedule_draft(key: str, data: BillingSchedule, *, project_id: str) -> wire.NewSchedule:
    """What an upsert writes."""
    return wire.NewSchedule(
        tiergate_key=key,
        display_name=cut(data.name, lengths.NAME),
        project_id=project_id,
        method=data.method,
        project_planning_lines=[
            wire.PlanningLineFields(
                line_reference=whole(line.ref, lengths.REFERENCE, f"/lines/{place}/ref", system=SYSTEM),
                description=cut(line.name, lengths.NAME),
                planning_date=line.due,
                line_amount=line.amount.amount,
            )
            for place, line in enumerate(data.lines)
        ],
    )


def schedule_head(whole_plan: wire.NewSchedule) -> wire.ScheduleDraft:
    """A billing plan without its lines."""
    names = wire.ScheduleDraft.__struct_fields__
    return wire.ScheduleDraft(**{name: getattr(whole_plan, name) for name in names})


def project_currency(found: wire.Project, local: str) -> str:
    """The currency a project is billed in."""
    return currency_of(found.currency_code, local)


def _period(each: wire.AccountingPeriod, following: date, settings: wire.EntitySettings) -> Period:
    end = following - timedelta(days=1)
    until = settings.allow_posting_to
    may_post = settings.allow_posting_from <= end and (until == wire.NEVER or each.starting_date <= until)
    return Period(name=each.name, start=each.starting_date, end=end, open=may_post and not each.closed)


def _registrations(found: wire.Customer) -> list[TaxRegistration]:
    if not found.tax_registration_number:
        return []
    country = found.tax_country or found.country
    scheme = found.tax_scheme or codes.TAX_SCHEMES.get(country, "VAT")
    return [TaxRegistration(country=country, scheme=scheme, number=found.tax_registration_number, status="valid")]


def xrefs(company: str, found: wire.Row, key: str) -> list[Xref]:
    """Where the record is, and our key of it."""
    return [Xref(system=SYSTEM, native_id=native(company, found.id), alt_key=key)]


def source(found: wire.Row) -> Source:
    """The version it was read at."""
    return Source(system=SYSTEM, native_version=found.etag, updated_at=found.last_modified_date_time)


def reference(company: str, guid: str) -> str:
    """Our id of what a record refers to; empty for nothing."""
    return "" if guid == wire.NOTHING else native(company, guid)


def day(kept: date) -> date | None:
    """A date; None for one that was never set."""
    return None if kept == wire.NEVER else kept


def currency_of(code: str, local: str) -> str:
    """A record's currency: none is the company's own."""
    return iso(code or local, system=SYSTEM)


def code_of(currency: str, local: str) -> str:
    """The company's own currency is written as none: its list of currencies holds the foreign ones."""
    return "" if currency == local else currency
