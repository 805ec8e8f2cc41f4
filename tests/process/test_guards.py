"""Guards: each fails alone with its own sentence, all of them are told at once, and none counts that did not look."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest

from canonical.faults import GuardsFailed
from canonical.money import Money
from canonical.objects import (
    Contract,
    Customer,
    LegalEntity,
    Opportunity,
    Quote,
    Rate,
    RateCard,
    TaxProfile,
    TaxRegistration,
)
from canonical.objects.customer import Credit
from canonical.objects.legal_entity import Period
from canonical.objects.opportunity import RoleDemand, Stage
from process_apis.judging import Guard, Verdict, refusing, warning
from process_apis.opportunity_to_project import guards
from process_apis.opportunity_to_project.guards import Deal, Evidence
from process_apis.opportunity_to_project.holding import Holder
from process_apis.staffing.known import Employed

TODAY = date(2026, 11, 22)
Change = Callable[[Deal, Evidence], tuple[Deal, Evidence]]


def a_deal() -> Deal:
    amount = Money.of("98500.00", "EUR")
    return Deal(
        opportunity=Opportunity(
            id="006",
            name="Fertigungsplanung neu",
            account_id="001",
            legal_entity_id="ACME-DE",
            delivery_entities=["ACME-DE", "ACME-IN"],
            stage=Stage(code="Closed Won", category="won"),
            amount=amount,
            close_date=TODAY,
            po_number="PO-4503",
            role_demand=[RoleDemand(role="Engineer", hours=Decimal(80))],
            project_manager="Katrin@acme.example",
        ),
        account=Customer(
            id="001",
            legal_name="Blaue Elbe Werke GmbH",
            po_required=True,
            tax_registrations=[TaxRegistration(country="DE", scheme="USt-IdNr", number="DE136695976")],
        ),
        quote=Quote(number="Q-3", opportunity_id="006", currency="EUR", total=amount, status="accepted"),
        contract=Contract(number="C-3", account_id="001", currency="EUR", signed_at=TODAY, status="active"),
    )


def evidence() -> Evidence:
    november = Period(name="Nov 2026", start=date(2026, 11, 1), end=date(2026, 11, 30), open=True)
    entity = LegalEntity(
        code="ACME-DE",
        legal_name="Acme Consulting GmbH",
        country="DE",
        functional_currency="EUR",
        time_zone="Europe/Berlin",
        intercompany_partners=["ACME-IN"],
        periods=[november],
    )
    known = Customer(id="7", legal_name="Blaue Elbe Werke GmbH", credit=Credit(hold=False))
    delivering: dict[str, LegalEntity | None] = {"ACME-IN": partner("open")}
    employed = Employed(entity="ACME-DE", told=True, last_days={"katrin@acme.example": None})
    return Evidence(
        entity=entity,
        erp_customer=known,
        today=TODAY,
        delivering=delivering,
        rate_cards=[a_card()],
        employed=employed,
    )


def a_card(**more: Any) -> RateCard:
    rates = [Rate(role="engineer", price=Money.of("120", "EUR"))]
    return RateCard(**{"id": "9", "name": "Standard", "currency": "EUR", "rates": rates} | more)


def left_on(last: date | None) -> Change:
    """HR says so of the project manager."""
    return seeing(employed=Employed(entity="ACME-DE", told=True, last_days={"katrin@acme.example": last}))


def unsigned(**more: Any) -> Change:
    """A contract that nobody has signed, and an approval to begin all the same."""
    return part("contract", signed_at=None, **{"at_risk_until": TODAY} | more)


def partner(status: Literal["open", "closed"]) -> LegalEntity:
    """The other entity that delivers."""
    return LegalEntity(
        code="ACME-IN",
        legal_name="Acme Consulting Pvt Ltd",
        country="IN",
        functional_currency="INR",
        time_zone="Asia/Kolkata",
        status=status,
    )


def deal(**changes: Any) -> Change:
    """The same with another opportunity."""

    def change(was: Deal, seen: Evidence) -> tuple[Deal, Evidence]:
        return msgspec.structs.replace(was, opportunity=msgspec.structs.replace(was.opportunity, **changes)), seen

    return change


def part(name: str, **changes: Any) -> Change:
    """The same with another quote, contract or account."""

    def change(was: Deal, seen: Evidence) -> tuple[Deal, Evidence]:
        return msgspec.structs.replace(was, **{name: msgspec.structs.replace(getattr(was, name), **changes)}), seen

    return change


def without(name: str) -> Change:
    return lambda was, seen: (msgspec.structs.replace(was, **{name: None}), seen)


def seeing(**changes: Any) -> Change:
    return lambda was, seen: (was, msgspec.structs.replace(seen, **changes))


def entity(**changes: Any) -> Change:
    return lambda was, seen: (
        was,
        msgspec.structs.replace(seen, entity=msgspec.structs.replace(seen.entity, **changes)),
    )


def taken(code: str) -> Change:
    """Another deal holds the contract."""
    return seeing(contract_holder=Holder(key="crm:007", title="Twin", project_code=code))


def held(was: Deal, seen: Evidence) -> tuple[Deal, Evidence]:
    assert seen.erp_customer is not None
    credit = Credit(hold=True, reason="Owes 31,200.")
    return was, msgspec.structs.replace(seen, erp_customer=msgspec.structs.replace(seen.erp_customer, credit=credit))


SHUT = Period(name="Nov 2026", start=date(2026, 11, 1), end=date(2026, 11, 30), open=False)
EXPIRED = TaxProfile(
    legal_entity_id="ACME-DE",
    account_id="001",
    jurisdiction="DE",
    status="expired",
    registrations=[TaxRegistration(country="DE", scheme="USt-IdNr", number="DE1")],
)
ALONE = [
    ("legal_entity", "Finance", "names no legal entity", deal(legal_entity_id="", delivery_entities=[])),
    ("legal_entity", "Finance", "is closed", entity(status="closed")),
    ("period_open", "Finance", "closed Nov 2026", entity(periods=[SHUT])),
    ("period_open", "Finance", "no accounting period for 2026-12-01", seeing(today=date(2026, 12, 1))),
    ("intercompany", "Finance", "no intercompany agreement with ACME-US", deal(delivery_entities=["ACME-US"])),
    ("delivery_entity", "Finance", "ACME-IN is closed", seeing(delivering={"ACME-IN": partner("closed")})),
    ("delivery_entity", "Finance", "ACME-IN is not known to its ERP", seeing(delivering={"ACME-IN": None})),
    ("contract_free", "Deal desk", "another deal already: Twin (crm:007), which has project PRJ-9", taken("PRJ-9")),
    ("contract_free", "Deal desk", "which has no project yet", taken("")),
    ("tax_profile", "Account owner", "has no tax registration", part("account", tax_registrations=[])),
    ("tax_profile", "Account owner", "tax profile in the ERP is expired", seeing(tax_profile=EXPIRED)),
    ("signed_contract", "Legal operations", "No contract is linked", without("contract")),
    ("signed_contract", "Legal operations", "C-3 is not signed", part("contract", signed_at=None)),
    (
        "signed_contract",
        "Legal operations",
        "the at-risk approval ended on 2026-11-21",
        unsigned(at_risk_until=date(2026, 11, 21)),
    ),
    (
        "at_risk_cap",
        "Legal operations",
        "comes to EUR 98,500.00, the at-risk approval covers EUR 98,499.99",
        unsigned(at_risk_cap=Money.of("98499.99", "EUR")),
    ),
    ("at_risk_cap", "Legal operations", "nobody has said what that is", unsigned(at_risk_cap=Money.of("1", "USD"))),
    ("project_manager_active", "PMO", "Katrin@acme.example left on 2026-11-21", left_on(date(2026, 11, 21))),
    ("project_manager_active", "PMO", "leaves on 2027-05-22, before the work ends", left_on(date(2027, 5, 22))),
    (
        "project_manager_active",
        "PMO",
        "HR knows no Katrin@acme.example",
        seeing(employed=Employed(entity="ACME-DE", told=True)),
    ),
    ("credit_hold", "Credit control", "on credit hold in the ERP. Owes 31,200.", held),
    ("currency", "Sales operations", "in EUR, but the contract in USD", part("contract", currency="USD")),
    ("currency", "Sales operations", "the price list in CHF", deal(price_list_currency="CHF")),
    ("quote_total", "Deal desk", "No quote is linked", without("quote")),
    ("quote_total", "Deal desk", "comes to EUR 98,500.02", part("quote", total=Money.of("98500.02", "EUR"))),
    ("quote_accepted", "Deal desk", "Q-3 is presented", part("quote", status="presented")),
    ("purchase_order", "Account owner", "pays only against a PO", deal(po_number="")),
    ("second_customer", "Account steward", "or close CASE-0007 if", seeing(erp_customer=None, alike=["CASE-0007"])),
    ("duplicate_project", "PMO", "linked to project PRJ-1 already", deal(project_code="PRJ-1")),
]


@pytest.mark.parametrize(("rule", "owner", "words", "change"), ALONE, ids=[f"{r}: {w}" for r, _, w, _ in ALONE])
def test_a_guard_fails_alone_in_its_own_words(rule: str, owner: str, words: str, change: Change) -> None:
    failed = refusing(guards.judge(*change(a_deal(), evidence())))
    assert [(error.rule, error.owner) for error in failed] == [(rule, owner)]
    assert words in failed[0].detail


TOMORROW, AMOUNT = TODAY + timedelta(days=1), a_deal().opportunity.amount
WARNED: list[tuple[str, str, Change]] = [
    (
        "at_risk",
        "signed: approved until 2026-11-22, up to EUR 98,500.00",
        unsigned(at_risk_cap=AMOUNT),
    ),
    ("at_risk", "approved until 2026-11-22.", unsigned()),
    ("rate_card", "is in force from 2026-11-23", seeing(rate_cards=[a_card(valid_from=TOMORROW)])),
    ("rate_card", "has no rate on 2026-11-22 for Engineer", seeing(rate_cards=[a_card(rates=[])])),
    ("rate_card", "no rate card in EUR", seeing(rate_cards=[a_card(currency="USD")])),
]


@pytest.mark.parametrize(("rule", "words", "change"), WARNED, ids=[f"{r}: {w}" for r, w, _ in WARNED])
def test_a_warning_is_told_and_stops_nothing(rule: str, words: str, change: Change) -> None:
    verdicts = guards.judge(*change(a_deal(), evidence()))
    guards.refuse(verdicts)
    assert [error.rule for error in warning(verdicts)] == [rule]
    told = guards.summary(verdicts).partition("; mind: ")[2]
    assert words in told


def test_one_rate_card_that_covers_the_work_is_enough() -> None:
    cards = [a_card(currency="USD"), a_card(rates=[]), a_card()]
    assert warning(guards.judge(*seeing(rate_cards=cards)(a_deal(), evidence()))) == []


def test_only_what_holds_is_waived_and_only_by_its_name_on_the_contract() -> None:
    def verdict(rule: str, *waived: str) -> Verdict:
        both = part("contract", approved_exceptions=list(waived))(*deal(po_number="")(*held(a_deal(), evidence())))
        return next(each for each in guards.judge(*both) if each.rule == rule)

    assert (verdict("purchase_order").outcome, verdict("purchase_order").approver) == ("failed", "Finance")
    assert verdict("purchase_order", "credit_hold").outcome == "failed"
    passed = verdict("purchase_order", "purchase_order")
    assert (passed.outcome, passed.evidence[:35]) == ("not_applicable", "not applicable: waived in the CRM (")
    assert verdict("credit_hold", "credit_hold").outcome == "failed", "what blocks is mended"


def test_a_guard_that_holds_names_who_may_waive_it_and_no_other_does() -> None:
    for severity, approver in (("hold", ""), ("block", "Finance"), ("warn", "Finance")):
        with pytest.raises(ValueError, match="names who may waive it"):
            Guard("rule", "Finance", lambda: None, severity, approver)  # type: ignore[arg-type]  # each a severity


GOOD: list[tuple[str, Change]] = [
    ("an approval to work at risk, on its last day", unsigned()),
    ("a deal that comes to the cap of that approval", unsigned(at_risk_cap=AMOUNT)),
    ("a manager who stays to the last day of the work", left_on(date(2027, 5, 23))),
    ("a cent of rounding in the quote", part("quote", total=Money.of("98500.01", "EUR"))),
    ("a customer the ERP does not know yet", seeing(erp_customer=None)),
    ("our own project on the deal", lambda d, e: deal(project_code="PRJ-9")(d, evidence_with_code("PRJ-9"))),
    ("the PO in the contract only", lambda d, e: part("contract", po_number="PO-1")(*deal(po_number="")(d, e))),
]


def evidence_with_code(code: str) -> Evidence:
    return msgspec.structs.replace(evidence(), own_project_code=code)


@pytest.mark.parametrize("change", [change for _, change in GOOD], ids=[name for name, _ in GOOD])
def test_no_guard_refuses(change: Change) -> None:
    assert refusing(guards.judge(*change(a_deal(), evidence()))) == []


def test_all_that_fail_are_told_in_one_answer() -> None:
    deal_, seen = a_deal(), evidence()
    for change in (deal(po_number="", delivery_entities=["ACME-US"]), part("contract", signed_at=None), held):
        deal_, seen = change(deal_, seen)
    with pytest.raises(GuardsFailed) as refused:
        guards.refuse(guards.judge(deal_, seen))
    rules = ["intercompany", "signed_contract", "credit_hold", "purchase_order"]
    assert [error.rule for error in refused.value.errors] == rules
    assert all(error.owner and error.detail in refused.value.detail for error in refused.value.errors)


def test_what_could_not_be_looked_at_never_counts_as_passed() -> None:
    silent = seeing(employed=Employed(entity="ACME-DE"), no_rates="no PSA bound")
    verdicts = guards.judge(*silent(a_deal(), evidence()))
    skipped = {v.rule: v.evidence for v in verdicts if v.outcome == "not_applicable"}
    assert skipped["project_manager_active"] == "not applicable: HR has told of nobody of ACME-DE"
    assert set(skipped) == {"at_risk_cap", "rate_card", "project_manager_active"}
    assert guards.summary(verdicts).startswith(f"{len(verdicts) - 3} of {len(verdicts)} pass; 3 not applicable: ")
    alike = [msgspec.structs.replace(v, evidence="not applicable: no PSA bound") for v in verdicts if v.rule in skipped]
    assert guards.summary(alike) == "0 of 3 pass; 3 not applicable: no PSA bound", "one reason is told once"


def test_a_quote_in_another_currency_is_one_finding_and_not_two() -> None:
    """Its total cannot be compared: that is said of the currency, and of nothing else."""
    quote = part("quote", currency="USD", total=Money.of("1.00", "USD"))
    verdicts = {v.rule: v.outcome for v in guards.judge(*quote(a_deal(), evidence()))}
    assert (verdicts["currency"], verdicts["quote_total"]) == ("failed", "not_applicable")
