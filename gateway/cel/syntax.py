"""The checked form of an expression, read from its bytes: what it names, how deep it loops, and what it may not do.

The checker says of every part its type (`cel.expr.CheckedExpr`, cel-spec's checked.proto and syntax.proto). That is
read here, field by field, since no package carries these messages for Python.
"""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from gateway.cel import exact

_HELD: Final = 2
"""The field of an `Any` that holds the message."""
_TYPE_MAP, _EXPR = 3, 4
"""Fields of CheckedExpr."""
_ID, _CONST, _IDENT, _SELECT, _CALL, _LIST, _STRUCT, _LOOP = range(2, 10)
"""Fields of Expr."""
_PARTS: Final = {_LIST: (1,), _LOOP: (2, 4, 5, 6, 7)}
"""Of a list and of a comprehension: the fields that are expressions."""
_BEGINS: Final = 4
"""Of a comprehension: what it begins with, a list where it makes one."""
_DYN, _LIST_TYPE, _MAP_TYPE, _MESSAGE_TYPE = 1, 6, 7, 9
"""Fields of Type."""
_OPERAND, _FIELD, _ASKS = 1, 2, 3
"""Fields of a select; the last one says that it is only asked whether the field is there."""
_NULL, _TEXT = 1, 6
"""Fields of Constant."""
_DOES_WITHOUT: Final = {"_||_": "||", "_&&_": "&&"}
_EQUAL: Final = {"_==_": "==", "_!=_": "!=", "@in": "in"}
NO_NULL: Final = "null is not compared with: what is null is not there, so ask has(...)"
_REFUSED: Final = ("dyn", "type")


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a checked expression."""

    named: frozenset[str]
    """Every field that is selected anywhere."""
    roots: frozenset[tuple[str, ...]]
    """What it reads of its variables: `("body", "total")`, as far as the way there is written out."""
    loops: int
    """How deep its loops are nested."""
    squared: bool
    """Whether it takes the square of what it looks at: a loop in a loop; a `map` or `filter`, whose list CEL copies for
    each item."""
    patterns: frozenset[str]
    """Regular expressions that are written out in it."""
    wrong: tuple[str, ...]
    """What it may not do."""
    hidden: tuple["Hidden", ...] = ()
    """What it may read without being broken by it that it is not there."""


class Hidden(msgspec.Struct, frozen=True, kw_only=True):
    """A field that stands beside an operator which does without one of its sides, and is not asked for with `has`."""

    message: str
    field: str
    way: str
    """As it is written: `body.end`."""
    operator: str


def facts(checked: bytes) -> Facts:
    """Those of the serialized form of a checked expression, an `Any` that holds the message."""
    fields = list(_fields(dict(_fields(checked))[_HELD]))
    kinds = dict(_entry(value) for number, value in fields if number == _TYPE_MAP)
    walk = _Walk(kinds)
    loops = walk.loops(next(value for number, value in fields if number == _EXPR))
    return Facts(
        named=frozenset(walk.named),
        roots=walk.roots(),
        loops=loops,
        squared=loops > 1 or walk.collects,
        patterns=frozenset(walk.patterns),
        wrong=tuple(dict.fromkeys(walk.wrong)),
        hidden=tuple(each for each in dict.fromkeys(walk.hidden) if each.way not in walk.asked),
    )


class _Walk:
    def __init__(self, kinds: dict[int, bytes]) -> None:
        self._kinds = kinds
        self._paths: set[tuple[str, ...]] = set()
        self._bound: set[str] = set()
        """Variables of its loops."""
        self.named: set[str] = set()
        self.patterns: set[str] = set()
        self.collects = False
        self.wrong: list[str] = []
        self.hidden: list[Hidden] = []
        self.asked: set[str] = set()
        """The ways of `has(...)`."""
        self._holds: bool | None = True
        """Whether the rule holds when what is looked at is true, or when it is false; None where neither is said."""
        self._beside = ""
        """The operator that may do without what is looked at."""

    def roots(self) -> frozenset[tuple[str, ...]]:
        return frozenset(path for path in self._paths if path[0] not in self._bound and not path[0].startswith("@"))

    def loops(self, expr: bytes) -> int:
        """Look at an expression and all that is in it; how deep loops are nested there."""
        kind, said, number = _Walk._opened(expr)
        if self._is_dyn(number):
            self.wrong.append("values of several types are mixed in it, so what it compares cannot be checked")
        if kind in (_IDENT, _SELECT):
            return self._way(expr)
        if kind == _CONST:
            if any(field == _NULL for field, _ in _fields(said)):
                self.wrong.append(NO_NULL)
            return 0
        if kind == _STRUCT and any(field == 1 and value for field, value in _fields(said)):
            self.wrong.append("it makes an object of its own; use money(...), decimal(...), date(...)")
        return self._call(said) if kind == _CALL else self._parts(kind, said)

    def _way(self, expr: bytes) -> int:
        """`body.total`: the whole way, if it is written out from a variable."""
        steps: list[tuple[str, int, bool]] = []
        kind, said, _ = self._opened(expr)
        while kind == _SELECT:
            held = dict(_fields(said))
            kind, said, number = self._opened(held[_OPERAND])
            steps.insert(0, (held[_FIELD].decode(), number, bool(held.get(_ASKS))))
            expr = held[_OPERAND]
        path = [name for name, _, _ in steps]
        self.named.update(path)
        root = dict(_fields(said))[1].decode() if kind == _IDENT else ""
        for length, (name, number, asks) in enumerate(steps, start=1):
            way = ".".join([root, *path[:length]])
            if asks:
                self.asked.add(way)
            elif self._beside:
                message = _message_of(self._kinds.get(number, b""))
                self.hidden.append(Hidden(message=message, field=name, way=way, operator=self._beside))
        if kind == _IDENT:
            self._paths.add((root, *path))
            return 0
        return self.loops(expr)

    def _call(self, said: bytes) -> int:
        held = list(_fields(said))
        name = next(value for field, value in held if field == 2).decode()
        parts = [value for field, value in held if field in (1, 3)]
        if name in _REFUSED:
            self.wrong.append(f"{name}() would hide types from the check")
        if name in _EQUAL and any(self._holds_messages(self._opened(part)[2]) for part in parts):
            self.wrong.append(f"{_EQUAL[name]} does not compare objects: {exact.COMPARED}")
        if name in exact.MADE:
            self._made(name, parts)
        if name == "matches" and (pattern := _text(parts[-1])) is not None:
            self.patterns.add(pattern)
        return max((self._side(*side) for side in self._sides(name, parts)), default=0)

    def _side(self, part: bytes, holds: bool | None, beside: str) -> int:
        before = self._holds, self._beside
        self._holds, self._beside = holds, beside
        found = self.loops(part)
        self._holds, self._beside = before
        return found

    def _sides(self, name: str, parts: list[bytes]) -> list[tuple[bytes, bool | None, str]]:
        """Each part of a call: whether the rule holds when it is true, and what may do without it.

        CEL has `error || true` for true and `error && false` for false: only where that lets the rule hold, it hides.
        """
        holds, beside = self._holds, self._beside
        if name == "!_":
            return [(parts[0], None if holds is None else not holds, beside)]
        if name == "_?_:_":
            return [(parts[0], None, beside), *((part, holds, beside) for part in parts[1:])]
        if name not in _DOES_WITHOUT:
            return [(part, None, beside) for part in parts]
        hides = holds is not (name == "_&&_") and not any(self._is_of_a_loop(part) for part in parts)
        return [(part, holds, _DOES_WITHOUT[name] if hides else beside) for part in parts]

    def _is_of_a_loop(self, expr: bytes) -> bool:
        """Whether it is what a loop has found so far, which nobody wrote."""
        kind, said, _ = self._opened(expr)
        return kind == _IDENT and dict(_fields(said))[1].startswith(b"@")

    def _made(self, name: str, parts: list[bytes]) -> None:
        """`money('1', 'EUR')`: what is written out must be money."""
        texts = [_text(part) for part in parts]
        if None not in texts:
            try:
                exact.FUNCTIONS[name].call(*texts)
            except ValueError as wrong:
                self.wrong.append(str(wrong))

    def _parts(self, kind: int, said: bytes) -> int:
        held = list(_fields(said))
        if kind == _STRUCT:
            entries = [dict(_fields(value)) for field, value in held if field == 2]
            return max((self.loops(part) for e in entries for n, part in e.items() if n in (3, 4)), default=0)
        if kind == _LOOP:
            self._bound |= {value.decode() for field, value in held if field in (1, 3, 8)}
            self.collects |= any(self._is_list(self._opened(value)[2]) for field, value in held if field == _BEGINS)
            over = max(self.loops(value) for field, value in held if field == 2)
            inner = max(self.loops(value) for field, value in held if field in _PARTS[_LOOP][1:])
            return max(over, inner + 1)
        return max((self.loops(value) for field, value in held if field in _PARTS.get(kind, ())), default=0)

    def _is_dyn(self, number: int) -> bool:
        return _dyn(self._kinds.get(number, b""))

    def _is_list(self, number: int) -> bool:
        return _LIST_TYPE in dict(_fields(self._kinds.get(number, b"")))

    def _holds_messages(self, number: int) -> bool:
        return _messages(self._kinds.get(number, b""))

    @staticmethod
    def _opened(expr: bytes) -> tuple[int, bytes, int]:
        """Which kind of expression, what it holds, and its number."""
        kind, said, number = 0, b"", 0
        for field, value in _fields(expr):
            if field == _ID:
                number = value
            elif field > _ID:
                kind, said = field, value
        return kind, said, number


def _dyn(kind: bytes) -> bool:
    held = dict(_fields(kind))
    return _DYN in held or any(
        _dyn(inner) for key in (_LIST_TYPE, _MAP_TYPE) for _, inner in _fields(held.get(key, b""))
    )


def _messages(kind: bytes) -> bool:
    held = dict(_fields(kind))
    inner = [each for key in (_LIST_TYPE, _MAP_TYPE) for _, each in _fields(held.get(key, b""))]
    return _MESSAGE_TYPE in held or any(_messages(each) for each in inner)


def _message_of(kind: bytes) -> str:
    """The name of a message's type, without its package; empty for any other type."""
    return str(dict(_fields(kind)).get(_MESSAGE_TYPE, b"").decode()).rpartition(".")[2]


def _text(expr: bytes) -> str | None:
    """The text a constant holds; None where it is no such constant."""
    said = dict(_fields(expr)).get(_CONST)
    found = dict(_fields(said)).get(_TEXT) if said is not None else None
    return found.decode() if found is not None else None


def _entry(entry: bytes) -> tuple[int, bytes]:
    held = dict(_fields(entry))
    return held.get(1, 0), held.get(2, b"")


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a protobuf message: numbers as int, everything else as bytes."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(message, at)
            yield number, value
            continue
        size = {1: 8, 5: 4}.get(wire)
        if size is None:
            size, at = _varint(message, at)
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
