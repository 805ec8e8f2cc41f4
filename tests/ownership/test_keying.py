"""Digests of people: only whoever has the key can make them, and those from before there was one are keyed."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa

from canonical.objects import Contact
from foundation.database import Database, engine_of, migrate
from foundation.masking import Masker
from gateway.identity.sealing import key_file
from process_apis.account_sync.people_matching import adopt
from process_apis.cross_references import keying, terms, xrefs
from process_apis.cross_references.terms import Term
from process_apis.cross_references.xrefs import By, Place
from process_apis.tables import XREF_TERMS

MASKER = Masker(b"a key of these tests")
NORA = Contact(given="Nora", family="Lindqvist", email="Nora@Customer.example", account_id="HOME")


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Database]:
    """A database of its own, since what is tested commits."""
    engine = engine_of(f"sqlite:///{tmp_path / 'tiergate.sqlite'}")
    migrate(engine)
    yield Database(engine)
    engine.dispose()


def values(c: sa.Connection) -> set[str]:
    return set(c.scalars(sa.select(XREF_TERMS.c.value)))


def as_before(c: sa.Connection, person: Contact, native_id: str) -> str:
    """Somebody as they were written down without a key; their id."""
    one = xrefs.mint(c, "contact", By("dana"))
    place = Place(system="salesforce", native_id=native_id)
    xrefs.link(c, one, place, By("dana"))
    plain = [
        Term("person_mail", sha256(person.email.casefold().encode()).hexdigest()),
        Term("person_name", sha256(terms.bare_name(f"{person.given} {person.family}").encode()).hexdigest()),
        Term("home", person.account_id),
    ]
    xrefs.learn(c, one, place.system, place.native_id, plain)
    return one


def test_a_term_of_a_person_tells_nothing_without_the_key_and_is_the_same_with_it() -> None:
    mail, name, home = terms.person_terms(NORA, MASKER)
    assert (mail.kind, name.kind, home) == ("person_mail", "person_name", Term("home", "HOME"))
    assert mail == terms.person_terms(Contact(family="Else", email="nora@customer.example"), MASKER)[0]
    assert {*terms.person_terms(NORA, Masker(b"another key"))}.isdisjoint({mail, name})
    assert sha256(b"nora@customer.example").hexdigest() not in mail.value
    assert MASKER.keyed("term person_name", "x") != MASKER.keyed("term person_mail", "x")
    assert terms.person_terms(Contact(family=""), MASKER) == []


async def test_digests_without_a_key_are_keyed_as_they_stand_and_still_find_who_it_is(
    own: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keying, "_MANY", 2)
    one = await own.run(lambda c: as_before(c, NORA, "003A"))
    for n in "BC":
        other = Contact(family=f"L{n}", email=f"{n}@x.example", account_id="HOME")
        await own.run(lambda c, each=other, id=f"003{n}": as_before(c, each, id))
    assert await keying.key_digests(own, MASKER) == 6
    kept = await own.run(values)
    assert kept >= {term.value for term in terms.person_terms(NORA, MASKER)}
    assert [each for each in kept if not each.startswith(terms.KEYED)] == ["HOME"]
    assert await keying.key_digests(own, MASKER) == 0
    assert await own.run(values) == kept
    there = Place(system="netsuite", native_id="7", instance="ACME-DE")
    assert await own.run(lambda c: adopt(c, there, NORA, "a test", MASKER).canonical_id) == one


def test_processes_that_begin_at_once_have_one_key(tmp_path: Path) -> None:
    path = tmp_path / "state" / "masks.key"
    with ThreadPoolExecutor(8) as several:
        keys = set(several.map(key_file, [path] * 8))
    assert keys == {key_file(path)}
    assert [each.name for each in path.parent.iterdir()] == ["masks.key"]
    assert path.stat().st_mode & 0o777 == 0o600
