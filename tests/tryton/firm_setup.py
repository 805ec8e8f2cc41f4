"""Sets up the firm in a new database of Tryton, as its administrator would; run in Tryton's own environment.

    python firm_setup.py <trytond.conf> <database> < firm.json

What is asked for stands in `firm.json`, so that the sandbox and the real server hold the same firm. Trytond ships the
helpers used here with its modules.
"""

import datetime as dt
import json
import sys
from decimal import Decimal
from typing import Any

from proteus import Model, config
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, create_tax, get_accounts
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences

STATUSES = ("Planned", "Active", "On Hold", "Closed", "Cancelled")
ADMINISTRATION = "Administration"
TAXED = "Tax Category"
DISCOUNT = "Discount"


def main(conf: str, database: str) -> None:
    """Set up everything, and commit each step."""
    asked = json.load(sys.stdin)
    config.set_trytond(database=database, user="admin", config_file=conf)
    places(asked["places"])
    currencies(asked["currencies"])
    terms(asked["terms"])
    statuses()
    relations()
    companies = {each["code"]: company(each) for each in asked["entities"]}
    see(list(companies.values()), companies[asked["entities"][0]["code"]])
    taxes = []
    for each in asked["entities"]:
        enter(companies[each["code"]])
        taxes += books(companies[each["code"]], each, dt.date.fromisoformat(asked["today"]))
    service(companies, taxes)
    items(asked["items"])
    intercompany(asked["entities"])
    for each in asked["people"]:
        person(each, companies)
    for each in asked["held"]:
        held(each, companies)
    integration(asked["user"], companies)


def relations() -> None:
    """What a contact is to a customer, and a customer to its contact."""
    Type = Model.get("party.relation.type")
    there, back = Type(name="Contact of"), Type(name="Contact")
    there.save()
    back.reverse = there
    back.save()
    there.reverse = back
    there.save()


def places(asked: list[list[str]]) -> None:
    """Countries and the subdivisions of them, as `trytond_import_countries` would from ISO 3166."""
    Country, Subdivision = Model.get("country.country"), Model.get("country.subdivision")
    known: dict[str, Any] = {}
    for country, code in asked:
        if country not in known:
            known[country] = Country(name=country, code=country)
            known[country].save()
        if code:
            Subdivision(country=known[country], code=f"{country}-{code}", name=code, type="state").save()


def currencies(asked: list[list[Any]]) -> None:
    """Currencies with their digits, and a rate so that Tryton can work with them."""
    Currency, Rate = Model.get("currency.currency"), Model.get("currency.currency.rate")
    for code, digits in asked:
        made = Currency(name=code, symbol=code, code=code, digits=digits, rounding=Decimal(1).scaleb(-digits))
        made.save()
        Rate(date=dt.date.min, rate=Decimal(1), currency=made).save()


def terms(asked: dict[str, int]) -> None:
    """Terms of payment."""
    Term = Model.get("account.invoice.payment_term")
    for name, days in asked.items():
        made = Term(name=name)
        line = made.lines.new(type="remainder")
        delta = line.relativedeltas[0] if line.relativedeltas else line.relativedeltas.new()
        delta.days = days
        made.save()


def statuses() -> None:
    """A status a stage."""
    Status = Model.get("project.work.status")
    for name in STATUSES:
        Status(name=name, types=["project", "task"]).save()


def company(asked: dict[str, Any]) -> Any:
    """A legal entity: its party has our code."""
    Party, Company = Model.get("party.party"), Model.get("company.company")
    party = Party(name=asked["name"], code=asked["code"])
    party.addresses[0].country = one("country.country", code=asked["country"])
    party.save()
    made = Company(party=party, currency=one("currency.currency", code=asked["currency"]), timezone=asked["time_zone"])
    made.save()
    return made


def see(companies: list[Any], current: Any) -> None:
    """The administrator sees all companies."""
    User = Model.get("res.user")
    admin = User(config.get_config().user)
    admin.companies.extend([type(each)(each.id) for each in companies])
    admin.company_filter = "all"
    admin.save()
    admin.company = current
    admin.save()


def enter(company: Any) -> None:
    """Work in a company from here on."""
    User = Model.get("res.user")
    admin = User(config.get_config().user)
    admin.company = company
    admin.save()
    config.get_config()._context = User.get_preferences(True, {})


def books(company: Any, asked: dict[str, Any], today: dt.date) -> list[Any]:
    """A chart of accounts, last year's, this and the next fiscal year with their periods, and a tax."""
    create_chart(company)
    for year in (today.year - 1, today.year, today.year + 1):
        day = dt.date(year, 6, 30)
        fiscalyear = create_fiscalyear(company, today=day)
        fiscalyear.name = str(year)
        fiscalyear.start_date, fiscalyear.end_date = dt.date(year, 1, 1), dt.date(year, 12, 31)
        fiscalyear = set_fiscalyear_invoice_sequences(fiscalyear)
        fiscalyear.save()
        fiscalyear.click("create_period")
    Period = Model.get("account.period")
    past = Period.find([("company", "=", company.id), ("end_date", "<", today.replace(day=1)), ("state", "=", "open")])
    if past:
        Period.click(past, "close")
    if not asked["tax"]:
        return []
    tax = create_tax(Decimal(asked["tax"]), company=company)
    tax.save()
    return [tax]


