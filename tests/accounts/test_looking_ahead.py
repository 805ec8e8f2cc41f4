"""A dry run of a replay says which field of which record would be written, writes nothing, and the replay does that."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from canonical.dates import now
from canonical.money import Money
from canonical.objects import Credit, Customer, TaxRegistration
from canonical.ownership import Ownership
from canonical.ports.events import ChangesAgain, ChangesReplayed
from foundation.context import Caller, fresh, use
from foundation.database import METADATA
from process_apis import projections
from process_apis.account_sync.views import in_a_line
from process_apis.cross_references import xrefs
from process_apis.events.inbound import Stewarding
from process_apis.tables import INBOX
from tests.accounts.people import person_of
from tests.accounts.two_systems import Firm, firm, ownership

Written = dict[tuple[str, str, str], tuple[str, str]]
PRIYA = Caller(subject="priya@acme.example", client="console", layer="experience")


async def asked(acme: Firm, *, dry_run: bool) -> ChangesReplayed:
    with use(fresh(caller=PRIYA)):
        bounds = ChangesAgain(since=now() - timedelta(hours=1), dry_run=dry_run)
        return await Stewarding(acme.platform).replay_changes(bounds)


async def rows(acme: Firm) -> dict[str, list[Any]]:
    """All there is in the database."""
    tables = METADATA.sorted_tables
    return await acme.database.run(
        lambda c: {each.name: [tuple(row) for row in c.execute(each.select())] for each in tables}
    )


def said(acme: Firm) -> dict[tuple[str, str], dict[str, str]]:
    """What every record says in its owned fields, as text."""
    owners: Ownership = acme.platform.ownership
    return {
        (store.name, native): {
            name: in_a_line(value) for name, value in projections.project(data, owners.of(kind)).items()
        }
        for store, kind in zip(acme.stores(), ("customer", "contact") * 3, strict=True)
        for native, data in store.records.items()
    }


def bad_number(customer: Customer) -> list[TaxRegistration]:
    return [msgspec.structs.replace(each, number="DE12") for each in customer.tax_registrations]


@pytest.fixture
def acme(tmp_path: Path, database: str) -> Iterator[Firm]:
    """The shipped owners, but for a mail address that a person decides on, and a limit that the CRM is told."""
    mail = "{owner: crm, mode: advisory, written_to: [crm, erp], on_conflict: case}"
    limit = "{owner: erp, mode: authoritative, written_to: [crm]}"
    with firm(database, ownership(tmp_path / "policies", email=mail, credit__limit=limit)) as made:
        yield made


async def test_every_field_is_said_first_then_exactly_that_is_written(acme: Firm) -> None:
    for number in (1, 2, 3, 4):
        acme.account(number)
    await acme.settled()
    acme.crm.edit("A1", payment_terms="Net 7", credit=Credit(limit=Money.of("12500.50", "EUR")))
    acme.crm.edit("A3", email="one@customer-3.example")
    acme.erp.edit("D3", email="other@customer-3.example")
    acme.erp.edit("D4", tax_registrations=bad_number(acme.erp.records["D4"]))
    acme.account(5)
    acme.crm.people.save("C1", person_of("A1"))
    heard = [each for each in acme.crm.changed if each[0] != "A1"]
    acme.crm.changed[:] = heard  # that the terms of A1 were changed there, nobody told
    await acme.hear()
    before, stored, writes = said(acme), await rows(acme), acme.writes()

    dry = await asked(acme, dry_run=True)
    assert (said(acme), await rows(acme), acme.writes()) == (before, stored, writes)
    would = {(each.system, each.native_id): each for each in dry.changes}
    assert would["crm", "A1"].would == would["erp", "D1"].would == "written"
    assert [msgspec.structs.astuple(each) for each in would["erp", "D1"].writes] == [
        ("crm", "A1", "credit.limit", "12500.5 EUR", "10000 EUR"),
        ("crm", "A1", "payment_terms", "Net 7", "Net 30"),
    ]
    assert (would["crm", "A2"].would, would["crm", "A2"].writes) == ("quiet", [])
    assert "nothing would be written" in would["crm", "A2"].why
    assert would["crm", "A3"].would == "contested"
    assert "email" in would["crm", "A3"].why
    assert "customer-3.example" not in msgspec.json.encode(dry).decode(), "an address is nobody's business"
    assert (would["crm", "A4"].would, "not one of DE" in would["crm", "A4"].why) == ("refused", True)
    assert would["crm", "A5"].would == "written", "nobody knew it yet"
    made = would["crm", "C1"]
    assert {(each.system, each.native_id) for each in made.writes} == {("erp", "")}
    assert {each.after for each in made.writes if each.field in ("family", "email", "phone")} == {"(not shown)"}

    await asked(acme, dry_run=False)
    await acme.round()
    said_first: Written = {}
    for each in dry.changes:
        said_first |= {(one.system, one.native_id, one.field): (one.before, one.after) for one in each.writes}
    after = said(acme)
    done = {
        (system, native if (system, native) in before else "", field): (
            before.get((system, native), {}).get(field, ""),
            value,
        )
        for (system, native), fields in after.items()
        for field, value in fields.items()
        if value != before.get((system, native), {}).get(field, "")
    }
    hidden = {key for key, values in said_first.items() if "(not shown)" in values}
    own = {key for key in done if key[1] == ""}  # what a new record says of itself besides, nobody told it
    assert {key: value for key, value in said_first.items() if key not in hidden and key not in own} == {
        key: value for key, value in done.items() if key not in hidden and key not in own
    }
    assert hidden <= done.keys()
    outcomes = await acme.database.run(lambda c: {tuple(row[:2]): row[2] for row in c.execute(newest())})
    assert outcomes == {key: each.would for key, each in would.items()}


def newest() -> Any:
    """What came of the newest change of each record."""
    done = INBOX.c.outcome != "stale"
    return sa.select(INBOX.c.system, INBOX.c.native_id, INBOX.c.outcome).where(done).order_by(INBOX.c.id)


async def test_a_record_somebody_works_on_is_said_to_be_in_hand(acme: Firm) -> None:
    acme.account(1)
    await acme.settled()
    owner = await acme.id_of("crm", "A1")

    def hold(c: sa.Connection) -> None:
        xrefs.hold(c, [owner], "another", now() + timedelta(minutes=1))

    await acme.database.run(hold)
    dry = await asked(acme, dry_run=True)
    assert {each.would for each in dry.changes} == {"held"}
