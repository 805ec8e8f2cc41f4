"""Cross-references as people ask for them."""

import pytest

from canonical.faults import Conflict, NotFound
from canonical.ports.cross_references import LinkRecord, MergeInto, SystemRecord, UnlinkRecord
from foundation.context import fresh, use
from process_apis.cross_references import xrefs
from process_apis.cross_references.api import KeepingReferences
from process_apis.cross_references.xrefs import By, Place
from tests.process.world import PRIYA, World

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
