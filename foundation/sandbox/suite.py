"""What the port suite (`tests/ports`) has to know of one system: `SUITE` in `system_apis/<name>/suite.py`.

The suite is written once and asks every system of every port the same; a system joins by its folder alone. What a
system cannot is said here with its reason, and a reason that is no longer true fails as well.

    SUITE = Suite(
        sign_in={"token": "${KANTATA_TOKEN}"},                  # as connections.yaml says it; `demo()` has the values
        url="https://api.mavenlink.com",
        fits={Project: {"legal_entity_id": "ACME-DE"}},         # what this system needs otherwise in an object
        loses={Project: {"budget": "It keeps no money."}},      # fields that do not come back as sent, and why
        cuts={Project: {"name": 40}},                           # longer texts are kept up to here
        refuses={Project: {"code": 40}},                        # longer codes are `Invalid`, never cut
        plant={Opportunity: plant_deal},                        # puts there what no port writes
    )
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from foundation.sandbox.firm import Deal
from foundation.sandbox.kit import Box

Plant = Callable[[Box, Any], str]
"""Puts a canonical object into the sandbox as the vendor's own people would have entered it; its native id."""
Touch = Callable[[Box, str], None]
"""Changes or deletes a record, by native id, as somebody else at the vendor would."""
Move = Callable[[Box, str, Literal["open", "won", "lost"]], None]
"""Closes a deal, by native id, or opens it again, as its people would."""


def _as_seeded(_: Box) -> None:
    return None


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """An option of the sandbox that takes something from our sight, for the check of a connection."""

    option: str
    value: Any
    object: str
    field: str = ""


class Strange(msgspec.Struct, frozen=True, kw_only=True):
    """A word of a list, in records, that we have none for: somebody added it, or the vendor did."""

    kind: type
    """The canonical type of such a record."""
    table: str
    """The sandbox's kind of it."""
    column: str
    value: Any
    """What is put there."""
    field: str
    """What the vendor calls the field, with its object, as a fault says it: `salesOrder.orderStatus`."""
    word: str

    def put(self, box: Box) -> None:
        """Every record of the kind gets the word."""
        rows = box.store.db.execute("SELECT id FROM records WHERE kind = ?", (self.table,)).fetchall()
        for (id,) in rows:
            box.store.update(self.table, id, {self.column: self.value})


class Suite(msgspec.Struct, frozen=True, kw_only=True):
    """One system as the port suite meets it."""

    url: str
    """An address of the kind the vendor gives. Nothing is ever sent there."""
    sign_in: Mapping[str, str]
    """As in `policies/connections.yaml`; a `${NAME}` stands for a value of the folder's `demo()`."""
    prepare: Callable[[Box], None] = _as_seeded
    """Sets up what an account must have and the seed lacks."""
    entity: str = "ACME-DE"
    """The code of a legal entity of the firm that it keeps."""
    currency: str = "EUR"
    """That entity's."""
    fits: Mapping[type, Mapping[str, Any]] = {}
    """Canonical type -> fields the suite's objects must have here, where its own would not do."""
    loses: Mapping[type, Mapping[str, str]] = {}
    """Canonical type -> fields that are not read back as they were written, and why."""
    cuts: Mapping[type, Mapping[str, int]] = {}
    """Canonical type -> how many characters of a text it keeps; the rest is cut, never inside a letter."""
    refuses: Mapping[type, Mapping[str, int]] = {}
    """Canonical type -> how many characters a code may have; a longer one is `Invalid` at that field."""
    plant: Mapping[type, Plant] = {}
    """Canonical type -> how it comes to be there, for what is read by a port and written by none."""
    touch: Mapping[type, Touch] = {}
    """Canonical type -> how somebody else changes it. For a system that detects changes, from outside."""
    unguarded: Mapping[type, str] = {}
    """Port -> why an edit of what it keeps, between our reading and our writing, is not noticed."""
    remove: Mapping[type, Touch | str] = {}
    """Canonical type -> how somebody else deletes one that is listed; a sentence where nobody can."""
    remade: Mapping[type, str] = {}
    """Canonical type -> why a draft that is written again is another record, under another id."""
    heads: Mapping[type, Mapping[str, str]] = {}
    """Canonical type -> fields that a list does not tell and a single read does, and why."""
    no_tombstones: Mapping[type, str] = {}
    """Canonical type -> why a deletion is no change that can be polled."""
    by_day: Mapping[type, str] = {}
    """Canonical type -> why what changed is told by days, so that the same ones come again."""
    denied: Switch | None = None
    """Takes away the right to one object."""
    hidden: Switch | None = None
    """Hides or renames one field; None where the vendor hides none."""
    strange: Strange | None = None
    """Puts a word where we have none for it."""
    deal: Callable[[Deal], str] | None = None
    """The native id of one of the firm's deals, as seeded. A CRM says it: any of them can then feed the workflows."""
    move: Move | None = None
    """How a deal is won, lost and opened again; beside `deal`."""
    currencies: Mapping[str, str] = {}
    """Of JPY, USD and KWD (0, 2 and 3 decimals), those it cannot keep, and why."""
    signs_in_once: str = ""
    """Why an expired token is not renewed by itself; empty where it is."""
