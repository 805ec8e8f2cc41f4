"""What an approval of a quote is bound to: asked without any system. One other word, and it does not count."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import yaml

from canonical.dates import now
from canonical.objects import Credit, Customer
from canonical.ports.approvals import Approval
from process_apis.approvals import digest_of, leniency
from process_apis.judging import Verdict
from process_apis.quote_to_order.guards import GUARDS, judge, terms_of
from tests.process.test_order_lines import TODAY, eur, line, offering, quote
from tiergate.settings import ROOT

HELD = quote(
    line(1, "E", "2", "75", list_price=eur("100")), cost=eur("149"), valid_to=TODAY - timedelta(days=5), revision=2
)
"""Everything that can be approved is wrong with it."""
OWES = Customer(legal_name="W", default_currency="EUR", credit=Credit(limit=eur("100")))
SEEN: dict[str, Any] = {"erp_customer": OWES, "alike": ["CASE-0007"], "opportunity": {"po_number": ""}}
HERE = [guard.rule for guard in GUARDS if guard.here]


def given(*rules: str, offered: Any = HELD, until: date = TODAY) -> list[Approval]:
    """These rules, approved for a quote as it stands."""
    terms = terms_of(*offering(offered, **SEEN))
    return [
        Approval(
            rule=rule,
            approver="The desk",
            state="approved",
            evidence="",
            terms=dict(terms(rule)),
            digest=digest_of(terms(rule)),
            asked_at=now(),
            approved_by="dana",
            approved_at=now(),
            until=until,
        )
        for rule in rules
    ]


def failing(approvals: list[Approval], offered: Any = HELD, **changes: Any) -> list[Verdict]:
    offer, seen = offering(offered, **SEEN | changes)
    return [each for each in judge(offer, seen, approvals) if each.outcome == "failed"]


def test_what_is_a_matter_of_judgement_is_held_and_all_of_it_can_be_approved() -> None:
    assert [
        *("validity", "discount_authority", "margin_floor"),
        *("second_customer", "credit_limit", "purchase_order"),
    ] == HERE
    held = failing([])
    assert [(each.rule, each.severity, each.here) for each in held] == [(rule, "hold", True) for rule in HERE]
    assert failing(given(*HERE)) == []
    assert [each.rule for each in failing(given("margin_floor"))] == [r for r in HERE if r != "margin_floor"]


@pytest.mark.parametrize(
    ("word", "changes"),
    [
        ("revision", {"offered": msgspec.structs.replace(HELD, revision=3)}),
        ("total", {"offered": msgspec.structs.replace(HELD, total=eur("150.02"), lines=[
            line(1, "E", "2", "75.01", list_price=eur("100")),
        ])}),
        ("cost", {"offered": msgspec.structs.replace(HELD, cost=eur("149.01"))}),
        ("lines", {"offered": msgspec.structs.replace(HELD, lines=[line(1, "E", "1", "150", list_price=eur("200"))])}),
        ("lines", {"offered": msgspec.structs.replace(HELD, lines=[line(1, "A", "2", "75", list_price=eur("100"))])}),
        ("discount", {"offered": msgspec.structs.replace(HELD, lines=[line(1, "E", "2", "75", list_price=eur("99"))])}),
        ("customer", {"account": {"legal_name": "Another"}}),
        ("company", {"opportunity": {"po_number": "", "legal_entity_id": "ACME-AT"}}),
    ],
)  # fmt: skip
def test_a_changed_quote_is_approved_of_nothing_any_more(word: str, changes: dict[str, Any]) -> None:
    for verdict in (found := failing(given(*HERE), **changes)):
        assert verdict.rule in HERE
        assert "It was approved by The desk on" in verdict.evidence
        assert word in verdict.evidence.rpartition("for other terms: ")[2]
    assert [each.rule for each in found] == HERE


def test_what_a_rule_holds_a_quote_against_is_part_of_what_is_approved() -> None:
    smaller = msgspec.structs.replace(OWES, credit=Credit(limit=eur("90")))
    (limited,) = failing(given(*HERE), erp_customer=smaller)
    assert (limited.rule, "credit limit was EUR 100.00 and is EUR 90.00" in limited.evidence) == ("credit_limit", True)
    later = msgspec.structs.replace(HELD, signed_on=TODAY + timedelta(days=1))
    assert [each.rule for each in failing(given(*HERE), later)] == ["validity"]
    known = msgspec.structs.replace(HELD, approved_discount=Decimal("0.2"))
    assert [each.rule for each in failing(given(*HERE), known)] == ["discount_authority"]


def test_an_approval_counts_on_its_last_day_and_not_on_the_next() -> None:
    terms = terms_of(*offering(HELD, **SEEN))
    until = given("validity", until=TODAY)
    assert set(leniency(until, TODAY, terms).waived) == {"validity"}
    over = leniency(until, TODAY + timedelta(days=1), terms)
    assert (dict(over.waived), f"until {TODAY}." in over.lapsed["validity"]) == ({}, True)


def test_what_can_only_be_mended_is_not_let_pass_by_any_approval() -> None:
    unsigned = msgspec.structs.replace(HELD, signed_on=None)
    forged = given(*HERE, "signed", "items", "tax_class", "legal_entity", offered=unsigned)
    assert [each.rule for each in failing(forged, unsigned)] == ["signed"]
    assert [each.rule for each in failing(forged, unsigned, entity=None)] == ["legal_entity", "signed"]
    assert [each.rule for each in failing(forged, unsigned, items={})] == ["signed", "items"]


def test_every_rule_that_is_approved_here_has_one_role_and_it_is_the_approvers() -> None:
    roles = yaml.safe_load((ROOT / "policies/roles.yaml").read_text())["roles"]
    said = {(rule, name) for name, role in roles.items() for rule in role.get("steward_of", {}).get("exceptions", ())}
    assert said == {(guard.rule, guard.approver.lower().replace(" ", "_")) for guard in GUARDS if guard.here}
