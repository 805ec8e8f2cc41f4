"""Whether a tier does its work: the one here is asked by its database, one elsewhere by its `/ready`, not too often."""

import http.server
import threading
from collections.abc import Iterator

import pytest

from tiergate.standing import Standing


class Tier(http.server.ThreadingHTTPServer):
    """Says it is ready, or not, and counts how often it was asked."""

    status, asked = 200, 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Ready)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        tier = self.server
        assert isinstance(tier, Tier)
        tier.asked += 1
        self.send_response(tier.status if self.path == "/ready" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *said: object) -> None:
        pass


@pytest.fixture
def tier() -> Iterator[Tier]:
    with Tier() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


async def here() -> bool:
    return True


async def not_here() -> bool:
    return False


@pytest.mark.parametrize(("status", "serves"), [(200, True), (503, False)])
async def test_a_tier_elsewhere_serves_when_it_says_it_is_ready(tier: Tier, status: int, serves: bool) -> None:
    tier.status = status
    standing = Standing(not_here, (), {"process": tier.url})
    assert await standing.serves("process") is serves
    await standing.close()


async def test_a_tier_nobody_reaches_or_serves_does_not(tier: Tier) -> None:
    gone = tier.url.rpartition(":")[0] + ":9"
    standing = Standing(here, (), {"process": gone})
    assert [await standing.serves(layer) for layer in ("process", "experience")] == [False, False]
    await standing.close()


async def test_a_tier_of_this_process_serves_while_its_database_answers() -> None:
    for answers, serves in ((here, True), (not_here, False)):
        standing = Standing(answers, ("process",), {})
        assert await standing.serves("process") is serves
        await standing.close()


async def test_who_asks_us_often_does_not_make_us_ask_often(tier: Tier) -> None:
    now = 100.0
    standing = Standing(not_here, (), {"process": tier.url}, clock=lambda: now)
    assert [await standing.serves("process") for _ in range(50)] == [True] * 50
    assert tier.asked == 1
    tier.status, now = 503, 105.0
    assert await standing.serves("process") is False
    assert tier.asked == 2
    await standing.close()
