"""`python -m tests.chaos.sandboxes STATE DEALS`: every sandbox, the CRM's with so many deals, until stdin ends."""

import asyncio
import sys
from functools import partial
from pathlib import Path

import msgspec

import system_apis
from foundation.sandbox.server import serve
from system_apis.salesforce.sandbox.seed import seed
from tiergate.embedded import FOLDER


def main() -> None:
    state, count = Path(sys.argv[1]), int(sys.argv[2])
    made = {name: system.sandbox() for name, system in system_apis.discover().items() if system.sandbox}
    made["salesforce"] = msgspec.structs.replace(made["salesforce"], seed=partial(seed, count=count))
    asyncio.run(serve(list(made.values()), state / FOLDER, with_stdin=True))


if __name__ == "__main__":
    main()
