"""The corpus over a raw socket, against the process as `tiergate serve` starts it: in one, and with a tier apart.

None crashes it, none is answered otherwise than stated, and what arrives at a tier is exactly one request to any
reader, or nothing. The tier apart is ours and writes down every byte. In one process every request that is read has an
answer, so that one more than stated would be one that was let in.
"""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import h11
import msgspec
import pytest

from tests.conformance.front import AWAY
from tests.conformance.table import HERE as CONFORMANCE
from tests.processes import Command
from tests.wire.corpus import Row, rows
from tests.wire.page import PAGE, page
from tests.wire.recording import Tier, judged
from tests.wire.sending import Heard, answers, exchange

ROWS = rows()
SLOW = [row for row in ROWS if isinstance(row.send, list) and any(isinstance(piece, float | int) for piece in row.send)]
SLOW_SECONDS = "2"


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """A running server, and what it has behind it."""

    address: tuple[str, int]
    command: Command
    slow: dict[str, Heard]
    """What became of the rows that take their time, all asked side by side."""
    tier: Tier | None = None


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def _settings(port: int) -> dict[str, str]:
    nobody = "http://127.0.0.1:9"
    names = ("ISSUERS", "INTROSPECTION", "NOBODY", "SILENT")
    return {
        "TIERGATE_PORT": str(port),
        "TIERGATE_POLICIES": str(CONFORMANCE / "policies"),
        "TIERGATE_POLL_SECONDS": "86400",
        "TIERGATE_SLOW_SECONDS": SLOW_SECONDS,
        "CONFORMANCE_KEYS": "sha256:" + "0" * 64,
        **AWAY,
        **{f"CONFORMANCE_{name}": nobody for name in names},
    }


@pytest.fixture(scope="module", params=["in one process", "with a tier apart"])
def front(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    port, folder = _free_port(), tmp_path_factory.mktemp("wire")
    with closing(Tier()) as tier:
        if request.param == "in one process":
            command = Command(folder, "serve", **_settings(port))
            told, behind = "Serving all at", None
        else:
            urls = {f"TIERGATE_{name}_URL": tier.url for name in ("SYSTEM", "PROCESS", "EXPERIENCE")}
            command = Command(folder, "serve", "gateway", **_settings(port), **urls)
            told, behind = "Serving gateway at", tier
        try:
            command.until(told)
            address = ("127.0.0.1", port)
            with ThreadPoolExecutor(len(SLOW)) as threads:
                heard = list(threads.map(lambda row: exchange(address, row.pieces(), row.then.within + 2), SLOW))
            slow = dict(zip([row.id for row in SLOW], heard, strict=True))
            yield Front(address=address, command=command, slow=slow, tier=behind)
        finally:
            assert command.stop() == 0, "a connection it cannot let go of"


@pytest.mark.real
@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_whatever_is_sent_is_answered_as_stated_and_reaches_a_tier_as_one_request_or_not(
    front: Front, row: Row
) -> None:
    heard = front.slow.get(row.id) or exchange(front.address, row.pieces(), row.then.within)
    assert front.command.process.poll() is None, "the process died"
    assert _alive(front.address), "after this the process does not answer any more"
    assert agrees(heard.statuses, row.then.status), heard
    assert heard.rest == b"" or heard.closed
    assert heard.closed or (heard.statuses and row not in SLOW), "who is slow is let go"
    assert heard.seconds < row.then.within + 1
    if front.tier is not None:
        _judge_arrivals(front.tier, row)


def _judge_arrivals(tier: Tier, row: Row) -> None:
    time.sleep(0.02)  # what nobody waited for arrives now
    arrived = tier.of(row.name)
    assert [one.wrong for one in arrived if one.wrong] == [], arrived
    behind = [one for one in arrived if f"/behind{row.name}".encode() in one.raw]
    assert len(behind) == row.then.behind, "what stood behind it was let in"
    assert len(arrived) - len(behind) == row.then.arrives, arrived


def _alive(address: tuple[str, int]) -> bool:
    good = b"GET /health HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
    return exchange(address, [good], 10).statuses == [200]


def agrees(heard: list[int], stated: list[int | str]) -> bool:
    """Whether these are the answers the row states, and no server error among them."""
    if stated == ["any-or-none"]:
        return not heard or (len(heard) == 1 and heard[0] < 500)
    pairs = list(zip(heard, stated, strict=False))
    return len(heard) == len(stated) and all(
        status == said or (said == "any" and 200 <= status < 500) or (said == "any-refusal" and 400 <= status < 500)
        for status, said in pairs
    )


def test_the_page_says_what_the_corpus_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.wire"


def test_there_are_eighty_rows_and_more_each_of_its_own_name() -> None:
    assert len(ROWS) >= 80
    assert len({row.id for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", ""),
        (b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Type: a\r\nContent-Type: b\r\n\r\n{}", "twice"),
        (b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n", "coding"),
        (b"POST /a HTTP/1.1\nHost: a\nContent-Length: 0\n\n", "half"),
        (b"POST http://b/a HTTP/1.1\r\nHost: a\r\n\r\n", "first line"),
        (b"POST /a HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n", "hop"),
    ],
)
def test_what_can_be_read_in_two_ways_is_noticed_when_it_arrives(raw: bytes, why: str) -> None:
    reader, body = h11.Connection(h11.SERVER), b""
    reader.receive_data(raw)
    request = reader.next_event()
    assert isinstance(request, h11.Request)
    while isinstance(event := reader.next_event(), h11.Data):
        body += bytes(event.data)
    said = " ".join(judged(raw, request, body))
    assert (why in said) if why else (said == "")


def test_answers_are_told_apart() -> None:
    one = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}"
    assert answers(one + b"HTTP/1.1 204 No Content\r\n\r\n" + one[:-1]) == ([400, 204], one[:-1])
    with pytest.raises(ValueError, match="no answer of HTTP"):
        answers(b"GET / HTTP/1.1\r\n\r\n")
