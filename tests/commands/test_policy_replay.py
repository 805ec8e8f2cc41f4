"""`tiergate policy replay`, on a record of the platform's own calls."""

import asyncio
import json
from pathlib import Path

import httpx

from foundation.masking import Masker
from gateway.asgi import Gateway
from gateway.audit import Trail
from gateway.governor import Governor
from tests.commands.conftest import Tiergate, change, line_of
from tiergate import settings
from tiergate.contracts import plan_of


async def recorded(tmp_path: Path) -> None:
    """Three pages and one refusal, on record."""
    (tmp_path / "state").mkdir()
    trail = Trail(tmp_path / "state" / "audit.sqlite", Masker(b"key"))
    plan = plan_of(settings.read())

    async def answers(scope: object, receive: object, send: httpx.ASGITransport) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]  # ASGI
        await send({"type": "http.response.body", "body": b""})  # type: ignore[operator]  # ASGI

    gateway = Gateway(Governor(plan, trail=trail), {"experience": answers, "process": answers})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://gw") as http:
        for operation in ("service-desk-v1.nowPage", *("service-desk-v1.casesPage",) * 2, "operations-v1.overview"):
            await http.get(plan.operations[operation].path)
    trail.close()


def test_on_the_policies_in_force_nothing_is_different(tiergate: Tiergate, tmp_path: Path) -> None:
    asyncio.run(recorded(tmp_path))
    said = tiergate("policy", "replay", "--since", "1h")
    assert said.code == 0
    assert said.out.startswith("4 calls since ")
    assert " decided again, 0 differently; 0 left out" in said.out


def test_on_other_policies_it_says_who_and_where(tiergate: Tiergate, policies: Path, tmp_path: Path) -> None:
    asyncio.run(recorded(tmp_path))
    desk = policies / "apis" / "service-desk.yaml"
    change(desk, "casesPage:       {public: true}", "casesPage:       {scopes: [desk:read]}")
    said = tiergate("policy", "replay", "--since", "1h", "--policy", policies)
    assert said.code == 1
    where = f"token_missing at policies/apis/service-desk.yaml:{line_of(desk, 'access:')}"
    assert said.out.splitlines()[0] == (
        f"callers without a token: 2 calls to service-desk-v1.casesPage were let in and would be refused: {where}"
    )
    assert " decided again, 2 differently; " in said.out
    found = json.loads(tiergate("policy", "replay", "--json").out)
    assert (found["decided"], found["differently"][0]["calls"]) == (4, 2)


def test_a_span_that_is_none_and_a_record_that_is_not_there_are_said(tiergate: Tiergate, tmp_path: Path) -> None:
    assert "There is no record at" in tiergate("policy", "replay").err
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "audit.sqlite").touch()
    said = tiergate("policy", "replay", "--since", "yesterday")
    assert said.code == 2
    assert "--since: 'yesterday' is not a span of time: write it like 500ms, 30s" in said.err
