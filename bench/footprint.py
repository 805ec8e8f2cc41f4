"""What Tiergate costs a machine: how long until the first governed answer, and what it takes while nothing happens.

Starts `tiergate run` on a fresh state folder, as a newcomer would, and asks one operation with a token as soon as it
listens. Once the scenario is played it leaves platform and sandboxes alone, and reads from /proc what they hold and
use. Writes `bench/results/footprint.json`.
"""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "bench" / "results" / "footprint.json"
SETTLE_SECONDS = 10.0
"""After the scenario, before the machine's idleness is measured."""
IDLE_SECONDS = 20.0
PATIENCE_SECONDS = 180.0
LIMITS = {"first_answer_seconds": 10.0, "resident_mb": 400.0, "idle_share_of_a_core": 0.03}
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Measure, write the result, and say what is above its limit."""
    with tempfile.TemporaryDirectory(prefix="tiergate-bench-") as folder:
        measured = measure(Path(folder))
    over = [name for name, limit in LIMITS.items() if measured[name] > limit]
    result = {
        "what": "start to first governed answer; platform and sandboxes idle after the scenario",
        "measured": measured,
        "limits": LIMITS,
        "over": over,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "repeat": "make bench",
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    for name, value in measured.items():
        print(f"  {name:<24} {value:>8}" + (f"   limit {LIMITS[name]:g}" if name in LIMITS else ""))
    for name in over:
        print(f"  above its limit: {name}")
    return 1 if over else 0


def measure(folder: Path) -> dict[str, float]:
    """The numbers of one start."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIERGATE_")}
    port = _free_port()
    environment |= {"TIERGATE_STATE": str(folder / "state"), "TIERGATE_PORT": str(port)}
    out = folder / "out.txt"
    began = time.monotonic()
    with out.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tiergate", "run"],
            cwd=ROOT,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        _until(lambda: _listens(port), process, out)
        _ask(f"http://127.0.0.1:{port}", folder / "state")
        first = time.monotonic() - began
        _until(lambda: "Ctrl-C stops" in out.read_text(encoding="utf-8"), process, out)
        time.sleep(SETTLE_SECONDS)
        family = [process.pid, *_children(process.pid)]
        before = sum(map(_ticks, family))
        time.sleep(IDLE_SECONDS)
        used = (sum(map(_ticks, family)) - before) / TICKS
        resident = {name: _resident(pid) for name, pid in zip(("platform_mb", "sandboxes_mb"), family, strict=True)}
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    return {
        "first_answer_seconds": round(first, 2),
        "resident_mb": round(sum(resident.values()), 1),
        **{name: round(value, 1) for name, value in resident.items()},
        "idle_share_of_a_core": round(used / IDLE_SECONDS, 4),
    }


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def _until(happened: Callable[[], bool], process: "subprocess.Popen[bytes]", out: Path) -> None:
    """Wait; when it ends first, or takes too long, say what it said."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(out.read_text(encoding="utf-8"))
        time.sleep(0.02)


def _ask(url: str, state: Path) -> None:
    """One operation with a token: through the gateway, the console's tier and the process tier."""
    secret = json.loads((state / "demo.json").read_text(encoding="utf-8"))["clients"]["scenario"]
    with httpx.Client(base_url=url, timeout=20, trust_env=False) as http:
        form = {"grant_type": "client_credentials"}
        token = http.post("/identity/token", data=form, auth=("scenario", secret)).raise_for_status().json()
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        http.get("/service-desk/v1/overview", headers=bearer).raise_for_status()


def _children(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task").glob("*/children")
    return [int(child) for file in found for child in file.read_text(encoding="ascii").split()]


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _resident(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE / 1e6


if __name__ == "__main__":
    sys.exit(main())
