"""For whom a tier calls: the chain in its token, made for one tier; a forged, bent or overlong one is refused."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.acting import DEEPEST, chain_of, claims_of
from foundation.context import Caller, Shown
from tests.gateway.notes import AUDIENCE, ISSUER, PLATFORM, World, problem, token, workload

CABINET = "/cabinet/v1/notes/n1"
WORD = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)
LINK = st.tuples(WORD, WORD).map("@".join)


@given(st.lists(LINK, min_size=1, max_size=DEEPEST), WORD)
def test_a_chain_said_in_claims_is_read_as_it_was(chain: list[str], actor: str) -> None:
    assert chain_of(claims_of(chain, actor)) == (tuple(chain), actor)


def test_an_address_in_a_subject_stays_whole() -> None:
    assert claims_of(["priya@acme.example@console"], "process-tier")["sub"] == "priya@acme.example"


@pytest.mark.parametrize("chain", [[], ["priya"], ["@console"], ["priya@"], ["a b@c"], ["a@b"] * (DEEPEST + 1)])
def test_what_is_no_chain_cannot_be_said(chain: list[str]) -> None:
    with pytest.raises(ValueError, match=r"links|subject@client"):
        claims_of(chain, "process-tier")


def bent(**claims: Any) -> str:
    return workload(acted_for=("priya@console",), **claims)


def deep(links: int) -> dict[str, Any]:
    act: dict[str, Any] = {"sub": "t", "client_id": "t"}
    for _ in range(links - 1):
        act = {"sub": "t", "client_id": "t", "act": act}
    return act | {"sub": "process-tier", "client_id": "process-tier"}


@pytest.mark.parametrize(
    "bearer",
    [
        bent(act="process-tier"),
        bent(act={}),
        bent(act=None),
        bent(act={"sub": "other-tier", "client_id": "other-tier"}),
        bent(act={"sub": "process-tier"}),
        bent(act={"sub": ["process-tier"], "client_id": "process-tier"}),
        bent(act={"sub": "process-tier", "client_id": "process-tier", "act": "priya"}),
        bent(act=deep(DEEPEST + 1)),
        bent(act=deep(500)),
        bent(azp=""),
        bent(azp="a b"),
        bent(azp=None),
    ],
    ids=range(12),
)
async def test_an_act_that_is_no_chain_is_refused_with_its_token(world: World, bearer: str) -> None:
    answer = await world.ask("GET", CABINET, bearer)
    assert (answer.status_code, problem(answer)["reason"]) == (401, "token_refused")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert world.desk.asked == []


@pytest.mark.parametrize("aud", [AUDIENCE, f"{AUDIENCE}/process", f"{AUDIENCE}/", [AUDIENCE, f"{AUDIENCE}/process"]])
async def test_a_chain_made_for_another_tier_is_refused(world: World, aud: Any) -> None:
    answer = await world.ask("GET", CABINET, bent(aud=aud))
    assert (answer.status_code, problem(answer)["reason"]) == (401, "token_refused")
    assert f"{AUDIENCE}/system" in problem(answer)["detail"]


async def test_an_outsiders_act_makes_them_no_tier(world: World) -> None:
    answer = await world.ask("GET", CABINET, token(act={"sub": "process-tier", "client_id": "process-tier"}))
    assert (answer.status_code, problem(answer)["reason"]) == (403, "layer_refused")


async def test_the_header_says_nothing_beside_a_token(world: World) -> None:
    said = {"Tiergate-Acted-For": "ceo@console"}
    assert (await world.ask("GET", CABINET, workload(), headers=said)).status_code == 403
    assert (await world.ask("GET", CABINET, bent(), headers=said)).status_code == 200
    caller = world.desk.asked[-1][1].caller
    assert caller is not None
    assert (caller.subject, caller.client, caller.acted_for) == ("process-tier", "process-tier", ("priya@console",))


async def test_what_the_token_says_of_the_person_goes_with_the_chain(world: World) -> None:
    await world.ask("GET", CABINET, bent(roles=["service_desk"], amr=["mfa"]))
    caller = world.desk.asked[-1][1].caller
    assert caller is not None
    assert (caller.roles, caller.claims["amr"]) == (frozenset({"service_desk"}), ["mfa"])


def test_a_caller_shows_its_token_in_no_log() -> None:
    shown = bent()
    caller = Caller(subject="a", client="b", token=Shown(shown))
    assert shown not in repr(caller)
    assert shown not in str({"caller": caller})
    assert caller.acting(Caller(subject="t", client="t", layer="process")).token == shown


@pytest.fixture
async def by_header(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, platform=PLATFORM.replace("workloads: true", "workloads: true, acted_for: header"))
    yield made
    await made.close()


async def test_where_the_issuer_cannot_exchange_the_header_of_a_workload_is_believed(by_header: World) -> None:
    said = {"Tiergate-Acted-For": "priya@console"}
    assert (await by_header.ask("GET", CABINET, workload(), headers=said)).status_code == 200
    caller = by_header.desk.asked[-1][1].caller
    assert caller is not None
    assert caller.acted_for == ("priya@console",)
    assert (await by_header.ask("GET", CABINET, token(iss=ISSUER), headers=said)).status_code == 403
