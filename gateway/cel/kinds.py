"""Our types as the checker of expressions knows them, and their values as an expression reads them.

A Struct is a message whose fields are those of its JSON; Money, Decimal, Date and Instant are messages without fields,
so that nothing but our exact functions takes them. An object of somebody else's document is a message likewise
(`shapes`). What an expression could not read safely (a union, a list of lists, anything at all) is left out, and
said to be when it is asked for.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool
from msgspec import inspect as types

from canonical.money import Money
from gateway.cel import exact
from gateway.cel.described import Reading
from gateway.cel.shapes import Described, Shape

PACKAGE: Final = "tiergate"
_FIELD: Final = descriptor_pb2.FieldDescriptorProto
_SCALARS: Final[dict[str, int]] = {
    "string": _FIELD.TYPE_STRING,
    "int": _FIELD.TYPE_INT64,
    "double": _FIELD.TYPE_DOUBLE,
    "bool": _FIELD.TYPE_BOOL,
}
_EXACT: Final = ("Money", "Decimal", "Date", "Instant")
_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "Money": exact.of_money,
    "Decimal": exact.of_decimal,
    "Date": exact.of_date,
    "Instant": exact.of_instant,
}
_OURS: Final = ("Parameters", "Caller")
"""Messages of our own making, which no object of a document is called like."""
Read = Callable[[Any], Any]


class Kinds:
    """The types that one operation's rules can speak of."""

    def __init__(self) -> None:
        self.fields: dict[str, dict[str, str]] = {name: {} for name in _EXACT}
        """Of each message, its fields and what they are: `string`, `Money`, `list(Line)`, `map(string)`."""
        self.unreadable: dict[str, set[str]] = {}
        """Of each message, the fields no expression can read."""
        self.missable: dict[str, set[str]] = {}
        """Of each message, the fields that may not be there."""
        self._structs: dict[str, types.StructType] = {}
        self._described: dict[Described, str] = {}

    def add(self, name: str, members: Mapping[str, Any], missable: Collection[str] = ()) -> str:
        """A message of our own making: names, and the types of what they stand for; `missable` are not always there."""
        self._begin(name)
        for key, kind in members.items():
            self._member(name, key, self.of(kind), missable=key in missable)
        return name

    def of(self, kind: Any) -> str:
        """What a type is to an expression: its name here, or nothing where it cannot be read."""
        return self._shaped(kind) if isinstance(kind, Shape) else self._name(types.type_info(kind))

    def pool(self) -> Any:
        """All messages, for the checker."""
        file = descriptor_pb2.FileDescriptorProto(name="rules.proto", package=PACKAGE, syntax="proto3")
        for name, fields in self.fields.items():
            message = file.message_type.add(name=name)
            for number, (key, said) in enumerate(fields.items(), start=1):
                _declare(message, key, number, said)
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        return pool

    def reader(self, kind: Any, named: frozenset[str], at: str = "") -> Read:
        """Makes of a value what an expression reads: only the fields that are named anywhere in it.

        `at` is the value's place. The reader of what somebody else describes raises `Invalid` for what is not so.
        """
        if isinstance(kind, Shape):
            reading = Reading(lambda message: self.fields[self._described[message]], named)
            return lambda value: reading.read(kind, value, at)
        return _Reading(self, named).of(types.type_info(kind))

    def offers(self, struct: types.StructType) -> str:
        """The message of a Struct."""
        name = str(struct.cls.__name__)
        while name in self.fields and self._structs.get(name, struct).cls is not struct.cls:
            name += "_"
        if name not in self.fields:
            self._structs[name] = struct
            self._begin(name)
            for field in struct.fields:
                self._member(name, field.encode_name, self._name(field.type), missable=_may_be_none(field.type))
        return name

    def _begin(self, message: str) -> None:
        self.fields[message], self.unreadable[message], self.missable[message] = {}, set(), set()

    def _member(self, message: str, key: str, said: str, *, missable: bool) -> None:
        entries = {_entry(other) for other, each in self.fields[message].items() if each.startswith("map(")}
        clashes = said.startswith("map(") and _entry(key) in entries
        if not said or clashes or not (key.isidentifier() and key.isascii()):
            self.unreadable[message].add(key)
            return
        self.fields[message][key] = said
        if missable:
            self.missable[message].add(key)

    def _shaped(self, shape: Shape) -> str:
        if shape.message is not None:
            return self._object(shape.message)
        if shape.item is not None:
            inner = self._shaped(shape.item)
            return f"{shape.kind}({inner})" if inner and "(" not in inner else ""
        return shape.kind

    def _object(self, message: Described) -> str:
        name = self._described.get(message)
        if name is None:
            name = message.name
            while name in self.fields or name in _OURS:
                name += "_"
            self._described[message] = name
            self._begin(name)
            for key, shape in message.fields.items():
                self._member(name, key, self._shaped(shape), missable=message.missable(key))
        return name

    def _name(self, info: types.Type) -> str:
        info = plain(info)
        if isinstance(info, types.ListType | types.VarTupleType | types.SetType | types.FrozenSetType):
            inner = self._name(info.item_type)
            return f"list({inner})" if inner and "(" not in inner else ""
        if isinstance(info, types.DictType):
            inner = self._name(info.value_type) if isinstance(plain(info.key_type), types.StrType) else ""
            return f"map({inner})" if inner and "(" not in inner else ""
        if isinstance(info, types.StructType):
            return "Money" if info.cls is Money else self.offers(info)
        return _scalar(info)


