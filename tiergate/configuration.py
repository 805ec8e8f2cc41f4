"""`policies/bindings.yaml`, `connections.yaml`, `ownership.yaml`, `commitment.yaml`: which system plays which role, how
it is reached, which field is whose, and from when on a deal is prepared for."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final, cast

import httpx

import experience_apis
from canonical.ownership import Ownership
from canonical.ports import operations
from foundation.checking import Inspectable
from foundation.connections import Connection
from foundation.explaining import Explained
from foundation.vendor_budget import Budget
from gateway.commitment import read_commitment
from gateway.loader import Node, PolicyError, read
from gateway.ownership import read_ownership
from gateway.words import Duration
from process_apis import bindings as roles
from process_apis.bindings import Bindings
from process_apis.platform import Commitment
from system_apis import Adapter, SystemApi
from tiergate.budgets import read_budget

_UNSET: Final = re.compile(r"[^:]+:(\d+): \$\{(\w+)\} is not set")
_SYSTEM: Final = re.compile(r"^(\w+):")
_KEYS: Final = ("url", "sign_in", "timeout", "notifications", "verify", "budget", "region", "legal_entities", "options")


def bindings(folder: Path, known: Mapping[str, SystemApi], values: Mapping[str, str]) -> Bindings:
    """The roles; `PolicyError` with each wrong line: a name nobody has, a role its system does not play."""
    node = read(folder / "bindings.yaml", "policies/bindings.yaml", values)
    plays = {name: system.roles for name, system in known.items()}
    wrong = [f"{node.at(*where).where}: {said}" for where, said in roles.problems(node.plain(), plays)]
    if wrong:
        raise PolicyError(wrong)
    found: Bindings = node.plain()
    return found


def ownership(folder: Path) -> Ownership:
    """Who owns which field; `PolicyError` with each wrong line."""
    return read_ownership(folder, {face.api.name for face in experience_apis.discover().values()})


def commitment(folder: Path) -> Commitment:
    """From when on deals are prepared for; never, without the file. `PolicyError` with each wrong line."""
    said = read_commitment(folder)
    return Commitment(probability=said.probability, stages=frozenset(said.stages))


def connections(folder: Path, wanted: Iterable[str], values: Mapping[str, str]) -> dict[str, Connection]:
    """The connections of the systems in `wanted`; `PolicyError` with each wrong line or missing value of theirs."""
    wanted = list(wanted)
    node = _read(folder / "connections.yaml", wanted, _with_files(values))
    wrong: list[str] = []
    found = {}
    for name in wanted:
        said = node.get(name)
        if said is None:
            wrong.append(f"{node.where}: {name} is bound in bindings.yaml but has no connection here")
            continue
        wrong += _unknown(said)
        plain = said.plain()
        if not str(plain.get("url", "")).startswith(("http://", "https://")):
            wrong.append(f"{said.where}: {name}.url must be an address that begins with http:// or https://")
            continue
        found[name] = _connection(name, said, read_budget(said.get("budget"), name, wrong), wrong)
    if wrong:
        raise PolicyError(wrong)
    return found


def kept_there(bound: Bindings, found: Mapping[str, Connection]) -> None:
    """`PolicyError` where a system is bound for a legal entity whose business its connection does not say it keeps."""
    wrong = []
    for role, systems in bound.items():
        for entity, name in systems.items() if isinstance(systems, dict) else ():
            kept = found[name].legal_entities if name in found else ()
            if kept and entity not in kept:
                wrong.append(
                    f"{found[name].where}: {name} keeps {', '.join(kept)} by its legal_entities,"
                    f" and bindings.yaml binds it as the {roles.ROLE_TITLES[role]} of {entity}"
                )
    if wrong:
        raise PolicyError(wrong)


def _read(path: Path, wanted: Collection[str], values: Mapping[str, str]) -> Node:
    """The file. What a system that nobody wants needs in the environment may be missing there."""
    try:
        return read(path, "policies/connections.yaml", values)
    except PolicyError as unread:
        theirs, missing = [], {}
        lines = path.read_text(encoding="utf-8").splitlines()
        for problem in unread.problems:
            unset = _UNSET.match(problem)
            if unset and _section(lines, int(unset[1])) not in wanted:
                missing[unset[2]] = ""
            else:
                theirs.append(_of_file(problem, values))
        if theirs:
            raise PolicyError(theirs) from unread
    return read(path, "policies/connections.yaml", {**values, **missing})


def _section(lines: Sequence[str], line: int) -> str:
    """The system whose entry a line (1 the first) is in."""
    names = (known[1] for text in reversed(lines[:line]) if (known := _SYSTEM.match(text)))
    return next(names, "")


def adapter(system: SystemApi, connection: Connection, transport: httpx.AsyncBaseTransport | None = None) -> Adapter:
    """The system's adapter; `PolicyError` with file and line where its sign-in, notifications or options cannot be."""
    if unfit := _unfit(system, connection):
        raise PolicyError(unfit)
    try:
        return system.connect(connection, transport)
    except (ValueError, OSError) as wrong:
        raise PolicyError([f"{connection.where}: {system.name} cannot be connected: {wrong}"]) from wrong


