"""docs/reference/conformance.md: the table as a page. Two runs on the same code write the same."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from tests.conformance.table import Kind, Proof, Row, Token, When
from tests.processes import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "conformance.md"
BEHIND: Final = " behind Envoy"
"""What stands after the name of a row that did not conform there."""
_SAID: Final = msgspec.to_builtins(Proof())
_HEAD: Final = """\
# Conformance

Written by `make conformance`, which asks a running gateway every row of `tests/conformance/*.yaml` over a socket and
fails when one answer is not exactly as its clause demands: status, fields, problem document, and no field that nothing
demands. Structured fields are parsed by a library that is not ours.
"""


def page(rows: Mapping[str, Sequence[Row]], kinds: Mapping[str, Kind], failed: Iterable[str] = ()) -> str:
    """The whole page. `failed` names the rows that did not conform; the page says so."""
    wrong = sorted(failed)
    every = [row for found in rows.values() for row in found]
    apart = sum(bool(row.envoy) for row in every)
    not_conforming = {name.removesuffix(BEHIND) for name in wrong}
    said = f"Of {len(every)} rows {len(every) - len(not_conforming)} conform. {len(every) - apart} of them are shared: "
    said += "they are asked of an Envoy in front as well, which `tiergate export envoy` wrote from the same policies. "
    said += f"Of the other {apart} the last column says why it answers otherwise there."
    said += f" These do not: {', '.join(f'`{name}`' for name in wrong)}." if wrong else ""
    return "\n".join([_HEAD, said, *(_section(name, found, kinds) for name, found in rows.items())])


def failed_on(text: str) -> list[str]:
    """The rows a page says do not conform."""
    _, _, said = text.partition("These do not: ")
    return [name.strip("`.") for name in said.partition("\n")[0].split(", ")] if said else []


def _section(name: str, rows: Sequence[Row], kinds: Mapping[str, Kind]) -> str:
    lines = [("row", "clause", "given", "when", "then", "behind Envoy"), ("---",) * 6]
    lines += [
        (
            f"`{row.id}`",
            row.clause,
            _given(row.given) + "".join(f"<br>needs {need}" for need in row.needs),
            "<br>".join(_whens(row)),
            _then(row, kinds),
            row.envoy or "the same",
        )
        for row in rows
    ]
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"\n## {name.capitalize()}\n\n{table}\n"


def _given(token: Token | None) -> str:
    if token is None:
        return "no token"
    said = {
        name: value
        for name, value in msgspec.to_builtins(token).items()
        if value not in ("", {}) and not (name == "scheme" and value == "Bearer")
    }
    issuer = said.pop("issuer")
    return f"a token of `{issuer}`" + "".join(f"<br>{name} {_code(value)}" for name, value in said.items())


def _whens(row: Row) -> Iterator[str]:
    for step in row.before:
        yield _when(step, "first ")
    yield _when(row.when, "then " if row.before else "")


def _when(when: When, word: str) -> str:
    what = _code(when.raw) if when.raw is not None else _code(f"{when.method} {when.path}")
    said = word + what
    if not isinstance(when.given, msgspec.UnsetType):
        said += f" with {_given(when.given)}"
    said += "".join(f"<br>{name}: {_code(value)}" for name, value in when.headers.items())
    if when.proof is not None:
        changed = {name: value for name, value in msgspec.to_builtins(when.proof).items() if _SAID[name] != value}
        said += "<br>with a DPoP proof" + "".join(f", {name} {_code(value)}" for name, value in changed.items())
    if when.peer:
        said += f"<br>from {when.peer}"
    if when.certificate:
        said += f"<br>with the client certificate of {when.certificate}"
    if when.json is not msgspec.UNSET:
        said += f"<br>{_code(json.dumps(when.json))}"
    if when.text is not None:
        said += f"<br>{_code(when.text)}"
    if when.size:
        said += f"<br>a body of {when.size} bytes"
    if when.times > 1:
        said += f", {when.times} times" + (" at once" if when.at_once or when.aside else "")
    if when.aside:
        said += ", and while they are under way"
    if when.wait:
        said += f", after {'as long as ' + when.wait + ' said' if isinstance(when.wait, str) else f'{when.wait:g} s'}"
    return said


def _then(row: Row, kinds: Mapping[str, Kind]) -> str:
    then = row.then
    said = [f"**{then.status}**" if then.status else "the connection ends"]
    if then.problem:
        said.append(f"problem `{then.problem}`")
        if kinds[then.problem].error:
            said.append(f"Proxy-Status error `{kinds[then.problem].error}`")
    said += [f"{name}: {_demand(value)}" for name, value in then.headers.items()]
    said += [f"{name} = {_demand(value)}" for name, value in {**then.members, **then.json}.items()]
    said += ["the connection ends"] if then.closed else []
    return "<br>".join(said)


def _demand(value: Any) -> str:
    if value == {"any": True}:
        return "there"
    return _code(value)


def _code(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    shown = text.encode("unicode_escape").decode() if any(not c.isprintable() for c in text) else text
    shown = shown if len(shown) < 160 else f"{shown[:100]}… ({len(shown)} characters)"
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"
