"""Searching: which records a domain means, and in what order they come."""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from foundation.sandbox import Box, Record
from system_apis.tryton.sandbox import working
from system_apis.tryton.sandbox.domains import BadDomain, comparable, holds
from system_apis.tryton.sandbox.errors import RpcError
from system_apis.tryton.sandbox.records import field_of, find, is_open, model_of, value_of
from system_apis.tryton.sandbox.schema import Model


def search(box: Box, model_name: str, domain: list[Any], order: Any = None, most: int | None = None) -> list[Record]:
    """The records that are meant, or the first `most`; those that are closed only where the domain speaks of it."""
    model, domain = model_of(model_name), working.resolved(box, model_name, domain)
    by = [(each[0], each[1]) for each in order or []]
    as_walked = by in ([], [("id", "ASC")])  # then a page costs what it holds, not what comes after it
    open_only = "active" in model.fields and '"active"' not in repr(domain).replace("'", '"')
    meant = (
        record
        for record in _candidates(box, model, domain)
        if (not open_only or is_open(box, model_name, record))
        and holds(domain, record, lambda each, name: _reached(box, model, each, name))
    )
    try:
        kept = list(islice(meant, most if as_walked else None))
    except BadDomain as bad:
        raise RpcError(str(bad), "") from bad
    for name, direction in reversed([] if as_walked else by):
        field_of(box, model, name)
        kept = sorted(kept, key=_named_key(name), reverse=direction == "DESC")
    return kept


def _candidates(box: Box, model: Model, domain: list[Any]) -> Iterator[Record]:
    """Those that may be meant, in the order of their ids: by a clause on ids that must hold, else every one."""
    must = [domain] if domain and isinstance(domain[0], str) else domain
    for clause in must:
        if isinstance(clause, list) and clause[:1] == ["id"] and len(clause) == 3:
            _, operator, wanted = clause
            if operator == ">" and isinstance(wanted, int):
                return box.store.walk(model.name, str(max(wanted, 0)), numbers=True)
            if operator in ("=", "in"):
                ids = wanted if isinstance(wanted, list) else [wanted]
                named = (box.store.get(model.name, str(id)) for id in sorted({id for id in ids if isinstance(id, int)}))
                return (record for record in named if record is not None)
    return box.store.walk(model.name, numbers=True)


def _reached(box: Box, model: Model, record: Record, name: str) -> list[Any]:
    """What a record holds under a name, led through relations; Tryton compares a relation by its id."""
    first, dot, rest = name.partition(".")
    if first == "id":
        return [record["id"]]
    field = field_of(box, model, first)
    held = value_of(box, model, record, field)
    each = held if isinstance(held, list) and field.relation else [held]
    if not dot:
        return each
    target = model_of(field.relation)
    inner = [find(box, target.name, id) for id in each if id is not None]
    return [value for found in inner for value in _reached(box, target, found, rest)]


def _named_key(name: str) -> Callable[[Record], tuple[bool, Any]]:
    """What records are ordered by: nothing comes first."""
    held = "_at" if name in ("last_modified_at", "write_date", "create_date") else name
    return lambda record: (record[held] is not None, comparable(record[held]))