def serving(system: SystemApi, connection: Connection) -> Adapter:
    """The same for the system tier: whose faults say which field or word differs from what we map."""
    made = adapter(system, connection)
    if not system.checks:
        return made
    names = [each.attribute for port in system.ports for each in operations(port)]
    return cast(Adapter, Explained(system.name, system.title, cast(Inspectable, made), system.checks, names))


def _connection(name: str, said: Node, budget: Budget | None, wrong: list[str]) -> Connection:
    plain = said.plain()
    return Connection(
        name=name,
        url=plain["url"],
        sign_in={key: str(value) for key, value in plain.get("sign_in", {}).items()},
        connect_timeout=_seconds(said, "connect", "2s", wrong),
        timeout=_seconds(said, "total", "10s", wrong),
        notifications={key: str(value) for key, value in plain.get("notifications", {}).items()},
        options=_options(said, wrong),
        verify=plain.get("verify", ""),
        budget=budget,
        region=_text(said, "region", wrong),
        legal_entities=_codes(said, "legal_entities", wrong),
        where=said.at("url").where,
    )


def _options(said: Node, wrong: list[str]) -> dict[str, str]:
    found = said.plain().get("options", {})
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        wrong.append(f"{said.at('options').where}: options are words by name: {{writes: async}}")
        return {}
    return found


def _unfit(system: SystemApi, connection: Connection) -> list[str]:
    """The options of a connection that its system does not have."""
    found = []
    for name, said in connection.options.items():
        if said not in system.options.get(name, ()):
            known = "; ".join(f"{each} ({', '.join(values)})" for each, values in system.options.items()) or "none"
            found.append(f"{connection.where}: {system.name} has no option {name}: {said}; it has {known}")
    return found


def _unknown(said: Node) -> list[str]:
    found = []
    for key in said.plain():
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            found.append(f"{said.at(key).where}: unknown key {key!r}{hint}")
    return found


def _text(said: Node, key: str, wrong: list[str]) -> str:
    found = said.plain().get(key, "")
    if not isinstance(found, str):
        wrong.append(f"{said.at(key).where}: {key} is one word")
        return ""
    return found


def _codes(said: Node, key: str, wrong: list[str]) -> tuple[str, ...]:
    found = said.plain().get(key)
    if found is None:
        return ()
    if not isinstance(found, list) or not found or not all(isinstance(each, str) and each for each in found):
        wrong.append(f"{said.at(key).where}: {key} is a list of codes; without it, it is for all there are")
        return ()
    return tuple(dict.fromkeys(found))


def _seconds(said: Node, key: str, default: str, wrong: list[str]) -> float:
    node = said.at("timeout", key)
    text = said.plain().get("timeout", {}).get(key, default)
    try:
        return Duration.read(text)
    except ValueError as unread:
        wrong.append(f"{node.where}: timeout.{key}: {unread}")
        return 0.0


def _of_file(problem: str, values: Mapping[str, str]) -> str:
    """A value that is missing, though a file was named that should hold it, is a mistake about that file."""
    for name, path in values.items():
        missing = f"${{{name.removesuffix('_FILE')}}} is not set"
        if name.endswith("_FILE") and missing in problem:
            return f"{problem.partition(missing)[0]}{missing}: {name} is {path}, which is no file that can be read"
    return problem


def _with_files(values: Mapping[str, str]) -> Mapping[str, str]:
    """`NAME_FILE` in the environment gives `NAME` the content of that file, as containers' secrets come."""
    found = dict(values)
    for name, path in values.items():
        if name.endswith("_FILE") and Path(path).is_file():
            found.setdefault(name.removesuffix("_FILE"), Path(path).read_text(encoding="utf-8").strip())
    return found
