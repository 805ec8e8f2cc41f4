"""An event that was stored in an older major is told in the newest one its reader takes; nobody hears of it twice."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

import msgspec
import pytest
import sqlalchemy as sa

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.events import TYPES, Event, ProjectActivated, majors
from canonical.ports.events import Replay
from process_apis.events import outbox
from process_apis.tables import EVENTS
from tests.events.conftest import Telling, calling, event

V1 = ProjectActivated.type()
V2 = V1.replace(".v1", ".v2")


class Named(Value, frozen=True, kw_only=True):
    """A project, and by whom its code was given."""

    code: Annotated[str, PUBLIC]
    by: Annotated[str, PUBLIC]


def v2_comes(**more: Any) -> type[Event]:
    """The next major of an event of the catalogue: other words, and how the old ones are put in them."""

    class ProjectActivatedAnew(Event, frozen=True, kw_only=True):
        """The project is open, and is an object now."""

        kind: ClassVar[str] = "project.activated"
        major: ClassVar[int] = 2
        project: Named

        @classmethod
        def lifted(cls, before: Mapping[str, Any]) -> Mapping[str, Any]:
            return {"project": {"code": before["project_code"], "by": "tiergate"}} | more

        @classmethod
        def lowered(cls, said: Mapping[str, Any]) -> Mapping[str, Any]:
            return {"project_code": said["project"]["code"]}

    return ProjectActivatedAnew


@pytest.fixture(autouse=True)
def catalogue() -> Iterator[None]:
    """As it was, afterwards."""
    before = dict(TYPES)
    yield
    TYPES.clear()
    TYPES.update(before)


async def stored(telling: Telling) -> Any:
    query = sa.select(EVENTS).where(EVENTS.c.type.in_([V1, V2])).order_by(EVENTS.c.sequence)
    return await telling.firm.platform.database.run(lambda c: list(c.execute(query)))


async def test_what_was_stored_as_v1_is_replayed_to_each_in_the_major_it_takes(telling: Telling) -> None:
    run = (await telling.firm.played("D01")).run
    [row] = await stored(telling)
    anew = v2_comes()
    takes = {"old": (V1,), "new": (V2,), "both": (V1, V2), "all": ()}
    told: dict[str, dict[str, Any]] = {}
    for who, types in takes.items():
        subscription = await telling.subscribe(*types, everything=not types)
        with calling():
            asked = Replay(subject=run.business_key)
            dry = await telling.service.replay(subscription.id, msgspec.structs.replace(asked, dry_run=True))
            await telling.service.replay(subscription.id, asked)
        await telling.tell()
        [told[who]] = [event(each) for each in telling.receiver.taken if event(each)["id"] == row.id]
        telling.receiver.taken.clear()
        assert [each.data for each in dry.events if each.id == row.id] == [told[who]["data"]]
        with calling():
            shown = (await telling.service.deliveries(subscription.id)).items
            assert told[who]["type"] in {each.type for each in shown if each.event_id == row.id}
            await telling.service.unsubscribe(subscription.id)
    code = {"project_code": run.project_code}
    lifted = {"project": {"code": run.project_code, "by": "tiergate"}}
    assert {who: (each["type"], each["data"]) for who, each in told.items()} == {
        "old": (V1, code), "new": (V2, lifted), "both": (V2, lifted), "all": (V2, lifted),
    }  # fmt: skip
    assert msgspec.convert(lifted, anew)
    read = [
        each for each in (await telling.service.events(subject=run.business_key, limit=200)).items if each.id == row.id
    ]
    assert [(each.type, each.data) for each in read] == [(V2, lifted)]
    assert (await stored(telling))[0].type == V1, "what is stored stays as it was"


async def test_a_new_event_is_stored_once_and_lowered_for_who_takes_the_old_one(telling: Telling) -> None:
    anew = v2_comes()
    await telling.subscribe(V1)
    await telling.subscribe(V2)
    said = msgspec.convert({"project": {"code": "PRJ-7", "by": "erp"}}, anew)

    def emit(what: Event) -> Any:
        return telling.firm.platform.database.run(lambda c: outbox.emit_apart(c, "run", what, "key", "ACME-DE"))

    await emit(said)
    await telling.tell()
    told = [event(each) for each in telling.receiver.taken]
    assert {(each["type"], each["id"]) for each in told} == {(V1, told[0]["id"]), (V2, told[0]["id"])}
    assert next(each["data"] for each in told if each["type"] == V1) == {"project_code": "PRJ-7"}
    with pytest.raises(AssertionError, match="has a newer major"):
        await emit(ProjectActivated(project_code="PRJ-7"))


async def test_a_lifting_that_does_not_fit_holds_up_its_subject_and_nothing_else(telling: Telling) -> None:
    await telling.firm.played("D01")
    v2_comes(project={"code": 7})
    subscription = await telling.subscribe(V2)
    [row] = await stored(telling)
    with calling():
        await telling.firm.platform.database.run(lambda c: outbox.send(c, subscription.id, row.id, row.subject))
        await telling.tell()
        [waits] = (await telling.service.deliveries(subscription.id)).items
    assert (waits.state, waits.attempts) == ("due", 1)
    assert "cannot be told in the major that was asked for: Expected `str`" in waits.last_detail
    assert telling.receiver.taken == []


def test_a_major_without_its_lifting_is_no_class() -> None:
    with pytest.raises(TypeError, match=r"project.activated.v2 does not say how an event of v1 is lifted to it"):
        type("Bare", (Event,), {"kind": "project.activated", "major": 2, "__module__": __name__})
    assert majors.form(V1, (V2,)) == ""


def test_every_major_of_the_catalogue_lifts_what_the_one_before_says() -> None:
    """By the examples of its contract; there is no second major yet, so this is asked of one that a test made, too."""
    v2_comes()
    later = [kind for kind in TYPES.values() if kind.major > 1]
    assert later
    for kind in later:
        before = TYPES[f"{kind.type().rpartition('.v')[0]}.v{kind.major - 1}"]
        schema = msgspec.json.schema(before)["$defs"][before.__name__]["properties"]
        said = {name: field["examples"][0] for name, field in schema.items()}
        assert majors.told_as(before.type(), said, kind.type())
