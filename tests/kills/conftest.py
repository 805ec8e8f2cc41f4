"""Sandboxes that outlive every platform, and platforms that die."""

import multiprocessing
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa

from canonical.dates import now
from foundation.sandbox.faults import FaultRule
from foundation.sandbox.firm import Deal, deals
from process_apis.tables import RUNS
from tests.crm import TOKENS, opportunity, sign_in_form
from tests.kills.platform_that_dies import live
from tiergate import settings
from tiergate.embedded import Sandboxes

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
FORKS = multiprocessing.get_context("forkserver")
"""Where platforms come from: a process that has read all our code and done nothing with it, which takes a second."""
FORKS.set_forkserver_preload(["tests.kills.platform_that_dies"])


class Ground:
    """A state folder with its sandboxes, and one platform at a time upon it."""

    def __init__(self, state: Path, sandboxes: Sandboxes) -> None:
        self.state, self.sandboxes = state, sandboxes
        self.deals = {deal.code: deal for deal in deals(now().date())}
        self._platform: ForkServerProcess | None = None

    def platform(self, run_id: str = "", dies_at: int | str = 0) -> ForkServerProcess:
        """Start a platform that dies when a run has done a step; 0: never by itself; `each`: where none died yet."""
        self._platform = FORKS.Process(target=live, args=(self.state, run_id, dies_at), daemon=True)
        self._platform.start()
        return self._platform

    def killed(self, run_id: str, step: int) -> None:
        """One platform, until it has died at that boundary."""
        platform = self.platform(run_id, step)
        platform.join(PATIENCE)
        assert platform.exitcode == -9, (self.state / "platforms.txt").read_text()[-2000:]

    def killed_everywhere(self, run_id: str, engines: str = "") -> list[str]:
        """Platforms one after the other, each dying at the next checkpoint, until none is left; those they died at.

        `engines`: how the ids of the engine's runs begin that they die in, where those are not of that name.
        """
        while not self._over(self.platform(engines or run_id, "each"), run_id):
            pass
        return [line.removeprefix(run_id) for line in (self.state / "died.txt").read_text().splitlines()]

    def _over(self, platform: ForkServerProcess, run_id: str) -> bool:
        """Whether the engine has nothing left to do for a run, and its case is told; False when the platform died."""
        engine = sa.create_engine(f"sqlite:///{self.state / 'tiergate.sqlite'}")
        left = sa.text(
            "SELECT (SELECT count(*) FROM workflow_status WHERE workflow_uuid LIKE :run || '%' AND status NOT IN"
            " ('SUCCESS', 'ERROR', 'CANCELLED')) + (SELECT count(*) FROM cases WHERE ticket_state <> 'told')"
        )
        over = (RUNS.c.id == run_id, RUNS.c.status != "running", RUNS.c.ended_at.is_not(None))
        any_yet = sa.select(sa.func.count()).select_from(RUNS).where(*over)
        deadline = time.monotonic() + PATIENCE
        try:
            while platform.exitcode is None:
                assert time.monotonic() < deadline, (self.state / "platforms.txt").read_text()[-12000:]
                with suppress(sa.exc.OperationalError), engine.connect() as connection:  # no tables before the first
                    if connection.scalar(any_yet) and not connection.scalar(left, {"run": run_id}):
                        return True
                time.sleep(0.1)
        finally:
            engine.dispose()
        assert platform.exitcode == -9, (self.state / "platforms.txt").read_text()[-12000:]
        return False

    async def fault(self, system: str, **rule: Any) -> None:
        """Plan a fault in a sandbox."""
        async with httpx.AsyncClient(trust_env=False) as http:
            url = f"{self.sandboxes.addresses[system].url}/_sandbox/faults"
            (await http.post(url, content=msgspec.json.encode(FaultRule(**rule)))).raise_for_status()

    async def records(self, system: str, kind: str) -> list[dict[str, Any]]:
        """What a sandbox holds."""
        async with httpx.AsyncClient(trust_env=False) as http:
            contents = (await http.get(f"{self.sandboxes.addresses[system].url}/_sandbox/contents")).json()
        found: list[dict[str, Any]] = contents.get(kind, [])
        return found

    async def win(self, *codes: str) -> list[Deal]:
        """Close deals in the CRM."""
        for code in codes:
            await self.change(code, StageName="Closed Won")
        return [self.deals[code] for code in codes]

    async def change(self, code: str, **fields: str) -> None:
        """Edit a deal in the CRM, as another client of it would."""
        await self.crm("PATCH", opportunity(self.deals[code].id), fields)

    async def crm(self, method: str, path: str, fields: dict[str, Any]) -> Any:
        """What the CRM answers another client of it."""
        url = self.sandboxes.addresses["salesforce"].url
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            token = (await http.post(TOKENS, data=sign_in_form(self.state))).json()["access_token"]
            signed = {"Authorization": f"Bearer {token}"}
            answer = (await http.request(method, path, json=fields, headers=signed)).raise_for_status()
            return answer.json() if answer.content else None

    def ended(self) -> dict[str, tuple[str, bool | None, int]]:
        """Wait until every run has ended: its status, whether all systems agree, and how often it was taken over."""
        engine = sa.create_engine(f"sqlite:///{self.state / 'tiergate.sqlite'}")
        deadline = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < deadline:
                with engine.connect() as connection:
                    query = sa.select(RUNS.c.id, RUNS.c.status, RUNS.c.verified, RUNS.c.takeovers)
                    rows = connection.execute(query).all()
                if rows and all(row.status != "running" for row in rows):
                    return {row.id: (row.status, row.verified, row.takeovers) for row in rows}
                time.sleep(0.1)
        finally:
            engine.dispose()
        code = self._platform.exitcode if self._platform is not None else None
        told = (self.state / "platforms.txt").read_text()[-12000:]
        raise AssertionError(f"{rows} are not over; the platform's exit code is {code}:\n{told}")

    async def duplicates(self) -> list[str]:
        """Business facts created more than once, by the sandboxes' own write logs."""
        found = []
        async with httpx.AsyncClient() as http:
            for name, address in self.sandboxes.addresses.items():
                found += [f"{name}: {each}" for each in (await http.get(f"{address.url}/_sandbox/duplicates")).json()]
        return found

    def end(self) -> None:
        """Kill whatever platform still lives."""
        if self._platform is not None:
            self._platform.kill()
            self._platform.join()


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    sandboxes = Sandboxes(settings.read({"TIERGATE_STATE": str(tmp_path), "PYTHONPATH": str(ROOT)}))
    await sandboxes.start()
    await sandboxes.introduce("http://127.0.0.1:9")  # where nobody listens: what is missed is polled
    made = Ground(tmp_path, sandboxes)
    try:
        yield made
    finally:
        made.end()
        sandboxes.stop()
