"""A CRM and an ERP that keep customers as such systems do: one cuts and shouts, both stamp versions; a firm on them.

They stand behind the ports, in memory, so that thousands of accounts can change in a second; the adapters and the
sandboxes have tests of their own beside these.
"""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import msgspec
import sqlalchemy as sa

from canonical.base import Source, Xref
from canonical.faults import Fault, NotFound, OutcomeUnknown, VendorStale
from canonical.money import Money
from canonical.objects import Address, Credit, Customer, TaxRegistration
from canonical.ownership import Ownership
from canonical.ports import Page, Written
from canonical.ports.accounts import AccountUpdate
from canonical.ports.people import CustomerPeople, People
from canonical.ports.systems import Change
from foundation.context import fresh, use
from foundation.database import Database, engine_of
from foundation.masking import Masker
from gateway.ownership import read_ownership
from process_apis.bindings import Bindings, Systems
from process_apis.cross_references import xrefs
from process_apis.engine import Engine
from process_apis.events import inbox, intake
from process_apis.platform import Pace, Platform, launch, on_own_account
from process_apis.tables import CASES, EVENTS, INBOX, RUNS
from tests.accounts.people import PeopleOf

P = TypeVar("P")
SHIPPED: Final = Path(__file__).resolve().parents[2] / "policies" / "ownership.yaml"
BINDINGS: Final[Bindings] = {"crm": "crm", "erp": {"ACME-DE": "erp", "ACME-US": "books"}}
BEGAN: Final = datetime(2026, 11, 28, 9, tzinfo=UTC)
LONGEST: Final = 40
"""Characters the ERP keeps of a name."""
HURRIED: Final = Pace(retry=0, retry_most=0, attempts=3, settle=(0.0,), verify=(0.0,))


class Kept:
    """Records by id, each with a version that every save raises; what was changed since, and what was written by us."""

    def __init__(self, name: str, entity: str = "") -> None:
        self.name, self.entity = name, entity
        self.records: dict[str, Customer] = {}
        self.versions = itertools.count(1)
        self.changed: list[tuple[str, int]] = []
        self.writes: list[str] = []
        self.faults: list[Callable[[], None]] = []
        """What happens at the next writes, first come first."""
        self.away: Fault | None = None
        """Why nothing is listed."""
        self.people = PeopleOf(name, entity)

    def save(self, native_id: str, customer: Customer) -> str:
        number = next(self.versions)
        source = Source(system=self.name, native_version=f"{number:08d}", updated_at=BEGAN + timedelta(seconds=number))
        keys = [x for x in customer.xrefs if x.system == self.name] or [Xref(system=self.name, native_id=native_id)]
        kept = msgspec.structs.replace(
            customer, id=native_id, legal_entity_id=self.entity, source=source, xrefs=keys, version=0
        )
        self.records[native_id] = self.normalised(kept)
        self.changed.append((native_id, number))
        return f"{number:08d}"

    def page(self, cursor: str) -> Page[Customer]:
        """Two at a time, in the order of their ids, so that what is listed comes on many pages."""
        ids = sorted(each for each in self.records if each > cursor)
        kept = [self.records[each] for each in ids[:2]]
        return Page(items=kept, next=ids[1] if len(ids) > 2 else "")

    def edit(self, native_id: str, **fields: Any) -> None:
        """Save a record as a person would."""
        self.save(native_id, msgspec.structs.replace(self.records[native_id], **fields))

    def changes(self) -> list[Change]:
        """What was saved since this was last asked."""
        told, self.changed = self.changed, []
        return [
            Change(
                object="customer",
                native_id=native,
                version=f"{n:08d}",
                changed_at=BEGAN + timedelta(seconds=n),
                exact=True,
            )
            for native, n in told
        ]

    def normalised(self, customer: Customer) -> Customer:
        return customer

    def read(self, native_id: str) -> Customer:
        if native_id not in self.records:
            raise NotFound(f"there is no {native_id}", system=self.name)
        return self.records[native_id]

    def asked(self) -> None:
        """What happens at the next listing."""
        if self.away is not None:
            raise self.away

    def wrote(self, native_id: str) -> None:
        self.writes.append(native_id)
        if self.faults:
            self.faults.pop(0)()


