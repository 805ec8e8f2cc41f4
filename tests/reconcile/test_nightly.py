"""Every legal entity at the same hour of its own clock, once a night; and asked through the engine, as a face would."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from canonical.faults import Invalid, NotFound
from canonical.ports.reconciling import StartReconciliation
from foundation.context import fresh, use
from process_apis.reconcile import nightly
from process_apis.reconcile.api import Reconciling
from process_apis.reconcile.nightly import Nights, due
from tests.process.world import PRIYA, World
from tiergate.settings import WrongSetting, read

NIGHT = time(2, 0)


@pytest.mark.parametrize(
    ("instant", "zone", "day"),
    [
        ("2026-11-28T01:00:00", "Europe/Berlin", "2026-11-28"),
        ("2026-11-28T00:59:59", "Europe/Berlin", ""),
        ("2026-11-28T01:59:59", "Europe/Berlin", "2026-11-28"),
        ("2026-11-28T02:00:00", "Europe/Berlin", ""),
        ("2026-11-27T20:30:00", "Asia/Kolkata", "2026-11-28"),
        ("2026-11-28T07:00:00", "America/New_York", "2026-11-28"),
        ("2026-03-29T01:00:00", "Europe/Berlin", "2026-03-29"),  # two o'clock is skipped: three is what it is
    ],
)
def test_a_night_begins_by_the_clock_of_the_entity(instant: str, zone: str, day: str) -> None:
    assert due(datetime.fromisoformat(instant).replace(tzinfo=UTC), ZoneInfo(zone), NIGHT) == day


def test_an_hour_just_before_midnight_is_still_yesterday_s() -> None:
    late = datetime(2026, 11, 28, 0, 15, tzinfo=UTC)
    assert due(late, ZoneInfo("UTC"), time(23, 30)) == "2026-11-27"


def test_the_hour_is_a_setting_and_off_in_a_sandbox() -> None:
    assert read({}).reconcile_at is None
    assert read({"TIERGATE_ENVIRONMENT": "production"}).reconcile_at == NIGHT
    assert read({"TIERGATE_RECONCILE_AT": "23:30"}).reconcile_at == time(23, 30)
    for wrong in ("2", "25:00", "noon"):
        with pytest.raises(WrongSetting, match=r"TIERGATE_RECONCILE_AT is .* a time of day such as 02:00, or off"):
            read({"TIERGATE_RECONCILE_AT": wrong})


async def test_each_entity_once_a_night_and_on_demand_by_the_engine(
    firm: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = Reconciling(firm.platform)
    monkeypatch.setattr(nightly, "now", lambda: datetime(2026, 11, 28, 1, 30, tzinfo=UTC))
    firm.platform.pace = type(firm.platform.pace)(reconcile_at=NIGHT)
    for _ in range(2):
        await Nights(firm.platform).begin_due()  # a second process looks too
    (night,) = (await reading.reconciliations()).items
    assert (night.id, night.trigger) == ("nightly:ACME-DE:2026-11-28", "nightly")

    async def done() -> bool:
        return all(each.state == "done" for each in (await reading.reconciliations()).items)

    await firm.until(done)
    assert {part.legal_entities[0] for part in (await reading.reconciliation(night.id)).parts} == {"ACME-DE"}
    asking = StartReconciliation(objects=["project"])
    with use(fresh(caller=PRIYA)):
        made = await reading.start_reconciliation(asking)
        assert (await reading.start_reconciliation(asking)).id == made.id or await done()
        with pytest.raises(Invalid) as refused:
            await reading.start_reconciliation(StartReconciliation(legal_entities=["ACME-DE", "ACME-XX"]))
    assert refused.value.errors[0].pointer == "/legal_entities/1"
    await firm.until(done)
    ended = await reading.reconciliation(made.id)
    assert (ended.state, ended.clean, ended.parts[0].state) == ("done", True, "agrees")
    first = await reading.reconciliations(limit=1)
    assert [each.id for each in first.items] == [made.id]
    following = await reading.reconciliations(limit=1, cursor=first.next)
    assert [each.id for each in following.items] == [night.id]
    with pytest.raises(NotFound):
        await reading.differences("rec_nobody")
