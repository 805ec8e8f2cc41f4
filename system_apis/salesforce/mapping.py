"""Salesforce to canonical, and back. Pure. A code we have no word for is `Drifted`, never a guess."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Literal, TypeVar

import msgspec

from canonical.base import Source
from canonical.faults import Drifted, VendorRefused
from canonical.objects import (
    Address,
    Contact,
    ContactRole,
    Contract,
    ContractType,
    Customer,
    Lead,
    Opportunity,
    OpportunityLine,
    ProjectLink,
    Quote,
    QuoteLine,
    QuoteStatus,
    RoleDemand,
    Stage,
    TaxRegistration,
)
from canonical.ports.lists import RecordChange
from canonical.ports.orders import QuoteMark
from canonical.ports.systems import Change
from foundation.vendor_values import currency as currency_of
from foundation.vendor_values import instant, meaning, money, share
from system_apis.salesforce import order_wire, wire

SYSTEM: Final = "salesforce"

CONTRACT_TYPES: Final[Mapping[str, ContractType]] = {
    "Time and Materials": "tm",
    "Fixed Price": "fixed",
    "Milestone": "milestone",
    "Retainer": "retainer",
    "Managed Service": "managed",
    "Not to Exceed": "nte",
}
CONTRACT_STATUSES: Final[Mapping[str, Literal["draft", "in_approval", "active", "cancelled", "expired"]]] = {
    "Draft": "draft",
    "In Approval Process": "in_approval",
    "Activated": "active",
    "Terminated": "cancelled",
    "Expired": "expired",
}
QUOTE_STATUSES: Final[Mapping[str, QuoteStatus]] = {
    "Draft": "draft",
    "Needs Review": "draft",
    "In Review": "draft",
    "Approved": "approved",
    "Presented": "presented",
    "Accepted": "accepted",
    "Rejected": "rejected",
    "Denied": "rejected",
    "Superseded": "superseded",
}
LINE_KINDS: Final[Mapping[str, Literal["labour", "expense", "fee", "material"]]] = {
    "Services": "labour",
    "Expenses": "expense",
    "Fees": "fee",
    "Materials": "material",
}
CONTACT_ROLES: Final[Mapping[str, Literal["buyer", "billing", "sponsor", "approver"]]] = {
    "Buyer": "buyer",
    "Billing": "billing",
    "Sponsor": "sponsor",
    "Approver": "approver",
}

T = TypeVar("T")


def opportunity(row: wire.Opportunity, lines: Sequence[wire.OpportunityLine] = ()) -> Opportunity:
    """A deal with its lines. One without an amount is worth nothing; percent becomes a share."""
    category: Literal["open", "won", "lost"] = "won" if row.is_won else "lost" if row.is_closed else "open"
    return Opportunity(
        id=row.id,
        legal_entity_id=row.legal_entity or "",
        source=source(row.system_modstamp),
        name=row.name,
        account_id=row.account_id or "",
        stage=Stage(code=row.stage_name, category=category),
        amount=money(row.amount or Decimal(0), row.currency_iso_code, system=SYSTEM),
        close_date=row.close_date,
        won_generation=counted(row.won_generation or Decimal(0)),
        probability=(row.probability or Decimal(0)) / 100,
        delivery_entities=row.delivery_entities.split(";") if row.delivery_entities else [],
        contract_type=_contract_type(row, "Opportunity"),
        practice=row.practice or "",
        expected_start=row.expected_start,
        expected_end=row.expected_end,
        role_demand=_role_demand(row.role_demand),
        lines=[_deal_line(number, line, row.currency_iso_code) for number, line in enumerate(lines, 1)],
        quote_id=row.synced_quote_id or "",
        contract_id=row.contract_id or "",
        po_number=row.po_number or "",
        owner_id=row.owner_id,
        project_manager=row.project_manager or "",
        won_at=row.last_stage_change_date if row.is_won else None,
        project_code=row.project_code or "",
    )


def customer(row: wire.Account) -> Customer:
    """The customer an account stands for."""
    billing = _address(
        "bill",
        (row.billing_street, row.billing_city, row.billing_state_code, row.billing_postal_code),
        row.billing_country_code,
    )
    shipping = _address(
        "ship",
        (row.shipping_street, row.shipping_city, row.shipping_state_code, row.shipping_postal_code),
        row.shipping_country_code,
    )
    registrations = []
    if row.tax_registration:
        country = row.tax_country or row.billing_country_code or ""
        registrations = [TaxRegistration(country=country, scheme=row.tax_scheme or "", number=row.tax_registration)]
    return Customer(
        id=row.id,
        lifecycle="deleted" if row.is_deleted else "active",
        source=source(row.system_modstamp),
        legal_name=row.legal_name or row.name,
        trading_name=row.name,
        number=row.account_number or "",
        parent_id=row.parent_id or "",
        addresses=[each for each in (billing, shipping) if each],
        tax_registrations=registrations,
        default_currency=row.currency_iso_code,
        payment_terms=row.payment_terms or "",
        po_required=row.po_required,
        owner_id=row.owner_id,
    )


def contact(row: wire.Contact) -> Contact:
    """A person; the role is what they are to their own account."""
    roles = []
    if row.role and row.account_id:
        role = meaning(CONTACT_ROLES, row.role, "Contact.Role__c", system=SYSTEM, record=row.id)
        roles = [ContactRole(account_id=row.account_id, role=role)]
    return Contact(
        id=row.id,
        source=source(row.system_modstamp),
        given=row.first_name or "",
        family=row.last_name,
        email=row.email or "",
        phone=row.phone or "",
        title=row.title or "",
        account_id=row.account_id or "",
        marketing_opt_out=row.has_opted_out_of_email,
        roles=roles,
    )


def lead(row: wire.Lead, absorbed: list[str]) -> Lead:
    """A lead. Whether an open one was given up stands in a list of words that each org makes its own."""
    return Lead(
        id=row.id,
        source=source(row.system_modstamp),
        company=row.company or "",
        given=row.first_name or "",
        family=row.last_name,
        email=row.email or "",
        status="converted" if row.is_converted else "open",
        account_id=row.converted_account_id or "",
        contact_id=row.converted_contact_id or "",
        opportunity_id=row.converted_opportunity_id or "",
        absorbed=absorbed,
    )


def quote(row: wire.Quote, lines: list[wire.QuoteLine]) -> Quote:
    """An offer with its lines."""
    return Quote(
        id=row.id,
        source=source(row.system_modstamp),
        number=row.quote_number,
        revision=counted(row.revision or Decimal(1)),
        opportunity_id=row.opportunity_id,
        currency=currency_of(row.currency_iso_code, system=SYSTEM),
        total=money(row.grand_total, row.currency_iso_code, system=SYSTEM),
        tax_included=row.tax_included,
        cost=None if row.cost is None else money(row.cost, row.currency_iso_code, system=SYSTEM),
        approved_discount=share(row.approved_discount, system=SYSTEM),
        status=meaning(QUOTE_STATUSES, row.status, "Quote.Status", system=SYSTEM, record=row.id),
        valid_to=row.expiration_date,
        signed_on=row.signed_on,
        envelope=row.envelope or "",
        frozen=row.frozen,
        order_number=row.order_number or "",
        order_id=row.order_id or "",
        lines=[_quote_line(number, line, row.currency_iso_code) for number, line in enumerate(lines, 1)],
    )


def quote_mark(wanted: QuoteMark) -> wire.QuoteMark:
    """What is written of a quote; the list's own word for its status."""
    status = next(label for label, word in QUOTE_STATUSES.items() if word == wanted.status)
    return wire.QuoteMark(
        status=status,
        frozen=wanted.frozen,
        order_number=wanted.order_number or None,
        order_id=wanted.order_id or None,
    )


