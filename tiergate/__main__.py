"""The command line.

    tiergate run                everything on embedded defaults; plays the scenario, then keeps serving
    tiergate scenario --json    plays it on a fresh temporary database and prints one JSON object
    tiergate serve              the platform in one process
    tiergate serve system       one tier apart: system, process, experience, gateway, sandboxes
    tiergate policy check       are the policies sound? offline, the same code as at run time
    tiergate policy explain OP  who may call it, how often, what is recorded, each with its line
    tiergate policy test        do the policies do what their tests say?
    tiergate openapi --check    do the published contracts match the code?
    tiergate openapi diff A B   does a changed contract break somebody?
    tiergate audit verify       is the record of calls whole? and query, export, sweep, erase
    tiergate export envoy       the policies as the configuration of an Envoy in front
    tiergate connections check  are we let in everywhere, and is what we map there?
    tiergate capabilities       what each system can, and why not
    tiergate reconcile          do the systems hold the same? what differs is mended, or is a case
    tiergate replay --dry-run   what would working on changes once more write? without it, they are
    tiergate sync undo ID       put back what a sync of an account or a person overwrote; and list, to find it
    tiergate sandbox netsuite   one sandbox alone, with a seed and faults of your own
    tiergate mcp list           which operations may language models call? and serve, for their programs

A mistake that the person at the keyboard can mend ends with one plain sentence and exit code 2.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from foundation import telemetry
from foundation.sandbox.server import CannotServe
from gateway.loader import PolicyError
from tiergate import settings as environment
from tiergate.commands import audit as audits
from tiergate.commands import capabilities
from tiergate.commands import connections as connected
from tiergate.commands import export as exports
from tiergate.commands import mcp as tools
from tiergate.commands import openapi as contracts
from tiergate.commands import policy as policies
from tiergate.commands import reconcile as reconciling
from tiergate.commands import replay as replaying
from tiergate.commands import sandbox as alone
from tiergate.commands import sync as syncing
from tiergate.settings import Settings, WrongSetting

CANNOT: Final = 2
"""Exit code for what the person at the keyboard can mend."""
INTERRUPTED: Final = 130
"""Exit code after Ctrl-C while something was still under way; as shells have it."""
_EXAMPLES: Final = """\
examples:
  tiergate run                     start everything on embedded defaults and play the scenario
  tiergate scenario --json         play it on a fresh database, print one JSON object
  TIERGATE_PORT=9000 tiergate serve
  tiergate serve system            one tier apart
  tiergate policy check            are the policies sound?
  tiergate policy explain startRun who may start a run, how often, what is recorded
  tiergate policy test             do the policies do what their tests say?
  tiergate audit verify            is the record of calls whole?
  tiergate export envoy            the policies as the configuration of an Envoy in front

