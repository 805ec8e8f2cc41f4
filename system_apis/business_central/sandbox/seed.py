"""The environment at first: a company for each legal entity, with its currencies, terms and periods.

One customer is known already: blocked. Companies are in no company themselves.
"""

from datetime import date, timedelta
from typing import Final

from foundation.sandbox import Box, Record, firm
from system_apis.business_central.sandbox.fields import guid
from system_apis.business_central.sandbox.schema import PAGES

CURRENCIES: Final = ("USD", "EUR", "INR", "GBP", "JPY", "KWD")
TERMS: Final = {"15D": "Net 15", "30D": "Net 30", "45D": "Net 45", "60D": "Net 60"}
UNITS: Final = {"PCS": "C62", "HOUR": "HUR", "DAY": "DAY"}
MONTHS_CLOSED: Final = 12
MONTHS_OPEN: Final = 12
"""Besides the current one."""
CREDIT_LIMIT: Final = 25000
OWED: Final = 31200


def seed(box: Box) -> None:
    """An environment as its administrator would have set it up for us."""
    for entity in firm.ENTITIES:
        _company(box, entity)
    for account in (each for each in firm.ACCOUNTS if each.credit_hold):
        _held(box, account)


def company_of(box: Box, code: str) -> str:
    """The id of a company by its name."""
    return str(box.store.find("companies", name=code)[0]["id"])


def _put(box: Box, company: str, page: str, **fields: object) -> Record:
    known = PAGES[page]
    id = guid(page, box.store.next_number(page))
    row: Record = {field.name: field.default for field in known.fields.values()} | {"id": id, "_company": company}
    row |= fields
    row["lastModifiedDateTime"], row["_version"] = box.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"), 1
    return box.store.insert(page, id, row)


def _company(box: Box, entity: firm.LegalEntity) -> None:
    id = _put(box, "", "companies", name=entity.code, displayName=entity.name, systemVersion="26.0")["id"]
    info = {"displayName": entity.name, "country": entity.country, "currencyCode": entity.currency}
    _put(box, id, "companyInformation", **info)
    for code in CURRENCIES:
        if code != entity.currency:
            _put(box, id, "currencies", code=code, displayName=code, symbol=code)
    for number, who in enumerate(_people(entity.code, box.now().date()), start=1):
        _put(box, id, "employees", number=f"E{number:04}", displayName=who, email=f"{who}@acme.example")
    for code, standard in UNITS.items():
        _put(box, id, "unitsOfMeasure", code=code, displayName=code.title(), internationalStandardCode=standard)
    _items(box, id)
    for code, name in TERMS.items():
        _put(box, id, "paymentTerms", code=code, displayName=name, dueDateCalculation=code)
    this_month = box.now().date().replace(day=1)
    partners = ";".join(entity.partners)
    opened = this_month.isoformat()
    _put(box, id, "entitySettings", timeZone=entity.time_zone, intercompanyPartners=partners, allowPostingFrom=opened)
    first = this_month
    for _ in range(MONTHS_CLOSED):
        first = (first - timedelta(days=1)).replace(day=1)
    for _ in range(MONTHS_CLOSED + 1 + MONTHS_OPEN + 1):
        closed = first < this_month
        period = {"startingDate": first.isoformat(), "name": f"{first:%b %Y}", "newFiscalYear": first.month == 1}
        _put(box, id, "accountingPeriods", **period, closed=closed, dateLocked=closed)
        first = _next_month(first)


def _items(box: Box, company: str) -> None:
    """One for each role that is sold, a discount, and a package of three of them."""
    plain = {"type": "Service", "taxCategory": "S"}
    for role in sorted({role.name for deal in firm.deals(box.now().date()) for role in deal.roles}):
        _put(box, company, "items", number=firm.item_code(role), displayName=role, **plain)
    _put(box, company, "items", number="DISCOUNT", displayName="Discount", takesOff=True, **plain)
    bundle = _put(box, company, "items", number="KICKOFF", displayName="Kick-off package", **plain)["id"]
    for place, (role, hours) in enumerate(firm.PACKAGE.items(), start=1):
        part = {"componentType": "Item", "componentNumber": firm.item_code(role), "quantityPer": hours}
        _put(box, company, "assemblyComponents", documentId=bundle, lineNumber=place * 10000, **part)


def _people(entity: str, today: date) -> list[str]:
    """Who manages projects of a legal entity: those whose time somebody asks for first."""
    return sorted({deal.project_manager.partition("@")[0] for deal in firm.deals(today) if deal.entity == entity})


def _next_month(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


def _held(box: Box, account: firm.Account) -> None:
    """A customer known under our key, that gets no more credit."""
    entity = next(each for each in firm.ENTITIES if each.currency == account.currency)
    company = company_of(box, entity.code)
    terms = box.store.find("paymentTerms", _company=company, displayName=account.terms)[0]["id"]
    _put(
        box,
        company,
        "customers",
        tiergateKey=account.key,
        number="C00010",
        displayName=account.legal_name,
        addressLine1=account.street,
        city=account.city,
        state=account.subdivision,
        postalCode=account.postal,
        country=account.country,
        paymentTermsId=terms,
        taxRegistrationNumber=account.tax.number if account.tax else "",
        creditLimit=CREDIT_LIMIT,
        balanceDue=OWED,
        blocked="All",
    )
