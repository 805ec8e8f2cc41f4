"""The same on PostgreSQL, where several processes may share the work."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.ports.systems import Change
from foundation.database import engine_of, migrate
from process_apis.cross_references import xrefs
from process_apis.cross_references.xrefs import By, Place
from process_apis.events import inbox
from process_apis.tables import SYNC_WRITES
from tests.accounts.test_ten_thousand import MAIL, storm
from tests.accounts.test_undoing import renamed, with_engine
from tests.accounts.two_systems import firm, ownership
from tests.postgres import server

pytestmark = pytest.mark.real("initdb", "postgres")


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with server() as url:
        engine = engine_of(url)
        migrate(engine)
        engine.dispose()
        yield url


async def test_many_accounts_change_on_both_sides(postgres: str, tmp_path: Path) -> None:
    with firm(postgres, ownership(tmp_path / "policies", email=MAIL)) as acme:
        await storm(acme, 60)
        number = next(n for n in range(1, 61) if acme.erp.records[f"D{n}"].email.startswith("new0@"))
        acme.account(99, erp="")
        await acme.settled()
        loser, winner = await acme.id_of("crm", f"A{number}"), await acme.id_of("crm", "A99")
        acme.crm.merge(f"A{number}", "A99")
        await acme.settled()
        assert await acme.database.run(lambda c: xrefs.resolve(c, loser)) == winner
        assert sorted(await acme.places_of(winner)) == ["crm A99", f"erp D{number}"]


async def test_what_a_sync_overwrote_is_put_back_once(tmp_path: Path) -> None:
    with server() as url:
        engine = engine_of(url)
        migrate(engine)
        engine.dispose()
        with firm(url, ownership(tmp_path / "policies", email=MAIL)) as acme:
            async for dana in with_engine(acme):
                await renamed(acme)
                sync, before = await dana.last("A1"), acme.writes()
                first, second = await dana.undone(sync.id), await dana.undone(sync.id)
                assert first.sync.undo is not None
                assert (first.sync.undo.status, first.sync.undo.verified, second) == ("succeeded", True, first)
                account = acme.crm.records["A1"]
                assert (account.legal_name, account.payment_terms) == ("CUSTOMER 1 GMBH", "Net 30")
                assert acme.writes() == before + 1
                rows = await acme.database.run(lambda c: c.execute(sa.select(SYNC_WRITES)).all())
                kept = {(row.system, row.native_id): list(msgspec.json.decode(row.fields)) for row in rows}
                assert kept["crm", "A1"] == ["legal_name", "payment_terms"]


def test_records_are_linked_once_and_linked_anew_and_a_change_is_known_once(postgres: str) -> None:
    engine, place = engine_of(postgres), Place(system="netsuite", native_id="1402")
    change = Change(object="customer", native_id="1402", version="7", changed_at=now())
    try:
        with engine.begin() as c:
            assert [inbox.store(c, "netsuite", [change], "poll") for _ in range(2)] == [1, 0]
            one, other = (xrefs.mint(c, "customer", By("dana")) for _ in range(2))
            assert [xrefs.link(c, one, place, By("dana")) for _ in range(2)] == [True, False]
            xrefs.relink(c, other, place, By("dana", "It was theirs."))
            assert xrefs.find(c, "1402") == [other]
            assert [row.did for row in xrefs.history(c, one)] == ["made", "linked", "unlinked"]
    finally:
        engine.dispose()  # the server waits for whoever is still connected