def service(companies: dict[str, Any], taxes: list[Any]) -> None:
    """What is billed: work by the hour. Its category says the accounts, company by company."""
    Category, Template = Model.get("product.category"), Model.get("product.template")
    category = Category(name="Services", accounting=True)
    category.customer_taxes.extend(taxes)
    category.save()
    for company in companies.values():
        enter(company)
        accounts = get_accounts(company)
        category = Category(category.id)
        category.account_revenue, category.account_expense = accounts["revenue"], accounts["expense"]
        category.save()
    hour = one("product.uom", name="Hour")
    template = Template(name="Consulting", type="service", default_uom=hour, salable=True, account_category=category)
    template.products[0].suffix_code = "TG-SERVICE"
    for company in companies.values():
        enter(company)
        template.list_price = Decimal(120)  # of this company
        template.save()


def items(asked: list[dict[str, Any]]) -> None:
    """What is sold: in categories that say how each is taxed, and which one takes off; booked as services are."""
    Category, Template = Model.get("product.category"), Model.get("product.template")
    accounts, parent, discount = one("product.category", name="Services"), Category(name=TAXED), Category(name=DISCOUNT)
    parent.save()
    discount.save()
    taxed = {code: Category(name=code, parent=parent) for code in sorted({each["tax"] for each in asked})}
    for category in taxed.values():
        category.save()
    for each in asked:
        unit = one("product.uom", name=each["unit"])
        made = Template(name=each["name"], type=each["type"], default_uom=unit, salable=True, account_category=accounts)
        made.categories.append(Category(taxed[each["tax"]].id))
        if each["discount"]:
            made.categories.append(Category(discount.id))
        made.products[0].suffix_code = each["code"]
        made.save()


def intercompany(asked: list[dict[str, Any]]) -> None:
    """Whom a legal entity has an agreement with, as categories of its party."""
    Category, Party = Model.get("party.category"), Model.get("party.party")
    parent = Category(name="Intercompany")
    parent.save()
    for each in asked:
        Category(name=each["code"], parent=parent).save()
    for each in asked:
        (party,) = Party.find([("code", "=", each["code"])])
        party.categories.extend([one("party.category", name=code) for code in each["partners"]])
        party.save()


def person(asked: dict[str, str], companies: dict[str, Any]) -> None:
    """Somebody who works and writes down hours."""
    Party, Employee = Model.get("party.party"), Model.get("company.employee")
    party = Party(name=asked["name"])
    party.contact_mechanisms.new(type="email", value=asked["email"])
    party.save()
    Employee(party=party, company=companies[asked["entity"]]).save()


def held(asked: dict[str, Any], companies: dict[str, Any]) -> None:
    """A customer under our key that owes more than it may."""
    Party, Invoice = Model.get("party.party"), Model.get("account.invoice")
    company = companies[asked["entity"]]
    enter(company)
    party = Party(name=asked["name"])
    address = party.addresses[0]
    address.street, address.city, address.postal_code = asked["street"], asked["city"], asked["postal"]
    address.country = one("country.country", code=asked["country"])
    address.subdivision = one("country.subdivision", code=f"{asked['country']}-{asked['subdivision']}")
    party.identifiers.new(code=f"tiergate:{asked['key']}")
    if asked["tax"]:
        party.identifiers.new(type=asked["tax"][0], code=asked["tax"][1])
    party.customer_payment_term = one("account.invoice.payment_term", name=asked["terms"])
    party.customer_currency = company.currency
    party.credit_limit_amount = Decimal(asked["limit"])
    party.save()
    invoice = Invoice(type="out", party=party)
    line = invoice.lines.new(description="Work done before", quantity=1, unit_price=Decimal(asked["owes"]))
    line.account = get_accounts(company)["revenue"]
    invoice.save()
    invoice.click("post")


def integration(asked: dict[str, str], companies: dict[str, Any]) -> None:
    """Our user: every right but that to administer, and in every company."""
    User, Group = Model.get("res.user"), Model.get("res.group")
    user = User(name="Tiergate", login=asked["name"], password=asked["password"], email="tiergate@acme.example")
    user.companies.extend([type(each)(each.id) for each in companies.values()])
    user.company_filter = "all"
    user.company = next(iter(companies.values()))
    user.groups.extend(Group.find([("name", "!=", ADMINISTRATION)]))
    user.save()


def one(model: str, **equal: Any) -> Any:
    """The record with these values."""
    (found,) = Model.get(model).find([(name, "=", value) for name, value in equal.items()])
    return found


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
