"""`policies/bindings.yaml` and `policies/connections.yaml`: which system plays which role, and how to reach it."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from foundation.connections import Connection
from foundation.vendor_budget import Budget
from gateway.loader import Node, PolicyError, read
from process_apis import bindings as roles
from process_apis.bindings import Bindings
from tiergate.budgets import read_budget

_KEYS: Final = ("url", "sign_in", "timeout", "notifications", "verify", "budget")


def bindings(folder: Path, known: Iterable[str], values: Mapping[str, str]) -> Bindings:
    """The roles; `PolicyError` with each wrong line."""
    node = read(folder / "bindings.yaml", "policies/bindings.yaml", values)
    wrong = [f"{_where(node, problem)}: {problem}" for problem in roles.problems(node.plain(), set(known))]
    if wrong:
        raise PolicyError(wrong)
    found: Bindings = node.plain()
    return found


def connections(folder: Path, wanted: Iterable[str], values: Mapping[str, str]) -> dict[str, Connection]:
    """The connections of the systems in `wanted`; `PolicyError` with each wrong line or missing value."""
    node = read(folder / "connections.yaml", "policies/connections.yaml", _with_files(values))
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
        found[name] = _connection(name, plain, read_budget(said.get("budget"), name, wrong))
    if wrong:
        raise PolicyError(wrong)
    return found


def _connection(name: str, plain: Mapping[str, Any], budget: Budget | None) -> Connection:
    timeout = plain.get("timeout", {})
    return Connection(
        name=name,
        url=plain["url"],
        sign_in={key: str(value) for key, value in plain.get("sign_in", {}).items()},
        connect_timeout=_seconds(timeout.get("connect", "2s")),
        timeout=_seconds(timeout.get("total", "10s")),
        notifications={key: str(value) for key, value in plain.get("notifications", {}).items()},
        verify=plain.get("verify", ""),
        budget=budget,
    )


def _unknown(said: Node) -> list[str]:
    found = []
    for key in said.plain():
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            found.append(f"{said.at(key).where}: unknown key {key!r}{hint}")
    return found


def _where(node: Node, problem: str) -> str:
    word = problem.split("'")[1] if problem.startswith("unknown role") else problem.split(":", maxsplit=1)[0]
    return node.at(word).where if node.get(word) is not None else node.where


def _seconds(said: Any) -> float:
    text = str(said)
    return float(text.removesuffix("ms")) / 1000 if text.endswith("ms") else float(text.removesuffix("s"))


def _with_files(values: Mapping[str, str]) -> Mapping[str, str]:
    """`NAME_FILE` in the environment gives `NAME` the content of that file, as containers' secrets come."""
    found = dict(values)
    for name, path in values.items():
        if name.endswith("_FILE") and Path(path).is_file():
            found.setdefault(name.removesuffix("_FILE"), Path(path).read_text(encoding="utf-8").strip())
    return found
