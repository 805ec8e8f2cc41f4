"""How the sandbox takes a row in: its attributes are checked, its children made with it, the rest is filled in."""

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from foundation.sandbox import Box, Record
from system_apis.oracle_fusion.sandbox import ordering_rules, rules, working_rules
from system_apis.oracle_fusion.sandbox.errors import (
    Message,
    no_attribute,
    not_valid,
    refused,
    required,
)
from system_apis.oracle_fusion.sandbox.shapes import Attribute, Resource

FIRST_ID: Final = 300000000000000
"""Ids have fifteen digits."""
USER: Final = "tiergate"


def create(box: Box, resource: Resource, body: Record) -> Record:
    """Keep a new row with its children."""
    record = _made(box, resource, body, None)
    rules.created(box, resource.name, record)
    _unique(box, resource, record)
    return box.store.insert(resource.name, str(record["_id"]), record)


def update(box: Box, resource: Resource, record: Record, body: Record) -> Record:
    """Change a row's own attributes; its children have addresses of their own, unless the resource takes them too."""
    if resource.revised:
        return _revise(box, resource, record, body)
    if children := [name for name in body if name in resource.children]:
        raise refused(f"The child {children[0]} cannot be changed with {resource.name}.", path=f"/{children[0]}")
    before = dict(record)
    _take(box, resource, record, body, new=False)
    rules.changed(box, resource.name, record, before)
    _stamp(box, record, resource)
    _unique(box, resource, record)
    return box.store.update(resource.name, str(record["_id"]), record)


def _revise(box: Box, resource: Resource, record: Record, body: Record) -> Record:
    """Change a row with its children: those that are named change, others are made."""
    before = dict(record)
    ordering_rules.begun(record)
    _merge(box, resource, record, body, record)
    rules.changed(box, resource.name, record, before)
    _stamp(box, record, resource)
    return box.store.update(resource.name, str(record["_id"]), record)


def _merge(box: Box, resource: Resource, row: Record, body: Record, top: Record) -> None:
    before = dict(row)
    own = {name: value for name, value in body.items() if name not in resource.children and name != resource.key}
    _take(box, resource, row, own, new=False)
    if resource.name == "lines":
        ordering_rules.cancelled(top, row, before)
    for name, child in resource.children.items():
        for said in body.get(name) or []:
            known = next((each for each in row[name] if _meant(child, each, said)), None)
            if known is None:
                row[name].append(_made(box, child, said, row))
            else:
                _merge(box, child, known, said, top)


def _meant(child: Resource, row: Record, said: Record) -> bool:
    """Whether a body means a row: by its key, by what identifies it besides, or since there is only one."""
    names = child.alternate or (child.key,)
    return child.single or all(said.get(name) is not None and row.get(name) == said[name] for name in names)


def delete(box: Box, resource: Resource, record: Record) -> None:
    """Forget a row."""
    rules.deleted(box, resource.name, record)
    box.store.delete(resource.name, str(record["_id"]))


def create_below(box: Box, top: Resource, record: Record, child: Resource, rows: list[Record], body: Record) -> Record:
    """Keep a new child among `rows`, somewhere inside `record`."""
    if child.single and rows:
        raise refused("Too many objects match the primary key oracle.jbo.Key.", "JBO-25013")
    row = _made(box, child, body, record)
    rows.append(row)
    rules.changed_below(box, child.name, record, rows, row)
    rules.changed(box, top.name, record, record)
    box.store.update(top.name, str(record["_id"]), record)
    return row


def update_below(
    box: Box, top: Resource, record: Record, child: Resource, rows: list[Record], row: Record, body: Record
) -> Record:
    """Change a child."""
    _take(box, child, row, body, new=False)
    rules.changed_below(box, child.name, record, rows, row)
    _stamp(box, row, child)
    rules.changed(box, top.name, record, record)
    box.store.update(top.name, str(record["_id"]), record)
    return row


def delete_below(box: Box, top: Resource, record: Record, child: Resource, rows: list[Record], row: Record) -> None:
    """Forget a child."""
    rules.deleted_below(box, child.name, rows, row)
    rows.remove(row)
    box.store.update(top.name, str(record["_id"]), record)