Settings come from the environment: docs/reference/commands.md lists them all.
A mistake you can mend ends with one plain sentence and exit code 2.
"""
WHAT: Final = ("all", "gateway", "experience", "process", "system", "sandboxes")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code is 0, 1 for a finding, 2 for a setting, policy or port that cannot be."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    asked = parser(words[0] if words else "").parse_args(words)
    try:
        settings = environment.read(serving=getattr(asked, "what", "all"))
        telemetry.configure(level=_level(settings, asked))
        code: int = asked.command(settings, asked)
        return code
    except (WrongSetting, CannotServe) as wrong:
        print(f"tiergate: {wrong}", file=sys.stderr)
    except PolicyError as wrong:
        print("tiergate: the policies cannot be used:", *wrong.problems, sep="\n  ", file=sys.stderr)
    except ValueError as wrong:
        print(f"tiergate: {wrong}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\ntiergate: stopped before it was done.", file=sys.stderr)
        return INTERRUPTED
    return CANNOT


def parser(of: str | None = None) -> argparse.ArgumentParser:
    """The commands, each with an example; with `of`, the actions of no other command than that.

    Declaring an action loads what it works with, up to the whole platform: a sandboxes' process shall not hold that.
    """
    whole = argparse.ArgumentParser(
        prog="tiergate",
        description="The API platform that makes the systems of a professional-services firm work as one.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    run = _command(commands, "run", _run, "start everything on embedded defaults and play the scenario", "tiergate run")
    run.add_argument("--no-scenario", action="store_true", help="start only, play nothing")
    serve = _command(commands, "serve", _serve, "serve the platform, or one tier of it apart", "tiergate serve system")
    serve.add_argument("what", nargs="?", choices=WHAT, default="all", help="what this process serves (default: all)")
    serve.add_argument(
        "--with-stdin", action="store_true", help="sandboxes: end with standard input too, never outliving who started"
    )
    scenario = _command(
        commands, "scenario", _scenario, "play the scenario on a fresh database", "tiergate scenario --json"
    )
    scenario.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    scenario.add_argument(
        "--against", metavar="URL", default="", help="a gateway that runs already, on this state folder"
    )
    for name, function, declare, says in (
        ("policy", policies.policy, policies.arguments, "ask the policies, or about them"),
        ("openapi", contracts.openapi, contracts.arguments, "write the published contracts into openapi/"),
        ("audit", audits.audit, audits.arguments, "ask the record of calls, and keep it"),
        ("export", exports.export, exports.arguments, "write the policies in the words of another program"),
        ("connections", connected.connections, connected.arguments, "ask the systems behind us"),
        (
            "reconcile",
            reconciling.reconcile,
            reconciling.arguments,
            "have the systems compared, and see what differs",
        ),
        ("replay", replaying.replay, replaying.arguments, "work on changes once more, or see what that would write"),
        ("sync", syncing.sync, syncing.arguments, "what syncs of accounts and people wrote, and having it undone"),
        ("sandbox", alone.serve, alone.arguments, "serve one system's sandbox alone"),
        ("capabilities", capabilities.tell, capabilities.arguments, "what each system can, and why not"),
        ("mcp", tools.mcp, tools.arguments, "offer operations to language models, as MCP tools"),
    ):
        command = _command(commands, name, function, says, "")
        if of in (None, name):
            declare(command)
    return whole


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    function: object,
    says: str,
    example: str,
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=says, description=says.capitalize() + ".", epilog=f"Example: {example}")
    made.set_defaults(command=function)
    return made


def _run(settings: Settings, asked: argparse.Namespace) -> int:
    from tiergate.server import run

    return run(_run_all(settings, play=not asked.no_scenario))


async def _run_all(settings: Settings, *, play: bool) -> int:
    from tiergate.running import running
    from tiergate.server import until_told_to_stop

    print("Starting Tiergate: the platform in this process, the sandboxes in another.", flush=True)
    async with running(settings) as (served, sandboxes):
        from tiergate.demonstration import addresses, firm_of  # here: the sandboxes start before the rest is loaded
        from tiergate.scenario import table

        if play:
            report = await firm_of(served.settings, sandboxes.addresses, print).play()
            print("\n" + table(report) + "\n")
        print(addresses(served), flush=True)
        await until_told_to_stop(served.policies.look)
        print("\nStopping: runs end their step, nothing is lost.", flush=True)
    return 0


def _serve(settings: Settings, asked: argparse.Namespace) -> int:
    if asked.what == "sandboxes":
        from tiergate.embedded import serve as serve_sandboxes  # without the platform: a third less memory

        asyncio.run(serve_sandboxes(settings, with_stdin=asked.with_stdin))
        return 0
    from tiergate.demonstration import serve
    from tiergate.server import run

    return run(serve(settings, asked.what))


def _scenario(settings: Settings, asked: argparse.Namespace) -> int:
    return asyncio.run(_play(settings, as_json=asked.json, against=asked.against))


async def _play(settings: Settings, *, as_json: bool, against: str) -> int:
    from foundation.sandbox.server import addresses
    from tiergate.demonstration import firm_of
    from tiergate.running import running
    from tiergate.scenario import table

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    if against:
        where = addresses(settings.state / "sandboxes")
        report = await firm_of(msgspec.structs.replace(settings, public_url=against), where, say).play()
    else:
        with tempfile.TemporaryDirectory(prefix="tiergate-") as folder:
            state = Path(folder)
            fresh = msgspec.structs.replace(
                settings, state=state, database_url=f"sqlite:///{state / 'tiergate.sqlite'}", port=0, public_url=""
            )
            async with running(fresh) as (served, sandboxes):
                report = await firm_of(served.settings, sandboxes.addresses, say).play()
    print(msgspec.json.encode(report).decode() if as_json else table(report))
    return 0 if report.ok else 1


def _level(settings: Settings, asked: argparse.Namespace) -> str:
    """A person at a terminal sees the command's own words; a served process logs."""
    chosen = settings.log.upper()
    served = getattr(asked, "what", "") in WHAT
    return chosen if served or chosen == "DEBUG" else "WARNING"


if __name__ == "__main__":
    sys.exit(main())
