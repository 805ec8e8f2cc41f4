"""The objects the suite writes: one firm's, plain enough for every system; each system's `fits` has the last word."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from canonical.money import Money
from canonical.objects import (
    Address,
    Amendment,
    BillingLine,
    BillingSchedule,
    Booking,
    Contact,
    ContactRole,
    Contract,
    ContractLine,
    CrmOrder,
    CrmOrderLine,
    Customer,
    ExpenseLine,
    ExpenseReport,
    Invoice,
    InvoiceLine,
    Lead,
    Milestone,
    Opportunity,
    OpportunityLine,
    OrderLine,
    OrderMark,
    Payment,
    Project,
    Quote,
    QuoteLine,
    Rate,
    RateCard,
    ResourceDemand,
    RoleDemand,
    SalesOrder,
    Stage,
    Task,
    TaxRegistration,
    Ticket,
    TimeEntry,
)
from canonical.ports.effort import Billed
from canonical.ports.lists import LifecycleChange
from canonical.ports.setups import TaskPage
from canonical.ports.systems import Message

DEAL: Final = "salesforce:006Tg0000000077IAA"
BOOKING: Final = "bk:E1042:2027-01-04:2027-03-31:dem:DE-27-0077-engineer:001"
CUSTOMER: Final = "salesforce:001Tg0000000077IAA"
PERSON: Final = "salesforce:003Tg0000000077IAA"
CASE: Final = "CASE-77"
ORDER: Final = "q2o:salesforce:0Q0Tg0000000077IAA:r2"
AGREEMENT: Final = "salesforce:800Tg0000000077IAA"
INVOICE: Final = "bill:00000177:2027-02:77"
CREDIT: Final = "credit:00000177:2027-02:77"
TIME: Final = "te:41000077:v1"
EXPENSES: Final = "ex:41000077:v1"
MARKED: Final = OrderMark(erp_number="SO-77")
CLOSED: Final = LifecycleChange(lifecycle="closed")
REOPENED: Final = LifecycleChange(lifecycle="active")
BILLED: Final = Billed(invoice_number="INV-77", invoiced_on=date(2027, 3, 1))
START, END = date(2027, 1, 4), date(2027, 6, 30)
TASKS: Final = TaskPage(tasks=[Task(ref="dock", name="Dock", planned_hours=Decimal(40), start=START, end=END)])


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


def agreement(**more: Any) -> Contract:
    """A contract line by line, with an amendment of it, as an ERP has both."""
    start = date(2027, 3, 1)
    lines = [
        ContractLine(seq=1, description="Design", billing_method="milestone", amount=Money.of("18200.50", "EUR")),
        ContractLine(seq=2, description="Build", billing_method="fixed", amount=Money.of("30000.00", "EUR")),
    ]
    added = ContractLine(
        seq=1,
        description="Second dock",
        billing_method="nte",
        amount=Money.of("5000.25", "EUR"),
        not_to_exceed=Money.of("6000.00", "EUR"),
        start=start,
        end=END,
    )
    amendment = Amendment(
        number=1,
        status="agreed",
        effective=start,
        currency="EUR",
        value_change=Money.of("5000.25", "EUR"),
        lines=[added],
    )
    plain: dict[str, Any] = {
        "value": Money.of("53200.75", "EUR"),
        "not_to_exceed": Money.of("60000.00", "EUR"),
        "document_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "amendment": 1,
        "lines": lines,
        "amendments": [amendment],
    }
    return contract(**plain | more)


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


def booking(**more: Any) -> Booking:
    """Of somebody every demonstration knows."""
    who = {"resource": "katrin.behrens@acme.example", "role": "Data Engineer", "notes": "Knows the docks."}
    plain = {"hours": Decimal("120.5"), "start": START, "end": END, "commitment": "hard"}
    return Booking(**who | plain | more)  # type: ignore[arg-type]  # likewise


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


def deal_lines(**more: Any) -> list[OpportunityLine]:
    """Hours at a discount and a fee in fractions; they come to 48200.50."""
    hours: dict[str, Any] = {
        "seq": 1,
        "item": "Data Engineer, hours",
        "code": "SVC-77",
        "qty": Decimal("132.5"),
        "unit_price": Money.of("160.00", "EUR"),
        "net": Money.of("20140.00", "EUR"),
        "description": "Bis zur Übergabe",
    }
    fee: dict[str, Any] = {
        "seq": 2,
        "item": "Dock licence",
        "code": "LIC-DOCK",
        "kind": "fee",
        "qty": Decimal(3),
        "unit_price": Money.of("9353.50", "EUR"),
        "net": Money.of("28060.50", "EUR"),
    }
    return [OpportunityLine(**hours | more), OpportunityLine(**fee)]


def contact(account_id: str, **more: Any) -> Contact:
    plain: dict[str, Any] = {"given": "Jörg", "family": "Müller", "email": "j.mueller@sturmvogel.example"}
    plain |= {"phone": "+49 431 5550123", "title": "Einkauf", "account_id": account_id}
    return Contact(**plain | {"roles": [ContactRole(account_id=account_id, role="billing")]} | more)


def lead(**more: Any) -> Lead:
    plain = {"company": "Sturmvogel GmbH", "given": "Jörg", "family": "Müller", "email": "j.mueller@sturmvogel.example"}
    return Lead(**plain | more)


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


def crm_order(account_id: str, **more: Any) -> CrmOrder:
    """As a seller makes one of a deal: hours at a discount, and a fee; they come to 19103.25."""
    days: dict[str, Any] = {"start": START, "end": END}
    hours = CrmOrderLine(
        **{"seq": 1, "item": "Data Engineer, hours", "code": "SVC-77", "qty": Decimal("62.5"), **days},
        unit_price=Money.of("160.00", "EUR"),
        net=Money.of("9750.00", "EUR"),
        discount_amount=Money.of("250.00", "EUR"),
        description="Bis zur Übergabe",
    )
    fee = {"seq": 2, "item": "Dock licence", "code": "LIC-DOCK", "kind": "fee", "qty": Decimal(1)}
    fee |= {"unit_price": Money.of("9353.25", "EUR"), "net": Money.of("9353.25", "EUR")}
    plain: dict[str, Any] = {"number": "", "title": "Dock planning", "currency": "EUR", "status": "draft", **days}
    plain |= {"account_id": account_id, "po_number": "PO-4577", "lines": [hours, CrmOrderLine(**fee)]}
    return CrmOrder(**plain | more)


def sales_order(**more: Any) -> SalesOrder:
    lines = [
        OrderLine(
            seq=1,
            code="SVC-DATA-ENGINEER",
            description="Data Engineer, hours",
            qty=Decimal("132.5"),
            unit_price=Money.of("160.00", "EUR"),
            net=Money.of("21200.00", "EUR"),
        ),
        OrderLine(
            seq=2,
            code="SVC-ANALYST",
            description="Analyst, hours, as agreed",
            qty=Decimal(3),
            unit_price=Money.of("33.335", "EUR"),
            net=Money.of("100.00", "EUR"),
        ),
    ]
    plain: dict[str, Any] = {
        "legal_entity_id": "ACME-DE",
        "title": "Dock planning",
        "quote_id": "0Q0Tg0000000077IAA",
        "opportunity_id": "006Tg0000000077IAA",
        "currency": "EUR",
        "ordered_on": date(2026, 12, 18),
        "po_number": "PO-4577",
        "payment_terms": "Net 30",
        "lines": lines,
    }
    return SalesOrder(**plain | more)


def invoice(**more: Any) -> Invoice:
    lines = [
        InvoiceLine(
            seq=1,
            kind="time",
            description="Data Engineer, February",
            quantity=Decimal("132.5"),
            unit="HUR",
            unit_price=Money.of("160.00", "EUR"),
            net=Money.of("21200.00", "EUR"),
        ),
        InvoiceLine(seq=2, kind="milestone", description="Design accepted", net=Money.of("18200.50", "EUR")),
    ]
    plain: dict[str, Any] = {
        "legal_entity_id": "ACME-DE",
        "title": "Dock planning, February",
        "po_number": "PO-4577",
        "issued_on": date(2026, 12, 18),
        "due_on": date(2027, 1, 17),
        "currency": "EUR",
        "lines": lines,
    }
    return Invoice(**plain | more)


def credit_note(of: str, amount: str = "1000.00", **more: Any) -> Invoice:
    line = InvoiceLine(seq=1, kind="adjustment", description="Goodwill", net=Money.of(amount, "EUR"))
    return invoice(kind="credit_note", corrects_invoice_id=of, lines=[line], due_on=None, po_number="", **more)


def time_entry(**more: Any) -> TimeEntry:
    plain: dict[str, Any] = {
        "resource": "katrin.behrens@acme.example",
        "worked_on": date(2026, 12, 17),
        "hours": Decimal("2.5"),
        "minutes": 150,
        "notes": "Walked the dock",
        "status": "approved",
    }
    return TimeEntry(**plain | more)


def expense_report(**more: Any) -> ExpenseReport:
    line = ExpenseLine(
        ref="e1",
        spent_on=date(2026, 12, 16),
        category="Travel",
        description="Train to Kiel",
        amount=Money.of("84.30", "EUR"),
        billable=True,
    )
    plain: dict[str, Any] = {
        "legal_entity_id": "ACME-DE",
        "title": "Kiel, December",
        "resource": "katrin.behrens@acme.example",
        "reported_on": date(2026, 12, 18),
        "currency": "EUR",
        "lines": [line],
        "status": "approved",
    }
    return ExpenseReport(**plain | more)


def payment(**more: Any) -> Payment:
    plain: dict[str, Any] = {"legal_entity_id": "ACME-DE", "received_on": date(2026, 12, 20), "currency": "EUR"}
    return Payment(**plain | more)


def proforma(**more: Any) -> Invoice:
    return invoice(kind="proforma", account_id="", **more)


def rate_card(**more: Any) -> RateCard:
    rate = Rate(role="Data Engineer", price=Money.of("160.00", "EUR"), valid_from=date(2026, 1, 1))
    return RateCard(**{"name": "Standard", "currency": "EUR", "rates": [rate]} | more)
