"""Sandboxes that outlive every platform, and platforms that die."""

import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from canonical.dates import now
from foundation.sandbox.firm import Deal, deals
from process_apis.tables import RUNS
from tiergate import embedded, settings
from tiergate.embedded import Sandboxes

SCRIPT = Path(__file__).with_name("platform_that_dies.py")
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0


class Ground:
    """A state folder with its sandboxes, and one platform at a time upon it."""

    def __init__(self, state: Path, sandboxes: Sandboxes) -> None:
        self.state, self.sandboxes = state, sandboxes
        self.deals = {deal.code: deal for deal in deals(now().date())}
        self._platform: subprocess.Popen[bytes] | None = None

    def platform(self, run_id: str = "", dies_at: int = 0) -> subprocess.Popen[bytes]:
        """Start a platform that dies when a run has done a step; 0: never by itself."""
        command = [sys.executable, str(SCRIPT), str(self.state), run_id, str(dies_at)]
        with (self.state / "platforms.txt").open("ab") as log:
            self._platform = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env={"PYTHONPATH": str(ROOT)})
        return self._platform

    def killed(self, run_id: str, step: int) -> None:
        """One platform, until it has died at that boundary."""
        assert self.platform(run_id, step).wait(PATIENCE) == -9, (self.state / "platforms.txt").read_text()[-2000:]

    async def win(self, *codes: str) -> list[Deal]:
        """Close deals in the CRM, as another client of it would."""
        url = self.sandboxes.addresses["salesforce"].url
        app = embedded.credentials(self.state / embedded.FOLDER)["salesforce"].values
        form = {
            "grant_type": "client_credentials",
            "client_id": app["SALESFORCE_CLIENT_ID"],
            "client_secret": app["SALESFORCE_CLIENT_SECRET"],
        }
        async with httpx.AsyncClient(base_url=url) as http:
            token = (await http.post("/services/oauth2/token", data=form)).json()["access_token"]
            for code in codes:
                path = f"/services/data/v62.0/sobjects/Opportunity/{self.deals[code].id}"
                signed = {"Authorization": f"Bearer {token}"}
                (await http.patch(path, json={"StageName": "Closed Won"}, headers=signed)).raise_for_status()
        return [self.deals[code] for code in codes]

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
        code = self._platform.poll() if self._platform is not None else None
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
            self._platform.wait()


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
