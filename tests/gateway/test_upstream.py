"""An operation that is served at an address of its own: what goes there, what stays here, and what policy may say."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from canonical.faults import NotBound
from gateway.authoring.effective import effective
from gateway.interior import bind
from gateway.loader import PolicyError
from gateway.plan import compiled, read
from tests.gateway.notes import (
    APIS,
    NOTES_2,
    NOTES_FILE,
    PLATFORM,
    PROCESS_TIER,
    VALUES,
    Notes,
    World,
    plan_of,
    problem,
    token,
    write_policies,
)
from tests.gateway.test_proxy import Served

ARCHIVE = """\
upstreams:
  archive:
    url: "http://127.0.0.1:PORT/api"
    send: {X-Archive-Key: "${ARCHIVE_KEY}", User-Agent: tiergate}
"""
THERE = NOTES_FILE.replace("defaults:\n", "defaults:\n  upstream: archive\n")
NOTE = "/notes/v2/notes/n%201"


class Archive:
    """What stands there: it remembers what it was asked, and answers as it is told."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        said = [(name.decode(), value.decode()) for name, value in scope["headers"]]
        path = scope["raw_path"].decode() + ("?" + scope["query_string"].decode() if scope["query_string"] else "")
        self.asked.append({"method": scope["method"], "path": path, "headers": dict(said), "body": body})
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        await send({"type": "http.response.body", "body": b'{"title": "from the archive"}'})


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
async def world(tmp_path: Path, archive: Archive) -> AsyncIterator[World]:
    async with Served(archive) as served:
        platform = PLATFORM + ARCHIVE.replace("PORT", str(served.port))
        made = World(tmp_path, platform=platform, notes=THERE)
        yield made
        await made.close()


async def test_the_contracts_path_is_called_below_the_address(world: World, archive: Archive) -> None:
    answer = await world.ask("GET", NOTE + "?full=1", token())
    assert (answer.status_code, answer.json()) == (200, {"title": "from the archive"})
    written = await world.ask("PUT", "/notes/v1/notes/by-key/k", token(), json={"title": "t"})
    assert written.status_code == 200
    assert [(a["method"], a["path"], a["body"]) for a in archive.asked] == [
        ("GET", "/api/notes/n%201?full=1", b""),
        ("PUT", "/api/notes/by-key/k", b'{"title":"t"}'),
    ]
    assert world.desk.asked == []


async def test_what_is_refused_never_gets_there(world: World, archive: Archive) -> None:
    for bearer, status in ((None, 401), (token("other:read"), 403)):
        assert (await world.ask("GET", NOTE, bearer)).status_code == status
    assert (await world.ask("PUT", "/notes/v2/notes/by-key/k", token(), json={"title": 1})).status_code == 422
    assert archive.asked == []


async def test_nobody_there_can_act_as_the_caller_and_whom_somebody_acts_for_stays_here(
    world: World, archive: Archive
) -> None:
    said = {
        "Cookie": "session=1",
        "DPoP": "proof",
        "Tiergate-Acted-For": "priya@console",
        "X-Archive-Key": "the caller's",
        "X-Forwarded-For": "1.2.3.4",
        "X-Kept": "1",
    }
    answer = await world.ask("GET", NOTE, token(), headers=said)
    [asked] = archive.asked
    assert not {"authorization", "cookie", "dpop", "tiergate-acted-for", "x-forwarded-for"} & set(asked["headers"])
    assert asked["headers"]["x-archive-key"] == "k-17"
    assert asked["headers"]["user-agent"] == "tiergate"
    assert asked["headers"]["x-kept"] == "1"
    assert asked["headers"]["via"] == "1.1 tiergate"
    assert asked["headers"]["x-request-id"] == answer.headers["x-request-id"]
    assert len(asked["headers"]["traceparent"]) == 55


async def test_it_sets_no_cookie_in_our_name(world: World, archive: Archive) -> None:
    archive.headers.append((b"set-cookie", b"session=theirs"))
    assert "set-cookie" not in (await world.ask("GET", NOTE, token())).headers


