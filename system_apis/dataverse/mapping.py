"""Dataverse to canonical, and back. Pure. A code we have no word for is `Drifted`, never a guess."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, TypeVar

from msgspec import UNSET

from canonical.base import Source
from canonical.faults import Drifted, FieldError, Invalid, VendorRefused
from canonical.objects import (
    Address,
    Contact,
    ContactRole,
    Contract,
    ContractType,
    Customer,
    Lead,
    LeadStatus,
    ProjectLink,
    Quote,
    QuoteLine,
    TaxRegistration,
)
from canonical.ports.lists import RecordChange
from canonical.ports.orders import QuoteMark
from canonical.ports.systems import Change
from foundation.vendor_values import meaning, money, share, unknown
from system_apis.dataverse import quote_wire, wire

SYSTEM: Final = "dataverse"
WON: Final = 1

DEAL_STATES: Final[Mapping[int, tuple[str, Literal["open", "won", "lost"]]]] = {
    0: ("Open", "open"),
    WON: ("Won", "won"),
    2: ("Lost", "lost"),
}
CONTRACT_TYPES: Final[Mapping[int, ContractType]] = {
    100000000: "tm",
    100000001: "fixed",
    100000002: "milestone",
    100000003: "retainer",
    100000004: "managed",
    100000005: "nte",
}
LEAD_STATES: Final[Mapping[int, LeadStatus]] = {0: "open", 1: "converted", 2: "disqualified"}
CONTACT_ROLES: Final[Mapping[int, Literal["buyer", "billing", "sponsor", "approver"]]] = {
    100000000: "buyer",
    100000001: "billing",
    100000002: "sponsor",
    100000003: "approver",
}
QUOTE_STATES: Final[Mapping[int, Literal["draft", "presented", "accepted", "rejected"]]] = {
    0: "draft",
    1: "presented",
    2: "accepted",
    3: "rejected",
}
QUOTE_WON: Final = 2
QUOTE_CLOSED: Final = 3
ACCEPTED: Final = 4
"""Why a quote is won."""
REVISED: Final = 7
"""Why a quote is closed: a newer revision took its place."""
ORDER_STATES: Final[Mapping[int, Literal["in_approval", "active", "cancelled", "expired"]]] = {
    0: "in_approval",
    1: "active",
    2: "cancelled",
    3: "expired",
    4: "expired",
}
PRODUCT_TYPES: Final[Mapping[int, Literal["labour", "expense", "fee", "material"]]] = {
    1: "material",
    2: "expense",
    3: "labour",
    4: "fee",
}

T = TypeVar("T")


def customer(row: wire.Account) -> Customer:
    """The customer an account stands for."""
    registrations = []
    if row.tg_taxregistration:
        country = row.tg_taxcountry or row.address1_country or ""
        registrations = [TaxRegistration(country=country, scheme=row.tg_taxscheme or "", number=row.tg_taxregistration)]
    return Customer(
        id=row.accountid,
        lifecycle="active" if row.statecode == 0 else "merged" if row.merged else "closed",
        source=source(row.versionnumber, row.modifiedon),
        legal_name=row.tg_legalname or row.name,
        trading_name=row.name,
        number=row.accountnumber or "",
        parent_id=row.parent or "",
        addresses=_addresses(row),
        tax_registrations=registrations,
        default_currency=row.currency.isocurrencycode if row.currency else "",
        payment_terms=row.payment_terms or "",
        email=row.emailaddress1 or "",
        po_required=bool(row.tg_porequired),
        owner_id=row.owner or "",
    )


def contact(row: wire.Contact) -> Contact:
    """A person; the role is what they are to their own account."""
    roles = []
    if row.tg_contactrole is not None and row.account:
        role = known(CONTACT_ROLES, row.tg_contactrole, "contact.tg_contactrole", row.contactid, row.role)
        roles = [ContactRole(account_id=row.account, role=role)]
    return Contact(
        id=row.contactid,
        source=source(row.versionnumber, row.modifiedon),
        given=row.firstname or "",
        family=row.lastname or "",
        email=row.emailaddress1 or "",
        phone=row.telephone1 or "",
        title=row.jobtitle or "",
        account_id=row.account or "",
        status="active" if row.statecode == 0 else "inactive",
        marketing_opt_out=bool(row.donotbulkemail),
        roles=roles,
    )


def lead(row: wire.Lead, opportunity_id: str, absorbed: list[str]) -> Lead:
    """A lead; `opportunity_id` is the deal that names it as where it came from."""
    return Lead(
        id=row.leadid,
        source=source(row.versionnumber, row.modifiedon),
        company=row.companyname or "",
        given=row.firstname or "",
        family=row.lastname or "",
        email=row.emailaddress1 or "",
        status=known(LEAD_STATES, row.statecode, "lead.statecode", row.leadid),
        account_id=row.account or "",
        contact_id=row.contact or "",
        opportunity_id=opportunity_id,
        absorbed=absorbed,
    )


def quote(row: quote_wire.Quote, lines: list[quote_wire.QuoteLine]) -> Quote:
    """An offer with its lines. A total that is not worked out yet is the sum of them."""
    currency = currency_of(row.currency)
    total = row.totalamount
    if total is None:
        total = sum((line.extendedamount for line in lines), Decimal(0))
    status = known(QUOTE_STATES, row.statecode, "quote.statecode", row.quoteid)
    return Quote(
        id=row.quoteid,
        source=source(row.versionnumber, row.modifiedon),
        number=row.quotenumber,
        revision=(row.revisionnumber or 0) + 1,
        opportunity_id=row.opportunity or "",
        currency=currency,
        total=money(total, currency, system=SYSTEM),
        tax_included=bool(row.tg_taxincluded),
        cost=None if row.tg_cost is None else money(row.tg_cost, currency, system=SYSTEM),
        approved_discount=share(row.tg_approveddiscount, system=SYSTEM),
        status="superseded" if status == "rejected" and row.statuscode == REVISED else status,
        valid_to=_day(row.effectiveto),
        signed_on=row.tg_signedon,
        envelope=row.tg_signatureenvelope or "",
        frozen=bool(row.tg_frozen),
        order_number=row.tg_erpordernumber or "",
        order_id=row.tg_erporderid or "",
        lines=[_quote_line(number, line, currency) for number, line in enumerate(lines, 1)],
    )


def quote_mark(wanted: QuoteMark, state: int) -> quote_wire.QuoteMark:
    """What is written of a quote. An active one is closed by an action; one that is won only by its state."""
    closed = wanted.status == "superseded" and state == QUOTE_WON
    return quote_wire.QuoteMark(
        frozen=wanted.frozen,
        order_number=wanted.order_number or None,
        order_id=wanted.order_id or None,
        state=QUOTE_CLOSED if closed else UNSET,
        status=REVISED if closed else UNSET,
    )


def quote_closing(wanted: QuoteMark, quote_id: str) -> quote_wire.Closing:
    """What tells an action that a quote is won, or that another revision took its place."""
    won = wanted.status == "accepted"
    subject = "Accepted by the customer" if won else "A newer revision took its place"
    close = quote_wire.QuoteClose(subject=subject, quote=f"/quotes({quote_id})")
    return quote_wire.Closing(status=ACCEPTED if won else REVISED, close=close)


def contract(row: wire.Order) -> Contract:
    """What was agreed, as the order has it. Signed is what the customer signed, not what somebody submitted."""
    currency = currency_of(row.currency)
    return Contract(
        id=row.salesorderid,
        source=source(row.versionnumber, row.modifiedon),
        number=row.ordernumber,
        account_id=row.account or "",
        title=row.name or "",
        opportunity_id=row.opportunity or "",
        currency=currency,
        value=None if row.totalamount is None else money(row.totalamount, currency, system=SYSTEM),
        billing_method=contract_type(row, "salesorder", row.salesorderid),
        start=row.tg_startson,
        end=row.tg_endson,
        signed_at=row.tg_signedon,
        at_risk_until=row.tg_atriskuntil,
        at_risk_cap=None if row.tg_atriskcap is None else money(row.tg_atriskcap, currency, system=SYSTEM),
        approved_exceptions=rules(row.exceptions),
        po_number=row.tg_ponumber or "",
        payment_terms=row.payment_terms or "",
        status=known(ORDER_STATES, row.statecode, "salesorder.statecode", row.salesorderid),
        amendment=row.tg_carriedamendment,
    )


def rules(labels: str | None) -> list[str]:
    """Choices are told by their labels, as those of a deal's delivery entities."""
    return [each.strip() for each in (labels or "").split(";") if each.strip()]


