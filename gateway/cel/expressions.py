"""One operation's expressions: checked by CEL's own type checker against the operation's types, then asked of a call.

They are checked as messages, so that an unknown field, name or function and every comparison of unlike things is found
before the first call; and asked of plain maps, in which what was not sent is not there, so that reading it is an error.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
from cel_expr_python import cel

from gateway.cel import exact, syntax
from gateway.cel.kinds import PACKAGE, Kinds, Read
from gateway.conversion import did_you_mean

LONGEST: Final = 1_000
"""Characters of an expression. CEL itself nests no deeper than 32 and takes no more than 10,000 steps of loops."""
DEEPEST: Final = 2
"""Loops within loops: three would take the cube of a body's lines."""
_STANDARD: Final = (
    "all exists exists_one filter map has size contains startsWith endsWith matches int double string bool duration "
    "timestamp"
).split()
_OPERATORS: Final = re.compile(r"^(?:@in|@?_?(!|-|[^\w\s@]+)_?)$")
_NOT_THERE: Final = re.compile(r'Key not found in map : "([^"]*)"')
_CUSTOM: Final = "OUT_OF_RANGE: "
"""What CEL puts before the words of a function of ours that failed."""
_TOO_DEEP: Final = "it is nested too deeply: make it several rules"
TOO_MUCH: Final = "there is too much in it to be checked"


class Expression(msgspec.Struct, frozen=True, kw_only=True):
    """One that is checked."""

    text: str
    facts: syntax.Facts
    hidden: tuple[syntax.Hidden, ...] = ()
    """What may not be there without breaking it, though it is read."""

    @property
    def pointer(self) -> str:
        """The one thing of a call that it is about, as a JSON Pointer or `parameter:name`; empty where several."""
        said = [path for path in self.facts.roots if path[0] in ("body", "parameters")]
        if len(said) != 1 or len(said[0]) < 2:
            return ""
        root, *way = said[0]
        return f"parameter:{way[0]}" if root == "parameters" else "".join(f"/{part}" for part in way)


class Vocabulary:
    """What the rules of one operation can speak of: variables, each with its type."""

    def __init__(self) -> None:
        self.kinds = Kinds()
        self._variables: dict[str, str] = {}
        self._types: dict[str, Any] = {}
        self._unreadable: set[str] = set()
        self._env: Any = None

    def variable(self, name: str, kind: Any) -> bool:
        """Let rules read a value of this type; False where nothing in it could be read."""
        said = self.kinds.of(kind)
        if said:
            self._variables[name], self._types[name] = said, kind
        else:
            self._unreadable.add(name)
        return bool(said)

    def group(self, name: str, members: Mapping[str, Any], missable: Collection[str] = ()) -> None:
        """Let rules read several values under one name; `missable` are not always there."""
        self._variables[name] = self.kinds.add(name.capitalize(), members, missable)
        self._types[name] = members

    def check(self, text: str) -> Expression | str:
        """The expression, if it can be asked of every call; else the sentence that says why not."""
        if len(text) > LONGEST:
            return f"it is {len(text)} characters long, and an expression has {LONGEST} at most: make it two rules"
        if self._env is None:
            self._env = self._checking()
        try:
            checked = self._env.compile(text)
        except RuntimeError as refused:
            return self._plainly(str(refused))
        if checked.return_type() != cel.Type.BOOL:
            return f"it says {_kind(checked.return_type().name())}, and a rule says true or false"
        found = syntax.facts(checked.serialize())
        if found.wrong:
            return "; ".join(found.wrong)
        if found.loops > DEEPEST:
            return f"{found.loops} loops stand within one another, and {DEEPEST} may"
        if not found.roots:
            return f"it looks at nothing of the call (known: {', '.join(self._variables)})"
        if bad := [pattern for pattern in found.patterns if _broken(_MATCHES, {"pattern": pattern}) is not None]:
            return f"{bad[0]!r} is no regular expression (RE2)"
        hidden = tuple(each for each in found.hidden if each.field in self.kinds.missable.get(each.message, ()))
        return Expression(text=text, facts=found, hidden=hidden)

    def readers(self, expressions: list[Expression]) -> dict[str, Read]:
        """For each variable what makes of its value what these expressions read."""
        named = frozenset().union(*(each.facts.named for each in expressions))
        found: dict[str, Read] = {}
        for name, kind in self._types.items():
            if isinstance(kind, Mapping):
                readable = self.kinds.fields[name.capitalize()]
                members = {
                    key: self.kinds.reader(each, named, f"parameter:{key}")
                    for key, each in kind.items()
                    if key in named and key in readable
                }
                found[name] = _group(members)
            else:
                found[name] = self.kinds.reader(kind, named)
        return found

    def _checking(self) -> Any:
        functions = [
            cel.FunctionDecl(
                name,
                [
                    cel.Overload(
                        f"{name}_{number}",
                        return_type=_type(gives),
                        parameters=[_type(each) for each in takes],
                        impl=function.call,
                    )
                    for number, (takes, gives) in enumerate(function.overloads)
                ],
            )
            for name, function in exact.FUNCTIONS.items()
        ]
        variables = {name: _type(said) for name, said in self._variables.items()}
        return cel.NewEnv(descriptor_pool=self.kinds.pool(), variables=variables, functions=functions)

    def _plainly(self, refused: str) -> str:
        """The checker's words in those of who writes policies, with the place in the expression."""
        found = [
            f"{_place(line, column)}{self._sentence(says)}"
            for line, column, says in re.findall(
                r"ERROR: <input>:(-?\d+):(-?\d+): (.*?)(?: \[[A-Z_]+\])?$", refused, re.MULTILINE
            )
        ]
        if found:
            return "; ".join(dict.fromkeys(found))
        return _TOO_DEEP if "recursion" in refused else refused.partition("\n")[0]

    def _sentence(self, says: str) -> str:
        if match := re.match(r"undefined field '(.+)' not found in struct '[\w.]*?(\w+)'", says):
            return self._no_field(match[1], match[2])
        if match := re.match(r"undeclared reference to '(.+?)'", says):
            name = match[1].partition(".")[0]
            if name in self._unreadable:
                return f"{name!r} is of a type that no rule can read"
            return f"nothing is called {name!r}{did_you_mean(name, [*self._variables, *exact.FUNCTIONS, *_STANDARD])}"
        if match := re.match(r"found no matching overload for '(.+?)' applied to '(.*)'", says):
            return _no_overload(match[1], match[2])
        if "recursion depth" in says:
            return _TOO_DEEP
        return says.replace(f"{PACKAGE}.", "")

    def _no_field(self, field: str, message: str) -> str:
        if field in self.kinds.unreadable.get(message, ()):
            return f"{message} has the field {field!r}, but of a type that no rule can read"
        if not self.kinds.fields[message]:
            return f"{message} has no fields here: {exact.COMPARED}, and ask currency(...) of money"
        return f"{message} has no field {field!r}{did_you_mean(field, self.kinds.fields[message])}"


