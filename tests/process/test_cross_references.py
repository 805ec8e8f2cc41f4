"""Cross-references as people ask for them."""

import pytest

from canonical.faults import Conflict, NotFound
from canonical.ports.cross_references import LinkRecord, MergeInto, SystemRecord, UnlinkRecord
from foundation.context import fresh, use
from process_apis.cross_references import xrefs
from process_apis.cross_references.api import KeepingReferences
from process_apis.cross_references.xrefs import By, Place
from process_apis.staffing.desk import StaffingDesk
from process_apis.staffing.workflow import tell_psa
from tests.process.world import PRIYA, World
from tests.staffing.staff import wanted

SF = SystemRecord(system="salesforce", native_id="001A")
NS = SystemRecord(system="netsuite", native_id="1402", instance="ACME-DE")


async def known(firm: World, *records: SystemRecord) -> str:
    def make(c: object) -> str:
        made = xrefs.mint(c, "customer", By("test"))  # type: ignore[arg-type]  # the database hands a connection
        for each in records:
            place = Place(system=each.system, native_id=each.native_id, instance=each.instance)
            xrefs.link(c, made, place, By("test"))  # type: ignore[arg-type]  # likewise
        return made

    return await firm.platform.database.run(make)


async def test_a_steward_puts_two_together_and_apart_and_it_is_on_record(firm: World) -> None:
    keeping = KeepingReferences(firm.platform)
    one, other = await known(firm, SF), await known(firm, NS)
    with use(fresh(caller=PRIYA)):
        left = await keeping.merge_into(one, MergeInto(into=other, why="Entered twice."))
        assert (left.id, left.merged, left.records) == (other, [one], [SF, NS])
        assert await keeping.look_up(one) == await keeping.look_up(" 001A ") == [left]
        assert await keeping.cross_reference(one) == left
        gone = await keeping.unlink_record(
            one, UnlinkRecord(system="netsuite", native_id="1402", why="Another company.")
        )
        assert gone.records == [SF]
        third = await known(firm)
        assert (await keeping.link_record(third, LinkRecord(record=SF, why="Theirs."))).records == [SF]
    told = await keeping.cross_reference_history(one)
    assert [each.did for each in told if each.who == PRIYA.subject] == ["merged", "absorbed", "unlinked", "unlinked"]
    assert [each.why for each in told if each.did == "absorbed"] == ["Entered twice."]


async def test_what_nobody_knows_is_refused(firm: World) -> None:
    keeping = KeepingReferences(firm.platform)
    one = await known(firm, SF)
    assert await keeping.look_up("unheard of") == []
    with pytest.raises(NotFound):
        await keeping.cross_reference("01NOBODY")
    record = SystemRecord(system="salesfroce", native_id="1")
    with pytest.raises(Conflict, match="salesfroce"):
        await keeping.link_record(one, LinkRecord(record=record, why="It is."))
    with pytest.raises(Conflict, match="not linked"):
        await keeping.unlink_record(one, UnlinkRecord(system="netsuite", native_id="1402", why="It is not."))


async def test_a_project_is_found_by_its_code_its_key_and_what_each_system_calls_it(firm: World) -> None:
    keeping, desk = KeepingReferences(firm.platform), StaffingDesk(firm.platform, tell_psa)
    done = await firm.played("D02")
    code, key = done.run.project_code, firm.deal("D02").key
    natives = {name: (await firm.adapters[name].project_by_key(key)).id for name in ("kantata", "netsuite")}
    [found] = await keeping.look_up(code)
    assert (found.id, found.object) == (code, "project")
    assert {each.system: (each.native_id, each.alt_key) for each in found.records} == {
        name: (native, key) for name, native in {**natives, "salesforce": firm.native("D02")}.items()
    }
    assert await keeping.look_up(natives["kantata"], "project") == await keeping.look_up(key, "project") == [found]
    assert await keeping.cross_reference(code) == found
    assert await keeping.look_up(code, "customer") == []
    with use(fresh(caller=PRIYA)):
        asked = await desk.ask_for_somebody(wanted(project_id=code, legal_entity="ACME-US"))
        assert asked.asked.project_id == natives["kantata"], "what the PSA calls it"
        for word in (code, natives["kantata"]):
            assert [each.id for each in (await desk.demands(word)).items] == [asked.id]
        assert (await desk.demands("PRJ-99999")).items == []
