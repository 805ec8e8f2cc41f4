"""A cursor comes back as it was given or not at all; a mark goes on after what was read, and a while before it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from canonical.faults import Invalid
from canonical.objects.time_entry import hours_of
from canonical.ports.lists import RecordChange
from foundation.cursors import cursor, place
from foundation.marks import OVERLAP, Mark, read_on

AT = datetime(2026, 11, 28, 9, 30, 0, 120000, tzinfo=UTC)


def test_a_cursor_gives_its_parts_back_and_the_beginning_has_none() -> None:
    assert place(cursor("ACME-DE", "ü/77"), r"[A-Z-]+", r".*") == ("ACME-DE", "ü/77")
    assert place("", r"\d+", r"\d+") == ("", "")


@pytest.mark.parametrize(
    "wrong", ["x", "ü", "W10", cursor("7", "8"), cursor("7' OR 1=1"), "=" * 5000, cursor("7") + "!"]
)
def test_what_is_no_cursor_of_ours_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        place(wrong, r"\d+")
    assert refused.value.errors[0].pointer == "query:cursor"


@pytest.mark.parametrize("wrong", ["yesterday", "2026-13-01T00:00:00Z~", "2026-01-01T00:00:00Z~x' OR '", "~"])
def test_what_is_no_mark_of_ours_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        Mark.read(wrong)
    assert refused.value.errors[0].pointer == "query:since"


def test_a_mark_survives_being_written_to_the_microsecond() -> None:
    mark = Mark(stamp=AT, native_id="ACME-DE.7")
    assert Mark.read(mark.text()) == mark
    assert Mark.read("") == Mark()


async def test_a_page_goes_on_after_the_mark_and_the_last_one_steps_back() -> None:
    async def found() -> AsyncIterator[RecordChange]:
        for number in range(5):
            yield RecordChange(native_id=str(number), changed_at=AT)

    first = await read_on(Mark(), found(), 3)
    assert [each.native_id for each in first.items] == ["0", "1", "2"]
    second = await read_on(Mark.read(first.next), found(), 3)
    assert [each.native_id for each in second.items] == ["3", "4"]
    assert Mark.read(second.next) == Mark(stamp=AT - OVERLAP)
    assert timedelta(minutes=5) < OVERLAP


async def test_a_poll_that_finds_nothing_keeps_its_mark() -> None:
    async def nothing() -> AsyncIterator[RecordChange]:
        return
        yield

    mark = Mark(stamp=AT)
    assert (await read_on(mark, nothing(), 3)).next == mark.text()


@pytest.mark.parametrize(
    ("minutes", "hours"), [(20, "0.3333"), (40, "0.6667"), (90, "1.5000"), (600, "10.0000"), (0, "0.0000")]
)
def test_minutes_are_hours_to_four_places(minutes: int, hours: str) -> None:
    assert str(hours_of(minutes)) == hours


async def test_a_full_page_is_not_the_end_and_an_empty_one_steps_back_once() -> None:
    """Whoever reads on while pages are full comes to an end, also where the last page is full."""
    changes = [RecordChange(native_id=str(number), changed_at=AT) for number in range(4)]

    async def told() -> AsyncIterator[RecordChange]:
        for each in changes:
            yield each

    text, seen = "", list[str]()
    for _ in range(3):
        page = await read_on(Mark.read(text), told(), 2)
        seen += [each.native_id for each in page.items]
        text = page.next
    assert seen == ["0", "1", "2", "3"]
    assert Mark.read(text) == Mark(stamp=AT - OVERLAP)
