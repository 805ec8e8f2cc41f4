"""The firm every sandbox seeds: three legal entities, twelve accounts, one deal each.

One place, so that the CRM's account, the ERP's debtor and the PSA's client are the same company. Dates hang on the day
the sandboxes are seeded and never age. All names and people are made up; tax numbers only have valid check digits.
"""

from calendar import monthrange
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Final, Literal

import msgspec

_SUFFIX: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ORG: Final = "Tg0000"

PACKAGE: Final = {"Delivery Lead": 8, "Engineer": 24, "Analyst": 16}
"""Hours of each role in what ERPs sell as a kick-off package."""

ContractType = Literal["tm", "fixed", "milestone", "retainer", "managed", "nte"]


class LegalEntity(msgspec.Struct, frozen=True, kw_only=True):
    """One company of the firm. `number` is its subsidiary id in the ERP."""

    number: int
    code: str
    name: str
    country: str
    currency: str
    time_zone: str
    partners: tuple[str, ...]
    """Codes of the entities it has an intercompany agreement with."""


class Tax(msgspec.Struct, frozen=True, kw_only=True):
    """A tax registration: country, scheme and number."""

    country: str
    scheme: str
    number: str


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A contact at an account."""

    given: str
    family: str
    email: str
    title: str
    role: Literal["buyer", "billing", "sponsor", "approver"]


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A customer of the firm. `id` is its 18-character Salesforce id, `key` what Tiergate calls it."""

    id: str
    name: str
    legal_name: str
    street: str
    city: str
    subdivision: str
    postal: str
    country: str
    currency: str
    terms: str
    tax: Tax | None
    contacts: tuple[Person, ...]
    credit_hold: bool = False
    """The ERP knows this customer already and gives it no more credit."""

    @property
    def key(self) -> str:
        """Tiergate's name for it."""
        return f"salesforce:{self.id}"


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of one role at an hourly rate in the deal's currency; also one line of the quote."""

    name: str
    hours: int
    rate: Decimal


class Deal(msgspec.Struct, frozen=True, kw_only=True):
    """One opportunity with the quote and the contract it rests on; `amount` is the sum over `roles`."""

    number: int
    id: str
    account: Account
    name: str
    entity: str
    currency: str
    amount: Decimal
    contract_type: ContractType
    practice: Literal["Data", "Operations", "Finance"]
    project_manager: str
    po_number: str
    start: date
    end: date
    roles: tuple[Role, ...]
    delivery_entities: tuple[str, ...]
    quote_currency: str
    signed: bool
    """False: its contract still waits for a signature."""

    @property
    def code(self) -> str:
        """What the scenario calls it: D01 to D12."""
        return f"D{self.number:02d}"

    @property
    def key(self) -> str:
        """Tiergate's name for it."""
        return f"salesforce:{self.id}"

    @property
    def governing_law(self) -> str:
        """Whose law its contract is under: that of the entity that sells."""
        return next(each.country for each in ENTITIES if each.code == self.entity)

    @property
    def document(self) -> str:
        """The SHA-256 of the contract that was signed for it."""
        return sha256(f"contract of deal {self.number}".encode()).hexdigest()

    @property
    def envelope(self) -> str:
        """The signing service's id of that."""
        return f"contract-envelope-{self.number}"


def record_id(prefix: str, number: int) -> str:
    """An 18-character Salesforce id: key prefix, a made-up organisation, the number in base 62, the case checksum.

    Prefixes: 001 account, 003 contact, 006 opportunity, 0Q0 quote, 0QL quote line, 800 contract.
    """
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    short = prefix + _ORG + digits.rjust(6, "0")
    return short + checksum(short)


def item_code(role: str) -> str:
    """What the CRM's catalogue and the ERP's call an hour of a role."""
    return f"SVC-{role.upper().replace(' ', '-')}"


def checksum(short: str) -> str:
    """The three characters that make a 15-character Salesforce id safe where case is lost."""
    return "".join(
        _SUFFIX[sum(1 << place for place, letter in enumerate(short[start : start + 5]) if letter.isupper())]
        for start in (0, 5, 10)
    )


def deals(today: date, count: int = 12) -> tuple[Deal, ...]:
    """The twelve deals as seen from `today`: work starts on the first of the next month and runs six to nine months.

    Whoever needs more gets the same twelve again, each under a name of its own: D13 is another D01.
    """
    return tuple(_deal(number, today) for number in range(1, count + 1))


def twin(number: int) -> int:
    """Which of the twelve a deal is like."""
    return (number - 1) % len(_DEALS) + 1


