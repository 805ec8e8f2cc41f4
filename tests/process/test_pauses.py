"""A connection that does not know us any more is paused as a whole, and what waited goes on by itself."""

import pytest

from canonical.faults import Fault, TooMany, VendorBusy
from process_apis import cases
from process_apis.pauses import Doors
from process_apis.steps import Scope, _patiently
from tests.process.world import World


async def test_a_closed_door_stops_all_runs_with_one_incident_and_opens_for_all(firm: World) -> None:
    kantata = firm.boxes["kantata"].store
    token = firm.boxes["kantata"].option("token")
    kantata.set_setting("token", "another")
    stopped = [await firm.played(code) for code in ("D01", "D02", "D03")]
    assert {(each.run.status, each.run.reason) for each in stopped} == {("failed", "vendor_sign_in")}
    assert [each.run.step for each in stopped] == [3, 9, 9], "the first is billed by the hour: its rates are asked for"
    knocks = [[a.system for step in each.steps for a in step.attempts].count("kantata") for each in stopped]
    assert knocks == [1, 0, 0], "nobody knocks at a closed door again"
    await cases.tell_desk_of_all(firm.platform)
    await firm.until(lambda: firm.records("servicenow", "incident"))

    doors = Doors(firm.platform)
    await doors.try_all()
    assert "kantata" in firm.platform.paused
    kantata.set_setting("token", token)
    doors._next.clear()  # in truth it is tried ever less often
    await doors.try_all()
    ended = [await firm.finished(each.run.id) for each in stopped]
    assert {(each.run.status, each.run.verified) for each in ended} == {("succeeded", True)}
    assert firm.platform.paused == {}
    assert (await firm.operations.overview()).open_cases == 0
    (incident,) = firm.records("servicenow", "incident")
    await firm.until(lambda: firm.records("servicenow", "incident")[0]["state"] == "6")
    assert incident["correlation_id"] == "CASE-0001"
    assert firm.duplicates() == []


async def test_a_door_that_stays_closed_is_tried_ever_less_often(firm: World) -> None:
    firm.boxes["kantata"].store.set_setting("token", "another")
    await firm.played("D01")
    doors = Doors(firm.platform)
    waits = []
    for _ in range(8):
        await doors.try_all()
        _, wait = doors._next["kantata"]
        waits.append(round(wait / firm.platform.pace.poll))
        doors._next["kantata"] = (0.0, wait)
    assert waits == [2, 4, 8, 16, 30, 30, 30, 30]


async def test_who_runs_it_again_by_hand_need_not_wait_for_the_next_try(firm: World) -> None:
    token = firm.boxes["kantata"].option("token")
    firm.boxes["kantata"].store.set_setting("token", "another")
    stopped = await firm.played("D01")
    firm.boxes["kantata"].store.set_setting("token", token)
    await firm.workflow.retry_run(stopped.run.id)
    assert (await firm.finished(stopped.run.id)).run.verified is True


async def test_a_system_that_forgot_us_for_a_moment_stops_nothing(firm: World) -> None:
    """Kantata's token is a fixed one: there is nothing to renew, and nothing wrong with it."""
    firm.fault("kantata", "expired_token", method="POST", path="/workspaces")
    done = await firm.played("D01")
    assert (done.run.status, done.run.verified) == ("succeeded", True)
    assert await firm.case_of(done.run.id) is None


@pytest.mark.parametrize(
    "not_sent",
    [
        VendorBusy("asked to be left alone for a while", system="kantata", budget="pause", retry_after="0"),
        TooMany("The limit 'psa-writes' is reached.", retry_after="0.01"),
    ],
    ids=lambda fault: fault.reason,
)
async def test_what_was_not_sent_is_no_attempt(firm: World, not_sent: Fault) -> None:
    """Many runs wait out the same pause of a vendor: whoever comes last must not have used up its attempts by then."""
    asked = 0

    async def body(_: Scope) -> str:
        nonlocal asked
        asked += 1
        if asked <= 3 * firm.platform.pace.attempts:
            raise not_sent
        return "done"

    assert await _patiently(firm.platform, Scope(firm.platform, "run", 1), body) == "done"