def _made(box: Box, resource: Resource, body: Record, parent: Record | None) -> Record:
    number = FIRST_ID + box.store.next_number("id")
    record: Record = {"_id": number, "_version": 0}
    if resource.attributes[resource.key].kind == "integer":
        record[resource.key] = parent["_id"] if parent and resource.single else number
    for name in ("CreatedBy", "CreationDate"):
        if name in resource.attributes:
            record[name] = USER if name == "CreatedBy" else _now(box)
    own = {name: value for name, value in body.items() if name not in resource.children}
    _take(box, resource, record, own, new=True)
    rules.filled(box, resource.name, record, parent)
    for name, child in resource.children.items():
        rows = body.get(name) or _referring(name, record) or working_rules.FROM_TEMPLATE.get(name, [])
        if not isinstance(rows, list) or any(not isinstance(each, dict) for each in rows):
            raise refused(f"The child {name} must be a list of objects.", path=f"/{name}")
        record[name] = []
        for each in rows:
            record[name].append(_made(box, child, each, record))
    _stamp(box, record, resource)
    rules.summed(resource.name, record)
    return record


def _referring(name: str, record: Record) -> list[Record]:
    """A party that is made under a source's reference has it as a row of its own."""
    if name != "SourceSystemReference" or not record.get("SourceSystemReferenceValue"):
        return []
    return [{each: record[each] for each in ("SourceSystem", "SourceSystemReferenceValue")}]


def _take(box: Box, resource: Resource, record: Record, body: Record, *, new: bool) -> None:
    """The attributes of a body; all that are missing are told at once."""
    hidden = box.option("hidden_fields")
    for name, value in body.items():
        known = resource.attributes.get(name)
        if name == "links":
            continue
        if known is None or f"{resource.name}.{name}" in hidden:
            raise no_attribute(resource.entity, name)
        if known.read_only or (known.once and not new and value != record.get(name)):
            raise refused(f"Attribute {name} in {resource.entity} cannot be set.", "JBO-27008", f"/{name}")
        record[name] = _value(resource, name, known, value)
    missing = [name for name, known in resource.attributes.items() if known.required and record.get(name) in (None, "")]
    if missing:
        messages = [required(resource.entity, name, f"/{name}") for name in missing]
        raise not_valid(resource.entity, str(record["_id"]), *messages)


def _value(resource: Resource, name: str, known: Attribute, value: Any) -> Any:
    if value is None or (known.kind == "string" and value == ""):
        return None
    read = _plain(known, value)
    if read is None or (known.values and read not in known.values):
        words = f"The value {value} for the attribute {name} in {resource.entity} is not valid."
        raise not_valid(resource.entity, name, Message(words, "JBO-27011", f"/{name}"))
    if known.length and len(str(read)) > known.length:
        words = f"The attribute {name} in {resource.entity} has more than {known.length} characters."
        raise not_valid(resource.entity, name, Message(words, "JBO-27004", f"/{name}"))
    return read


def _plain(known: Attribute, value: Any) -> Any:
    """The value as it is kept, None for what it cannot be. A number sent as a text stays a text."""
    try:
        match known.kind:
            case "string":
                return value if isinstance(value, str) else None
            case "boolean":
                return value if isinstance(value, bool) else None
            case "integer" | "number":
                fits = not isinstance(value, bool) and Decimal(str(value)).is_finite()
                return value if fits else None
            case "date":
                return value if date.fromisoformat(value).isoformat() == value else None
            case _:
                return datetime.fromisoformat(value).isoformat()
    except (InvalidOperation, ValueError, TypeError):
        return None


def _unique(box: Box, resource: Resource, record: Record) -> None:
    """What identifies a row identifies one."""
    keys = [resource.alternate] if resource.alternate else []
    for names in (*keys, *((name,) for name in rules.UNIQUE.get(resource.name, ()))):
        said = {name: record.get(name) for name in names}
        if None in said.values():
            continue
        others = [each for each in box.store.find(resource.name, **said) if each["_id"] != record["_id"]]
        if others:
            shown = ", ".join(str(value) for value in said.values())
            raise not_valid(
                resource.entity, str(record["_id"]), Message(f"A row with the {names[-1]} {shown} already exists.")
            )


def _stamp(box: Box, record: Record, resource: Resource) -> None:
    record["_version"] = box.store.next_number("version")
    if "LastUpdateDate" in resource.attributes:
        record |= {"LastUpdatedBy": USER, "LastUpdateDate": _now(box)}


def _now(box: Box) -> str:
    return box.now().isoformat(timespec="milliseconds")
