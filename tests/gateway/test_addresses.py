"""From which networks a partner calls: the client's own address counts, whoever says that it is another."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit import Facts, query
from gateway.authoring.cases import cases_of
from gateway.authoring.mutants import survivors
from gateway.interior import bind
from gateway.loader import PolicyError
from gateway.loader import read as read_yaml
from gateway.networks import UNKNOWN, Proxies, beyond, common, networks, origin
from gateway.plan import compiled, read
from tests.gateway.notes import (
    APIS,
    CABINET,
    CABINET_FILE,
    DESK_FILE,
    NOTES_FILE,
    PLATFORM,
    PROCESS_TIER,
    VALUES,
    Notes,
    World,
    plan_of,
    problem,
    token,
    workload,
    write_policies,
)

PRODUCT: Final = DESK_FILE + 'addresses: [203.0.113.0/24, "2001:db8::/32"]\n'
PROXIED: Final = PLATFORM + "proxies: {peers: [10.0.0.0/24]}\n"
NARROW: Final = NOTES_FILE.replace(
    "hook: {public: true, limits: [hooks]}", "hook: {public: true, limits: [hooks], addresses: [198.51.100.7]}"
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path, desk=PRODUCT, platform=PROXIED, notes=NARROW)
    yield made
    await made.close()


async def ask(world: World, peer: str, path: str = "/notes/v2/notes/n1", bearer: str | None = None, **rest: Any) -> Any:
    transport = httpx.ASGITransport(world.gateway, client=(peer, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://gw") as http:
        method = "POST" if "hooks" in path else "GET"
        return await world.ask(method, path, token() if bearer is None else bearer, http=http, **rest)


@pytest.mark.parametrize("peer", ["203.0.113.0", "203.0.113.255", "2001:db8::1", "::ffff:203.0.113.9"])
async def test_from_a_listed_network_it_is_let_in(world: World, peer: str) -> None:
    assert (await ask(world, peer)).status_code == 200


@pytest.mark.parametrize(
    "peer", ["203.0.112.255", "203.0.114.0", "2001:db9::1", "::ffff:203.0.114.9", "fe80::1%eth0", ""]
)
async def test_from_elsewhere_it_is_refused_with_the_products_line(world: World, peer: str) -> None:
    answer = await ask(world, peer)
    assert answer.status_code == 403
    said = problem(answer)
    assert (said["reason"], said["facts"]) == (
        "address_refused",
        {"policy": "policies/products/desk.yaml:8", "product": "desk"},
    )
    assert world.desk.asked == []


TOLD: Final = [
    ("10.0.0.9", "for=203.0.113.7", 200),
    ("10.0.0.9", 'For="[2001:db8::7]:4711";proto=https;by=10.0.0.1', 200),
    ("10.0.0.9", 'for="203.0.113.7:80"', 200),
    ("10.0.0.9", "for=192.0.2.1, for=203.0.113.7", 200),
    ("10.0.0.9", "for=203.0.113.7, for=10.0.0.8", 200),
    ("10.0.0.9", "for=203.0.113.7, for=192.0.2.1", 403),
    ("10.0.0.9", "for=203.0.113.7, for=192.0.2.1, for=10.0.0.8", 403),
    ("10.0.0.9", "for=203.0.113.7, for=unknown", 403),
    ("10.0.0.9", "for=203.0.113.7, for=_hidden", 403),
    ("10.0.0.9", "for=203.0.113.7, proto=https", 403),
    ("10.0.0.9", "for=203.0.113.7;for=203.0.113.8", 403),
    ("10.0.0.9", 'for="203.0.113.7', 403),
    ("10.0.0.9", "", 403),
    ("192.0.2.1", "for=203.0.113.7", 403),
    ("203.0.113.7", "for=192.0.2.1", 200),
]


@pytest.mark.parametrize(("peer", "said", "status"), TOLD)
async def test_only_a_trusted_proxy_says_for_whom_it_calls(world: World, peer: str, said: str, status: int) -> None:
    answer = await ask(world, peer, headers={"Forwarded": said} if said else {})
    assert answer.status_code == status, said


async def test_another_header_than_the_one_named_is_never_read(world: World, tmp_path: Path) -> None:
    other = {"X-Forwarded-For": "203.0.113.7"}
    assert (await ask(world, "10.0.0.9", headers=other)).status_code == 403
    older = PLATFORM + "proxies: {peers: [10.0.0.0/24], header: X-Forwarded-For}\n"
    another = World(tmp_path / "older", desk=PRODUCT, platform=older)
    assert (await ask(another, "10.0.0.9", headers=other)).status_code == 200
    assert (await ask(another, "10.0.0.9", headers={"X-Forwarded-For": "203.0.113.7, 192.0.2.1"})).status_code == 403
    assert (await ask(another, "10.0.0.9", headers={"Forwarded": "for=203.0.113.7"})).status_code == 403
    await another.close()


async def test_a_public_operation_may_be_for_one_address(world: World) -> None:
    hook = "/notes/v2/hooks/shop"
    assert (await ask(world, "198.51.100.7", hook, "")).status_code == 200
    refused = await ask(world, "198.51.100.8", hook, "")
    assert (refused.status_code, problem(refused)["reason"]) == (403, "address_refused")
    assert problem(refused)["facts"] == {"policy": "policies/apis/notes.yaml:20"}


async def test_who_may_not_call_is_told_that_first(world: World) -> None:
    assert problem(await ask(world, "192.0.2.1", bearer=""))["reason"] == "token_missing"
    assert problem(await ask(world, "192.0.2.1", bearer=token(client_id="stranger")))["reason"] == "not_in_product"


async def test_our_own_tiers_are_not_asked_whence(world: World) -> None:
    bearer = workload("experience", "notes:read", acted_for=("priya@console",))
    assert (await ask(world, "192.0.2.1", bearer=bearer)).status_code == 200
    cabinet: Any = bind(Notes, world.desk, world.governor, CABINET, lambda: PROCESS_TIER)
    assert (await cabinet.note("n1")).title == "n1"


async def test_the_record_says_whence_the_client_called_not_the_proxy(world: World) -> None:
    await ask(world, "10.0.0.9", headers={"Forwarded": "for=203.0.114.7"})
    await ask(world, "10.0.0.9", headers={"Forwarded": "for=127.0.0.1"})
    await ask(world, "10.0.0.9")
    await world.trail.flush()
    kept = [Facts.of(each.record).address for each in query(world.trail.place)]
    assert kept == ["private", "loopback", "public"]


@pytest.mark.parametrize(
    ("listed", "sentence"),
    [
        ("[]", r"desk\.yaml:8: .*lists no network, so nobody could call"),
        ("[203.0.113.7/24]", r"desk\.yaml:8: .*names an address within its network: write 203\.0\.113\.0/24"),
        ("[firm.example]", r"desk\.yaml:8: .*'firm\.example' is no address and no network"),
        ('["::ffff:203.0.113.0/120"]', r"desk\.yaml:8: .*is an IPv4 address in IPv6: write it as IPv4"),
        ("203.0.113.0/24", r"desk\.yaml:8: .*must be a list"),
    ],
)
def test_a_list_that_says_no_networks_is_refused(tmp_path: Path, listed: str, sentence: str) -> None:
    with pytest.raises(PolicyError, match=sentence):
        plan_of(tmp_path, desk=DESK_FILE + f"addresses: {listed}\n")


def test_an_operations_list_is_refused_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"notes\.yaml:\d+: hook: addresses: '1\.2\.3' is no address"):
        plan_of(tmp_path, notes=NARROW.replace("198.51.100.7", "1.2.3"))
    with pytest.raises(PolicyError, match=r"cabinet\.yaml:\d+: note: a system API is called by our own tiers only"):
        plan_of(tmp_path, cabinet=CABINET_FILE.replace("limits: [drawer]", "addresses: [10.0.0.1]"))


LISTS: Final = [None, ["10.0.0.0/8"], ["10.1.0.0/16", "10.2.0.0/16"], ["10.0.0.0/9", "10.128.0.0/9"], ["2001:db8::/32"]]


@pytest.mark.parametrize("one", LISTS)
@pytest.mark.parametrize("other", LISTS)
def test_what_two_lists_have_in_common_is_in_both(one: list[str] | None, other: list[str] | None) -> None:
    a, b = (networks(each) if each is not None else None for each in (one, other))
    both = common(a, b)
    assert not beyond(both, a) if a is not None else True
    assert not beyond(both, b) if b is not None else True
    assert both == common(both, b) if both is not None else a is b is None


@given(said=st.text(alphabet='for=";,\\[]:.10a_ ', max_size=40))
def test_whatever_a_proxy_says_is_an_address_or_unknown(said: str) -> None:
    found = origin("10.0.0.1", [(b"forwarded", said.encode())], Proxies(peers=["10.0.0.1"]))
    assert found == UNKNOWN or networks([found])


TESTS: Final = """\
- given:
    client: console
    scopes: [notes:read, notes:write]
    address: 203.0.113.7
    path: {account_id: A}
    claims: {account_id: A}
  when: [note, notes.accountNotes, notes.upsertNote, face.note]
  then: allow
- given: {client: console, scopes: [notes:read, notes:write]}
  when: [notes.note, face.note]
  then: address_refused
"""


async def test_a_list_that_was_forgotten_is_noticed_by_a_test_of_it_and_by_nothing_else(tmp_path: Path) -> None:
    folder = write_policies(tmp_path, desk=PRODUCT)
    found = read(folder, VALUES)
    plan = compiled(found, APIS)
    left = []
    for kept in (TESTS, TESTS.partition("- given: {client: console, scopes: [notes:read, notes:write]}")[0]):
        (tmp_path / "tests.yaml").write_text(kept.replace("[note,", "[notes.note,"))
        problems: list[str] = []
        cases = cases_of(read_yaml(tmp_path / "tests.yaml", "tests.yaml", {}), plan, problems)
        assert problems == []
        _, unnoticed = await survivors(found, plan, APIS, cases)
        left.append({each.says for each in unnoticed})
    anywhere = "the product desk may be used from anywhere"
    assert anywhere not in left[0]
    assert anywhere in left[1]
    assert "addresses is not asked of notes-v2.note" in left[1] - left[0]
