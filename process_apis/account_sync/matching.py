"""Whose a record is that nobody knew: by what was known of it once, by our key on it, by its tax number, by its domain.

Only one certain owner links it. What may be the same (a name alike, a tax number that several have, one VAT group in
two countries) is never decided here: it gets an id of its own, and a steward is told.
"""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from canonical.events import AccountCreated
from canonical.faults import Conflict, FieldError
from canonical.objects import Customer
from foundation.masking import Masker
from process_apis.account_sync.records import Adopted
from process_apis.cross_references import terms, xrefs
from process_apis.cross_references.terms import Term
from process_apis.cross_references.xrefs import By, Place
from process_apis.events import outbox
from process_apis.tables import XREF_TERMS

KIND: Final = "customer"
PREFIX: Final = "acct"
"""What the id of a customer's sync begins with."""
MATCH: Final = "match"
"""The rule of a case that says whom a record may be; each of its details begins with that one's canonical id."""
_COMPARED: Final = 500
"""Names of a block that are compared at the most."""
MOST: Final = 5
"""Candidates a steward is shown."""


_NAMES: Final = XREF_TERMS.alias("names")
_IN_BLOCK: Final = (
    sa.select(_NAMES.c.canonical_id, _NAMES.c.value)
    .join(XREF_TERMS, XREF_TERMS.c.canonical_id == _NAMES.c.canonical_id)
    .where(XREF_TERMS.c.kind == "block", XREF_TERMS.c.value == sa.bindparam("block"), _NAMES.c.kind == "name")
    .distinct()
    .limit(_COMPARED)
)


def adopt(connection: sa.Connection, place: Place, customer: Customer, who: str, _: Masker) -> Adopted:
    """The id a record belongs to, linked; a new one where it belongs to none that is known."""
    owner, why = _certain(connection, place, customer)
    suspects = {} if owner else _suspects(connection, customer)
    found = owner or _new(connection, place, By(who))
    xrefs.link(connection, found, place, By(who, why or "Nobody had it."))
    xrefs.learn(connection, found, place.system, place.native_id, terms.terms_of(customer))
    return Adopted(found, _doubt(connection, place, customer, suspects) if suspects else None)


def together(connection: sa.Connection, places: list[Place], by: By) -> str:
    """Records that are surely one customer's, by whoever made one from the other: their one id."""
    held = [xrefs.holder(connection, KIND, place.system, place.native_id) for place in places]
    owner = next((each for each in held if each), "") or _new(connection, places[0], by)
    for place, holder in zip(places, held, strict=True):
        if not holder:
            xrefs.link(connection, owner, place, by)
        elif holder != owner:
            xrefs.merge(connection, holder, owner, by)
    return owner


def _new(connection: sa.Connection, place: Place, by: By) -> str:
    """An id for a customer whom nobody knew; that there is one more is told."""
    made = xrefs.mint(connection, KIND, by)
    event = AccountCreated(record=f"{place.system} {place.native_id}")
    outbox.emit_apart(connection, f"{PREFIX}:{made}", event, made, place.instance)
    return made


def _certain(connection: sa.Connection, place: Place, customer: Customer) -> tuple[str, str]:
    """Its one certain owner and why it is certain; two empty texts when there is none."""
    if before := xrefs.last_holder(connection, KIND, place.system, place.native_id):
        return before, "It was linked before."
    if keyed := xrefs.by_key(connection, KIND, place):
        return keyed, "It carries our key."
    taxed = _having(connection, terms.tax_terms(customer))
    if len(taxed) == 1 and _free(connection, taxed[0], place) and _same_countries(connection, taxed[0], customer):
        return taxed[0], "It has the same tax number."
    domain = terms.domain_of(customer.email)
    if domain and not taxed:
        of_it = [each for each in _having(connection, [Term("domain", domain)]) if _alike(connection, each, customer)]
        if len(of_it) == 1 and _free(connection, of_it[0], place) and _same_countries(connection, of_it[0], customer):
            return of_it[0], "It has the same mail domain and a name alike."
    return "", ""


def _suspects(connection: sa.Connection, customer: Customer) -> dict[str, str]:
    """Who it may be, each with what speaks for it; those of its tax number first, then the most alike."""
    found = dict.fromkeys(_having(connection, terms.tax_terms(customer)), "the same tax number")
    block = terms.block_of(customer.legal_name)
    near = _named(connection, block, customer.legal_name) if block else {}
    for each in sorted(near, key=lambda one: (-near[one], one)):
        if each not in found and _same_countries(connection, each, customer):
            found[each] = f"a name alike, {near[each]:.0%}"
    return dict(list(found.items())[:MOST])


def _named(connection: sa.Connection, block: str, name: str) -> dict[str, float]:
    """Those whose name is alike, of the block that names begin like, with how much."""
    found: dict[str, float] = {}
    for row in connection.execute(_IN_BLOCK, {"block": block}):
        found[row.canonical_id] = max(terms.likeness(row.value, name), found.get(row.canonical_id, 0))
    return {each: score for each, score in found.items() if score >= terms.LIKELY}


def _doubt(connection: sa.Connection, place: Place, customer: Customer, suspects: Mapping[str, str]) -> Conflict:
    errors = []
    for each, why in suspects.items():
        known = ", ".join(f"{p.system} {p.native_id}" for p in xrefs.places_of(connection, [each])[each])
        said = f"{each}: {known or 'no record'} ({why})"
        errors.append(FieldError(rule=MATCH, detail=said, owner="Account steward"))
    said = f"{customer.legal_name} ({place.system} {place.native_id}) may be a customer that is known already."
    return Conflict(said, errors=errors)


def _having(connection: sa.Connection, wanted: list[Term]) -> list[str]:
    return sorted({each for term in wanted for each in xrefs.having(connection, KIND, term)})


def _free(connection: sa.Connection, canonical_id: str, place: Place) -> bool:
    """Whether it has no record yet where this one is."""
    return all(
        (known.system, known.instance) != (place.system, place.instance)
        for known in xrefs.places_of(connection, [canonical_id])[canonical_id]
    )


def _same_countries(connection: sa.Connection, canonical_id: str, customer: Customer) -> bool:
    """Whether nothing says that the two are in different countries."""
    theirs, ours = _values(connection, canonical_id, "country"), terms.countries_of(customer)
    return not theirs or not ours or not theirs.isdisjoint(ours)


def _alike(connection: sa.Connection, canonical_id: str, customer: Customer) -> bool:
    return any(terms.names_alike(known, customer.legal_name) for known in _values(connection, canonical_id, "name"))


def _values(connection: sa.Connection, canonical_id: str, kind: str) -> set[str]:
    query = sa.select(XREF_TERMS.c.value)
    of_it = query.where(XREF_TERMS.c.canonical_id == canonical_id, XREF_TERMS.c.kind == kind)
    return set(connection.scalars(of_it))
