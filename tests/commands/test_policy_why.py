"""`tiergate policy why`: from a request id to the stage, the noun and the line."""

import json
from pathlib import Path

import httpx

from foundation.masking import Masker
from gateway.asgi import Gateway
from gateway.audit import Trail
from gateway.governor import Governor
from tests.commands.conftest import Tiergate, line_of
from tiergate import settings
from tiergate.contracts import plan_of


def listed(operation: str) -> str:
    return plan_of(settings.read()).operations[operation].path


async def refused(tmp_path: Path, path: str) -> str:
    """The request id of a call without a token, on record."""
    (tmp_path / "state").mkdir(exist_ok=True)
    trail = Trail(tmp_path / "state" / "audit.sqlite", Masker(b"key"))
    gateway = Gateway(Governor(plan_of(settings.read()), trail=trail), {"process": httpx.ASGITransport})  # type: ignore[dict-item]  # never reached
    async with httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://gw") as http:
        answer = await http.get(path)
    trail.close()
    return answer.headers["x-request-id"]


async def test_a_refused_call_leads_to_the_line(tiergate: Tiergate, policies: Path, tmp_path: Path) -> None:
    asked = await refused(tmp_path, listed("engagements-v1.engagements"))
    line = line_of(policies / "apis" / "engagements.yaml", "access:")
    said = tiergate("policy", "why", asked)
    assert said.code == 0
    assert "engagements-v1.engagements  401 token_missing  (a caller without a token)" in said.out
    assert f"refused at the stage 'authenticate', by 'access': policies/apis/engagements.yaml:{line}\n" in said.out
    assert '  access: {issuers: [embedded], audience: "${TIERGATE_AUDIENCE}"}\n' in said.out
    [found] = json.loads(tiergate("policy", "why", asked, "--json").out)
    assert (found["stage"], found["noun"], found["reason"]) == ("authenticate", "access", "token_missing")


async def test_what_no_policy_offers_is_said_to_be_that(tiergate: Tiergate, tmp_path: Path) -> None:
    asked = await refused(tmp_path, "/nowhere")
    assert "no policy offers anything at that address" in tiergate("policy", "why", asked).out


async def test_a_call_that_is_not_on_record_is_a_finding_and_no_record_a_mistake(
    tiergate: Tiergate, tmp_path: Path
) -> None:
    without = tiergate("policy", "why", "abc")
    assert without.code == 2
    assert "There is no record at" in without.err
    await refused(tmp_path, "/nowhere")
    said = tiergate("policy", "why", "abc")
    assert said.code == 1
    assert said.out.startswith("No call abc is on record in ")