class Crm(Kept):
    """Accounts. It knows no legal entities; it holds a copy of the terms, and a credit field somebody once added."""

    merged: dict[str, str]

    def __init__(self, name: str = "crm") -> None:
        super().__init__(name)
        self.merged = {}

    async def account(self, account_id: str) -> Customer:
        if account_id in self.merged:
            return msgspec.structs.replace(self.read(self.merged[account_id]), merged_into=self.merged[account_id])
        return self.read(account_id)

    async def accounts(self, cursor: str = "", limit: int = 0) -> Page[Customer]:
        self.asked()
        return self.page(cursor)

    async def update_account(self, account_id: str, data: AccountUpdate) -> Written:
        kept = self.read(account_id)
        assert kept.source
        if data.seen not in ("", kept.source.native_version):
            raise VendorStale("it was changed since", system=self.name)
        values = {name.partition(".")[0] for name in data.fields}
        saved = self.save(
            account_id, msgspec.structs.replace(kept, **{name: getattr(data.account, name) for name in values})
        )
        self.wrote(account_id)
        return Written(id=account_id, created=False, version=saved)

    def merge(self, loser: str, winner: str) -> None:
        """Two become one: the loser is gone and names its master; both were saved."""
        del self.records[loser]
        self.merged[loser] = winner
        self.changed.append((loser, next(self.versions)))
        self.save(winner, self.records[winner])

    def delete(self, native_id: str) -> Customer:
        self.changed.append((native_id, next(self.versions)))
        return self.records.pop(native_id)


class Erp(Kept):
    """Debtors of one legal entity, under the key of whoever made them. Names are cut and written in capitals."""

    def normalised(self, customer: Customer) -> Customer:
        name = customer.legal_name[:LONGEST].upper()
        return msgspec.structs.replace(customer, legal_name=name, trading_name=name)

    async def customers(self, cursor: str = "", limit: int = 0) -> Page[Customer]:
        """As some ERPs do, without addresses and credit."""
        self.asked()
        page = self.page(cursor)
        bare = [msgspec.structs.replace(each, addresses=[], credit=Credit()) for each in page.items]
        return Page(items=bare, next=page.next)

    async def customer(self, customer_id: str) -> Customer:
        return self.read(customer_id)

    async def upsert_customer(self, key: str, data: Customer) -> Written:
        """Takes whatever it is given: that nothing of its own is touched must be the sync's doing."""
        native = next((n for n, r in self.records.items() if self.key_of(r) == key), "")
        assert native, "the sync makes no debtors"
        before = self.records[native]
        saved = self.save(native, msgspec.structs.replace(data, xrefs=before.xrefs))
        self.wrote(native)
        return Written(id=native, version=saved)

    @staticmethod
    def key_of(customer: Customer) -> str:
        return next((x.alt_key for x in customer.xrefs if x.alt_key), "")