def contract(row: wire.Contract) -> Contract:
    """A contract. Signed is what the customer signed, not what somebody activated."""
    return Contract(
        id=row.id,
        source=source(row.system_modstamp),
        number=row.contract_number,
        account_id=row.account_id,
        title=row.name or "",
        opportunity_id=row.opportunity or "",
        currency=currency_of(row.currency_iso_code, system=SYSTEM),
        value=None if row.value is None else money(row.value, row.currency_iso_code, system=SYSTEM),
        billing_method=_contract_type(row, "Contract"),
        start=row.start_date,
        end=row.end_date,
        signed_at=row.customer_signed_date,
        at_risk_until=row.at_risk_until,
        at_risk_cap=None if row.at_risk_cap is None else money(row.at_risk_cap, row.currency_iso_code, system=SYSTEM),
        approved_exceptions=rules(row.approved_exceptions),
        po_number=row.po_number or "",
        payment_terms=row.payment_terms or "",
        status=meaning(CONTRACT_STATUSES, row.status, "Contract.Status", system=SYSTEM, record=row.id),
        amendment=None if row.carried is None else counted(row.carried),
    )


def rules(listed: str | None) -> list[str]:
    """What a multi-select picklist names."""
    return listed.split(";") if listed else []


def link(row: wire.Link) -> ProjectLink:
    """How a deal is linked now."""
    return ProjectLink(
        project_code=row.project_code or "",
        erp_project_id=row.erp_project_id or "",
        psa_project_id=row.psa_project_id or "",
        erp_customer_id=row.erp_customer_id or "",
    )


