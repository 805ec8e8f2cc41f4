"""The platform without its door, in a process that kills itself: `python platform_that_dies.py STATE RUN_ID STEP`.

It dies by SIGKILL in the moment step STEP of RUN_ID is done and the engine has not heard of it yet: the work is done,
the checkpoint is not. STEP 0 never comes, so that it lives until somebody ends it.
"""

import asyncio
import faulthandler
import os
import signal
import sys
from pathlib import Path

import msgspec

from process_apis.platform import Pace
from process_apis.steps import observers
from tiergate import embedded, settings
from tiergate.assembly import everything
from tiergate.running import with_demo

PACE = Pace(retry=0.05, settle=(0.05, 0.1), verify=(0.05, 0.2), poll=0.3)


def die_at(run_id: str, step: int) -> None:
    def observe(run: str, number: int, what: str) -> None:
        if (run, number, what) == (run_id, step, "done"):
            os.kill(os.getpid(), signal.SIGKILL)

    observers.append(observe)


async def main(state: Path) -> None:
    environment = {"TIERGATE_STATE": str(state), "TIERGATE_PORT": "0", "TIERGATE_LEASE_SECONDS": "2"}
    known = settings.read(environment)
    values = with_demo(known) | await embedded.introduce(state, "http://127.0.0.1:9")
    served = everything(msgspec.structs.replace(known, values=values), PACE)
    await served.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    faulthandler.enable()
    faulthandler.dump_traceback_later(50, repeat=True)  # one that hangs says where before its test loses patience
    die_at(sys.argv[2], int(sys.argv[3]))
    asyncio.run(main(Path(sys.argv[1])))
