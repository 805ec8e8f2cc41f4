"""The database at first: a company for each legal entity with its periods, and what a firm sets up once.

One customer is known already: it owes more than it may.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from canonical.money import minor_units
from foundation.sandbox import Box, Record, firm
from system_apis.tryton.codes import CONTACT
from system_apis.tryton.sandbox import catalogue, records
from system_apis.tryton.sandbox.billing import number

CURRENCIES: Final = ("USD", "EUR", "INR", "GBP", "JPY", "KWD")
TERMS: Final = {"Net 15": 15, "Net 30": 30, "Net 45": 45, "Net 60": 60}
STATUSES: Final = ("Open", "Done", "Planned", "Active", "On Hold", "Closed", "Cancelled")
JOURNALS: Final = {
    "REV": ("Revenue", "revenue"),
    "EXP": ("Expense", "expense"),
    "CASH": ("Cash", "cash"),
    "MISC": ("Miscellaneous", "general"),
}
ACCOUNTS: Final = {"receivable": ("1.2.1", "Accounts, Notes And Loans Receivable"), "revenue": ("4.1.1", "Goods")}
TAXES: Final = {"DE": "0.19", "IN": "0.18"}
EMPLOYER: Final = "ACME-DE"
EMAIL: Final = "katrin.behrens@acme.example"
LIMIT: Final = Decimal(25000)
OWED: Final = Decimal("31240.00")


def seed(box: Box) -> None:
    """Fill an empty database."""
    places = {(account.country, account.subdivision) for account in firm.ACCOUNTS}
    countries = {code: _made(box, "country.country", name=code, code=code) for code in sorted({c for c, _ in places})}
    for country, code in sorted(places):
        whole = f"{country}-{code}"
        _made(box, "country.subdivision", country=countries[country], name=code, code=whole, type="state")
    for code in CURRENCIES:
        _made(box, "currency.currency", name=code, code=code, digits=minor_units(code))
    for name in TERMS:
        _made(box, "account.invoice.payment_term", name=name)
    for name in STATUSES:
        _made(box, "project.work.status", name=name, types=["project", "task"])
    _made(box, "party.relation.type", name=CONTACT)
    partners = _partners(box)
    for entity in firm.ENTITIES:
        _company(box, entity, countries[entity.country], partners)
    _books(box)
    _made(box, "company.employee", company=company_of(box, EMPLOYER), party=_person(box))
    for account in firm.ACCOUNTS:
        if account.credit_hold:
            _held(box, account, countries[account.country])


def _person(box: Box) -> int:
    mechanisms = [["create", [{"type": "email", "value": EMAIL}]]]
    return _made(box, "party.party", name="Katrin Behrens", contact_mechanisms=mechanisms)


def _books(box: Box) -> None:
    """Where things are booked, how they are taxed, and what an hour is."""
    for code, (name, kind) in JOURNALS.items():
        _made(box, "account.journal", name=name, code=code, type=kind)
    taxes = []
    for entity in firm.ENTITIES:
        company = company_of(box, entity.code)
        for use, (code, name) in ACCOUNTS.items():
            account = _made(box, "account.account", name=name, code=code, company=company)
            box.store.update("account.account", str(account), {"_use": use})
        if rate := TAXES.get(entity.country):
            said = {"name": f"Tax {rate}", "company": company, "rate": number(Decimal(rate))}
            taxes.append(_made(box, "account.tax", **said))
    catalogue.enter(box, _made(box, "product.category", name="Services", customer_taxes=[["add", taxes]]))


def company_of(box: Box, code: str) -> int:
    """A company by our code of the legal entity."""
    party = box.store.find("party.party", code=code)[0]
    return int(box.store.find("company.company", party=party["id"])[0]["id"])


def _partners(box: Box) -> dict[str, int]:
    parent = _made(box, "party.category", name="Intercompany")
    return {entity.code: _made(box, "party.category", name=entity.code, parent=parent) for entity in firm.ENTITIES}


def _company(box: Box, entity: firm.LegalEntity, country: int, partners: dict[str, int]) -> None:
    addresses = [["create", [{"country": country}]]]
    agreed = [["add", [partners[code] for code in entity.partners]]]
    party = _made(box, "party.party", name=entity.name, code=entity.code, addresses=addresses, categories=agreed)
    currency = _id(box, "currency.currency", code=entity.currency)
    company = _made(box, "company.company", party=party, currency=currency, timezone=entity.time_zone)
    today = box.now().date()
    first = date(today.year - 1, 1, 1)
    while first.year <= today.year + 1:
        last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        period = _made(
            box, "account.period", name=f"{first:%Y-%m}", start_date=_day(first), end_date=_day(last), type="standard"
        )
        state = "closed" if last < today.replace(day=1) else "open"
        box.store.update("account.period", str(period), {"state": state, "company": company})
        first = last + timedelta(days=1)


def _held(box: Box, account: firm.Account, country: int) -> None:
    entity = next(each for each in firm.ENTITIES if each.currency == account.currency)
    company = company_of(box, entity.code)
    address = {
        "street": account.street,
        "city": account.city,
        "postal_code": account.postal,
        "country": country,
        "subdivision": _id(box, "country.subdivision", code=f"{account.country}-{account.subdivision}"),
    }
    identifiers: list[Record] = [{"code": f"tiergate:{account.key}"}]
    if account.tax:
        identifiers.append({"type": "us_ein", "code": account.tax.number})
    limit = {"company": company, "credit_limit_amount": number(LIMIT)}
    party = _made(
        box,
        "party.party",
        name=account.legal_name,
        addresses=[["create", [address]]],
        identifiers=[["create", identifiers]],
        customer_payment_term=_id(box, "account.invoice.payment_term", name=account.terms),
        customer_currency=_id(box, "currency.currency", code=entity.currency),
        credit_limit_amounts=[["create", [limit]]],
    )
    box.store.update("party.party", str(party), {"_owes": {str(company): OWED}})


def _made(box: Box, model: str, **values: Any) -> int:
    return records.create(box, model, values)


def _id(box: Box, model: str, **equal: str) -> int:
    return int(box.store.find(model, **equal)[0]["id"])


def _day(value: date) -> Record:
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
