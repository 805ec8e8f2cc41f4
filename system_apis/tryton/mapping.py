"""Tryton <-> canonical. Pure: what needs a look-up comes in as an argument."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, get_args

from canonical.base import Source, Xref
from canonical.faults import Drifted
from canonical.money import Money
from canonical.objects import (
    Address,
    BillingLine,
    BillingSchedule,
    Credit,
    Customer,
    LegalEntity,
    Period,
    Project,
    TaxProfile,
    TaxRegistration,
)
from foundation.vendor_values import currency as iso
from foundation.vendor_values import day, meaning, money
from system_apis.tryton import codes, memo, wire
from system_apis.tryton.auth import SYSTEM

KEY: Final = "tiergate:"
"""What an identifier of ours begins with: a party is known under our key."""
INTERCOMPANY: Final = "Intercompany"
"""The category whose children are codes of legal entities there is an agreement with."""
PROJECT: Final = "project-key"
PLAN: Final = "plan-key"
"""Under what word a comment holds our key."""
_SET_UP: Final = ("cost-center", "profit-center", "documents")
"""What of a project only its setup says: it stays when the project is written."""
Values = dict[str, Any]
_Method = Literal["milestone", "monthly", "on_completion"]


def legal_entity(found: wire.Company, periods: Sequence[wire.Period]) -> LegalEntity:
    """A company with its accounting periods."""
    party = found.party
    country = next((seat.country.code for seat in party.addresses if seat.country and seat.country.code), "")
    return LegalEntity(
        id=str(found.id),
        legal_entity_id=party.code or "",
        xrefs=[Xref(system=SYSTEM, native_id=str(found.id), alt_key=party.code or "")],
        code=party.code or "",
        legal_name=party.name or "",
        country=country,
        functional_currency=iso(found.currency.code, system=SYSTEM),
        time_zone=found.timezone or "",
        intercompany_partners=[
            each.name for each in party.categories if each.parent and each.parent.name == INTERCOMPANY
        ],
        periods=[_period(each) for each in periods],
        status="open" if party.active else "closed",
    )


def customer(found: wire.Party, credit: Credit) -> Customer:
    """A party as a debtor. Which legal entity it belongs to is not said: all."""
    return Customer(
        id=str(found.id),
        xrefs=xrefs(found.id, key_of(found)),
        source=source(found.timestamp, found.last_modified_at),
        lifecycle="active" if found.active else "closed",
        legal_name=found.name or "",
        trading_name=found.name or "",
        number=found.code,
        addresses=[_address(each) for each in found.addresses[:1]],
        tax_registrations=_registrations(found),
        default_currency=iso(found.customer_currency.code, system=SYSTEM) if found.customer_currency else "",
        payment_terms=found.customer_payment_term.name if found.customer_payment_term else "",
        credit=credit,
        email=next((each.value or "" for each in found.contact_mechanisms if each.type == "email"), ""),
    )


def limits(found: wire.Party) -> dict[int, Decimal]:
    """Which companies trust a party no further than so."""
    return {
        each.company: decimal(each.credit_limit_amount)
        for each in found.credit_limit_amounts
        if each.company is not None and each.credit_limit_amount is not None
    }


def credit(entity: str, limit: Money, owed: Decimal) -> Credit:
    """How far a company trusts a party, and whether it has come to the end of that."""
    over = owed > limit.amount
    return Credit(limit=limit, hold=over, reason=f"It owes {entity} more than its credit limit." if over else "")


def tax_profile(found: wire.Party) -> TaxProfile:
    """The tax standing it knows: an identifier was checked when it was entered; without one it is unverified."""
    registrations = _registrations(found)
    seat = found.addresses[0].country if found.addresses else None
    return TaxProfile(
        id=str(found.id),
        xrefs=xrefs(found.id, key_of(found)),
        source=source(found.timestamp, found.last_modified_at),
        account_id=str(found.id),
        jurisdiction=registrations[0].country if registrations else ((seat.code or "") if seat else ""),
        registrations=registrations,
        status="valid" if registrations else "unverified",
    )


def party_values(
    key: str, data: Customer, known: wire.Party | None, *, currency: int | None, terms: int | None, place: Values
) -> Values:
    """What an upsert writes: the whole of a customer but its number and its credit. `place` is its address."""
    values: Values = {"name": data.legal_name, "customer_currency": currency, "customer_payment_term": terms}
    at = known.addresses[0].id if known and known.addresses else None
    values["addresses"] = one(at, place)
    emails = [each for each in known.contact_mechanisms if each.type == "email"] if known else []
    if data.email and [each.value for each in emails[:1]] != [data.email]:
        values["contact_mechanisms"] = one(emails[0].id if emails else None, {"type": "email", "value": data.email})
    identifiers: list[Any] = [] if known else [["create", [{"code": KEY + key}]]]
    tax = next(iter(_taxes(data)), None)
    if tax is not None:
        wanted = {"type": codes.identifier_type(tax.country), "code": tax.number}
        had = next((each for each in known.identifiers if codes.scheme(each.type or "")), None) if known else None
        if had is None or {"type": had.type, "code": had.code} != wanted:
            identifiers += one(had.id if had else None, wanted)
    if identifiers:
        values["identifiers"] = identifiers
    return values


def address_values(data: Customer, country: int | None, subdivision: int | None) -> Values:
    """The address bills go to."""
    bill = next((each for each in data.addresses if each.role == "bill"), Address())
    return {
        "street": "\n".join(bill.lines),
        "city": bill.city,
        "postal_code": bill.postal,
        "country": country,
        "subdivision": subdivision,
    }


def project(found: wire.Work, *, entity: str, books: str) -> Project:
    """A project, in its company's currency (`books`) where people made it. Tasks and milestones are the PSA's."""
    words = memo.read(found.comment)
    currency = iso(words.get("currency", "") or books, system=SYSTEM)
    stage = codes.stage(found.status.name)
    return Project(
        id=str(found.id),
        legal_entity_id=entity,
        xrefs=xrefs(found.id, words.get(PROJECT, "")),
        source=source(found.timestamp, found.last_modified_at),
        lifecycle="closed" if stage in ("closed", "cancelled") else "active",
        code=words.get("code", "") or found.number or "",
        name=found.name,
        account_id=str(found.party) if found.party is not None else "",
        contract_id=words.get("contract", ""),
        opportunity_id=words.get("opportunity", ""),
        stage=stage,
        currency=currency,
        budget=money(decimal_of(words["budget"]), currency, system=SYSTEM) if "budget" in words else None,
        billing_method=codes.contract_type(words.get("method", "")),
        start=day_of(words, "start"),
        end=day_of(words, "end"),
        practice=words.get("practice", ""),
        project_manager=words.get("manager", ""),
    )


def project_values(key: str, data: Project, known: wire.Work | None, status: int) -> Values:
    """What an upsert writes. What company it is of, only a new one says."""
    words = {
        PROJECT: key,
        "code": data.code,
        "contract": data.contract_id,
        "opportunity": data.opportunity_id,
        "currency": data.currency,
        "budget": f"{data.budget.amount:f}" if data.budget else "",
        "method": data.billing_method,
        "start": data.start.isoformat() if data.start else "",
        "end": data.end.isoformat() if data.end else "",
        "practice": data.practice,
        "manager": data.project_manager,
    }
    set_up = {word: text for word, text in memo.read(known.comment if known else "").items() if word in _SET_UP}
    comment = memo.written(words | set_up, known.comment if known else "")
    return {"name": data.name, "status": status, "comment": comment}


def billing_schedule(found: wire.Sale, *, entity: str) -> BillingSchedule:
    """A billing plan, kept as a sale that nobody confirms: a line is a date and what is billed on it."""
    words = memo.read(found.comment)
    currency = iso(found.currency.code, system=SYSTEM)
    method = next((known for known in get_args(_Method) if known == words.get("method")), None)
    if method is None:
        raise Drifted(f"a billing plan has the unknown method {words.get('method', '')!r:.60}", system=SYSTEM)
    return BillingSchedule(
        id=str(found.id),
        legal_entity_id=entity,
        xrefs=xrefs(found.id, words.get(PLAN, "")),
        source=source(found.timestamp, found.last_modified_at),
        name=found.description or "",
        project_id=words.get("project", ""),
        currency=currency,
        method=method,
        lines=[_billing_line(each, currency) for each in found.lines if each.type == "line"],
    )


def schedule_values(key: str, data: BillingSchedule, known: wire.Sale | None) -> Values:
    """What an upsert writes; lines are known again by our reference, and those it no longer has are deleted."""
    words = {PLAN: key, "project": data.project_id, "method": data.method}
    kept = {memo.read(each.note).get("ref", ""): each.id for each in known.lines} if known else {}
    lines: list[Any] = []
    for each in data.lines:
        note = memo.written({"ref": each.ref, "due": each.due.isoformat()})
        lines += one(kept.pop(each.ref, None), line_values(each.name, each.amount, note))
    if kept:
        lines.append(["delete", list(kept.values())])
    return {
        "description": data.name,
        "comment": memo.written(words, known.comment if known else ""),
        "lines": lines,
    }


def key_of(found: wire.Party) -> str:
    """Our key of a party, empty where it has none."""
    return next((each.code.removeprefix(KEY) for each in found.identifiers if each.code.startswith(KEY)), "")


def decimal(said: wire.Number) -> Decimal:
    """An exact number; `Drifted` for what is none."""
    return decimal_of(said.decimal)


def decimal_of(text: str) -> Decimal:
    """An exact number from its text; `Drifted` for what is none."""
    try:
        found = Decimal(text)
    except InvalidOperation as wrong:
        raise Drifted(f"{text[:40]!r} is no number", system=SYSTEM) from wrong
    if not found.is_finite():
        raise Drifted(f"{text[:40]!r} is no number", system=SYSTEM)
    return found


def amount_of(line: wire.Line) -> Decimal:
    """What a line comes to."""
    return decimal(line.amount) if line.amount else Decimal(0)


def line_values(name: str, amount: Money, note: str) -> Values:
    """A line that comes to an amount."""
    return {"description": name, "quantity": 1, "unit_price": wire.number(amount.amount), "note": note}


def _billing_line(line: wire.Line, currency: str) -> BillingLine:
    words = memo.read(line.note)
    return BillingLine(
        ref=words.get("ref", "") or str(line.id),
        name=line.description or "",
        due=day(words.get("due", ""), system=SYSTEM),
        amount=money(amount_of(line), currency, system=SYSTEM),
    )


def one(id: int | None, values: Values) -> list[Any]:
    """What makes or changes one record of a list."""
    return [["create", [values]]] if id is None else [["write", [id], values]]


def _taxes(data: Customer) -> list[TaxRegistration]:
    """The registrations, that of the country bills go to first."""
    home = next((each.country for each in data.addresses if each.role == "bill"), "")
    return sorted(data.tax_registrations, key=lambda each: each.country != home)


def _registrations(found: wire.Party) -> list[TaxRegistration]:
    known = [(codes.scheme(each.type or ""), each.code) for each in found.identifiers]
    return [
        TaxRegistration(country=said[0], scheme=said[1], number=number, status="valid")
        for said, number in known
        if said
    ]


def _address(found: wire.Address) -> Address:
    subdivision = (found.subdivision.code or "") if found.subdivision else ""
    return Address(
        role="bill",
        lines=(found.street or "").splitlines(),
        city=found.city or "",
        subdivision=subdivision.partition("-")[2] or subdivision,
        postal=found.postal_code or "",
        country=(found.country.code or "") if found.country else "",
    )


def _period(found: wire.Period) -> Period:
    opened = meaning(codes.PERIODS, found.state, "account.period.state", system=SYSTEM, record=found.name)
    return Period(name=found.name, start=as_date(found.start_date), end=as_date(found.end_date), open=opened)


def as_date(said: wire.Day) -> date:
    """A date; `Drifted` for what is none."""
    try:
        return date(said.year, said.month, said.day)
    except (ValueError, OverflowError) as wrong:
        raise Drifted(f"{said.year}-{said.month}-{said.day} is no date", system=SYSTEM) from wrong


def day_of(words: Mapping[str, str], word: str) -> date | None:
    """The day that a word says; None where it is not there."""
    return day(words[word], system=SYSTEM) if words.get(word) else None


def xrefs(id: int, key: str) -> list[Xref]:
    """What a record is called there, and by us."""
    return [Xref(system=SYSTEM, native_id=str(id), alt_key=key)]


def source(version: str, at: wire.Instant | None) -> Source:
    """Which version of it this is."""
    return Source(system=SYSTEM, native_version=version, updated_at=instant(at) if at else None)


def instant(said: wire.Instant) -> datetime:
    """An instant; `Drifted` for what is none."""
    try:
        return datetime(
            said.year, said.month, said.day, said.hour, said.minute, said.second, said.microsecond, tzinfo=UTC
        )
    except (ValueError, OverflowError) as wrong:
        raise Drifted(f"an instant of the year {said.year} is none: {wrong}", system=SYSTEM) from wrong