async def test_limits_and_the_record_are_ours(world: World, archive: Archive) -> None:
    answers = [await world.ask("PUT", "/notes/v2/notes/by-key/k", token(), json={"title": "t"}) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert len(archive.asked) == 3


async def test_a_limit_per_upstream_counts_all_that_goes_there(tmp_path: Path) -> None:
    limited = THERE.replace("  hooks: 2/min", "  hooks: 2/min\n  there: {rate: 2/min, per: upstream}")
    limited = limited.replace("note: {scopes: [notes:read]}", "note: {scopes: [notes:read], limits: [there]}")
    limited = limited.replace("limits: [writes]", "limits: [there]").replace(
        "hook: {public: true, limits: [hooks]}", "hook: {public: true, limits: [there], upstream: other}"
    )
    platform = PLATFORM + ARCHIVE.replace("PORT", "1") + '  other: {url: "http://127.0.0.1:2"}\n'
    world = World(tmp_path, platform=platform, notes=limited)
    asked = [("GET", NOTE), ("PUT", "/notes/v1/notes/by-key/k"), ("GET", NOTE), ("POST", "/notes/v2/hooks/h")]
    answers = [
        await world.ask(method, path, token(), **({} if method == "GET" else {"json": {"title": "t"}}))
        for method, path in asked
    ]
    assert [answer.status_code for answer in answers] == [503, 503, 429, 503]
    assert [problem(answer)["system"] for answer in (answers[0], answers[3])] == ["archive", "other"]
    await world.close()


async def test_a_tier_in_this_process_is_told_that_it_cannot_ask_there(world: World) -> None:
    straight = bind(Notes, world.desk, world.governor, NOTES_2, lambda: PROCESS_TIER.acting(PROCESS_TIER))
    with pytest.raises(NotBound) as refused:
        await straight.hook("h", None)  # type: ignore[arg-type]  # it is never read
    assert "served at the upstream 'archive'" in refused.value.detail


@pytest.mark.parametrize(
    ("platform", "notes", "why"),
    [
        ("", THERE, "note: platform.yaml has no upstream 'archive' with an address"),
        (
            'upstreams: {archives: {url: "http://a"}}\n',
            THERE,
            "note: platform.yaml has no upstream 'archive' with an address (did you mean 'archives'?)",
        ),
        (
            "upstreams: {process-tier: {}}\n",
            THERE.replace("upstream: archive", "upstream: process-tier"),
            "platform.yaml has no upstream 'process-tier' with an address",
        ),
        ("upstreams: {archive: {}}\n", THERE, "archive needs the key 'url'"),
        (
            'upstreams: {process-tier: {url: "http://a"}}\n',
            NOTES_FILE,
            "process-tier is a tier of ours: its address is a setting",
        ),
        (
            "upstreams: {process-tier: {when_down: {reads: stale 1m}}}\n",
            NOTES_FILE,
            "process-tier keeps its own answers",
        ),
        ('upstreams: {archive: {url: "ftp://a"}}\n', THERE, "url is an address like https://"),
        ('upstreams: {archive: {url: "http://u:p@a"}}\n', THERE, "without a name or password in it"),
        ('upstreams: {a: {url: "http://a", send: {Host: x}}}\n', THERE, "'Host' is not a header field that can be"),
        ('upstreams: {a: {url: "http://a", send: {X: ""}}}\n', THERE, "the value of X is empty"),
        (
            'upstreams: {a: {url: "http://a", send: {X-Api-Key: k}}}\n',
            THERE,
            "platform.yaml:7: upstreams.a.send.X-Api-Key is a secret: write it by reference, ${NAME}",
        ),
        (
            'upstreams: {a: {url: "http://a", send: {authorization: Basic eA==}}}\n',
            THERE,
            "send.authorization is a sec",
        ),
        (
            'upstreams: {a: {url: "http://a", sign_in: {basic: {user: u, password: p}}}}\n',
            THERE,
            "upstreams.a.sign_in.basic.password is a secret",
        ),
        ("upstreams: {a: {breaker: {open: half}}}\n", THERE, "write it like 50% of 20 calls in 10s"),
        ("upstreams: {a: {breaker: {open: 50% of 0 calls in 10s}}}\n", THERE, "concludes from no call at all"),
        ("upstreams: {a: {breaker: {open: 50% of 9 calls in 1s, counts: []}}}\n", THERE, "counts lists what is a"),
        ("upstreams: {a: {breaker: {open: 50% of 9 calls in 1s, counts: [500]}}}\n", THERE, "500"),
        ("upstreams: {a: {retry: {attempts: 1}}}\n", THERE, "attempts is from 2 to 5"),
        ("upstreams: {a: {retry: {when: []}}}\n", THERE, "when lists after what"),
        ("upstreams: {a: {retry: {budget: 200%}}}\n", THERE, "'200%' is not a part: write it like 10%"),
        ("upstreams: {a: {retry: {methods: all}}}\n", THERE, "is one of safe, idempotent"),
        ("upstreams: {a: {capacity: {concurrent: 0}}}\n", THERE, "concurrent is at least 1"),
        ("upstreams: {a: {when_down: {reads: old}}}\n", THERE, "is neither reject nor a time, like stale 10m"),
        ("upstreams: {a: {timeout: {connect: 2s, total: 1s}}}\n", THERE, "total is shorter than connect"),
        ("upstreams: {a: {timeouts: {}}}\n", THERE, "did you mean 'timeout'?"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, platform: str, notes: str, why: str) -> None:
    with pytest.raises(PolicyError) as refused:
        plan_of(tmp_path, platform=PLATFORM + platform, notes=notes)
    assert any(why in said for said in refused.value.problems), refused.value.problems


def test_explain_says_how_patiently_it_is_asked_and_shows_no_secret(tmp_path: Path) -> None:
    platform = PLATFORM + ARCHIVE.replace("PORT", "1") + "    timeout: {total: 8s}\n    capacity: {concurrent: 3}\n"
    folder = write_policies(tmp_path, platform=platform, notes=THERE)
    found = read(folder, VALUES)
    told = {v.path: (v.said, v.where) for v in effective(found, compiled(found, APIS))["notes-v2.note"].values}
    assert told["upstream"] == ("archive", "policies/apis/notes.yaml:12")
    assert told["upstreams.archive.timeout.total"] == ("8s", "policies/platform.yaml:11")
    assert told["upstreams.archive.capacity.concurrent"] == ("3", "policies/platform.yaml:12")
    assert not [said for said, _ in told.values() if "k-17" in said]