def _group(members: Mapping[str, Read]) -> Read:
    def read(value: Mapping[str, Any]) -> dict[str, Any]:
        return {key: one(value[key]) for key, one in members.items() if value.get(key) is not None}

    return read


def _type(said: str) -> Any:
    outer, _, inner = said.rstrip(")").rpartition("(")
    if outer == "list":
        return cel.Type.List(_type(inner))
    if outer == "map":
        return cel.Type.Map(cel.Type.STRING, _type(inner))
    scalars = {"string": cel.Type.STRING, "int": cel.Type.INT, "double": cel.Type.DOUBLE, "bool": cel.Type.BOOL}
    return scalars.get(said) or cel.Type(f"{PACKAGE}.{said}")


def _place(line: str, column: str) -> str:
    if int(column) < 0:
        return ""
    return f"at character {column}: " if line == "1" else f"in its line {line}, at character {column}: "


def _kind(name: str) -> str:
    return name.replace(f"{PACKAGE}.", "").lower() if name.isupper() else name.replace(f"{PACKAGE}.", "")


def _no_overload(function: str, taken: str) -> str:
    kinds = taken.replace(f"{PACKAGE}.", "")
    operator = _OPERATORS.match(function)
    name = (operator[1] or "in") if operator else function
    if "null_type" in kinds:
        return syntax.NO_NULL
    hint = f"; {exact.COMPARED}" if any(kind in kinds for kind in ("Money", "Decimal", "Date", "Instant")) else ""
    if name in "+-*" and hint:
        hint = "; add and multiply money and decimals with sum, plus, minus and times"
    return f"{name!r} does not take {kinds}{hint}"


class Asked:
    """The same expressions, made to be asked of calls. Their variables are plain maps, lists and scalars."""

    def __init__(self, expressions: list[str], variables: list[str]) -> None:
        functions = []
        for name, function in exact.FUNCTIONS.items():
            kinds = {len(takes): [_runs(each) for each in takes] for takes, _ in function.overloads}
            gives = _runs(function.overloads[0][1])
            functions.append(
                cel.FunctionDecl(
                    name,
                    [
                        cel.Overload(f"{name}_{count}", return_type=gives, parameters=takes, impl=function.call)
                        for count, takes in kinds.items()
                    ],
                )
            )
        env = cel.NewEnv(variables=dict.fromkeys(variables, cel.Type.DYN), functions=functions)
        self._compiled = [env.compile(each) for each in expressions]

    def broken(self, values: Mapping[str, Any]) -> list[str | None]:
        """Of each expression None where it holds; else why it does not, which is empty where it says so itself."""
        return [_broken(each, values) for each in self._compiled]


def _runs(said: str) -> Any:
    """What a type is while a rule is asked: the exact ones are text."""
    if said.startswith("list("):
        return cel.Type.LIST
    return {"bool": cel.Type.BOOL, "int": cel.Type.INT}.get(said, cel.Type.STRING)


_MATCHES: Final = cel.NewEnv(variables={"pattern": cel.Type.STRING}).compile(
    "''.matches(pattern) || !''.matches(pattern)"
)


def _broken(compiled: Any, values: Mapping[str, Any]) -> str | None:
    try:
        found = compiled.eval(data=values)
        said = found.value()
    except RuntimeError as failed:
        return TOO_MUCH if "budget" in str(failed) else "it cannot be decided"
    if found.type() != cel.Type.ERROR:
        return None if said is True else ""
    words = str(said)
    if missing := _NOT_THERE.search(words):
        return f"{missing[1]} is not there"
    return words.removeprefix(_CUSTOM) if words.startswith(_CUSTOM) else "it cannot be decided"
