"""Each way Kantata can fail has its fault, and nothing is left behind by it."""

from typing import Any

import httpx
import pytest

from canonical.faults import Fault, OutcomeUnknown, VendorBusy, VendorDown, VendorSignIn, VendorTimeout
from canonical.objects import Project
from foundation.connections import Connection
from foundation.sandbox import Box, FaultRule
from system_apis.kantata.adapter import Kantata
from system_apis.kantata.auth import sign_in
from tests.kantata.conftest import KEY

ON_A_READ: list[tuple[Any, type[Fault]]] = [
    ("throttled", VendorBusy),
    ("expired_token", VendorSignIn),
    ("server_error", VendorDown),
    ("html_error", VendorDown),
    ("timeout_before_commit", VendorTimeout),
    ("timeout_after_commit", VendorTimeout),
    ("truncated_body", VendorDown),
]
ON_A_WRITE: list[tuple[Any, type[Fault]]] = [
    ("throttled", VendorBusy),
    ("expired_token", VendorSignIn),
    ("server_error", VendorDown),
    ("html_error", VendorDown),
    ("timeout_before_commit", OutcomeUnknown),
    ("timeout_after_commit", OutcomeUnknown),
    ("truncated_body", OutcomeUnknown),
]


@pytest.mark.parametrize(("fault", "kind"), ON_A_READ)
async def test_a_read_that_fails(box: Box, kantata: Kantata, project: Project, fault: Any, kind: type[Fault]) -> None:
    written = await kantata.upsert_project(KEY, project)
    box.faults.add(FaultRule(fault=fault, method="GET"))
    with pytest.raises(kind) as failure:
        await kantata.project(written.id)
    assert failure.value.system == "kantata"
    assert (await kantata.project(written.id)).id == written.id


@pytest.mark.parametrize(("fault", "kind"), ON_A_WRITE)
async def test_a_write_that_fails(box: Box, kantata: Kantata, project: Project, fault: Any, kind: type[Fault]) -> None:
    box.faults.add(FaultRule(fault=fault, method="POST"))
    with pytest.raises(kind):
        await kantata.upsert_project(KEY, project)
    await kantata.upsert_project(KEY, project)
    assert box.store.duplicates() == []


async def test_a_slow_answer_is_still_an_answer(box: Box, kantata: Kantata, project: Project) -> None:
    box.faults.add(FaultRule(fault="slow", delay=0.01))
    assert (await kantata.upsert_project(KEY, project)).created is True


async def test_a_record_locked_there_is_refused_in_its_own_words(box: Box, kantata: Kantata, project: Project) -> None:
    box.faults.add(FaultRule(fault="stale_version", method="POST"))
    with pytest.raises(Fault, match="The record is locked"):
        await kantata.upsert_project(KEY, project)


async def test_who_our_token_is(kantata: Kantata) -> None:
    account = await kantata.whoami()
    assert (account.system, account.instance, account.user) == ("kantata", "kantata", "tiergate@acme.example")


async def test_a_wrong_token_is_a_refused_sign_in_that_does_not_tell_it(box: Box) -> None:
    connection = Connection(name="kantata", url="http://kantata", sign_in={"token": "nonsense"})
    async with httpx.AsyncClient(transport=box.transport(), base_url=connection.url, auth=sign_in(connection)) as http:
        with pytest.raises(VendorSignIn) as refusal:
            await Kantata(http).whoami()
    assert "nonsense" not in str(refusal.value)


def test_a_connection_without_a_token_is_named() -> None:
    with pytest.raises(ValueError, match=r"sign_in\.token is missing"):
        sign_in(Connection(name="kantata", url="http://kantata"))
