"""Expressions of business rules: what cannot be checked is refused, and what can be is exact."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical.money import Money
from gateway.cel.expressions import Asked, Expression, Vocabulary
from gateway.loader import PolicyError
from gateway.plan import load
from tests.gateway.ledger import ADDED_UP, LEDGER, Invoice, Line, plan_of
from tests.gateway.notes import VALUES

WRONG: Final = {
    "body.totl == body.total": r"Invoice has no field 'totl' \(did you mean 'total'\?\)",
    "body.lines.all(l, l.amont == l.amount)": r"Line has no field 'amont' \(did you mean 'amount'\?\)",
    "boddy.number == ''": r"nothing is called 'boddy' \(did you mean 'body'\?\)",
    "parameters.coppies == 1": r"Parameters has no field 'coppies' \(did you mean 'copies'\?\)",
    "caller.subject == ''": r"Caller has no field 'subject' \(known: client, roles, scopes, tier\)",
    "summ(body.lines) == 1": r"nothing is called 'summ' \(did you mean 'sum'\?\)",
    "body.total < money('1', 'EUR')": r"'<' does not take \(Money, Money\); compare money",
    "le(body.total + body.total, body.total)": r"'\+' does not take \(Money, Money\); add and multiply",
    "body.total == money('1', 'EUR')": "== does not compare objects",
    "body.lines != []": "!= does not compare objects|mixed",
    "body.total in [body.total]": "in does not compare objects",
    "body.total.amount == '1'": "Money has no fields here",
    "le(body.total, body.start)": r"'le' does not take \(Money, Date\)",
    "le(money('1,5', 'EUR'), body.total)": "'1,5' is no number",
    "le(money('1', 'Euro'), body.total)": "'Euro' is no currency",
    "le(date('1.9.2026'), body.start)": "is no date",
    "lt(decimal('NaN'), decimal('1')) && body.copies > 1": "'NaN' is no amount",
    "body.copies > 'a'": r"'>' does not take \(int, string\)",
    "body.end == null": "null is not compared with",
    "body.number == null": "null is not compared with",
    "body.note == 'a'": "has the field 'note', but of a type that no rule can read",
    "dyn(body.copies) == '1'": r"dyn\(\) would hide types|mixed",
    "[body.copies, body.number][0] == 3": "values of several types are mixed",
    "body.number": "and a rule says true or false",
    "1 < 2": "looks at nothing of the call",
    "body.number.matches('(')": "is no regular expression",
    "body.number ==": "Syntax error",
    "(" * 40 + "body.copies > 1" + ")" * 40: "nested too deeply",
    "body.lines.all(a, body.lines.all(b, body.lines.all(c, a.ref == b.ref)))": "3 loops stand within one another",
    "body.number == '" + "x" * 1000 + "'": "characters long",
}


@pytest.mark.parametrize(("check", "says"), WRONG.items(), ids=[check[:40] for check in WRONG])
def test_what_cannot_be_checked_is_refused_with_its_line(tmp_path: Path, check: str, says: str) -> None:
    where = r"policies/apis/ledger\.yaml:13: putInvoice: rules\.wrong\.check: "
    with pytest.raises(PolicyError, match=where) as refused:
        plan_of(tmp_path, fine="body.copies > 0", wrong=check)
    [sentence] = refused.value.problems
    assert re.search(says, sentence), sentence


def test_an_operation_without_a_body_has_none_to_speak_of(tmp_path: Path) -> None:
    plan_of(tmp_path, fine="body.copies > 0")
    file = tmp_path / "policies" / "apis" / "ledger.yaml"
    file.write_text(file.read_text() + '  invoice: {scopes: [a], rules: {r: {check: "body.x == 1", message: M.}}}\n')
    with pytest.raises(PolicyError, match="nothing is called 'body'"):
        load(tmp_path / "policies", (LEDGER,), VALUES)


def vocabulary() -> Vocabulary:
    made = Vocabulary()
    made.variable("body", Invoice)
    return made


def holds(check: str, body: Invoice) -> str | None:
    """None where it holds."""
    words = vocabulary()
    checked = words.check(check)
    assert isinstance(checked, Expression), checked
    return Asked([check], ["body"]).broken({"body": words.readers([checked])["body"](body)})[0]


AMOUNTS: Final = st.decimals(min_value=-(10**12), max_value=10**12, places=4)


@settings(max_examples=60, deadline=None)
@given(amounts=st.lists(AMOUNTS, max_size=12), off=st.sampled_from(["0", "0.0001", "-0.0001"]))
def test_sums_are_exact_to_the_last_digit(amounts: list[Decimal], off: str) -> None:
    lines = [Line(ref="a", amount=Money.of(each, "EUR")) for each in amounts]
    total = Money.of(sum(amounts, Decimal(0)) + Decimal(off), "EUR")
    invoice = Invoice(number="1", currency="EUR", lines=lines, total=total)
    assert (holds(ADDED_UP, invoice) is None) == (off == "0")


@pytest.mark.parametrize(
    ("check", "why"),
    [
        ("same(times(body.total, decimal('0.19')), money('0.0190', 'EUR'))", None),
        ("same(minus(plus(body.total, money('0.2', 'EUR')), money('0.3', 'EUR')), money('0', 'EUR'))", None),
        ("le(body.total, money('0.1000', 'EUR')) && !lt(body.total, money('0.1', 'EUR'))", None),
        ("lt(plus(money('1e70', 'EUR'), money('1e-70', 'EUR')), body.total)", "exactly"),
        ("le(sum(body.lines.map(l, l.amount)), body.total)", "nothing to sum"),
        ("le(sum(body.lines.map(l, l.amount), 'EUR'), body.total)", None),
        ("le(body.total, money('9', 'USD'))", "two currencies"),
        ("days(body.start, body.end) == 31", None),
        ("body.labels['a'] == 'b'", None),
        ("body.labels['b'] == 'b'", "b is not there"),
        ("has(body.lines) && has(body.total)", None),
        ("has(body.note) || has(body.copies)", ""),
        ("body.lines[3].ref == ''", "cannot be decided"),
        ("lt(instant('2026-01-01T00:00:00+02:00'), instant('2025-12-31T23:00:00Z')) && body.copies == 1", None),
    ],
)
def test_what_can_be_said(check: str, why: str | None) -> None:
    body = Invoice(
        number="1", currency="EUR", total=Money.of("0.1", "EUR"), start=date(2026, 1, 1), end=date(2026, 2, 1),
        labels={"a": "b"},
    )  # fmt: skip
    if "body.note" in check:
        assert "no rule can read" in str(vocabulary().check(check))
        return
    found = holds(check, body)
    assert found is None if why is None else why in str(found), found


@pytest.mark.parametrize(
    ("check", "hidden"),
    [
        ("body.number != '' || le(body.total, body.total)", ["body.total of Invoice beside ||"]),
        ("!has(body.total) || le(body.total, money('1', 'EUR'))", []),
        ("lt(body.total, money('1', 'EUR')) && body.number == ''", []),
        ("!(lt(body.total, money('1', 'EUR')) && body.number == '')", ["body.total of Invoice beside &&"]),
        ("!(lt(body.total, money('1', 'EUR')) || body.number == '')", []),
        ("(body.copies > 1 && le(body.start, body.end)) || body.number == ''", ["body.start", "body.end"]),
        ("body.copies > 1 || body.number == ''", []),
        ("body.copies > 1 ? le(body.start, date('2026-01-01')) : true", []),
        ("(body.copies > 1 || le(body.start, date('2026-01-01'))) == true", ["body.start"]),
        ("body.lines.all(l, l.ref == 'a' || lt(l.hours, decimal('8')))", ["l.hours of Line beside ||"]),
        ("body.lines.all(l, l.ref == 'a' || !has(l.hours) || lt(l.hours, decimal('8')))", []),
        ("body.lines.exists(l, lt(l.hours, decimal('8')))", []),
        ("body.number == '' || body.lines.all(l, lt(l.hours, decimal('8')))", ["l.hours"]),
        ("body.labels['a'] == 'b' || body.number == ''", []),
    ],
)
def test_a_field_that_may_be_missing_beside_an_operator_that_does_without_it_is_told(
    check: str, hidden: list[str]
) -> None:
    checked = vocabulary().check(check)
    assert isinstance(checked, Expression), checked
    found = [f"{each.way} of {each.message} beside {each.operator}" for each in checked.hidden]
    assert len(found) == len(hidden), found
    assert all(each.startswith(said) for each, said in zip(found, hidden, strict=True)), found


@pytest.mark.parametrize(
    ("check", "loops", "squared"),
    [
        ("body.number == ''", 0, False),
        ("body.lines.all(l, l.ref != '')", 1, False),
        ("body.lines.map(l, l.ref)[0] == ''", 1, True),
        ("body.lines.filter(l, l.ref != '').size() > 1", 1, True),
        ("body.lines.all(a, body.lines.exists_one(b, a.ref == b.ref))", 2, True),
        ("body.lines.map(l, l.ref).all(r, r != '')", 1, True),
    ],
)
def test_what_a_rule_may_cost_is_known_before_it_is_asked(check: str, loops: int, squared: bool) -> None:
    checked = vocabulary().check(check)
    assert isinstance(checked, Expression), checked
    assert (checked.facts.loops, checked.facts.squared) == (loops, squared)
