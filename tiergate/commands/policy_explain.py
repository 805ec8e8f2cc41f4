"""`tiergate policy explain`: everything that holds for an operation, each value with its line."""

import argparse
from typing import Final

import msgspec

from gateway.authoring.cases import named
from gateway.authoring.effective import effective
from gateway.authoring.explain import lines, meeting
from gateway.plan import compiled
from tiergate import catalogue
from tiergate.contracts import policies_of
from tiergate.settings import Settings, WrongSetting

SAYS: Final = "say what holds for an operation, each value with its file and line"
EXAMPLES: Final = """\
  tiergate policy explain startRun                    who may start a run, how often, what is recorded
  tiergate policy explain startRun --as partner-demo  and what this client meets there
  tiergate policy explain operations.overview@v1      one of several operations of that name
  tiergate policy explain whoami --as process-tier    a tier's own workload
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """The operation, and for whom."""
    command.add_argument("operation", metavar="OPERATION", help="operationId, or API.operationId, or either with @v1")
    command.add_argument("--as", dest="client", metavar="CLIENT", help="a client id, or a tier: process-tier")


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """1 where the client is refused."""
    found = policies_of(settings)
    plan = compiled(found, catalogue.apis())
    operations = named(asked.operation, plan)
    if isinstance(operations, str):
        raise WrongSetting(operations)
    held = effective(found, plan)
    met = [meeting(plan, governed, held[governed.id], asked.client) for governed in operations] if asked.client else []
    if asked.json:
        said = [
            {
                **msgspec.to_builtins(held[governed.id]),
                **({"as": msgspec.to_builtins(met[number])} if met else {}),
            }
            for number, governed in enumerate(operations)
        ]
        print(msgspec.json.encode(said).decode())
    else:
        for number, governed in enumerate(operations):
            print(*lines(held[governed.id]), *([met[number]] if met else []), sep="\n", end="\n\n")
    return 1 if any(each.reason for each in met) else 0
