"""Writes docs/reference/ from the source, or with `--check` says what differs from it.

Every object, port, fault, system, workflow, face, policy noun and command has its row or section there, because it is
found in the tree as the platform finds it. One without a docstring stops the build.
"""

import argparse
import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Final, cast

import policy_pages
from reading import ROOT, Class, Module, Operation, modules

from experience_apis.service_desk import rules as sentences
from process_apis.judging import Guard
from system_apis import POLLED, discover
from system_apis.capabilities import behind, found, matrix
from tiergate import settings
from tiergate.__main__ import parser

REFERENCE: Final = ROOT / "docs" / "reference"
ELSEWHERE: Final = frozenset({"conformance.md", "raw-requests.md"})
"""Written by what they report of (`make conformance`, `python -m tests.wire`), and held to it by a test."""
gaps: list[str] = []
"""What has no docstring; all are named at once."""


def main() -> int:
    """Write or check every page; the exit code is 1 when something lacks its sentence or a page is not up to date."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="write nothing; fail when a page differs")
    check = arguments.parse_args().check
    pages = {name: _page(title, body()) for name, (title, body) in PAGES.items()}
    pages |= {name: _page(title, parts) for name, title, parts in policy_pages.pages(gaps)}
    stale = [name for name, text in pages.items() if not _same(name, text)]
    found = [str(path.relative_to(REFERENCE)) for path in sorted(REFERENCE.rglob("*.md"))]
    strangers = [name for name in found if name.removesuffix(".md") not in pages and name not in ELSEWHERE]
    for gap in gaps:
        print(gap)
    if check:
        for name in stale:
            print(f"docs/reference/{name}.md is not what the source says: run `make docs`")
        for name in strangers:
            print(f"docs/reference/{name} is written by nothing")
        return 1 if gaps or stale or strangers else 0
    for name in stale:
        (REFERENCE / f"{name}.md").parent.mkdir(parents=True, exist_ok=True)
        (REFERENCE / f"{name}.md").write_text(pages[name])
        print(f"wrote docs/reference/{name}.md")
    return 1 if gaps else 0


def _same(name: str, text: str) -> bool:
    path = REFERENCE / f"{name}.md"
    return path.exists() and path.read_text() == text


def _page(title: str, parts: Iterable[str]) -> str:
    return "\n\n".join([f"# {title}", "Written by `make docs` from the source; edit the docstrings.", *parts]) + "\n"


def objects() -> Iterator[str]:
    """One section an object, one row a field."""
    for module in [*modules("canonical/money.py"), *modules("canonical/base.py"), *modules("canonical/objects/*.py")]:
        yield from (_struct(each) for each in module.classes if each.fields)


def ports() -> Iterator[str]:
    """One section a port, one row an operation; then the Structs they speak in."""
    found = [module for module in modules("canonical/ports/*.py") if module.path.stem != "operation"]
    for module in found:
        for each in module.classes:
            if each.operations:
                rows = [
                    (f"`{o.id}`", f"`{o.method} {o.path}`", f"`{o.returns}`", _flat(_said(o))) for o in each.operations
                ]
                yield f"## {each.name}\n\n{_said(each)}\n\n{_table(('operationId', 'route', 'gives', ''), rows)}"
    for module in found:
        yield from (_struct(each) for each in module.classes if each.fields)


def faults() -> Iterator[str]:
    """The tree, as its module draws it."""
    for module in modules("canonical/faults.py"):
        first, _, tree = _said(module).partition("\n\n")
        yield f"{first}\n\n```text\n{tree}\n```"
        yield from (_struct(each) for each in module.classes if each.fields and "Struct" in each.bases[0])


def systems() -> Iterator[str]:
    """One section a system: what it is, its ports, and where its surprises are listed."""
    for module in modules("system_apis/*/__init__.py"):
        ports = ", ".join(f"`{port}`" for port in re.findall(r"(\w+)[,)]", module.registered["SYSTEM_API"]["ports"]))
        quirks = f"[What is surprising about it](../../system_apis/{_name(module)}/QUIRKS.md)"
        yield f"## `{_name(module)}`\n\n{_said(module)}\n\nPorts: {ports}.\n\n{quirks}"


def capabilities() -> Iterator[str]:
    """The table that `tiergate capabilities` prints."""
    told = matrix(list(discover().values()))
    heads = ("port", "operationId", *(system.title for system in told.systems))
    rows = [(f"`{port}`", f"`{operation}`", *row) for port, operation, row in told.rows]
    yield (
        "What each system can, as `tiergate capabilities` prints it: yes, or no with the reason below. An empty cell is"
        " nothing a system of its role is asked for. The port suite asks every system every operation, and holds this"
        " table to what it answers."
    )
    yield _table(heads, rows)
    yield from (f"[{number}] {why}" for number, why in enumerate(told.reasons, 1))
    yield (
        "## When a read finds what was written\n\nOf a write the same is said of its look-up. A step whose write was"
        " not answered looks again for so long before it writes once more, and a comparison that long before it counts."
    )
    late = [
        (system.title, ", ".join(f"`{name}`" for name in names) or "all others", found(reads), reads.why)
        for system, reads, names in behind(told.systems)
    ]
    yield _table(("system", "asked", "found", "why"), [*late, ("each", "polls", found(POLLED), POLLED.why)])


def clients() -> Iterator[str]:
    """One section a client, with the version its lock gives; found by the file that says what it is asked."""
    titles = {name: system.title for name, system in discover().items()}
    yield (
        "The vendors' users' own clients, unmodified: each is installed by hash into an environment where nothing of"
        " ours is, and asked of the sandbox what its users ask of the vendor (`make test-real`)."
    )
    for module in modules("tests/*/[!t]*_client.py"):  # what pytest of ours runs begins with `test_`
        client, system = _name(module).removesuffix("_client").replace("_", "-"), module.path.parent.name
        if system not in titles:
            continue  # asks us, and not a vendor
        asked = f"[What it is asked](../../tests/{system}/{module.path.name})"
        yield f"## {client} {_locked(client, client)} on {titles[system]}\n\n{_said(module)}\n\n{asked}"
    read = [
        f"[{module.path.name}](../../tests/tryton/{module.path.name})" for module in modules("tests/tryton/*_back.py")
    ]
    if not read:
        return
    yield (
        f"## proteus {_locked('tryton', 'proteus')} on a real Tryton {_locked('tryton', 'trytond')}\n\nThere it is no"
        " sandbox that is asked: a server is started, our ports write to it, and Tryton's own client reads back what"
        f" became of it: {', '.join(read)}."
    )


def _locked(name: str, package: str) -> str:
    """The version of a package that a lock gives."""
    found = re.search(rf"^{re.escape(package)}==(\S+)", (ROOT / "lock" / f"{name}.txt").read_text(), re.MULTILINE)
    if found is None:
        gaps.append(f"lock/{name}.txt does not say which {package} runs")
    return found[1] if found else ""


def workflows() -> Iterator[str]:
    """One section a process API that a module registers: by its folder's name, a version's behind it."""
    for module in modules("process_apis/**/*.py"):
        if "PROCESS_API" in module.registered:
            folder, name = module.path.parent.name, module.path.stem
            names = [each for each in (folder, name) if each not in ("process_apis", "workflow", "api")]
            yield f"## `{': '.join(names)}`\n\n{_said(module)}"


def guards() -> Iterator[str]:
    """One section a workflow that has guards, one row a rule; then the rules that nobody can be asked for, and why."""
    yield (
        "What must hold before a workflow writes anything; all that does not is told at once. What *blocks* is"
        " mended by its owner. What *holds* may be waived, too, by the approver beside it, who writes the rule's name"
        " on the contract in the CRM, for that one document; what holds a booking is excepted in `staffing`, for one"
        " person on one demand; what holds a quote is approved on the case at the service desk, for what was found, as"
        " it was found, and until a day. What *warns* is told by the run's step and trace, and stops nothing. A guard"
        " that has nothing to look at says so, and that is no pass."
    )
    for path in sorted(ROOT.glob("process_apis/*/*guards.py")):
        source = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        part = path.stem.removesuffix("guards").strip("_")
        name = f"`{path.parent.name}`{f': {part}' if part else ''}"
        rows = [(f"`{each.rule}`", _spoken(each), each.owner, _severity(each)) for each in source.GUARDS]
        yield f"## {name}\n\n{source.__doc__.strip()}\n\n{_table(('rule', 'what it finds', 'owner', ''), rows)}"
        left = [(f"`{rule}`", why) for rule, why in getattr(source, "NOT_ASKED", {}).items()]
        if left:
            yield f"Nobody is asked:\n\n{_table(('rule', 'why'), left)}"


def _spoken(guard: Guard[...]) -> str:
    """What a guard finds, as its check says it, or else the service desk."""
    said, words = (guard.check.__doc__ or "").strip(), sentences.GUARDS.get(guard.rule)
    if words and not said:
        said = words.what.format(customer="the customer", deal="the deal", system="the system")
        said = said[0].upper() + said[1:]
    if not said:
        gaps.append(f"the guard {guard.rule} has no sentence at the service desk, and its check no docstring")
    return said


def _severity(guard: Guard[...]) -> str:
    done = "approves" if guard.here else "waives"
    return {"block": "blocks", "warn": "warns"}.get(guard.severity) or f"holds until {guard.approver} {done} it"


def faces() -> Iterator[str]:
    """One section a face."""
    for module in modules("experience_apis/*/__init__.py"):
        yield f"## `{_name(module)}`\n\n{_said(module)}"


def _said(thing: Module | Class | Operation) -> str:
    """What it says of itself. Indented lines are a drawing, in Markdown too."""
    if not thing.doc:
        gaps.append(f"{thing.where} does not say what it is for")
    return thing.doc


def _name(module: Module) -> str:
    return module.path.parent.name if module.path.stem == "__init__" else module.path.stem


def _struct(each: Class, level: int = 2) -> str:
    """A Struct as a table; the columns nobody uses are left out."""
    rows = [
        (f"`{field.name}`", _code(field.type), field.data_class, _code(field.default), field.doc)
        for field in each.fields
    ]
    heads = ("field", "type", "class", "default", "")
    used = [n for n in range(len(heads)) if any(row[n] for row in rows)]
    table = _table([heads[n] for n in used], [[row[n] for n in used] for row in rows])
    return f"{'#' * level} {each.name}\n\n{_said(each)}\n\n{table}"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _flat(text: str) -> str:
    return " ".join(text.split())


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def commands() -> Iterator[str]:
    """One section a command, as `--help` says it, and one an action of it."""
    for name, command in _named(parser()).items():
        yield f"## tiergate {name}\n\n```text\n{_plain(command)}\n```"
        for action, inner in _named(command).items():
            yield f"### tiergate {name} {action}\n\n```text\n{_plain(inner)}\n```"
    yield "## Settings\n\n```text\n" + (settings.__doc__ or "").strip() + "\n```"


def _named(whole: argparse.ArgumentParser) -> "dict[str, argparse.ArgumentParser]":
    groups = whole._subparsers._group_actions if whole._subparsers else ()
    return {
        name: command
        for group in groups
        for name, command in cast("dict[str, argparse.ArgumentParser]", group.choices or {}).items()
    }


def _plain(command: argparse.ArgumentParser) -> str:
    """The help at one width, whatever the terminal's."""
    kind = command.formatter_class
    command.formatter_class = lambda prog: kind(prog, width=100)
    return command.format_help().strip()


PAGES: Final[dict[str, tuple[str, Callable[[], Iterable[str]]]]] = {
    "objects": ("Business objects", objects),
    "ports": ("Ports", ports),
    "faults": ("Faults", faults),
    "systems": ("Systems", systems),
    "clients": ("Clients by other hands", clients),
    "capabilities": ("What each system can", capabilities),
    "workflows": ("Workflows", workflows),
    "guards": ("Guards", guards),
    "faces": ("Faces", faces),
    "commands": ("The command line and its settings", commands),
}

if __name__ == "__main__":
    sys.exit(main())