def _deal(number: int, today: date) -> Deal:
    like = twin(number)
    name, entity, contract_type, practice, manager, months, roles = _DEALS[like - 1]
    currency = next(each.currency for each in ENTITIES if each.code == entity)
    start = _first_of_month(today, 1)
    return Deal(
        number=number,
        id=record_id("006", number),
        account=ACCOUNTS[like - 1],
        name=name if number == like else f"{name} {number}",
        entity=entity,
        currency=currency,
        amount=sum((role.hours * role.rate for role in roles), Decimal("0.00")),
        contract_type=contract_type,
        practice=practice,
        project_manager=f"{manager}@acme.example",
        po_number=f"PO-{4500 + number}",
        start=start,
        end=_first_of_month(start, months) - timedelta(days=1),
        roles=roles,
        delivery_entities=_DELIVERED_BY.get(like, (entity,)),
        quote_currency=_QUOTED_IN.get(like, currency),
        signed=like not in _UNSIGNED,
    )


def _first_of_month(day: date, ahead: int) -> date:
    """The first day of the month so many months ahead."""
    for _ in range(ahead):
        day = day.replace(day=1) + timedelta(days=monthrange(day.year, day.month)[1])
    return day


def _account(
    number: int,
    name: str,
    legal_name: str,
    address: tuple[str, str, str, str, str],
    currency: str,
    tax: tuple[str, str] | None,
    people: tuple[tuple[str, str, str], tuple[str, str, str]],
    domain: str,
    *,
    credit_hold: bool = False,
) -> Account:
    street, city, subdivision, postal, country = address
    buyer, billing = people
    return Account(
        id=record_id("001", number),
        name=name,
        legal_name=legal_name,
        street=street,
        city=city,
        subdivision=subdivision,
        postal=postal,
        country=country,
        currency=currency,
        terms="Net 30",
        tax=Tax(country=country, scheme=tax[0], number=tax[1]) if tax else None,
        contacts=(
            _person(buyer, domain, "Head of Procurement", "buyer"),
            _person(billing, domain, "Accounts Payable", "billing"),
        ),
        credit_hold=credit_hold,
    )


def _person(who: tuple[str, str, str], domain: str, title: str, role: Literal["buyer", "billing"]) -> Person:
    given, family, mailbox = who
    return Person(given=given, family=family, email=f"{mailbox}@{domain}", title=title, role=role)


def _roles(*rows: tuple[str, int, int]) -> tuple[Role, ...]:
    return tuple(Role(name=name, hours=hours, rate=Decimal(rate)) for name, hours, rate in rows)


# Tables, kept as rows.
# fmt: off
ENTITIES: Final = (
    LegalEntity(number=1, code="ACME-US", name="Acme Consulting Inc", country="US", currency="USD",
                time_zone="America/New_York", partners=("ACME-IN",)),
    LegalEntity(number=2, code="ACME-DE", name="Acme Consulting GmbH", country="DE", currency="EUR",
                time_zone="Europe/Berlin", partners=("ACME-IN",)),
    LegalEntity(number=3, code="ACME-IN", name="Acme Consulting Pvt Ltd", country="IN", currency="INR",
                time_zone="Asia/Kolkata", partners=("ACME-US", "ACME-DE")),
)

