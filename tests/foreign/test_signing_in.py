"""How we sign in to a server that is not ours: a word of ours, a password, its issuer's token, or the caller's own."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from gateway.loader import PolicyError
from tests.foreign.stock import UPSTREAMS, Stock, plan_of
from tests.gateway.notes import problem, token
from tests.gateway.test_proxy import Served

SEND = '    send: {Authorization: "Bearer ${WAREHOUSE_TOKEN}"}\n'


class Issuer:
    """The owner's issuer: each token is a number, and it counts them."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status, self.answer, self.lives = 200, b"", 3600

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        form = parse_qs((await receive())["body"].decode())
        self.asked.append({"who": dict(scope["headers"])[b"authorization"].decode(), "form": form})
        said = self.answer or json.dumps({"access_token": f"t{len(self.asked)}", "expires_in": self.lives}).encode()
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": said})


def by(said: str) -> str:
    return UPSTREAMS.replace(SEND, f"    {said}\n")


def client_credentials(port: int) -> str:
    said = f'token_url: "http://127.0.0.1:{port}/token", client_id: gw, client_secret: "${{WAREHOUSE_TOKEN}}"'
    return by(f"sign_in: {{client_credentials: {{{said}, scope: stock}}}}")


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def test_with_a_name_and_a_password(tmp_path: Path) -> None:
    upstreams = by('sign_in: {basic: {user: gw, password: "${WAREHOUSE_TOKEN}"}}')
    async with Stock(tmp_path, upstreams=upstreams) as stock:
        await stock.ask("GET", "/items/export")
        assert stock.warehouse.asked[0]["headers"]["authorization"] == basic("gw", "the-warehouses-own")


async def test_with_a_token_of_its_issuer_which_is_kept_while_it_is_good(tmp_path: Path) -> None:
    issuer = Issuer()
    async with Served(issuer) as served, Stock(tmp_path, upstreams=client_credentials(served.port)) as stock:
        for _ in range(2):
            await stock.ask("GET", "/items/export")
        assert [asked["headers"]["authorization"] for asked in stock.warehouse.asked] == ["Bearer t1", "Bearer t1"]
        assert issuer.asked == [
            {
                "who": basic("gw", "the-warehouses-own"),
                "form": {"grant_type": ["client_credentials"], "scope": ["stock"]},
            }
        ]
        stock.warehouse.status = 401
        await stock.ask("GET", "/items/export")
        stock.warehouse.status = 200
        await stock.ask("GET", "/items/export")
        assert stock.warehouse.asked[-1]["headers"]["authorization"] == "Bearer t2"


async def test_one_that_ends_soon_is_got_anew(tmp_path: Path) -> None:
    issuer = Issuer()
    issuer.lives = 20
    async with Served(issuer) as served, Stock(tmp_path, upstreams=client_credentials(served.port)) as stock:
        for _ in range(2):
            await stock.ask("GET", "/items/export")
        assert [asked["headers"]["authorization"] for asked in stock.warehouse.asked] == ["Bearer t1", "Bearer t2"]


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (401, b"", "vendor_sign_in"),
        (503, b"", "vendor_down"),
        (200, b"{}", "vendor_sign_in"),
        (200, b"x", "vendor_sign_in"),
    ],
)
async def test_where_its_issuer_lets_nobody_in_nothing_is_sent(
    tmp_path: Path, status: int, answer: bytes, reason: str
) -> None:
    issuer = Issuer()
    issuer.status, issuer.answer = status, answer
    async with Served(issuer) as served, Stock(tmp_path, upstreams=client_credentials(served.port)) as stock:
        refused = await stock.ask("GET", "/items/export")
        assert problem(refused)["reason"] == reason
        assert problem(refused)["system"] == "warehouse"
        assert stock.warehouse.asked == []


async def test_an_issuer_that_is_away_is_a_system_that_is_away(tmp_path: Path) -> None:
    async with Stock(tmp_path, upstreams=client_credentials(1)) as stock:
        refused = await stock.ask("GET", "/items/export")
        assert (refused.status_code, problem(refused)["reason"]) == (503, "vendor_down")


async def test_the_callers_own_token_goes_there_only_where_it_is_said(tmp_path: Path) -> None:
    async with Stock(tmp_path, upstreams=by("pass_token: true")) as stock:
        await stock.ask("GET", "/items/export", "stock:read", headers={"Cookie": "a=b"})
        headers = stock.warehouse.asked[0]["headers"]
        assert headers["authorization"] == f"Bearer {token('stock:read')}"
        assert "cookie" not in headers


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("sign_in: {}", "sign_in says one way: basic, or client_credentials"),
        ("sign_in: {basic: {user: 'a:b', password: c}}", "user has no colon in it"),
        (
            "sign_in: {client_credentials: {token_url: id, client_id: a, client_secret: b}}",
            "a token's address is one like https://id.firm.example/token",
        ),
        (
            "pass_token: true\n    sign_in: {basic: {user: a, password: c}}",
            "send: Authorization, sign_in and pass_token are three ways to sign in: say one",
        ),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, said: str, says: str) -> None:
    with pytest.raises(PolicyError) as refused:
        plan_of(tmp_path, upstreams=by(said))
    assert any(says in each for each in refused.value.problems)
