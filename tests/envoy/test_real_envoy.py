"""A real Envoy on an exported configuration, in front of a bare tier that judges nothing and counts what arrives.

Whatever is refused here Envoy has refused by itself.
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gateway.envoy import Front, exported
from gateway.plan import load
from tests.conformance.asking import Answer, ask
from tests.conformance.front import API_KEYS, AWAY
from tests.conformance.issuers import Issuers
from tests.conformance.table import HERE, Token, When
from tests.envoy.server import free_port, installed, running
from tests.processes import ROOT
from tiergate import catalogue

pytestmark = pytest.mark.real

OVERVIEW = "/operations/v1/overview"
KANTATA = "/kantata/v1/projects/p1"
RUNS = "/operations/v1/runs"
RESOLVE = "/operations/v1/cases/c1/resolve"
READ = {"scope": "operations:read"}
ACT = {"scope": "operations:read operations:act"}


class Bare:
    """A tier that answers everything with 200, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Message]] = []
        tier = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                tier.asked.append((self.command, self.path, self.headers))
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else b"{}")

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            setattr(Handler, f"do_{method}", Handler.answer)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Fleet:
    """One Envoy of it."""

    def __init__(self, address: tuple[str, int], tier: Bare, issuers: Issuers, log: Path) -> None:
        self.address, self.tier, self.issuers, self.log = address, tier, issuers, log

    def ask(self, when: When, given: Token | None = None, row: str = "somebody") -> tuple[Answer, int]:
        """The answer, and how many requests reached the tier."""
        before = len(self.tier.asked)
        token = self.issuers.token(given, row) if given else ""
        answer = ask(self.address, when, token, given.scheme if given else "")
        return answer, len(self.tier.asked) - before

    def many(self, times: int, path: str, given: Token, row: str) -> list[int]:
        """The statuses of as many calls, one after the other."""
        return [self.ask(When(path=path), given, row)[0].status for _ in range(times)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder, issuers, tier, port = tmp_path_factory.mktemp("envoy"), Issuers(), Bare(), free_port()
    values = {
        "CONFORMANCE_ISSUERS": issuers.url,
        "CONFORMANCE_INTROSPECTION": "a secret that no front knows",
        "CONFORMANCE_KEYS": f"sha256:{'0' * 64}",
        **AWAY,
    }
    front = Front(
        host="127.0.0.1",
        port=port,
        upstream=tier.url,
        site=f"http://127.0.0.1:{port}",
        jwks={name: f"{issuers.url}/{name}/keys" for name in [*issuers.keys, "opaque"]},
        open_paths=("/health",),
    )
    plan = load(HERE / "policies", catalogue.apis(), values)
    front_of_plan = exported(plan, front)
    assert values["CONFORMANCE_INTROSPECTION"] not in front_of_plan.text
    (folder / "envoy.yaml").write_text(front_of_plan.text)
    try:
        with running(folder / "envoy.yaml", port) as log:
            yield Fleet(("127.0.0.1", port), tier, issuers, log)
    finally:
        tier.close()
        issuers.close()


def test_what_the_policies_admit_arrives(fleet: Fleet) -> None:
    answer, arrived = fleet.ask(When(path=OVERVIEW, headers={"X-Request-Id": "one-of-ours-1"}), Token(claims=READ))
    assert (answer.status, arrived) == (200, 1)
    _, path, headers = fleet.tier.asked[-1]
    assert path == OVERVIEW
    assert headers["Via"] == "1.1 envoy"
    assert headers["X-Request-Id"] == answer.value("X-Request-Id") == "one-of-ours-1"
    assert headers["Authorization"].startswith("Bearer ey")


def test_what_belongs_to_one_connection_stays_there(fleet: Fleet) -> None:
    hops = {"Connection": "close, X-Mine", "X-Mine": "1", "Keep-Alive": "5", "TE": "gzip", "Proxy-Connection": "close"}
    answer, arrived = fleet.ask(When(path=OVERVIEW, headers=dict(hops)), Token(claims=READ))
    assert (answer.status, arrived) == (200, 1)
    assert {name.lower() for name in hops}.isdisjoint({name.lower() for name in fleet.tier.asked[-1][2]})


REFUSED: list[tuple[str, When, Token | None, int, str]] = [
    ("no token", When(path=OVERVIEW), None, 401, "token_missing"),
    ("another scheme", When(path=OVERVIEW, headers={"Authorization": "Basic YTpi"}), None, 401, "token_missing"),
    ("nonsense", When(path=KANTATA, headers={"Authorization": "Bearer x"}), None, 401, "token_refused"),
    ("of the wrong kind", When(path=OVERVIEW), Token(claims=READ, header={"typ": "JWT"}), 401, "token_refused"),
    ("of no kind", When(path=OVERVIEW), Token(claims=READ, header={"typ": None}), 401, "token_refused"),
    ("another audience", When(path=OVERVIEW), Token(claims={**READ, "aud": "https://x.example"}), 401, "token_refused"),
    ("expired", When(path=OVERVIEW), Token(claims={**READ, "exp": "now-60"}), 401, "token_refused"),
    ("without an end", When(path=OVERVIEW), Token(claims={**READ, "exp": None}), 401, "token_refused"),
    ("of nobody", When(path=OVERVIEW), Token(claims={**READ, "sub": ""}), 401, "token_refused"),
    ("an unknown issuer", When(path=OVERVIEW), Token(issuer="unlisted", claims=READ), 401, "token_refused"),
    ("a stranger's key", When(path=OVERVIEW), Token(claims=READ, key="stranger"), 401, "token_refused"),
    ("unsigned", When(path=OVERVIEW), Token(claims=READ, flaw="unsigned"), 401, "token_refused"),
    ("hmac", When(path=OVERVIEW), Token(claims=READ, flaw="hmac with the public key"), 401, "token_refused"),
    ("critical", When(path=OVERVIEW), Token(claims=READ, flaw="with a critical extension"), 401, "token_refused"),
    ("an algorithm not listed", When(path=OVERVIEW), Token(issuer="modern", claims=READ), 401, "token_refused"),
    ("an issuer of other APIs", When(path="/engagements/v1/accounts/a/engagements"),
     Token(issuer="partners", claims={"scope": "engagements:read"}), 401, "token_refused"),
    ("no scope", When(path=OVERVIEW), Token(), 403, "missing_scope"),
    ("almost the scope", When(path=OVERVIEW), Token(claims={"scope": "operations:reads"}), 403, "missing_scope"),
    ("one of two scopes", When(method="POST", path=RESOLVE, json={}), Token(claims=READ), 403, "missing_scope"),
    ("none of any", When(path="/operations/v1/cases"), Token(claims={"scope": "x"}), 403, "missing_scope"),
    ("no product", When(path=OVERVIEW), Token(claims={**READ, "client_id": "nobody"}), 403, "not_in_product"),
    ("another product", When(path=RUNS), Token(claims={**READ, "client_id": "partner"}), 403, "not_in_product"),
    ("a tier below", When(path=OVERVIEW), Token(claims={**READ, "layer": "process"}), 403, "layer_refused"),
    ("from outside at a system", When(path=KANTATA), Token(claims={"scope": "kantata:read"}), 403, "layer_refused"),
    ("not listed", When(method="POST", path="/operations/v1/cases/c1/retry"), Token(claims=ACT), 404, "not_offered"),
    ("nothing there", When(path="/nothing"), None, 404, "not_offered"),
    ("a draft", When(path="/netsuite/v1/customers/c1"), Token(claims=READ), 404, "not_offered"),
    ("for operators only", When(path="/metrics"), None, 404, "not_offered"),
    ("another method", When(method="DELETE", path=OVERVIEW), Token(claims=READ), 405, "method_not_allowed"),
    ("retired by hand", When(path="/service-desk/v1/overview"), None, 410, "version_retired"),
    ("retired by its day", When(path="/client-portal/v1/projects"), None, 410, "version_retired"),
    ("no version named", When(path="/opportunity-to-project/runs"), Token(claims=READ), 400, "version_unclear"),
    ("dots", When(path="/operations/v1/x/../overview"), Token(claims=READ), 400, "malformed"),
    ("an encoded slash", When(path="/operations/v1/cases/a%2Fb"), Token(claims=READ), 400, "malformed"),
    ("a token in the query", When(path=f"{OVERVIEW}?access_token=x"), None, 400, "token_misplaced"),
    ("two tokens", When(path=OVERVIEW, headers={"Authorization": ["Bearer ${token}", "Bearer ${token}"]}),
     Token(claims=READ), 400, "token_misplaced"),
    ("a large body", When(method="POST", path=RESOLVE, size=1025), Token(claims=ACT), 413, "body_too_large"),
    ("large fields", When(path=OVERVIEW, headers={"X-Note": "${long}"}), Token(claims=READ), 431, "headers_too_large"),
    ("out of an open path", When(path="/health/../operations/v1/overview"), None, 400, "malformed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("when", "given", "status", "reason"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
def test_what_the_policies_refuse_never_arrives(
    fleet: Fleet, when: When, given: Token | None, status: int, reason: str
) -> None:
    answer, arrived = fleet.ask(when, given)
    assert (answer.status, arrived) == (status, 0), answer.body
    document = json.loads(answer.body)
    assert (document["reason"], document["status"]) == (reason, status)
    assert answer.value("Content-Type") == "application/problem+json"
    assert answer.value("Proxy-Status") == f'tiergate; error=http_request_denied; details="{reason}"'
    assert (answer.value("WWW-Authenticate") is not None) == (
        status == 401 or reason in ("missing_scope", "token_misplaced")
    )


def test_a_body_in_chunks_that_grows_too_large_never_arrives(fleet: Fleet) -> None:
    body = "600\r\n" + "x" * 0x600 + "\r\n0\r\n\r\n"
    head = (
        f"POST {RESOLVE} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${{token}}\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    answer, arrived = fleet.ask(When(raw=head + body), Token(claims=ACT))
    assert (answer.status, arrived) == (413, 0)
    assert json.loads(answer.body)["reason"] == "body_too_large"


def test_an_end_that_is_announced_stands_on_envoys_own_refusals(fleet: Fleet) -> None:
    answer, arrived = fleet.ask(When(path="/opportunity-to-project/v1/runs"))
    assert (answer.status, arrived) == (401, 0)
    assert answer.value("Deprecation") == "@1788220800"
    assert answer.value("Sunset") == "Sun, 01 Mar 2099 00:00:00 GMT"
    assert '</opportunity-to-project/v2/runs>; rel="successor-version"' in (answer.value("Link") or "")


def test_a_limit_holds_for_each_user_apart(fleet: Fleet) -> None:
    given = Token(claims=READ)
    assert fleet.many(20, RUNS, given, "a-busy-user").count(200) == 6  # three an hour, and the bucket holds twice that
    assert fleet.many(2, RUNS, given, "a-calm-user") == [200, 200]
    answer, arrived = fleet.ask(When(path=RUNS), given, "a-busy-user")
    assert (answer.status, arrived, answer.value("Retry-After")) == (429, 0, "1200")
    assert json.loads(answer.body)["type"].endswith("#quota-exceeded")


def test_who_is_refused_for_a_scope_spends_nothing(fleet: Fleet) -> None:
    assert set(fleet.many(10, RUNS, Token(claims={"scope": "x"}), "a-clumsy-user")) == {403}
    assert fleet.many(6, RUNS, Token(claims=READ), "a-clumsy-user") == [200] * 6


def test_a_call_draws_what_it_costs(fleet: Fleet) -> None:
    given = Token(claims={"scope": "opportunity-to-project:read"})
    statuses = fleet.many(9, "/opportunity-to-project/v1/runs/r1", given, "a-costly-user")
    assert statuses.count(200) == 5  # five units an hour, ten in the bucket, two a call


def test_a_limit_of_the_whole_operation_is_shared(fleet: Fleet) -> None:
    given = Token(claims={"scope": "operations:admin"})
    statuses = [fleet.many(1, "/operations/v1/connections", given, f"user-{n}")[0] for n in range(5)]
    assert statuses.count(200) == 2


def test_the_plan_of_a_client_holds_whatever_it_calls(fleet: Fleet) -> None:
    given = Token(claims={**READ, "client_id": "scarce"})
    statuses = [fleet.many(1, path, given, f"of-scarce-{n}")[0] for n, path in enumerate([OVERVIEW, RUNS] * 4)]
    assert statuses.count(200) == 4  # a burst of two
    assert fleet.many(3, OVERVIEW, Token(claims={**READ, "client_id": "scarcer"}), "of-scarcer") == [200] * 3


def test_what_envoy_cannot_judge_is_passed_on(fleet: Fleet) -> None:
    engagements = When(path="/engagements/v1/accounts/a1/engagements", headers={"X-Api-Key": API_KEYS[0]})
    assert fleet.ask(engagements)[1] == 1
    assert fleet.ask(When(path=OVERVIEW, headers={"Authorization": "Bearer opaque"}))[1] == 1
    assert fleet.ask(When(path="/health"))[1] == 1


def test_the_access_log_says_who_and_what_and_no_token(fleet: Fleet) -> None:
    fleet.ask(When(path=f"{OVERVIEW}?note=private", headers={"X-Request-Id": "for-the-log-1"}), Token(claims=READ))
    deadline = time.monotonic() + 15
    while "for-the-log-1" not in fleet.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.2)
    lines = [json.loads(line) for line in fleet.log.read_text().splitlines()]
    found = next(line for line in lines if line["request_id"] == "for-the-log-1")
    assert (found["operation"], found["client"], found["status"]) == ("operations-v1.overview", "desk", 200)
    assert "private" not in json.dumps(found)
    assert "ey" not in json.dumps(found)


def test_the_how_to_is_followed(tmp_path: Path) -> None:
    """Each line of it, as it stands there."""
    text = (ROOT / "docs" / "howto" / "an-envoy-fleet-in-front.md").read_text()
    (block,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    path = f"{Path(sys.executable).parent}:{installed().parent}:{os.environ['PATH']}"
    said = {**os.environ, "PATH": path, "TIERGATE_STATE": str(tmp_path)}
    done = subprocess.run(["bash", "-euc", block], cwd=tmp_path, env=said, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Left to the gateway behind it" in done.stderr
    assert "https://api.firm.example/problems/missing_scope" in (tmp_path / "envoy.yaml").read_text()
