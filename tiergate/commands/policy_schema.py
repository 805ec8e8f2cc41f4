"""`tiergate policy schema`: JSON Schema of the policy files, which editors complete and check by while one writes."""

import argparse
import json
from typing import Final

from gateway.authoring.schema import schemas, texts
from tiergate.settings import Settings

SAYS: Final = "write the JSON Schema of the policy files, for editors, into policies/schema/"
EXAMPLES: Final = """\
  tiergate policy schema                     write what changed into policies/schema/
  tiergate policy schema --check             write nothing; fail when a schema differs from the code
  tiergate policy schema --json              print them all instead
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Write, or compare."""
    command.add_argument("--check", action="store_true", help="write nothing; fail when a schema differs")


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """1 where `--check` finds a difference."""
    if asked.json:
        print(json.dumps(schemas(), indent=2))
        return 0
    folder, code = settings.policies / "schema", 0
    folder.mkdir(exist_ok=True)
    for name, text in texts().items():
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if asked.check:
            print(f"{path} differs from the code: run tiergate policy schema")
            code = 1
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path}")
    return code