def link_update(wanted: ProjectLink) -> wire.LinkUpdate:
    """How it shall be linked; an empty text would be kept as null anyway."""
    return wire.LinkUpdate(
        project_code=wanted.project_code or None,
        erp_project_id=wanted.erp_project_id or None,
        psa_project_id=wanted.psa_project_id or None,
        erp_customer_id=wanted.erp_customer_id or None,
    )


def change(row: wire.Changed) -> Change:
    """A deal the poll found."""
    return Change(
        object="opportunity",
        native_id=row.id,
        version=stamp(row.system_modstamp),
        changed_at=row.system_modstamp,
        won=row.is_won,
    )


def record_change(row: wire.ChangedRecord) -> RecordChange:
    """A record the poll found; a deleted one may have been merged into another."""
    return RecordChange(
        native_id=row.id,
        version="" if row.is_deleted else stamp(row.system_modstamp),
        changed_at=row.system_modstamp,
        gone=row.is_deleted,
    )


def stamp(instant: datetime) -> str:
    """An instant as Salesforce writes it: `2026-01-31T09:15:30.000+0000`."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def source(modstamp: str) -> Source:
    """The version a record was read at."""
    return Source(system=SYSTEM, native_version=modstamp, updated_at=instant(modstamp, system=SYSTEM))


def _quote_line(number: int, line: wire.QuoteLine, currency: str) -> QuoteLine:
    return QuoteLine(
        **sold(line.sort_order or number, line, currency),
        tax_rate=share(line.tax_rate, system=SYSTEM),
        role=line.role or "",
    )


def _deal_line(number: int, line: wire.OpportunityLine, currency: str) -> OpportunityLine:
    return OpportunityLine(
        **sold(line.sort_order or number, line, currency),
        description=line.description or "",
        discount=share(line.discount, system=SYSTEM),
        service_date=line.service_date,
    )


def sold(
    place: int, line: wire.QuoteLine | wire.OpportunityLine | order_wire.OrderLine, currency: str
) -> dict[str, Any]:
    """What a line of an offer, of a deal and of an order say alike."""
    return {
        "seq": place,
        "item": line.product.name if line.product else "",
        "code": (line.product.product_code or "") if line.product else "",
        "kind": _line_kind(line.product),
        "qty": line.quantity,
        "unit_price": money(line.unit_price, currency, system=SYSTEM),
        "net": money(line.total_price, currency, system=SYSTEM),
        "list_price": None if line.list_price is None else money(line.list_price, currency, system=SYSTEM),
    }


def _line_kind(product: wire.Product | None) -> Literal["labour", "expense", "fee", "material"]:
    """What a line sells; work, where its product does not say."""
    family = product.family if product else None
    return meaning(LINE_KINDS, family, "Product2.Family", system=SYSTEM) if family else "labour"


def _address(
    role: Literal["bill", "ship"], parts: tuple[str | None, str | None, str | None, str | None], country: str | None
) -> Address | None:
    street, city, subdivision, postal = parts
    if not any((*parts, country)):
        return None
    return Address(
        role=role,
        lines=street.splitlines() if street else [],
        city=city or "",
        subdivision=subdivision or "",
        postal=postal or "",
        country=country or "",
    )


def _role_demand(text: str | None) -> list[RoleDemand]:
    try:
        entries = msgspec.json.decode(text or "[]", type=list[wire.RoleDemand])
    except msgspec.DecodeError as wrong:
        raise VendorRefused(f"Role_Demand__c is not the list of roles and hours it must be: {wrong}") from wrong
    return [RoleDemand(role=each.role, hours=each.hours, start=each.start, end=each.end) for each in entries]


def _contract_type(row: wire.Opportunity | wire.Contract, kind: str) -> ContractType:
    if not row.contract_type:
        return "tm"
    return meaning(CONTRACT_TYPES, row.contract_type, f"{kind}.Contract_Type__c", system=SYSTEM, record=row.id)


def counted(number: Decimal) -> int:
    """A number the org keeps as a decimal, and we count by; `Drifted` where it is no whole one."""
    if not number.is_finite() or number != number.to_integral_value():
        raise Drifted(f"{number} is no whole number to count by", system=SYSTEM)
    return int(number)
