"""The objects the suite writes: one firm's, plain enough for every system; each system's `fits` has the last word."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from canonical.money import Money
from canonical.objects import (
    Address,
    BillingLine,
    BillingSchedule,
    Contact,
    ContactRole,
    Contract,
    Customer,
    Milestone,
    Opportunity,
    Project,
    Quote,
    QuoteLine,
    ResourceDemand,
    RoleDemand,
    Stage,
    Task,
    TaxRegistration,
    Ticket,
)
from canonical.ports.systems import Message

DEAL: Final = "salesforce:006Tg0000000077IAA"
CUSTOMER: Final = "salesforce:001Tg0000000077IAA"
CASE: Final = "CASE-77"
START, END = date(2027, 1, 4), date(2027, 6, 30)


def customer(**more: Any) -> Customer:
    plain: dict[str, Any] = {
        "legal_entity_id": "ACME-DE",
        "legal_name": "Sturmvogel Werft GmbH",
        "trading_name": "Sturmvogel Werft GmbH",
        "default_currency": "EUR",
        "payment_terms": "Net 30",
        "email": "rechnung@sturmvogel.example",
        "addresses": [Address(role="bill", lines=["Kaistraße 7"], city="Kiel", postal="24103", country="DE")],
        "tax_registrations": [TaxRegistration(country="DE", scheme="USt-IdNr", number="DE123456788", status="valid")],
    }
    return Customer(**plain | more)


def contract(**more: Any) -> Contract:
    plain: dict[str, Any] = {
        "legal_entity_id": "ACME-DE",
        "number": "00000177",
        "title": "Dock planning",
        "opportunity_id": "006Tg0000000077IAA",
        "currency": "EUR",
        "value": Money.of("48200.50", "EUR"),
        "billing_method": "milestone",
        "start": START,
        "end": END,
        "signed_at": date(2026, 12, 18),
        "po_number": "PO-4577",
        "payment_terms": "Net 30",
        "status": "active",
    }
    return Contract(**plain | more)


def project(**more: Any) -> Project:
    plain: dict[str, Any] = {
        "legal_entity_id": "ACME-DE",
        "code": "DE-27-0077",
        "name": "Dock planning",
        "contract_id": "00000177",
        "opportunity_id": "006Tg0000000077IAA",
        "currency": "EUR",
        "budget": Money.of("48200.50", "EUR"),
        "billing_method": "milestone",
        "start": START,
        "end": END,
        "practice": "Operations",
        "project_manager": "katrin.behrens@acme.example",
        "tasks": [
            Task(ref="build", name="Build", parent_ref="plan", planned_hours=Decimal("120.5")),
            Task(ref="plan", name="Plan", start=START, end=date(2027, 2, 26), planned_hours=Decimal(80)),
        ],
        "milestones": [
            Milestone(ref="m1", name="Design accepted", due=date(2027, 2, 26), amount=Money.of("18200.50", "EUR")),
            Milestone(ref="m2", name="In use", due=END, amount=Money.of("30000.00", "EUR")),
        ],
    }
    return Project(**plain | more)


def billing_schedule(**more: Any) -> BillingSchedule:
    lines = [
        BillingLine(ref="m1", name="Design accepted", due=date(2027, 2, 26), amount=Money.of("18200.50", "EUR")),
        BillingLine(ref="m2", name="In use", due=END, amount=Money.of("30000.00", "EUR")),
    ]
    plain = {"name": "DE-27-0077 billing", "currency": "EUR", "method": "milestone", "lines": lines}
    return BillingSchedule(**plain | more)  # type: ignore[arg-type]  # the fields are as the class has them


def resource_demand(**more: Any) -> ResourceDemand:
    plain = {"role": "Data Engineer", "hours": Decimal("132.5"), "start": START, "end": END}
    return ResourceDemand(**plain | more)  # type: ignore[arg-type]  # likewise


def message(**more: Any) -> Message:
    return Message(**{"key": DEAL, "text": "The project may start."} | more)


def ticket(**more: Any) -> Ticket:
    plain = {"correlation": CASE, "summary": "Dock planning: billing is blocked", "description": "No tax number."}
    return Ticket(**plain | more)  # type: ignore[arg-type]  # likewise


def opportunity(**more: Any) -> Opportunity:
    plain: dict[str, Any] = {
        "name": "Dock planning",
        "legal_entity_id": "ACME-DE",
        "stage": Stage(code="won", category="won"),
        "amount": Money.of("48200.50", "EUR"),
        "close_date": date(2026, 12, 18),
        "contract_type": "milestone",
        "won_at": datetime(2026, 12, 18, 9, 0, tzinfo=UTC),
        "role_demand": [RoleDemand(role="Data Engineer", hours=Decimal("132.5"), start=START, end=END)],
    }
    return Opportunity(**plain | more)


def contact(account_id: str, **more: Any) -> Contact:
    plain: dict[str, Any] = {"given": "Jörg", "family": "Müller", "email": "j.mueller@sturmvogel.example"}
    return Contact(**plain | {"roles": [ContactRole(account_id=account_id, role="billing")]} | more)


def quote(opportunity_id: str, **more: Any) -> Quote:
    line = QuoteLine(
        seq=1,
        item="Data Engineer, hours",
        kind="labour",
        qty=Decimal("132.5"),
        unit_price=Money.of("160.00", "EUR"),
        net=Money.of("21200.00", "EUR"),
        role="Data Engineer",
    )
    plain: dict[str, Any] = {
        "number": "Final offer",
        "opportunity_id": opportunity_id,
        "currency": "EUR",
        "total": Money.of("21200.00", "EUR"),
        "status": "accepted",
        "lines": [line],
    }
    return Quote(**plain | more)
