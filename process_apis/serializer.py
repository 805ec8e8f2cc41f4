"""What crosses the engine's store comes back the very type it left as.

A recovered run reads the results, and the faults, its first run saw; `except Fault` must take the same branch then. So
Structs and faults are written with their names, as JSON that a person can read.
"""

import base64
import importlib
import pickle
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

import msgspec
from dbos._serialization import Serializer

from canonical.faults import Broken, Fault, FieldError

_TAG: Final = "$"
_MOVED: Final = {
    "process_apis.guards": "process_apis.opportunity_to_project.guards",
    "process_apis.opportunity_to_project_objects": "process_apis.opportunity_to_project.objects",
    "process_apis.templates": "process_apis.opportunity_to_project.templates",
}
"""Modules whose Structs runs in flight wrote under an older name."""


class RegisteredTypes(Serializer):
    """JSON with the names of our Structs and faults.

    The engine's own exceptions (a cancelled run, a lost race) are of types we do not own and are pickled, as its
    default serializer would; the database is ours alone.
    """

    def name(self) -> str:
        return "tiergate_json_1"  # stored with every row: never change it

    def serialize(self, data: Any) -> str:
        return msgspec.json.encode(_pack(data)).decode()

    def deserialize(self, serialized_data: str) -> Any:
        return _unpack(msgspec.json.decode(serialized_data))


def _pack(value: Any) -> Any:
    match value:
        case None | bool() | int() | str() | float():
            return value
        case Decimal():
            return {_TAG: "decimal", "v": str(value)}
        case datetime():
            return {_TAG: "datetime", "v": value.isoformat()}
        case date():
            return {_TAG: "date", "v": value.isoformat()}
        case list():
            return [_pack(item) for item in value]
        case tuple():
            return {_TAG: "tuple", "v": [_pack(item) for item in value]}
        case dict() if all(isinstance(key, str) for key in value):
            return {_TAG: "dict", "v": {key: _pack(item) for key, item in value.items()}}
        case msgspec.Struct():
            kind = type(value)
            return {_TAG: f"{kind.__module__}:{kind.__qualname__}", "v": msgspec.to_builtins(value)}
        case Fault():
            return {
                _TAG: "fault",
                "v": {
                    "reason": value.reason,
                    "detail": value.detail,
                    "system": value.system,
                    "errors": msgspec.to_builtins(value.errors),
                    "facts": value.facts,
                },
            }
        case BaseException():
            return _pack_foreign(value)
        case _:
            raise TypeError(f"a {type(value).__name__} cannot cross the engine's store: make it a Struct")


def _pack_foreign(error: BaseException) -> Any:
    """An exception that is not ours; one that cannot be written down is a bug of ours, and says so."""
    try:
        return {_TAG: "pickle", "v": base64.b64encode(pickle.dumps(error)).decode()}
    except Exception:  # noqa: BLE001 - what an exception of any kind does when it is pickled is its own affair
        return _pack(Broken(f"an error that cannot be stored: {type(error).__name__}"))


def _unpack(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = value["v"]
    match value[_TAG]:
        case "decimal":
            return Decimal(inner)
        case "datetime":
            return datetime.fromisoformat(inner)
        case "date":
            return date.fromisoformat(inner)
        case "tuple":
            return tuple(_unpack(item) for item in inner)
        case "dict":
            return {key: _unpack(item) for key, item in inner.items()}
        case "fault":
            kind = Fault.kinds.get(inner["reason"], Fault)
            errors = msgspec.convert(inner["errors"], list[FieldError])
            return kind(inner["detail"], system=inner["system"], errors=errors, **inner["facts"])
        case "pickle":
            return pickle.loads(base64.b64decode(inner))  # noqa: S301 - written by this class, into our own database
        case name:
            return msgspec.convert(inner, _struct(name))


@cache
def _struct(name: str) -> Any:
    module, _, qualname = name.partition(":")
    if module.split(".")[0] not in ("canonical", "process_apis", "foundation"):
        raise TypeError(f"{name} is not a type of ours")
    found: Any = importlib.import_module(_MOVED.get(module, module))
    for part in qualname.split("."):
        found = getattr(found, part)
    return found