def link(row: wire.Link) -> ProjectLink:
    """How a deal is linked now."""
    return ProjectLink(
        project_code=row.tg_projectcode or "",
        erp_project_id=row.tg_erpprojectid or "",
        psa_project_id=row.tg_psaprojectid or "",
        erp_customer_id=row.tg_erpcustomerid or "",
    )


def link_update(wanted: ProjectLink) -> wire.LinkUpdate:
    """How it shall be linked; an empty text is written as null, so that it reads the same as one never set."""
    return wire.LinkUpdate(
        tg_projectcode=wanted.project_code or None,
        tg_erpprojectid=wanted.erp_project_id or None,
        tg_psaprojectid=wanted.psa_project_id or None,
        tg_erpcustomerid=wanted.erp_customer_id or None,
    )


def change(row: wire.Changed) -> Change:
    """A deal the poll found."""
    return Change(
        object="opportunity",
        native_id=row.opportunityid,
        version=version(row.versionnumber),
        changed_at=row.modifiedon,
        exact=True,
        won=row.statecode == WON,
    )


def record_change(native_id: str, row: wire.ChangedRecord) -> RecordChange:
    """A record the poll found; one that was merged away stays, and names its master."""
    return RecordChange(
        native_id=native_id,
        version="" if row.merged else version(row.versionnumber),
        changed_at=row.modifiedon,
        exact=True,
        gone=bool(row.merged),
    )


