"""However many customers a firm has, comparing them takes the memory of a page; and the same on PostgreSQL."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from canonical.base import Source
from canonical.dates import now
from canonical.objects import Customer
from canonical.ports import Page
from foundation.database import engine_of, migrate
from process_apis import projections
from process_apis.tables import CANONICAL_IDS, SNAPSHOTS, XREF_LINKS
from tests.accounts.two_systems import Crm, Erp, Firm, customer_of, firm, ownership
from tests.postgres import server
from tests.reconcile.asking import reconciled

PAGE = 200
MAIL = "{owner: crm, mode: advisory, written_to: [crm, erp], on_conflict: case}"


def made(system: str, number: int) -> Customer:
    """The same each time it is listed, so that the test holds none of them."""
    letter, entity = ("A", "") if system == "crm" else ("D", "ACME-DE")
    source = Source(system=system, native_version="1")
    return customer_of(number, id=f"{letter}{number:06d}", legal_entity_id=entity, source=source)


def listing(system: str, count: int, kept: Crm | Erp) -> None:
    """This many, page by page."""

    async def page(cursor: str = "", limit: int = 0) -> Page[Customer]:
        first = int(cursor or 0)
        last = min(first + PAGE, count)
        items = [made(system, number) for number in range(first, last)]
        return Page(items=items, next=str(last) if last < count else "")

    setattr(kept, "accounts" if system == "crm" else "customers", page)


async def known(acme: Firm, count: int) -> None:
    """All of them linked and agreed, as after years of syncing."""
    fields = acme.platform.ownership.of("customer")

    def write(c: sa.Connection) -> None:
        for first in range(0, count, 1000):
            numbers = range(first, min(first + 1000, count))
            ids = [{"id": f"C{n:06d}", "object": "customer", "created_at": now(), "held_by": ""} for n in numbers]
            c.execute(sa.insert(CANONICAL_IDS), ids)
            for system, entity in (("crm", ""), ("erp", "ACME-DE")):
                rows = [(f"C{n:06d}", made(system, n)) for n in numbers]
                at = {"system": system, "alt_key": "", "object": "customer", "linked_at": now(), "instance": entity}
                links = [{"canonical_id": key, "native_id": each.id, **at} for key, each in rows]
                c.execute(sa.insert(XREF_LINKS), links)
                c.execute(sa.insert(SNAPSHOTS), [_snapshot(key, each, fields) for key, each in rows])

    await acme.database.run(write)


def _snapshot(key: str, record: Customer, fields: object) -> dict[str, object]:
    said = projections.project(record, fields)  # type: ignore[arg-type]  # the owned fields' names
    assert record.source
    return {
        "canonical_id": key,
        "system": record.source.system,
        "native_id": record.id,
        "agreed": msgspec.json.encode(said).decode(),
        "seen": projections.digest(said),
        "version": "1",
        "parent_id": "",
        "at": now(),
    }


async def peak(acme: Firm, count: int) -> int:
    """Bytes at the most while this many are compared; they are in line."""
    listing("crm", count, acme.crm)
    listing("erp", count, acme.erp)
    tracemalloc.start()
    try:
        told = await reconciled(acme.platform, "customer", entities=["ACME-DE"])
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    (part,) = told.report.parts
    assert (part.state, part.left.count, part.right.count, part.matched) == ("agrees", count, count, count)
    return most


@pytest.mark.real
async def test_ten_times_as_many_customers_take_no_more_memory(acme: Firm) -> None:
    await known(acme, 500)
    few = await peak(acme, 500)
    await acme.database.run(lambda c: [c.execute(sa.delete(t)) for t in (SNAPSHOTS, XREF_LINKS, CANONICAL_IDS)])
    await known(acme, 5_000)
    many = await peak(acme, 5_000)
    assert many < few * 1.5, (few, many)


@pytest.fixture
def postgres() -> Iterator[str]:
    with server() as url:
        engine = engine_of(url)
        migrate(engine)
        engine.dispose()
        yield url


@pytest.mark.real("initdb", "postgres")
async def test_on_postgres_the_same_is_found(postgres: str, tmp_path: Path) -> None:
    with firm(postgres, ownership(tmp_path / "policies", email=MAIL)) as acme:
        for number in (1, 2, 3):
            acme.account(number)
        await acme.settled()
        assert (await reconciled(acme.platform, "customer")).report.clean
        acme.erp.edit("D1", payment_terms="Net 7")
        acme.erp.save("D7", customer_of(7))
        del acme.erp.records["D2"]
        acme.account(4)
        told = await reconciled(acme.platform, "customer")
        assert told.kinds == {
            "field healed": 2,
            "missing_reference healed": 3,
            "gone case": 1,
            "orphan case": 1,
        }
        assert acme.crm.records["A1"].payment_terms == "Net 7"
