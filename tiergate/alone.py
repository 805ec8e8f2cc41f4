"""One sandbox alone, for any developer: its seed file and fault plan read, served, and told how to sign in to it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from foundation.sandbox.faults import FaultName, FaultRule
from foundation.sandbox.kit import Sandbox
from foundation.sandbox.seeding import Entry, Seed, WrongSeed, seeded
from foundation.sandbox.server import Address, CannotServe, addresses, serve
from foundation.sandbox.store import Store
from gateway.loader import Node, PolicyError, read
from system_apis import Demo, SystemApi

_KEYS: Final = ("clock", "still", "empty", "options", "records")


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever wants to use it has to know."""

    system: str
    url: str
    tls_url: str = ""
    ca: str = ""
    """Path of the certificate to trust for `tls_url`."""
    values: dict[str, str]
    """What signs in: the `${NAME}`s of its connection; of a key, `NAME_FILE` with its path."""
    paths: list[str]
    """The vendor's own, each with its methods."""


def read_seed(path: Path) -> Seed:
    """A seed file. Raises `WrongSeed` with everything that is wrong, each with its line."""
    whole = _read(path)
    if not isinstance(whole.value, dict):
        raise WrongSeed(f"{whole.where}: a seed file is a mapping of {', '.join(_KEYS)}")
    wrong = [f"{whole.at(key).where}: {_unknown('key', key, _KEYS)}" for key in whole.value if key not in _KEYS]
    entries: list[Entry] = []
    records = whole.get("records")
    for kind, listed in (records.value if records is not None and isinstance(records.value, dict) else {}).items():
        for each in listed.value if isinstance(listed.value, list) else [listed]:
            if not isinstance(each.value, dict):
                wrong.append(f"{each.where}: {kind} is a list of records, each a mapping of fields")
                continue
            fields = _exact(each.plain())
            entries.append(Entry(where=each.where, kind=kind, name=str(fields.pop("as", "")), fields=fields))
    clock = _instant(whole, wrong)
    if wrong:
        raise WrongSeed("\n".join(wrong))
    plain = whole.plain()
    return Seed(
        entries=entries,
        options=_exact(plain.get("options") or {}),
        empty=bool(plain.get("empty")),
        clock=clock,
        still=bool(plain.get("still")),
    )


def read_plan(path: Path) -> list[FaultRule]:
    """A fault plan: a list of rules. Raises `WrongSeed` with everything that is wrong, each with its line."""
    whole = _read(path)
    if not isinstance(whole.value, list):
        raise WrongSeed(f"{whole.where}: a fault plan is a list of rules, such as `- {{fault: throttled, times: 2}}`")
    rules, wrong = [], []
    for each in whole.value:
        plain = each.plain()
        named = plain.get("fault") if isinstance(plain, dict) else None
        if isinstance(named, str) and named not in get_args(FaultName):
            wrong.append(f"{each.at('fault').where}: {_unknown('fault', named, get_args(FaultName))}")
            continue
        try:
            rules.append(msgspec.convert(plain, FaultRule))
        except (msgspec.ValidationError, ValueError) as unfit:
            wrong.append(f"{each.where}: {unfit}")
    if wrong:
        raise WrongSeed("\n".join(wrong))
    return rules


def made(system: SystemApi, seed: Seed, rules: list[FaultRule]) -> tuple[Sandbox, Demo]:
    """The sandbox, seeded and broken as asked, with credentials of its own. `CannotServe` where it has none."""
    if system.sandbox is None or system.demo is None:
        raise CannotServe(f"{system.name} has no sandbox")
    sandbox, demo = system.sandbox(), system.demo()
    known = msgspec.structs.replace(sandbox, options={**sandbox.options, **demo.options})
    return seeded(known, seed, rules), demo


async def run(system: SystemApi, seed: Seed, rules: list[FaultRule], state: Path, port: int, tell: Any) -> Path:
    """Serve it until told to stop; `tell` is called with `Ready` once it answers. The file its state is in."""
    sandbox, demo = made(system, seed, rules)
    ready = asyncio.Event()
    task = asyncio.create_task(serve([sandbox], state, ports={system.name: port}, ready=ready, clock=seed.time()))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not task.done():
        tell(_ready(sandbox, demo, addresses(state)[system.name], state))
    await task
    return state / f"{system.name}.sqlite"


def summary(state: Path) -> str:
    """What was created there, in one sentence."""
    store = Store(state)
    created = {kind: each["create"] for kind, each in store.counts().items() if "create" in each}
    twice = [f"{each.kind} {each.fact!r}" for each in store.duplicates()]
    store.close()
    said = ", ".join(f"{number} {kind}" for kind, number in created.items()) or "nothing"
    return f"Created: {said}. Created twice: {', '.join(twice) or 'nothing'}."


def _ready(sandbox: Sandbox, demo: Demo, where: Address, state: Path) -> Ready:
    values = {f"{sandbox.name.upper()}_URL": where.url}
    for name, value in demo.values.items():
        if "\n" in value:
            file = state / name
            file.touch(mode=0o600)
            file.write_text(value)
            values[f"{name}_FILE"] = str(file)
        else:
            values[name] = value
    paths = [
        f"{' '.join(sorted(route.http_methods)):<24}{path.replace(':str}', '}')}"
        for route in sandbox.routes
        for path in sorted(route.paths)
    ]
    return Ready(system=sandbox.name, url=where.url, tls_url=where.tls_url, ca=where.ca, values=values, paths=paths)


def _read(path: Path) -> Node:
    try:
        return read(path, str(path), {})
    except OSError as missing:
        raise WrongSeed(f"{path} cannot be read: {missing.strerror}") from missing
    except PolicyError as broken:
        raise WrongSeed("\n".join(broken.problems)) from broken


def _instant(whole: Node, wrong: list[str]) -> datetime | None:
    said = whole.get("clock")
    if said is None:
        return None
    try:
        found = datetime.fromisoformat(str(said.value))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        wrong.append(f"{said.where}: clock is {said.value!r}; it is an instant such as 2026-11-28T09:00:00Z")
        return None
    return found


def _exact(value: Any) -> Any:
    """Numbers with a fraction as they stand in the file, never as floats."""
    if isinstance(value, Mapping):
        return {name: _exact(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_exact(each) for each in value]
    return Decimal(repr(value)) if isinstance(value, float) else value


def _unknown(what: str, name: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(name, known, 1)
    return f"no {what} is called {name!r}: " + (f"did you mean {near[0]!r}?" if near else f"one of {', '.join(known)}")
