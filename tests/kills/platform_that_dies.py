"""The platform without its door, in a process that kills itself: `live(STATE, RUN_ID, STEP)` is all it does.

It dies by SIGKILL in the moment step STEP of RUN_ID is done and the engine has not heard of it yet: the work is done,
the checkpoint is not. STEP 0 never comes, so that it lives until somebody ends it. STEP `each` is the first checkpoint
of RUN_ID, or of its undoing, at which no platform on this state has died before: the steps, how the run ends, and what
it tells the service desk; also where a step fails.
"""

import asyncio
import faulthandler
import os
import signal
from pathlib import Path
from typing import Any

import msgspec
from dbos import DBOS

from process_apis.platform import Pace
from process_apis.steps import observers
from tiergate import embedded, settings
from tiergate.assembly import everything
from tiergate.running import with_demo

PACE = Pace(retry=0.05, settle=(0.05, 0.1), verify=(0.05, 0.2), poll=0.3, lag=0.2)


def die_at(run_id: str, step: int) -> None:
    def observe(run: str, number: int, what: str) -> None:
        if (run, number, what) == (run_id, step, "done"):
            os.kill(os.getpid(), signal.SIGKILL)

    observers.append(observe)


def die_at_each(run_id: str, state: Path) -> None:
    """Between the work of a checkpoint and its record, whatever the work came to."""
    run_step, died = DBOS.run_step_async, state / "died.txt"

    async def run(options: Any, work: Any, *args: Any) -> Any:
        async def done(*args: Any) -> Any:
            try:
                return await work(*args)
            finally:
                status = DBOS.step_status
                here = f"{DBOS.workflow_id} {status.step_id if status else ''} {options['name']}"
                known = died.read_text().splitlines() if died.exists() else []
                if str(DBOS.workflow_id).startswith(run_id) and here not in known:
                    died.write_text("\n".join([*known, here]))
                    os.kill(os.getpid(), signal.SIGKILL)

        return await run_step(options, done, *args)

    DBOS.run_step_async = run  # type: ignore[method-assign]  # it is a test that stands in the engine's way


async def main(state: Path) -> None:
    environment = {"TIERGATE_STATE": str(state), "TIERGATE_PORT": "0", "TIERGATE_LEASE_SECONDS": "2"}
    known = settings.read(environment)
    values = with_demo(known) | await embedded.introduce(state, "http://127.0.0.1:9")
    served = everything(msgspec.structs.replace(known, values=values), PACE)
    await served.start()
    await asyncio.Event().wait()


def live(state: Path, run_id: str, step: int | str) -> None:
    """Until it dies. What it says is in `platforms.txt`."""
    log = os.open(state / "platforms.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    faulthandler.enable()
    faulthandler.dump_traceback_later(50, repeat=True)  # one that hangs says where before its test loses patience
    if step == "each":
        die_at_each(run_id, state)
    else:
        die_at(run_id, int(step))
    asyncio.run(main(state))
