"""A policy that is changed while the process starts is in force once it serves."""

import asyncio
import shutil
from pathlib import Path

from tests.commands.conftest import change
from tests.processes import ROOT
from tiergate.assembly import Served
from tiergate.settings import read


async def test_what_changes_between_the_reading_and_the_serving_is_in_force(tmp_path: Path) -> None:
    policies = Path(shutil.copytree(ROOT / "policies", tmp_path / "policies"))
    nobody = {f"TIERGATE_{tier}_URL": "http://127.0.0.1:9" for tier in ("EXPERIENCE", "PROCESS", "SYSTEM")}
    settings = read({"TIERGATE_STATE": str(tmp_path / "state"), "TIERGATE_POLICIES": str(policies)} | nobody)
    served = Served(settings, (), gateway=True)
    before = served.plan
    change(policies / "apis" / "service-desk.yaml", "owner: ", "owner: another-")
    await served.start()
    try:
        async with asyncio.timeout(5):
            while served.governor.plan is before:  # noqa: ASYNC110 - what is waited for has no event of its own
                await asyncio.sleep(0.01)
        assert served.plan is served.governor.plan
    finally:
        await served.stop()
