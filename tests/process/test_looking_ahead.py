"""A dry run of a replay over the real adapters: what deals, contracts and leads would come to, with nothing done."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from canonical.dates import now
from canonical.ports.events import ChangesAgain, ChangesReplayed
from canonical.ports.systems import Change
from foundation.context import fresh, use
from foundation.database import METADATA
from process_apis.events import inbox
from process_apis.events.inbound import Stewarding
from process_apis.events.intake import work_off
from process_apis.tables import CALLS, INBOX, LEASES
from tests.process.contracting import Contracting
from tests.process.test_leads import a_lead, a_prospect, account_key, converted
from tests.process.world import PRIYA, World


async def asked(firm: World, *, dry_run: bool) -> ChangesReplayed:
    with use(fresh(caller=PRIYA)):
        bounds = ChangesAgain(since=now() - timedelta(hours=1), dry_run=dry_run)
        return await Stewarding(firm.platform).replay_changes(bounds)


async def rows(firm: World) -> dict[str, list[Any]]:
    """All there is in the database, but for what was asked of vendors and that the process lives."""
    tables = [each for each in METADATA.sorted_tables if each not in (CALLS, LEASES)]
    return await firm.platform.database.run(
        lambda c: {each.name: [tuple(row) for row in c.execute(each.select())] for each in tables}
    )


async def test_what_would_begin_and_be_written_is_said_and_is_what_comes_of_it(firm: World) -> None:
    lead = a_lead(firm)
    prospect = a_prospect(firm, lead)
    converted(firm, lead)
    await firm.win("D02")
    contract = Contracting(firm).contract("D03")
    told = {"opportunity": [firm.native("D02"), firm.native("D04")], "lead": [lead], "contract": [contract]}
    changes = [
        Change(object=kind, native_id=each, version="1", changed_at=now(), exact=True)  # type: ignore[arg-type]  # as listed
        for kind, ids in told.items()
        for each in ids
    ]
    await firm.platform.database.run(lambda c: inbox.store(c, "salesforce", changes, "notification"))

    before, writes = await rows(firm), firm.writes("salesforce", "netsuite", "kantata", "servicenow")
    dry = await asked(firm, dry_run=True)
    assert await rows(firm) == before
    assert firm.writes("salesforce", "netsuite", "kantata", "servicenow") == writes
    would = {each.native_id: each for each in dry.changes}
    run = f"o2p:salesforce:{firm.native('D02')}:1"
    assert (would[firm.native("D02")].would, would[firm.native("D02")].why) == ("run", f"The run {run} would begin.")
    assert would[firm.native("D04")].would == "conflict"
    assert "not won" in would[firm.native("D04")].why
    assert would[contract].would == "contract run"
    [key] = would[lead].writes
    said = (key.system, key.native_id, key.field, key.before, key.after)
    assert said == ("netsuite", prospect, "key", f"salesforce:{lead}", account_key(firm))

    await asked(firm, dry_run=False)
    await work_off(firm.platform)
    query = sa.select(INBOX.c.native_id, INBOX.c.outcome)
    outcomes = await firm.platform.database.run(lambda c: {row[0]: row[1] for row in c.execute(query)})
    assert outcomes == {native: each.would for native, each in would.items()}
    assert (await firm.finished(run)).run.status == "succeeded"
    again = {each.native_id: each.why for each in (await asked(firm, dry_run=True)).changes}
    assert again[firm.native("D02")] == f"Nothing would begin: the run {run} has already ended well."
    assert again[contract].startswith("Nothing would begin: the run ctr:")
