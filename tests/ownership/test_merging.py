"""The three-way merge: who changed what since all agreed, and what ownership makes of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical.ownership import Mode, OnConflict, Owned
from process_apis.merging import Contested, Side, merge, settled

AT = datetime(2026, 11, 28, 9, tzinfo=UTC)
NAME = "legal_name"


def rule(mode: Mode, on_conflict: OnConflict = "owner_wins", **more: Any) -> dict[str, Owned]:
    written: tuple[Any, ...] = ("crm", "erp") if mode == "advisory" else ("crm",)
    return {NAME: Owned(**{"owner": "erp", "mode": mode, "written_to": written, "on_conflict": on_conflict, **more})}


def side(role: str, now: Any, agreed: Any = None, *, name: str = "", after: int = 0) -> Side:
    """A system's side; `agreed` None: met for the first time."""
    base = {} if agreed is None else {NAME: agreed}
    return Side(name=name or role, role=role, now={NAME: now}, agreed=base, changed_at=AT + timedelta(minutes=after))


def writes(rules: dict[str, Owned], *sides: Side) -> dict[str, Any]:
    return {name: fields[NAME] for name, fields in merge(rules, sides).writes.items()}


def contested(rules: dict[str, Owned], *sides: Side) -> list[str]:
    return [name for each in merge(rules, sides).contested for name in each.values]


def test_where_nothing_changed_nothing_is_written_however_each_spells_it() -> None:
    assert writes(rule("authoritative"), side("crm", "Acme", "Acme"), side("erp", "ACME", "ACME")) == {}
    assert writes(rule("advisory"), side("crm", "Acme", "Acme"), side("erp", "ACME", "ACME")) == {}


def test_the_owner_s_change_goes_where_it_may_be_written() -> None:
    sides = side("crm", "Acme", "Acme"), side("erp", "Acme Group", "Acme"), side("psa", "Acme", "Acme")
    assert writes(rule("authoritative"), *sides) == {"crm": "Acme Group"}


def test_what_another_changes_of_an_authoritative_field_is_put_back() -> None:
    found = merge(rule("authoritative"), [side("crm", "Acne", "Acme"), side("erp", "ACME", "ACME")])
    assert found.writes == {"crm": {NAME: "ACME"}}
    assert found.origins == {NAME: "erp"}


@pytest.mark.parametrize(("on_conflict", "written"), [("owner_wins", {"crm": "Acme SE"}), ("case", {})])
def test_both_changed_an_authoritative_field(on_conflict: OnConflict, written: dict[str, str]) -> None:
    rules, sides = rule("authoritative", on_conflict), (side("crm", "Acne", "Acme"), side("erp", "Acme SE", "Acme"))
    assert writes(rules, *sides) == written
    assert contested(rules, *sides) == ([] if written else ["erp", "crm"])


def test_both_changed_it_to_the_same_and_nobody_needs_to_decide() -> None:
    for mode in ("authoritative", "advisory"):
        rules = rule(mode, "case")
        assert contested(rules, side("crm", "Acme SE", "Acme"), side("erp", "ACME  se", "Acme")) == []


def test_the_owner_s_emptiness_at_the_first_meeting_empties_nothing_and_later_does() -> None:
    assert writes(rule("authoritative"), side("crm", "Net 30"), side("erp", "")) == {}
    assert writes(rule("authoritative"), side("crm", "Net 30", "Net 30"), side("erp", "", "Net 30")) == {"crm": ""}
    assert writes(rule("authoritative"), side("crm", "Net 45", "Net 30"), side("erp", "", "")) == {}


def test_the_first_meeting_of_two_that_differ_is_the_owner_s_or_a_case() -> None:
    sides = side("crm", "Acme Old"), side("erp", "Acme")
    assert writes(rule("authoritative"), *sides) == {"crm": "Acme"}
    assert contested(rule("authoritative", "case"), *sides) == ["erp", "crm"]
    assert contested(rule("authoritative", "case"), side("crm", "acme"), side("erp", "ACME")) == []


def test_the_books_of_two_companies_that_changed_it_differently_are_for_a_person_whatever_the_rule() -> None:
    sides = (
        side("crm", "Acme", "Acme"),
        side("erp", "Acme DE", "Acme", name="erp@DE"),
        side("erp", "Acme US", "Acme", name="erp@US"),
    )
    assert contested(rule("authoritative"), *sides) == ["erp@DE", "erp@US"]
    assert writes(rule("authoritative"), *sides) == {}


