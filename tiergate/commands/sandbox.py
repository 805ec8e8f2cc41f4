"""`tiergate sandbox <system>`: one vendor's sandbox alone, on its genuine paths, useful without the platform."""

import argparse
import asyncio
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from tiergate.alone import Ready, read_plan, read_seed, run, summary
from tiergate.commands.capabilities import named
from tiergate.embedded import refuse_in_production
from tiergate.settings import Settings

EXAMPLES: Final = """\
examples:
  tiergate sandbox salesforce                              on a free port, with the firm all sandboxes know
  tiergate sandbox netsuite --port 8090 --state ./netsuite keeps its state there, for the next time
  tiergate sandbox kantata --seed firm.yaml                with records of your own
  tiergate sandbox servicenow --faults plan.yaml           that fails as planned, the same way each time

a seed file:   records: {Account: [{as: harbor, Name: Harbor Logistics}]}, besides clock, still, empty, options
a fault plan:  - {fault: timeout_after_commit, method: PUT, path: /job/, times: 1}
               faults: throttled, expired_token, server_error, html_error, slow, timeout_before_commit,
               timeout_after_commit, stale_version, truncated_body; also after, delay, headers, chance, seed
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after `tiergate sandbox`."""
    command.epilog = EXAMPLES
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("system", help="whose sandbox")
    command.add_argument("--port", type=int, default=0, help="where it listens (default: a free one)")
    command.add_argument("--seed", type=Path, metavar="FILE", help="records, options and the clock it begins with")
    command.add_argument("--faults", type=Path, metavar="FILE", help="which calls fail, and how")
    command.add_argument("--state", type=Path, metavar="FOLDER", help="keep its state there (default: forget it)")
    command.add_argument("--json", action="store_true", help="print addresses and accounts as one line of JSON")


def serve(settings: Settings, asked: argparse.Namespace) -> int:
    """Serve until Ctrl-C. `CannotServe`, `WrongSetting` and `WrongSeed` say what the person can mend (exit code 2)."""
    from foundation.sandbox.seeding import Seed

    refuse_in_production(settings)
    (system,) = named([asked.system])
    seed = read_seed(asked.seed) if asked.seed else Seed()
    rules = read_plan(asked.faults) if asked.faults else []

    def tell(ready: Ready) -> None:
        print(msgspec.json.encode(ready).decode() if asked.json else text(ready), flush=True)

    with tempfile.TemporaryDirectory(prefix="tiergate-") as folder:
        kept = asyncio.run(run(system, seed, rules, asked.state or Path(folder), asked.port, tell))
        print(summary(kept))
    return 0


def text(ready: Ready) -> str:
    """For a person: where it is, how to sign in, what it answers."""
    lines = [f"{ready.system} answers at {ready.url}"]
    if ready.tls_url:
        lines.append(f"  and at {ready.tls_url} for who trusts {ready.ca}")
    lines += ["", "Sign in with:", *(f"  {name}={value}" for name, value in ready.values.items())]
    lines += ["", "The vendor's own paths:", *(f"  {path}" for path in ready.paths)]
    lines += [
        "",
        f"What was created: {ready.url}/_sandbox/counts; which fact twice: {ready.url}/_sandbox/duplicates",
        "Ctrl-C ends it.",
    ]
    return "\n".join(lines)