def deletions(ids: list[str], told_at: datetime) -> list[RecordChange]:
    """Rows that were deleted; when is said nowhere, so it is when that was told."""
    return [RecordChange(native_id=each, changed_at=told_at, exact=True, gone=True) for each in ids]


def version(number: int) -> str:
    """A row's version number as text that sorts as the numbers do; they have up to 19 digits."""
    return f"{number:019}"


def tag(seen: str) -> str:
    """The ETag of the version a record was read at; `Invalid` for a text that is none."""
    if not (seen.isascii() and seen.isdigit() and len(seen) < 20):
        error = FieldError(detail="this is no version an account was read at", pointer="/seen")
        raise Invalid(system=SYSTEM, errors=[error])
    return f'W/"{int(seen)}"'


def source(number: int, modified: datetime) -> Source:
    """The version a record was read at."""
    return Source(system=SYSTEM, native_version=version(number), updated_at=modified)


def _quote_line(number: int, line: quote_wire.QuoteLine, currency: str) -> QuoteLine:
    return QuoteLine(
        seq=line.lineitemnumber or number,
        item=line.product.name if line.product else line.productdescription or "",
        code=(line.product.productnumber or "") if line.product else "",
        kind=line_kind(line.product),
        qty=line.quantity,
        unit_price=money(line.priceperunit, currency, system=SYSTEM),
        net=money(line.extendedamount, currency, system=SYSTEM),
        role=line.tg_role or "",
    )


def line_kind(product: quote_wire.Product | None) -> Literal["labour", "expense", "fee", "material"]:
    """What a line sells; work, where its product does not say."""
    kind = product.producttypecode if product else None
    return "labour" if kind is None else known(PRODUCT_TYPES, kind, "product.producttypecode")


def _addresses(row: wire.Account) -> list[Address]:
    lines = [line for line in (row.address1_line1, row.address1_line2, row.address1_line3) if line]
    if not lines and not (row.address1_city or row.address1_country):
        return []
    country = row.address1_country or ""
    if country and not (len(country) == 2 and country.isascii() and country.isupper()):
        raise VendorRefused(
            f"address1_country is {country!r}: it must be a country's two letters (ISO 3166-1), as DE", system=SYSTEM
        )
    return [
        Address(
            role="bill",
            lines=lines,
            city=row.address1_city or "",
            subdivision=row.address1_stateorprovince or "",
            postal=row.address1_postalcode or "",
            country=country,
        )
    ]


def currency_of(found: wire.Currency | None) -> str:
    """The code of a record's currency; refused where it has none."""
    if found is None:
        raise VendorRefused("transactioncurrencyid is empty: an amount without its currency is none", system=SYSTEM)
    return found.isocurrencycode


def _day(text: str | None) -> date | None:
    """A day; an organisation may keep it with a time of day, which says nothing."""
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError as wrong:
        raise Drifted(f"{text!r} is no date", system=SYSTEM) from wrong


def contract_type(row: wire.Opportunity | wire.Order, table: str, record: str) -> ContractType:
    """How a deal or a contract is billed; by time where it does not say."""
    code = row.tg_contracttype
    return "tm" if code is None else known(CONTRACT_TYPES, code, f"{table}.tg_contracttype", record, row.contract_type)


def known(words: Mapping[int, T], code: int, column: str, record: str = "", label: str | None = None) -> T:
    """What a choice of a column means; `label` is what people there read in place of its number."""
    if code not in words and label:
        raise unknown(f"{code} ({label})", column, system=SYSTEM, record=record)
    return meaning(words, code, column, system=SYSTEM, record=record)