def test_an_advisory_field_is_whoever_s_changed_it() -> None:
    rules = rule("advisory")
    assert writes(rules, side("crm", "a@b", "x@y"), side("erp", "x@y", "x@y")) == {"erp": "a@b"}
    assert writes(rules, side("crm", "x@y", "x@y"), side("erp", "a@b", "x@y")) == {"crm": "a@b"}
    assert writes(rules, side("crm", "a@b"), side("erp", "")) == {"erp": "a@b"}


@pytest.mark.parametrize(
    ("on_conflict", "written"), [("owner_wins", {"crm": "e"}), ("newest", {"erp": "c"}), ("case", {})]
)
def test_an_advisory_field_that_both_changed(on_conflict: OnConflict, written: dict[str, str]) -> None:
    sides = side("crm", "c", "x", after=5), side("erp", "e", "x", after=1)
    assert writes(rule("advisory", on_conflict), *sides) == written
    assert bool(contested(rule("advisory", on_conflict), *sides)) is (not written)


def test_of_two_changes_at_the_same_moment_none_is_the_newest() -> None:
    sides = side("crm", "c", "x", after=1), side("erp", "e", "x", after=1)
    assert contested(rule("advisory", "newest"), *sides) == ["crm", "erp"]


def test_a_seed_is_sown_once_and_what_is_emptied_later_stays_empty() -> None:
    rules = {NAME: Owned(owner="crm", mode="seed_once", written_to=("erp",))}
    assert writes(rules, side("crm", "Kiel"), side("erp", "")) == {"erp": "Kiel"}
    assert writes(rules, side("crm", "Kiel", ""), side("erp", "", "")) == {"erp": "Kiel"}
    assert writes(rules, side("crm", "Kiel", "Bonn"), side("erp", "", "Bonn")) == {}
    assert writes(rules, side("crm", "Kiel", "Bonn"), side("erp", "Bonn", "Bonn")) == {}
    assert writes(rules, side("crm", ""), side("erp", "")) == {}


def test_what_is_derived_is_written_by_nobody() -> None:
    rules = {NAME: Owned(owner="erp", mode="derived")}
    assert writes(rules, side("crm", "1", "0"), side("erp", "2", "0")) == {}


def test_a_conflict_names_the_rule_that_leaves_it_to_a_person() -> None:
    rules = rule("advisory", "case", where="policies/ownership.yaml:12")
    found = merge(rules, [side("crm", "c", "x"), side("erp", "e", "x")])
    assert found.contested == [
        Contested(field=NAME, values={"crm": "c", "erp": "e"}, where="policies/ownership.yaml:12")
    ]


VALUES = st.sampled_from(["", "a", "A", "b", "c"])
MODES = st.sampled_from(["authoritative", "seed_once", "advisory", "derived"])


@settings(max_examples=300, deadline=None)
@given(
    mode=MODES, on_conflict=st.sampled_from(["owner_wins", "case"]), values=st.tuples(VALUES, VALUES, VALUES, VALUES)
)
def test_after_one_round_there_is_nothing_left_to_do(
    mode: Mode, on_conflict: OnConflict, values: tuple[str, str, str, str]
) -> None:
    """Whatever changed: what was written reads back, in capitals too, and the next merge is quiet."""
    rules = rule(mode, on_conflict) if mode != "derived" else {NAME: Owned(owner="erp", mode="derived")}
    crm, erp, crm_agreed, erp_agreed = values
    first = merge(rules, [side("crm", crm, crm_agreed), side("erp", erp, erp_agreed)])
    said = {"crm": crm, "erp": erp}
    for name, fields in first.writes.items():
        said[name] = fields[NAME].upper()  # as a system that shouts would keep it
    open_still = [each.field for each in first.contested]
    before = {"crm": crm_agreed, "erp": erp_agreed}
    base = {name: settled(rules, {NAME: before[name]}, {NAME: said[name]}, open_still)[NAME] for name in said}
    again = merge(rules, [side(name, said[name], base[name]) for name in said])
    assert again.writes == {}
    assert bool(again.contested) is bool(first.contested)
