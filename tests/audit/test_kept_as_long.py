"""Retention and erasure: what is to go is gone, and what is left still verifies."""

import pytest

from gateway.audit import Span, erase, query, sweep, verify
from gateway.words import Duration
from tests.audit.conftest import MASKER, Ground
from tests.audit.test_whole import changed, removed
from tests.gateway.notes import NOW

DAY = 86_400
CLASSES = {
    "standard": Span(records=Duration(400 * DAY), bodies=Duration(30 * DAY)),
    "refusals": Span(records=Duration(90 * DAY)),
    "money": Span(records=Duration(7 * 365 * DAY), bodies=Duration(400 * DAY)),
}


async def filled(ground: Ground) -> None:
    for name in CLASSES:
        await ground.written(6, of=name)
        await ground.written(3, of=name, when=NOW + 50 * DAY)


def left(ground: Ground) -> dict[str, tuple[int, int]]:
    """Of each class: records, and records with a body."""
    kept = query(ground.place, limit=1000)
    return {
        name: (len(of), sum(1 for one in of if one.request)) for name in CLASSES
        if (of := [one for one in kept if one.record.retention == name])
    }  # fmt: skip


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (1, {"standard": (9, 9), "refusals": (9, 9), "money": (9, 9)}),
        (31, {"standard": (9, 3), "refusals": (9, 9), "money": (9, 9)}),
        (91, {"standard": (9, 0), "refusals": (3, 3), "money": (9, 9)}),
        (401, {"standard": (3, 0), "money": (9, 3)}),
        (3000, {}),
    ],
)
async def test_each_class_is_kept_as_long_as_it_says(
    ground: Ground, days: int, said: dict[str, tuple[int, int]]
) -> None:
    await filled(ground)
    sweep(ground.place, CLASSES, NOW + days * DAY + 10)
    assert left(ground) == said
    assert verify(ground.place) == []


async def test_sweep_after_sweep_and_more_records_leave_a_chain_that_verifies(ground: Ground) -> None:
    await filled(ground)
    for days in (31, 80, 91, 150, 401, 460):
        sweep(ground.place, CLASSES, NOW + days * DAY)
        await ground.written(2, when=NOW + days * DAY)
        assert verify(ground.place) == []


async def test_a_record_changed_or_cut_off_after_a_sweep_is_still_found(ground: Ground) -> None:
    await ground.written(6, when=NOW)
    sweep(ground.place, CLASSES, NOW + 400 * DAY + 3)
    assert [kept.record.seq for kept in query(ground.place)] == [6, 5, 4]
    changed({5: {"status": 500}})(ground)
    assert [(f.seq, f.problem) for f in verify(ground.place)] == [(5, "was changed")]
    removed(4)(ground)
    assert (4, "is missing (removed: 4)") in [(f.seq, f.problem) for f in verify(ground.place)]


async def test_bodies_beyond_those_a_removal_names_are_not_covered_by_it(ground: Ground) -> None:
    await ground.written(6)
    sweep(ground.place, CLASSES, NOW + 30 * DAY + 3)
    [(removal,)] = ground.ask("SELECT id FROM removals")
    ground.run(f"UPDATE bodies SET request = NULL, answer = NULL, removal = '{removal}' WHERE seq = 6")
    assert [(f.seq, f.problem) for f in verify(ground.place)] == [(6, "its bodies are gone, and no removal says why")]


async def test_an_erased_person_cannot_be_told_any_more_and_the_record_is_whole(ground: Ground) -> None:
    await ground.written(3, who="priya@firm.example")
    await ground.written(2, who="dana@firm.example")
    erased = erase(ground.place, ["priya@firm.example"], "request 2026-117", MASKER)
    assert (erased.bodies, erased.names) == (3, 1)
    assert query(ground.place, subject="priya@firm.example") == []
    assert verify(ground.place) == []
    kept = query(ground.place)
    assert [one.record.subject for one in kept if one.request] == ["dana@firm.example"] * 2
    [pseudonym] = {one.record.subject for one in kept if not one.request}
    assert pseudonym.startswith("~")
    assert "priya@firm.example" not in ground.everything()


async def test_who_is_erased_and_comes_again_is_somebody_new(ground: Ground) -> None:
    await ground.written(1, who="priya")
    erase(ground.place, ["priya"], "request 2026-117", MASKER)
    await ground.written(1, who="priya")
    subjects = {kept.record.subject for kept in query(ground.place)}
    assert len(subjects) == 2
    assert "priya" in subjects
    assert len(query(ground.place, subject="priya")) == 1


async def test_bodies_that_hold_the_person_are_erased_whoever_called(ground: Ground) -> None:
    await ground.written(2, who="dana")
    hashed = MASKER.hidden("nina@harbor.example")
    assert hashed in (query(ground.place)[0].request or "")
    erased = erase(ground.place, ["nina@harbor.example"], "request 2026-118", MASKER)
    assert (erased.bodies, erased.names) == (2, 0)
    assert verify(ground.place) == []
    assert hashed not in ground.everything()


async def test_somebody_the_record_does_not_know_leaves_no_statement(ground: Ground) -> None:
    await ground.written(1)
    assert erase(ground.place, ["nobody"], "request 2026-119", MASKER).removal == ""
    assert ground.ask("SELECT count(*) FROM removals") == [(0,)]


async def test_a_name_no_record_can_hold_any_more_is_forgotten(ground: Ground) -> None:
    await ground.written(1, when=NOW)
    assert sweep(ground.place, CLASSES).names == 0  # it was seen today
    ground.run("UPDATE names SET seen = '2010-01-01'")
    assert sweep(ground.place, {name: CLASSES[name] for name in ("refusals", "money")}).names == 0
    assert sweep(ground.place, CLASSES, NOW + 8 * 365 * DAY).names == 1


def test_bodies_are_not_kept_longer_than_their_records() -> None:
    with pytest.raises(ValueError, match="bodies cannot be kept longer"):
        Span(records=Duration(5), bodies=Duration(6))
