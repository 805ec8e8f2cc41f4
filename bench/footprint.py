"""What Tiergate costs a machine: how long until the first governed answer, and what it takes while nothing happens.

Starts `tiergate run --no-scenario` on a fresh state folder, as a newcomer would, asks one operation with a token, then
leaves platform and sandboxes alone and reads from /proc what they hold and use. Writes `bench/results/footprint.json`.
"""

import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[1]
RESULT = ROOT / "bench" / "results" / "footprint.json"
SETTLE_SECONDS = 10.0
"""After the start, before the machine's idleness is measured."""
IDLE_SECONDS = 20.0
LIMITS = {"first_answer_seconds": 10.0, "resident_mb": 400.0, "idle_share_of_a_core": 0.03}
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Measure, write the result, and say what is above its limit."""
    with tempfile.TemporaryDirectory(prefix="tiergate-bench-") as folder:
        measured = measure(Path(folder))
    over = [name for name, limit in LIMITS.items() if measured[name] > limit]
    result = {
        "what": "start to first governed answer; platform and sandboxes idle, nothing played",
        "measured": measured,
        "limits": LIMITS,
        "over": over,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load_before": os.getloadavg()[0]},
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
    environment |= {"TIERGATE_STATE": str(folder / "state"), "TIERGATE_PORT": "0"}
    out = folder / "out.txt"
    began = time.monotonic()
    with out.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tiergate", "run", "--no-scenario"],
            cwd=ROOT,
            env=environment,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        url = _url(process, out)
        _ask(url, folder / "state")
        first = time.monotonic() - began
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


def _url(process: "subprocess.Popen[bytes]", out: Path) -> str:
    while not (found := re.search(r"Console\s+(http://\S+)/desk", out.read_text(encoding="utf-8"))):
        if process.poll() is not None:
            raise SystemExit(out.read_text(encoding="utf-8"))
        time.sleep(0.02)
    return found.group(1)


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
