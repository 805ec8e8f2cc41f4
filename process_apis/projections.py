"""Projections: the owned fields of an object as plain values that can be stored, compared and told apart by a hash.

A projection holds what a system says after its own normalisation: a name it cut or wrote in capitals stands there as it
was read back. So what we wrote ourselves is recognised when the system tells us of it.
"""

import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import reduce
from typing import Any, TypeVar

import msgspec

from canonical.base import Envelope
from canonical.objects import TaxRegistration

Projection = Mapping[str, Any]
T = TypeVar("T", bound=Envelope)


def project(data: Envelope, fields: Iterable[str]) -> dict[str, Any]:
    """These fields of an object; a part's as `credit.limit`."""
    return {name: plain(reduce(getattr, name.split("."), data)) for name in fields}


def replaced(data: T, values: Projection) -> T:
    """The object with these fields as they are in a projection. `msgspec.ValidationError` where one does not fit."""
    if not values:
        return data
    whole: dict[str, Any] = msgspec.to_builtins(data)
    for name, value in values.items():
        *parts, last = name.split(".")
        reduce(dict.__getitem__, parts, whole)[last] = value
    return msgspec.convert(whole, type(data))


def digest(projection: Projection) -> str:
    """Equal for equal projections, whatever the order of their fields."""
    return hashlib.sha256(msgspec.json.encode(dict(projection), order="sorted")).hexdigest()


def edition_of(data: Envelope) -> str:
    """The version an object was read at, with a digest of what it said: where versions are stamps, two changes of one
    second have the same. As text it comes before every later version."""
    native = data.source.native_version if data.source else ""
    return f"{native[:60]}~{digest(msgspec.to_builtins(data))[:16]}"


def plain(value: Any) -> Any:
    """A value as JSON has it: amounts without idle zeros, lists of records in one order.

    Whether a tax number was checked is each system's own knowledge, and no part of it.
    """
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, TaxRegistration):
        return {"country": value.country, "scheme": value.scheme, "number": value.number}
    if isinstance(value, msgspec.Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list | tuple):
        items = [plain(item) for item in value]
        return sorted(items, key=msgspec.json.encode) if any(isinstance(item, dict) for item in items) else items
    return msgspec.to_builtins(value)


def empty(value: Any) -> bool:
    """Whether a plain value says nothing."""
    return value is None or value in ("", [], {})
