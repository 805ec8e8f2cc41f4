"""Digests of people that were written without a key, before there was one: each is keyed as it stands."""

from typing import Final

import sqlalchemy as sa

from foundation.database import Database
from foundation.masking import Masker
from process_apis.cross_references.terms import KEYED, OF_PEOPLE, keyed
from process_apis.tables import XREF_TERMS

_MANY: Final = 500
"""Digests that are keyed in one transaction."""


async def key_digests(database: Database, masker: Masker) -> int:
    """Key all that are not; how many there were. Where several processes begin at once, one finds nothing left."""
    done = 0
    while count := await database.run(lambda c: _some(c, masker)):
        done += count
    return done


def _some(connection: sa.Connection, masker: Masker) -> int:
    value = XREF_TERMS.c.value
    bare = sa.select(XREF_TERMS.c.kind, value).distinct()
    bare = bare.where(XREF_TERMS.c.kind.in_(OF_PEOPLE), value.not_like(f"{KEYED}%")).limit(_MANY)
    found = list(connection.execute(bare.order_by(XREF_TERMS.c.kind, value)))
    for row in found:
        this = sa.update(XREF_TERMS).where(XREF_TERMS.c.kind == row.kind, value == row.value)
        connection.execute(this.values(value=keyed(row.kind, row.value, masker)))
    return len(found)
