"""`tiergate openapi`: publish contracts, look for what is against the rules, compare two of them."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

import msgspec

from tiergate.settings import Settings, WrongSetting

EXAMPLES: Final = """\
examples:
  tiergate openapi publish                write openapi/; refused where a change would break a caller
  tiergate openapi publish --check        write nothing; fail when a contract differs from the code
  tiergate openapi lint                   everything in openapi/ against the rules
  tiergate openapi lint bought.json       a contract from elsewhere
  tiergate openapi diff old.json new.json what changed, and whether it breaks somebody
  tiergate openapi drift --days 7         where live answers differ from their contract, who reads them, what to change
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after `tiergate openapi`."""
    command.epilog = EXAMPLES
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    checking = "write nothing; fail when a contract differs"
    command.add_argument("--check", action="store_true", help=checking)
    actions = command.add_subparsers(dest="action", metavar="ACTION", title="actions (none: publish)")
    publish = _action(actions, "publish", "write openapi/; refused where a change would break a caller")
    # Not said here, it is what was said before the action: `openapi --check publish` checks too.
    publish.add_argument("--check", action="store_true", default=argparse.SUPPRESS, help=checking)
    lint = _action(actions, "lint", "what is against the rules, by its place in the document")
    lint.add_argument("files", nargs="*", type=Path, metavar="FILE", help="contracts, JSON or YAML (default: openapi/)")
    diff = _action(actions, "diff", "what changed, and whether it breaks somebody")
    diff.add_argument("files", nargs=2, type=Path, metavar="FILE", help="the old contract and the new one")
    drift = _action(actions, "drift", "where live answers differ from their contract, and what would mend it")
    drift.add_argument("--api", default="", metavar="NAME", help="of one API only: engagements, or engagements-v1")
    drift.add_argument("--days", type=float, default=30, help="seen in the last so many days (default: 30)")
    for action in (lint, diff, drift):
        action.add_argument("--json", action="store_true", help="print JSON")


def _action(actions: Any, name: str, what: str) -> argparse.ArgumentParser:
    """An action whose own `--help` says what it does, too."""
    parser: argparse.ArgumentParser = actions.add_parser(name, help=what, description=f"{what[0].upper()}{what[1:]}.")
    return parser


def openapi(settings: Settings, asked: argparse.Namespace) -> int:
    """Exit code 0 when all is well, 1 for a finding; raises `WrongSetting` for a file that cannot be read."""
    from tiergate import contracts  # the whole platform, which no other command is to load with its words

    match asked.action:
        case "lint":
            return _lint(settings, asked.files or sorted(settings.contracts.glob("*.json")), as_json=asked.json)
        case "drift":
            from tiergate.commands import openapi_drift

            return openapi_drift.run(settings, asked)
        case "diff":
            return _diff(*asked.files, as_json=asked.json)
        case _:
            return _check(contracts.check(settings)) if asked.check else _publish(settings)


def _check(wrong: list[str]) -> int:
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


def _publish(settings: Settings) -> int:
    from tiergate import contracts

    if wrong := contracts.against_the_rules(settings):
        for name, found in wrong.items():
            print(f"{settings.contracts.name}/{name} is not published: it is against the rules.", *found, sep="\n  ")
        return 1
    if broken := contracts.breaking(settings):
        for name, changes in broken.items():
            print(f"{settings.contracts.name}/{name} is not published: callers would break.", *changes, sep="\n  ")
        print("Keep the old shape, or offer the new one as the next major version.")
        print("(Nobody calls it yet? Delete the file, and it is published anew.)")
        return 1
    for line in contracts.publish(settings):
        print(line)
    return 0


def _lint(settings: Settings, files: list[Path], *, as_json: bool) -> int:
    from tiergate import contracts

    found = {str(path): contracts.lint(settings, path, _read(path)) for path in files}
    if as_json:
        print(
            json.dumps(
                {name: [{f: getattr(e, f) for f in e.__struct_fields__} for e in each] for name, each in found.items()}
            )
        )
    else:
        for name, each in found.items():
            print(f"{name}: {len(each) or 'no'} finding{'' if len(each) == 1 else 's'}", *each, sep="\n  ")
    return 1 if any(found.values()) else 0


def _diff(old: Path, new: Path, *, as_json: bool) -> int:
    from gateway.publishing.contract import compare

    try:
        changes = compare(_read(old), _read(new))
    except ValueError as dead:
        raise WrongSetting(f"the contracts cannot be compared: {dead}") from dead
    breaking = sum(change.breaking for change in changes)
    if as_json:
        print(msgspec.json.encode(changes).decode())
    else:
        print(*changes, f"{len(changes)} changes, {breaking} of them breaking", sep="\n")
    return 1 if breaking else 0


def _read(path: Path) -> dict[str, Any]:
    """A contract as OpenAPI 3.1, whoever wrote it."""
    from gateway.foreign import older, specs

    try:
        found = older.newer(specs.read(path, str(path)).document)
    except specs.Unusable as broken:
        raise WrongSetting(str(broken)) from broken
    if not isinstance(found.get("paths", {}), dict):
        raise WrongSetting(f"{path} is not an OpenAPI document: it is an object with openapi, info and paths")
    return found