class Firm:
    """A CRM, the books of two legal entities, and the process tier between them."""

    def __init__(self, platform: Platform, crm: Crm, erp: Erp, books: Erp) -> None:
        self.platform, self.crm, self.erp, self.books = platform, crm, erp, books
        self.database = platform.database

    def account(self, number: int, *, erp: str = "erp", crm: bool = True, **fields: Any) -> None:
        """A customer that both know, the ERP by our key: `A7` in the CRM, `D7` in the books."""
        customer = customer_of(number, **fields)
        if crm:
            self.crm.save(f"A{number}", customer)
        if erp:
            books: Erp = getattr(self, erp)
            key = Xref(system=books.name, native_id=f"D{number}", alt_key=f"crm:A{number}")
            books.save(f"D{number}", msgspec.structs.replace(customer, xrefs=[key]))

    async def hear(self) -> None:
        """Everything that changed comes to the inbox."""
        for system in self.stores():
            changes = system.changes()
            await self.database.run(lambda c, s=system, found=changes: inbox.store(c, s.name, found, "poll"))

    async def round(self) -> dict[str, int]:
        """Hear of everything and work it off; how often each outcome came."""
        await self.hear()
        last = await self.database.run(lambda c: c.scalar(sa.select(sa.func.max(INBOX.c.id))) or 0)
        waiting = sa.select(INBOX.c.id).where(INBOX.c.done_at.is_(None))
        ids = await self.database.run(lambda c: list(c.scalars(waiting)))
        with use(fresh(caller=on_own_account("intake"))):
            await intake.work_off(self.platform)
        said = sa.select(INBOX.c.outcome, sa.func.count()).where(INBOX.c.id <= last).group_by(INBOX.c.outcome)
        by_outcome = said.where(INBOX.c.id.in_(ids)) if len(ids) < 500 else said.where(INBOX.c.id >= min(ids))
        return await self.database.run(lambda c: {row[0]: row[1] for row in c.execute(by_outcome)})

    async def settled(self) -> int:
        """Rounds until nothing is written any more, with the number of writes of all."""
        for _ in range(10):
            before = self.writes()
            await self.round()
            if self.writes() == before and not self.pending():
                return self.writes()
        raise AssertionError("they go on and on")

    def stores(self) -> list["Kept | PeopleOf"]:
        systems = (self.crm, self.erp, self.books)
        return [store for system in systems for store in (system, system.people)]

    def pending(self) -> bool:
        return any(store.changed for store in self.stores())

    def writes(self) -> int:
        return sum(len(store.writes) for store in self.stores())

    async def now_due(self) -> None:
        """What waits to be tried again need not wait any longer."""
        await self.database.run(lambda c: c.execute(sa.update(INBOX).values(not_before=None)))

    async def cases(self, state: str = "open") -> list[Any]:
        query = sa.select(CASES, RUNS.c.business_key, RUNS.c.title.label("about")).join(
            RUNS, RUNS.c.id == CASES.c.run_id
        )
        return await self.database.run(lambda c: list(c.execute(query.where(CASES.c.state == state))))

    async def events(self) -> list[str]:
        types = sa.select(EVENTS.c.type).order_by(EVENTS.c.sequence)
        return await self.database.run(lambda c: list(c.scalars(types)))

    async def id_of(self, system: str, native_id: str, kind: str = "customer") -> str:
        return await self.database.run(lambda c: xrefs.holder(c, kind, system, native_id))

    async def places_of(self, canonical_id: str) -> list[str]:
        found = await self.database.run(lambda c: xrefs.places_of(c, [canonical_id])[canonical_id])
        return [f"{place.system} {place.native_id}" for place in found]


def customer_of(number: int, **fields: Any) -> Customer:
    """A plain customer; the number is in everything that tells it from others."""
    plain: dict[str, Any] = {
        "legal_name": f"Customer {number} GmbH",
        "trading_name": f"Customer {number}",
        "number": f"K{number}",
        "default_currency": "EUR",
        "payment_terms": "Net 30",
        "email": f"ap@customer-{number}.example",
        "addresses": [Address(lines=[f"Street {number}"], city="Kiel", country="DE")],
        "tax_registrations": [TaxRegistration(country="DE", scheme="USt-IdNr", number=f"DE{number:09d}")],
        "credit": Credit(limit=Money.of(10_000, "EUR")),
    }
    return Customer(**plain | fields)


def ownership(folder: Path, **lines: str) -> Ownership:
    """The shipped table, but for these fields of a customer."""
    text = SHIPPED.read_text()
    for name, said in lines.items():
        field = name.replace("__", ".")
        (line,) = [
            each for each in text.splitlines() if each.strip().startswith(f"{field}:") and "language" not in each
        ][:1]
        text = text.replace(line, f"  {field}: {said}", 1)
    folder.mkdir(exist_ok=True)
    (folder / "ownership.yaml").write_text(text)
    return read_ownership(folder)


@contextmanager
def firm(database_url: str, owners: Ownership, *, bindings: Bindings = BINDINGS) -> Iterator[Firm]:
    """A firm on a database that has its tables."""
    crm, erp, books = Crm(), Erp("erp", "ACME-DE"), Erp("books", "ACME-US")
    systems: dict[str, Any] = {"crm": crm, "erp": erp, "books": books}

    def ask(name: str, port: type[P]) -> P:
        return cast(P, systems[name].people if port in (People, CustomerPeople) else systems[name])

    database = Database(engine_of(database_url))
    platform = Platform(
        database=database,
        engine=Engine(database),
        systems=Systems(bindings, ask, {name: name.upper() for name in systems}),
        masker=Masker(b"a key of these tests"),
        pace=HURRIED,
        ownership=owners,
    )
    launch(platform)
    try:
        yield Firm(platform, crm, erp, books)
    finally:
        database.engine.dispose()


def lost_after_it_was_done() -> None:
    """The write is in, and its answer never comes."""
    raise OutcomeUnknown("no answer in time", system="crm")


def failing(fault: Fault) -> Callable[[], None]:
    """A write that ends so, though what it wrote is kept."""

    def fail() -> None:
        raise fault

    return fail
