"""Whose a person's record is that nobody knew: by what was known of it, by our key, by the address at one customer.

One address at one customer is one person's, unless both systems have it twice; a name alike is shown to a steward, and
nothing is made or linked by it.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from canonical.faults import Conflict, FieldError
from canonical.objects import Contact
from foundation.masking import Masker
from process_apis.account_sync.records import Adopted
from process_apis.cross_references import terms, xrefs
from process_apis.cross_references.terms import Term
from process_apis.cross_references.xrefs import By, Place

KIND: Final = "contact"
MOST: Final = 5
"""Candidates a steward is shown."""


def adopt(connection: sa.Connection, place: Place, person: Contact, who: str, masker: Masker) -> Adopted:
    """The id a record belongs to, linked; a new one where it belongs to none that is known."""
    said = terms.person_terms(person, masker)
    owner, why = _certain(connection, place, said)
    suspects = [] if owner else _having(connection, said, "person_name")[:MOST]
    found = owner or xrefs.mint(connection, KIND, By(who))
    xrefs.link(connection, found, place, By(who, why or "Nobody had it."))
    xrefs.learn(connection, found, place.system, place.native_id, said)
    return Adopted(found, _doubt(place, suspects) if suspects else None)


def namesakes(
    connection: sa.Connection, mine: str, person: Contact, missing: Sequence[Place], masker: Masker
) -> Mapping[Place, str]:
    """Those of these books that have somebody of this customer with the same address or name, under another id."""
    said = terms.person_terms(person, masker)
    others = {each for kind in terms.OF_PEOPLE for each in _having(connection, said, kind)} - {mine}
    places = xrefs.places_of(connection, sorted(others))
    return {
        wanted: f"{found.system} {found.native_id}"
        for wanted in missing
        for each in sorted(others)
        for found in places[each]
        if (found.system, found.instance) == (wanted.system, wanted.instance)
    }


def _certain(connection: sa.Connection, place: Place, said: Sequence[Term]) -> tuple[str, str]:
    """Its one certain owner and why it is certain; two empty texts when there is none."""
    if before := xrefs.last_holder(connection, KIND, place.system, place.native_id):
        return before, "It was linked before."
    if keyed := xrefs.by_key(connection, KIND, place):
        return keyed, "It carries our key."
    alike = _having(connection, said, "person_mail")
    if len(alike) == 1 and _free(connection, alike[0], place):
        return alike[0], "It has the same address at the same customer."
    return "", ""


def _having(connection: sa.Connection, said: Sequence[Term], kind: str) -> list[str]:
    """People of the same customer who have this in common with it."""
    wanted = [term for term in said if term.kind == kind]
    home = [term for term in said if term.kind == "home"]
    if not wanted or not home:
        return []
    return sorted(xrefs.having(connection, KIND, wanted[0]) & xrefs.having(connection, KIND, home[0]))


def _free(connection: sa.Connection, canonical_id: str, place: Place) -> bool:
    """Whether it has no record yet where this one is."""
    return all(
        (known.system, known.instance) != (place.system, place.instance)
        for known in xrefs.places_of(connection, [canonical_id])[canonical_id]
    )


def _doubt(place: Place, suspects: Sequence[str]) -> Conflict:
    errors = [FieldError(rule="match", detail=each, owner="Account steward") for each in suspects]
    return Conflict(f"{place.system} {place.native_id} may be a person who is known already.", errors=errors)
