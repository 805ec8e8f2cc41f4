"""A gateway in a process of its own, to be killed: the test world's policies and desk, its record in a folder.

python -m tests.audit.process_that_dies FOLDER     prints its port; FOLDER holds policies/ and key.json
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
from joserfc.jwk import RSAKey
from litestar import Litestar

from canonical.faults import Fault
from foundation.api import fault_handler, routes
from foundation.masking import Masker
from gateway.asgi import Gateway
from gateway.audit import Trail
from gateway.governor import Governor
from gateway.plan import load
from tests.gateway.notes import APIS, NOW, VALUES, Desk, KnownKeys
from tiergate.server import Serving, probe


async def main(folder: Path) -> None:
    key = RSAKey.import_key(msgspec.json.decode((folder / "key.json").read_bytes()))
    begun = time.time()
    governor = Governor(
        load(folder / "policies", APIS, VALUES),
        trail=Trail(folder / "audit.db", Masker(b"key")),
        keys=KnownKeys(key),
        clock=lambda: NOW + time.time() - begun,
    )
    faults: Any = {Fault: fault_handler, Exception: fault_handler}
    desk = Desk()
    app = Litestar([h for api in APIS for h in routes(api, desk)], exception_handlers=faults, openapi_config=None)
    port = probe("127.0.0.1", 0)
    serving = Serving(Gateway(governor, {"experience": app, "process": app, "system": app}), "127.0.0.1", port)
    await serving.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
