"""Serves the desk in a process of its own, which a test may kill: `python serve_desk.py STATE_FOLDER`."""

import asyncio
import sys
from pathlib import Path

from foundation.sandbox.server import serve
from tests.sandbox.desk import DESK

if __name__ == "__main__":
    asyncio.run(serve([DESK], Path(sys.argv[1])))
