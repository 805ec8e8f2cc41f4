"""Where an installation's record is, and that it is swept without anybody asking."""

import asyncio
from pathlib import Path

import pytest

from gateway.audit import Place, Span, query, verify
from gateway.words import Duration
from tests.audit.conftest import Ground
from tests.gateway.notes import NOW
from tiergate import record, settings


@pytest.mark.parametrize(
    ("url", "anchors", "store", "second"),
    [
        ("", None, "{state}/audit.sqlite", "{state}/audit.sqlite.anchors"),
        ("", "/worm/anchors", "{state}/audit.sqlite", "/worm/anchors"),
        ("", "far/anchors", "{state}/audit.sqlite", "{state}/far/anchors"),
        ("postgresql+psycopg://a@b/c", None, "postgresql+psycopg://a@b/c", "{state}/audit.anchors"),
    ],
)
def test_the_record_is_in_a_file_or_in_the_platforms_postgres(
    tmp_path: Path, url: str, anchors: str | None, store: str, second: str
) -> None:
    given = {"TIERGATE_STATE": str(tmp_path)} | ({"TIERGATE_DATABASE_URL": url} if url else {})
    place = record.place_of(settings.read(given), anchors)
    assert place.store == store.format(state=tmp_path)
    assert place.anchors == Path(second.format(state=tmp_path))


def test_an_address_with_a_password_is_never_said() -> None:
    place = Place(store="postgresql://who:hunter2@db/x", anchors=Path("a"), keys=Path("k"))
    assert "hunter2" not in place.name


async def test_a_running_platform_sweeps_by_itself(ground: Ground) -> None:
    await ground.written(3, when=NOW)
    sweeping = record.Sweeping(ground.place, lambda: {"standard": Span(records=Duration(30 * 86_400))})
    sweeping.start()
    await asyncio.sleep(0.1)
    await sweeping.stop()
    assert query(ground.place) == []
    assert verify(ground.place) == []