class _Reading:
    """Readers of the types of one set of rules; a Struct within itself is read by the reader that is being made."""

    def __init__(self, kinds: Kinds, named: frozenset[str]) -> None:
        self._kinds = kinds
        self._named = named
        self._made: dict[type, Read] = {}

    def of(self, info: types.Type) -> Read:
        info = plain(info)
        if isinstance(info, types.StructType) and info.cls is not Money:
            return self._struct(info)
        if isinstance(info, types.ListType | types.VarTupleType | types.SetType | types.FrozenSetType):
            read = self.of(info.item_type)
            return lambda value: [read(item) for item in value]
        if isinstance(info, types.DictType):
            read = self.of(info.value_type)
            return lambda value: {key: read(item) for key, item in value.items() if item is not None}
        name = "Money" if isinstance(info, types.StructType) else _scalar(info)
        return _READ.get(name, _as_it_is)

    def _struct(self, info: types.StructType) -> Read:
        if info.cls not in self._made:
            fields: list[tuple[str, str, Read]] = []
            self._made[info.cls] = lambda value: _fields(value, fields)
            known = self._kinds.fields[self._kinds.offers(info)]
            fields += [
                (field.name, field.encode_name, self.of(field.type))
                for field in info.fields
                if field.encode_name in self._named and field.encode_name in known
            ]
        return self._made[info.cls]


def _fields(value: Any, fields: list[tuple[str, str, Read]]) -> dict[str, Any]:
    """What is None is not there: `has` says so, and to read it breaks the rule."""
    return {said: read(held) for name, said, read in fields if (held := getattr(value, name)) is not None}


def _may_be_none(info: types.Type) -> bool:
    while isinstance(info, types.Metadata):
        info = info.type
    return isinstance(info, types.UnionType) and info.includes_none


def _as_it_is(value: Any) -> Any:
    return value


def plain(info: types.Type) -> types.Type:
    """Without what is said about a type, and without None beside it."""
    while isinstance(info, types.Metadata):
        info = info.type
    if isinstance(info, types.UnionType):
        some = [one for one in info.types if not isinstance(one, types.NoneType)]
        return plain(some[0]) if len(some) == 1 else info
    return info


def _scalar(info: types.Type) -> str:
    match info:
        case types.StrType():
            return "string"
        case types.LiteralType(values=values) if all(isinstance(each, str) for each in values):
            return "string"
        case types.BoolType():
            return "bool"
        case types.IntType():
            return "int"
        case types.FloatType():
            return "double"
        case types.DecimalType():
            return "Decimal"
        case types.DateTimeType():
            return "Instant"
        case types.DateType():
            return "Date"
        case _:
            return ""


def _declare(message: Any, key: str, number: int, said: str) -> None:
    outer, _, inner = said.rstrip(")").rpartition("(")
    # Two names that would be one in camelCase are two here: nothing of ours is read by protobuf's own JSON.
    field = message.field.add(name=key, number=number, json_name=key)
    field.label = _FIELD.LABEL_REPEATED if outer else _FIELD.LABEL_OPTIONAL
    if outer != "map":
        _typed(field, inner)
        return
    entry = message.nested_type.add(name=_entry(key))
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, label=_FIELD.LABEL_OPTIONAL, type=_FIELD.TYPE_STRING)
    _typed(entry.field.add(name="value", number=2, label=_FIELD.LABEL_OPTIONAL), inner)
    field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".{PACKAGE}.{message.name}.{entry.name}"


def _entry(key: str) -> str:
    """What protobuf wants the entries of a map to be called: `LineItemsEntry` for `line_items`."""
    return "".join(part[:1].upper() + part[1:] for part in key.split("_")) + "Entry"


def _typed(field: Any, said: str) -> None:
    if said in _SCALARS:
        field.type = _SCALARS[said]
    else:
        field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".{PACKAGE}.{said}"
