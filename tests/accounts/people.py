"""People of a system in memory, kept as systems keep them: addresses in small letters, names cut, versions stamped."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from canonical.base import Source, Xref
from canonical.faults import Invalid, NotFound, VendorStale
from canonical.objects import Contact, ContactRole
from canonical.ports import Page, Written
from canonical.ports.people import PersonUpdate
from canonical.ports.systems import Change

BEGAN: Final = datetime(2026, 11, 28, 9, tzinfo=UTC)
LONGEST: Final = 32
"""Characters a system keeps of a name."""


class PeopleOf:
    """The people of one system, by id; `entity` is the legal entity whose books it keeps, none for a CRM."""

    def __init__(self, name: str, entity: str = "") -> None:
        self.name, self.entity = name, entity
        self.records: dict[str, Contact] = {}
        self.merged: dict[str, str] = {}
        self.versions = itertools.count(1)
        self.changed: list[tuple[str, int]] = []
        self.writes: list[str] = []
        self.faults: list[Callable[[], None]] = []
        """What happens at the next writes, first come first."""

    def save(self, native_id: str, person: Contact) -> str:
        number = next(self.versions)
        source = Source(system=self.name, native_version=f"{number:08d}", updated_at=BEGAN + timedelta(seconds=number))
        keys = [x for x in person.xrefs if x.system == self.name] or [Xref(system=self.name, native_id=native_id)]
        kept = msgspec.structs.replace(
            person, id=native_id, legal_entity_id=self.entity, source=source, xrefs=keys, email=person.email.lower()
        )
        if self.entity:  # roles and what is said of advertising have no place in these books
            cut = {"given": kept.given[:LONGEST], "family": kept.family[:LONGEST]}
            kept = msgspec.structs.replace(kept, roles=[], language="", marketing_opt_out=False, **cut)
        self.records[native_id] = kept
        self.changed.append((native_id, number))
        return f"{number:08d}"

    def edit(self, native_id: str, **fields: Any) -> None:
        """Save a record as somebody would."""
        self.save(native_id, msgspec.structs.replace(self.records[native_id], **fields))

    def delete(self, native_id: str) -> Contact:
        self.changed.append((native_id, next(self.versions)))
        return self.records.pop(native_id)

    def merge(self, loser: str, winner: str) -> None:
        """Two become one: the loser is gone and names its master; both were saved."""
        del self.records[loser]
        self.merged[loser] = winner
        self.changed.append((loser, next(self.versions)))
        self.save(winner, self.records[winner])

    def changes(self) -> list[Change]:
        """What was saved since this was last asked."""
        told, self.changed = self.changed, []
        return [
            Change(
                object="contact",
                native_id=native,
                version=f"{n:08d}",
                changed_at=BEGAN + timedelta(seconds=n),
                exact=True,
            )
            for native, n in told
        ]

    async def __call__(self, cursor: str = "", limit: int = 0) -> Page[Contact]:
        """A list of all, two at a time: a CRM's `people`, which is what it is called there."""
        ids = sorted(each for each in self.records if each > cursor)
        return Page(items=[self.records[each] for each in ids[:2]], next=ids[1] if len(ids) > 2 else "")

    async def customer_people(self, cursor: str = "", limit: int = 0) -> Page[Contact]:
        return await self(cursor)

    async def person(self, person_id: str) -> Contact:
        if person_id in self.merged:
            survivor = self.merged[person_id]
            return msgspec.structs.replace(self.records[survivor], merged_into=survivor)
        if person_id not in self.records:
            raise NotFound(f"there is no {person_id}", system=self.name)
        return self.records[person_id]

    async def update_person(self, person_id: str, data: PersonUpdate) -> Written:
        kept = await self.person(person_id)
        assert kept.source
        if data.seen not in ("", kept.source.native_version):
            raise VendorStale("it was changed since", system=self.name)
        if not self.entity and {"account_id", "status"} & {*data.fields}:
            raise Invalid("account and status are the CRM's own", system=self.name)
        saved = self.save(
            person_id, msgspec.structs.replace(kept, **{name: getattr(data.person, name) for name in data.fields})
        )
        self._wrote(person_id)
        return Written(id=person_id, created=False, version=saved)

    async def person_by_key(self, key: str) -> Contact:
        for each in self.records.values():
            if each.xrefs[0].alt_key == key:
                return each
        raise NotFound(f"there is no {key}", system=self.name)

    async def upsert_person(self, key: str, data: Contact) -> Written:
        known = [native for native, each in self.records.items() if each.xrefs[0].alt_key == key]
        native = known[0] if known else f"P{len(self.records) + 1}"
        xref = Xref(system=self.name, native_id=native, alt_key=key)
        saved = self.save(native, msgspec.structs.replace(data, xrefs=[xref]))
        self._wrote(native)
        return Written(id=native, created=not known, version=saved)

    def _wrote(self, native_id: str) -> None:
        self.writes.append(native_id)
        if self.faults:
            self.faults.pop(0)()


def person_of(account: str, number: int = 1, **fields: Any) -> Contact:
    """Somebody who gets an account's invoices; the number is in everything that tells one from others."""
    plain: dict[str, Any] = {
        "given": "Nora",
        "family": f"Lindqvist {number}",
        "email": f"nora.{number}@customer.example",
        "phone": "+49 431 555 01",
        "title": "Accounts Payable",
        "account_id": account,
        "roles": [ContactRole(account_id=account, role="billing")],
    }
    return Contact(**plain | fields)
