"""Cross-references: one thing, one id for good, wherever it lives and whatever becomes of it."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict, NotFound
from canonical.objects import Address, Customer, TaxRegistration
from process_apis.cross_references import terms, xrefs
from process_apis.cross_references.terms import Term
from process_apis.cross_references.xrefs import By, Place

DANA = By("dana", "One company, entered twice.")
SF = Place(system="salesforce", native_id="001A")
NS = Place(system="netsuite", native_id="1402", instance="ACME-DE", alt_key="salesforce:001A")


def customer(c: sa.Connection, *places: Place) -> str:
    made = xrefs.mint(c, "customer", DANA)
    for place in places:
        xrefs.link(c, made, place, DANA)
    return made


def did(c: sa.Connection, canonical_id: str) -> list[str]:
    return [row.did for row in xrefs.history(c, canonical_id)]


def test_it_is_found_by_every_name_it_has(c: sa.Connection) -> None:
    one = customer(c, SF, NS)
    tax = TaxRegistration(country="DE", scheme="USt-IdNr", number="DE 123 456 788")
    told = Customer(
        legal_name="Sturmvogel Werft GmbH", number="K-77", email="a@sturmvogel.example", tax_registrations=[tax]
    )
    xrefs.learn(c, one, "netsuite", "1402", terms.terms_of(told))
    words = [
        "001A",
        "1402",
        "salesforce:001A",
        one,
        one.lower(),
        "k-77",
        "DE123456788",
        "de 123456788",
        "sturmvogel.example",
    ]
    for word in [*words, "billing@sturmvogel.example", "DE-123.456.788"]:
        assert xrefs.find(c, word) == [one], word
    assert xrefs.find(c, "Sturmvogel") == []
    assert xrefs.find(c, "") == []
    assert xrefs.find(c, "001A", "project") == []


def test_one_tax_number_may_mean_several(c: sa.Connection) -> None:
    both = sorted([customer(c, SF), customer(c, NS)])
    for each, place in zip(both, (SF, NS), strict=True):
        xrefs.learn(c, each, place.system, place.native_id, [Term("tax", "DE123456788")])
    assert xrefs.find(c, "DE123456788") == both


def test_what_a_record_is_not_called_any_more_finds_it_no_longer(c: sa.Connection) -> None:
    one = customer(c, SF)
    xrefs.learn(c, one, "salesforce", "001A", [Term("domain", "old.example")])
    xrefs.learn(c, one, "salesforce", "001A", [Term("domain", "new.example")])
    assert (xrefs.find(c, "old.example"), xrefs.find(c, "new.example")) == ([], [one])


def test_a_record_is_one_s_at_a_time(c: sa.Connection) -> None:
    one, other = customer(c, SF), customer(c)
    with pytest.raises(Conflict, match=one):
        xrefs.link(c, other, SF, DANA)
    assert xrefs.link(c, one, SF, DANA) is False
    assert did(c, one) == ["made", "linked"]


def test_a_thing_may_live_twice_in_one_system(c: sa.Connection) -> None:
    american = Place(system="netsuite", native_id="1977", instance="ACME-US")
    one = customer(c, NS, american)
    assert xrefs.places_of(c, [one]) == {one: [NS, american]}


def test_a_merged_id_still_resolves_and_its_records_are_the_winner_s(c: sa.Connection) -> None:
    loser, winner, last = customer(c, SF), customer(c, NS), customer(c)
    xrefs.merge(c, loser, winner, DANA)
    xrefs.merge(c, winner, last, DANA)
    xrefs.merge(c, loser, last, DANA)
    assert xrefs.resolve(c, loser) == last
    assert xrefs.find(c, "001A") == xrefs.find(c, loser) == [last]
    assert xrefs.places_of(c, [last])[last] == [SF, NS]
    assert xrefs.merged_into(c, last) == [winner, loser]
    told = [(row.canonical_id, row.did, row.other_id, row.who) for row in xrefs.history(c, last)]
    assert (loser, "merged", winner, "dana") in told
    assert (winner, "absorbed", loser, "dana") in told
    assert len([each for each in told if each[1] == "merged"]) == 2


def test_what_is_not_of_one_kind_is_not_merged(c: sa.Connection) -> None:
    with pytest.raises(Conflict):
        xrefs.merge(c, customer(c), xrefs.mint(c, "project", DANA), DANA)
    with pytest.raises(NotFound):
        xrefs.merge(c, customer(c), "01NOBODY", DANA)


def test_unlinked_and_linked_anew_with_who_and_why(c: sa.Connection) -> None:
    one, other = customer(c, SF), customer(c)
    assert xrefs.unlink(c, "customer", "salesforce", "001A", By("dana", "Wrong company.")) == one
    assert xrefs.holder(c, "customer", "salesforce", "001A") == ""
    assert xrefs.last_holder(c, "customer", "salesforce", "001A") == one
    with pytest.raises(NotFound):
        xrefs.unlink(c, "customer", "salesforce", "001A", DANA)
    xrefs.relink(c, other, SF, By("priya", "It was theirs."))
    assert xrefs.holder(c, "customer", "salesforce", "001A") == other
    xrefs.relink(c, one, SF, DANA)
    assert [(r.did, r.who, r.why) for r in xrefs.history(c, one)][2:4] == [
        ("unlinked", "dana", "Wrong company."),
        ("relinked", "dana", "One company, entered twice."),
    ]
    assert did(c, other) == ["made", "linked", "unlinked"]


def test_what_is_unlinked_is_found_by_none_of_its_names(c: sa.Connection) -> None:
    one = customer(c, SF)
    xrefs.learn(c, one, "salesforce", "001A", [Term("domain", "firm.example")])
    xrefs.unlink(c, "customer", "salesforce", "001A", DANA)
    assert xrefs.find(c, "firm.example") == xrefs.find(c, "001A") == []


def test_a_key_that_two_carry_is_nobody_s_in_particular(c: sa.Connection) -> None:
    one = customer(c, NS)
    assert xrefs.by_alt_key(c, "customer", "salesforce:001A") == one
    customer(c, Place(system="sap_s4hana", native_id="9", alt_key="salesforce:001A"))
    assert xrefs.by_alt_key(c, "customer", "salesforce:001A") == ""
    assert xrefs.by_alt_key(c, "customer", "") == ""


def test_whoever_holds_a_thing_works_on_it_alone_until_then(c: sa.Connection) -> None:
    one, other = customer(c), customer(c)
    later = now() + timedelta(seconds=60)
    assert xrefs.hold(c, [one, other], "first", later) == {one, other}
    assert xrefs.hold(c, [one, other], "second", later + timedelta(seconds=1)) == set()
    xrefs.release(c, "first", [one])
    assert xrefs.hold(c, [one, other], "second", later + timedelta(seconds=2)) == {one}
    xrefs.release(c, "first", [one])
    assert xrefs.hold(c, [one], "third", later) == set(), "only whoever holds it gives it back"
    xrefs.release(c, "first", [other])
    assert xrefs.hold(c, [other], "first", now() - timedelta(seconds=1)) == {other}
    assert xrefs.hold(c, [other], "second", later) == {other}, "the first held it too long"


def test_many_are_looked_up_at_once(c: sa.Connection) -> None:
    places = [Place(system="netsuite", native_id=str(n)) for n in range(1201)]
    one = customer(c, *places)
    asked = [("netsuite", place.native_id) for place in places]
    assert set(xrefs.holders(c, "customer", [*asked, ("netsuite", "none")]).values()) == {one}


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Sturmvogel Werft GmbH", "STURMVOGEL WERFT", True),
        ("Ångström & Söhne AG", "Angstrom and Sohne A.G.", True),
        ("Acme Ltd.", "Acme Holding Inc", True),
        ("Northwind Traders", "Northwind Trader", True),
        ("Northwind Traders", "Southwind Traders GmbH & Co. KG", False),
        ("Seeland Fund 3", "Seeland Fund 4", False),
        ("Seeland Fund 3 LP", "SEELAND FUND 3", True),
        ("AG", "Acme", False),
        ("", "", False),
    ],
)
def test_names_that_may_be_one_company_s(one: str, other: str, alike: bool) -> None:
    assert terms.names_alike(one, other) is alike


@pytest.mark.parametrize(
    ("country", "number", "told"),
    [
        ("DE", "DE123456788", "DE123456788"),
        ("DE", "123 456 788", "DE123456788"),
        ("GR", "EL123456783", "GR123456783"),
        ("US", "12-3456789", "US123456789"),
        ("IN", "29abcde1234f2z5", "IN29ABCDE1234F2Z5"),
    ],
)
def test_a_tax_number_is_told_in_one_spelling(country: str, number: str, told: str) -> None:
    assert terms.tax_id(country, number) == told


def test_a_mail_address_of_everybody_says_nothing_of_a_company() -> None:
    assert terms.domain_of("owner@gmail.com") == terms.domain_of("nobody") == terms.domain_of("") == ""
    assert terms.domain_of("AP@Firm.example") == "firm.example"


def test_where_a_customer_is_at_home() -> None:
    addresses = [Address(country="DE"), Address(role="ship", country="AT"), Address(role="legal")]
    assert terms.countries_of(Customer(legal_name="A", addresses=addresses)) == {"DE", "AT"}
