"""Two changes of a customer within one second of a system's stamps, the first of which was carried in between."""

import sqlalchemy as sa

from canonical.dates import now
from canonical.ports.systems import Change
from process_apis.events import inbox
from process_apis.tables import INBOX
from tests.accounts.two_systems import Firm


async def edited(acme: Firm, email: str, stamp: str) -> int:
    """The account is saved and the poll tells its stamp; how many changes that is to the inbox."""
    acme.crm.edit("A1", email=email)
    acme.crm.changed.clear()
    change = Change(object="customer", native_id="A1", version=stamp, changed_at=now())
    return await acme.database.run(lambda c: inbox.store(c, "crm", [change], "poll"))


async def over(acme: Firm) -> None:
    """The second of every stamp is over."""
    early = sa.update(INBOX).where(INBOX.c.again_at.is_not(None))
    await acme.database.run(lambda c: c.execute(early.values(again_at=now())))


async def test_the_second_change_of_one_second_is_carried_and_what_is_as_it_was_is_an_echo(acme: Firm) -> None:
    acme.account(1)
    await acme.settled()
    assert await edited(acme, "first@acme.example", "S1") == 1
    await acme.settled()
    assert acme.erp.records["D1"].email == "first@acme.example"
    assert await edited(acme, "second@acme.example", "S1") == 0
    await acme.settled()
    assert acme.erp.records["D1"].email == "first@acme.example", "not seen yet"
    await over(acme)
    await acme.settled()
    assert acme.erp.records["D1"].email == "second@acme.example"
    assert await edited(acme, "third@acme.example", "S2") == 1
    await acme.settled()
    written = acme.writes()
    await over(acme)
    await acme.settled()
    outcomes = sa.select(INBOX.c.version, INBOX.c.outcome, INBOX.c.again_at).where(INBOX.c.version.in_(["S1", "S2"]))
    rows = await acme.database.run(lambda c: [tuple(row) for row in c.execute(outcomes.order_by(INBOX.c.version))])
    assert rows == [("S1", "written", None), ("S2", "echo", None)]
    assert acme.writes() == written