ACCOUNTS: Final = (
    _account(1, "Harbor Logistics", "Harbor Logistics LLC",
             ("1200 Terminal Way", "Seattle", "WA", "98101", "US"), "USD", ("EIN", "91-2048813"),
             (("Nina", "Okafor", "nina"), ("Paul", "Reyes", "ap")), "harbor-logistics.example"),
    _account(2, "Kestrel Energy", "Kestrel Energy Corp",
             ("77 Turbine Road", "Houston", "TX", "77002", "US"), "USD", ("EIN", "76-3310295"),
             (("Grace", "Lindholm", "grace.lindholm"), ("Tom", "Barrera", "invoices")), "kestrel-energy.example"),
    _account(3, "Blaue Elbe Werke", "Blaue Elbe Werke GmbH & Co. KG",
             ("Werftstraße 14", "Hamburg", "HH", "20457", "DE"), "EUR", ("USt-IdNr", "DE136695976"),
             (("Jörg", "Müller", "j.mueller"), ("Käthe", "Weiß", "rechnung")), "blaue-elbe.example"),
    _account(4, "Nordstern Versicherung", "Nordstern Versicherung AG",
             ("Am Nordpark 3", "Köln", "NW", "50668", "DE"), "EUR", ("USt-IdNr", "DE129273398"),
             (("Anke", "Sørensen", "anke.soerensen"), ("Uwe", "Brandt", "kreditoren")), "nordstern.example"),
    _account(5, "Sona Foods", "Sona Foods Private Limited",
             ("48 Linking Road", "Mumbai", "MH", "400050", "IN"), "INR", ("GSTIN", "27AAPFS4321K1ZU"),
             (("Meera", "Kulkarni", "meera.kulkarni"), ("Rahul", "Desai", "accounts")), "sona-foods.example"),
    _account(6, "Lumen Retail", "Lumen Retail Group Inc",
             ("300 Market Street", "Chicago", "IL", "60606", "US"), "USD", ("EIN", "36-4471902"),
             (("Ellen", "Park", "ellen.park"), ("Victor", "Hale", "ap")), "lumen-retail.example"),
    _account(7, "Ganga Textiles", "Ganga Textiles Limited",
             ("12 Mill Lane", "Ahmedabad", "GJ", "380001", "IN"), "INR", ("GSTIN", "24AABCG1207L1ZZ"),
             (("Devika", "Shah", "devika.shah"), ("Arun", "Patel", "finance")), "ganga-textiles.example"),
    _account(8, "Rheintal Pharma", "Rheintal Pharma GmbH",
             ("Laborallee 21", "Mannheim", "BW", "68161", "DE"), "EUR", ("USt-IdNr", "DE811907980"),
             (("Britta", "Vogel", "b.vogel"), ("Emil", "Kraus", "rechnungen")), "rheintal-pharma.example"),
    _account(9, "Copperfield Media", "Copperfield Media Inc",
             ("9 Studio Drive", "Los Angeles", "CA", "90028", "US"), "USD", None,
             (("Dora", "Spencer", "dora.spencer"), ("Hugh", "Peggotty", "billing")), "copperfield.example"),
    _account(10, "Orchard Clinics", "Orchard Clinics PLLC",
             ("510 Apple Street", "Boston", "MA", "02110", "US"), "USD", ("EIN", "04-2215937"),
             (("Samuel", "Winter", "samuel.winter"), ("Rosa", "Ibarra", "ap")), "orchard-clinics.example",
             credit_hold=True),
    _account(11, "Tannenberg Bau", "Tannenberg Bau AG",
             ("Bauhofweg 5", "Nürnberg", "BY", "90402", "DE"), "EUR", ("USt-IdNr", "DE170493823"),
             (("Lars", "Tannenberg", "lars"), ("Ines", "Döring", "buchhaltung")), "tannenberg-bau.example"),
    _account(12, "Deccan Motors", "Deccan Motors Limited",
             ("Plot 88, MIDC Chakan", "Pune", "MH", "410501", "IN"), "INR", ("GSTIN", "27AACCD5530P1ZD"),
             (("Farhan", "Siddiqui", "farhan.siddiqui"), ("Lata", "Joshi", "payables")), "deccan-motors.example"),
)

_DEALS: Final[
    tuple[tuple[str, str, ContractType, Literal["Data", "Operations", "Finance"], str, int, tuple[Role, ...]], ...]
] = (
    ("Warehouse control tower", "ACME-US", "tm", "Operations", "maria.cole", 9,
     _roles(("Delivery Lead", 400, 200), ("Engineer", 800, 150), ("Analyst", 400, 100))),
    ("Grid analytics rollout", "ACME-US", "milestone", "Data", "owen.tran", 8,
     _roles(("Delivery Lead", 320, 210), ("Data Engineer", 600, 160), ("Analyst", 200, 116))),
    ("Fertigungsplanung neu", "ACME-DE", "fixed", "Operations", "katrin.behrens", 6,
     _roles(("Delivery Lead", 200, 180), ("Consultant", 500, 125))),
    ("Schadenportal", "ACME-DE", "tm", "Data", "katrin.behrens", 9,
     _roles(("Delivery Lead", 480, 190), ("Engineer", 1200, 140), ("Test Engineer", 440, 120))),
    ("Supply planning", "ACME-IN", "tm", "Operations", "vikram.rao", 9,
     _roles(("Delivery Lead", 800, 6500), ("Consultant", 2400, 4500), ("Analyst", 1000, 2500))),
    ("Store data platform", "ACME-US", "retainer", "Data", "owen.tran", 6,
     _roles(("Architect", 150, 220), ("Data Engineer", 300, 140))),
    ("Finance transformation", "ACME-IN", "milestone", "Finance", "vikram.rao", 8,
     _roles(("Delivery Lead", 400, 6000), ("Consultant", 1600, 4500))),
    ("Validation office", "ACME-DE", "nte", "Operations", "katrin.behrens", 7,
     _roles(("Delivery Lead", 300, 180), ("Validation Engineer", 800, 125))),
    ("Content pipeline", "ACME-US", "tm", "Data", "maria.cole", 6,
     _roles(("Delivery Lead", 240, 200), ("Engineer", 600, 140))),
    ("Patient intake", "ACME-US", "fixed", "Operations", "maria.cole", 6,
     _roles(("Delivery Lead", 160, 200), ("Analyst", 320, 100))),
    ("Baustellenlogistik", "ACME-DE", "tm", "Operations", "katrin.behrens", 6,
     _roles(("Delivery Lead", 100, 170), ("Consultant", 240, 125))),
    ("Plant quality suite", "ACME-IN", "fixed", "Operations", "vikram.rao", 9,
     _roles(("Delivery Lead", 800, 6500), ("Consultant", 2800, 6000))),
)
# fmt: on
_DELIVERED_BY: Final = {6: ("ACME-US", "ACME-IN")}
_QUOTED_IN: Final = {9: "EUR"}
_UNSIGNED: Final = {11}
