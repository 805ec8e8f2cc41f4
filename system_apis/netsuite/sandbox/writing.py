"""How the sandbox takes a record in: checks, merges, fills in what NetSuite fills in, and keeps it."""

import re
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from foundation.sandbox import Box, Record
from system_apis.netsuite.sandbox import owed, tasks
from system_apis.netsuite.sandbox.errors import invalid_value, no_such_record, refused, user_error
from system_apis.netsuite.sandbox.schema import LINES, RECORDS, VALUES, Field, RecordType

FIRST_ID: Final = 100
_NUMBERED: Final = {
    # Record type -> the field NetSuite numbers by itself, and how.
    "customer": ("entityId", "CUST"),
    "job": ("entityId", "PRJ"),
    "contact": ("entityId", "CONT"),
    "salesOrder": ("tranId", "SO"),
    "invoice": ("tranId", "INV"),
    "creditMemo": ("tranId", "CM"),
    "customerPayment": ("tranId", "PYMT"),
    "expenseReport": ("tranId", "ER"),
}
_DEFAULTS: Final[dict[str, Record]] = {
    "customer": {"creditHoldOverride": {"id": "AUTO"}, "balance": 0, "isInactive": False, "isPerson": False},
    "job": {"isInactive": False, "entityStatus": {"id": "2"}, "allowTime": True, "allowExpenses": True},
    "salesOrder": {"orderStatus": {"id": "A"}},
    "billingSchedule": {"isInactive": False},
    "invoice": {"approvalStatus": {"id": "2"}},
    "timeBill": {"isBillable": False, "approvalStatus": {"id": "1"}},
    "expenseReport": {"complete": False, "supervisorApproval": False, "accountingApproval": False},
    "projectTask": {"nonBillableTask": False, "constraintType": {"id": "ASAP"}, "status": {"id": "NOTSTART"}},
}


def found(box: Box, kind: RecordType, ident: str) -> Record:
    """The record of an internal id or `eid:<external id>`."""
    if ident.startswith("eid:"):
        records = box.store.find(kind.name, externalId=ident.removeprefix("eid:"))
        if not records:
            raise no_such_record()
        return records[0]
    if not ident.isdigit():
        words = f"Invalid record instance identifier '{ident}'. Provide a valid record instance ID."
        raise refused(400, "INVALID_ID", words)
    record = box.store.get(kind.name, ident)
    if record is None:
        raise no_such_record()
    return record


def create(box: Box, kind: RecordType, body: Record) -> Record:
    """Keep a new record."""
    record = _merged(box, kind, dict(_DEFAULTS.get(kind.name, {})), body, frozenset())
    _derive(box, kind, record)
    _check(box, kind, record)
    native_id = str(FIRST_ID + box.store.next_number(kind.family))
    stamp = _stamp(box)
    record |= {"id": native_id, "dateCreated": stamp, "lastModifiedDate": stamp}
    made = box.store.insert(kind.name, native_id, record)
    owed.settle(box, kind.name, made)
    tasks.settle(box, kind.name, made)
    return made


def update(box: Box, kind: RecordType, old: Record, body: Record, replace: AbstractSet[str]) -> Record:
    """Change a record: null clears a field, lines of a sublist are added unless keyed or replaced."""
    record = _merged(box, kind, dict(old), body, replace)
    _derive(box, kind, record)
    _check(box, kind, record)
    record["lastModifiedDate"] = _stamp(box)
    # The store merges: a cleared field is kept as null, and null is never shown.
    kept = box.store.update(kind.name, record["id"], dict.fromkeys(old) | record)
    owed.settle(box, kind.name, kept)
    tasks.settle(box, kind.name, kept)
    return kept


def unknown_fields(kind: RecordType, body: Record) -> list[str]:
    """Names in a body that the record type does not have."""
    return [name for name in body if name not in kind.fields and name not in ("id", "links")]


def _merged(box: Box, kind: RecordType, record: Record, body: Record, replace: AbstractSet[str]) -> Record:
    for name, value in body.items():
        field = kind.fields.get(name)
        if field is None or field.read_only:
            continue
        if value is None:
            record.pop(name, None)
        elif field.kind == "sublist":
            kept = [] if name in replace else list(record.get(name, {}).get("items", []))
            record[name] = {"items": _lines(box, field.of, value, kept, name)}
        else:
            record[name] = _value(box, field, name, value, name)
    return record


def _lines(box: Box, of: str, value: Any, kept: list[Record], path: str) -> list[Record]:
    """The lines of a sublist: one with a known key (`line` of an order's, else `id`) changes it, any other is added."""
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        raise invalid_value(value, path, path=path)
    for place, given in enumerate(value["items"]):
        line = next((line for line in kept if given.get("line" if of == "item" else "id") == line["id"]), None)
        if line is None:
            line = {"id": max((each["id"] for each in kept), default=0) + 1}
            kept.append(line)
        for name, inner in given.items():
            if field := LINES[of].get(name):
                line[name] = _value(box, field, name, inner, f"{path}.items[{place}].{name}")
        missing = [field.label for name, field in LINES[of].items() if field.label and name not in line]
        if missing:
            raise user_error(f"Please enter value(s) for: {', '.join(missing)}.")
    return kept


def _value(box: Box, field: Field, name: str, value: Any, path: str) -> Any:
    """A value as it is kept, or the refusal it earns."""
    if field.kind == "ref":
        return _reference(box, field, name, value, path)
    if field.kind == "enum":
        return _enumerated(field, name, value, path)
    if field.kind == "subrecord":
        if not isinstance(value, dict):
            raise invalid_value(value, name, path=path)
        return {
            inner: _value(box, LINES[field.of][inner], inner, given, f"{path}.{inner}")
            for inner, given in value.items()
            if inner in LINES[field.of]
        }
    return _plain(field, name, value, path)


def _plain(field: Field, name: str, value: Any, path: str) -> Any:
    if field.kind == "bool" and isinstance(value, bool):
        return value
    if field.kind == "number" and isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return value
    if field.kind == "date" and isinstance(value, str) and _is_date(value):
        return value
    if field.kind == "datetime" and isinstance(value, str) and _is_instant(value):
        return value
    if field.kind == "text" and isinstance(value, str):
        if len(value) > field.length:
            words = f"contained more than the maximum number ( {field.length} ) of characters allowed."
            raise user_error(f"The field {name.lower()} {words}")
        return value
    raise invalid_value(value, name, path=path)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2026-01-31")


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _reference(box: Box, field: Field, name: str, value: Any, path: str) -> Record:
    """`{"id": ...}` or `{"externalId": ...}`; kept by internal id."""
    if not isinstance(value, dict):
        raise invalid_value(value, name, path=path)
    if "externalId" in value:
        records = box.store.find(field.of, externalId=value["externalId"])
        if records:
            return {"id": records[0]["id"]}
        raise invalid_value(value["externalId"], name, path=path)
    if box.store.get(field.of, str(value.get("id", ""))) is None:
        raise invalid_value(value.get("id", ""), name, path=path)
    return {"id": str(value["id"])}


def _enumerated(field: Field, name: str, value: Any, path: str) -> Record:
    given = value.get("id", "") if isinstance(value, dict) else value
    values = VALUES[field.of]
    if (values and given in values) or (not values and re.fullmatch("[A-Z]{2}", str(given))):
        return {"id": given}
    if field.of == "entityStatus":
        words = f"Invalid Field Value {given} for the following field: entitystatus"
        raise refused(400, "INVALID_KEY_OR_REF", words, path=path)
    raise invalid_value(given, name, path=path)


def _derive(box: Box, kind: RecordType, record: Record) -> None:
    """What NetSuite works out by itself: numbers, the order's total, and that it is closed when all its lines are."""
    if kind.name in _NUMBERED:
        name, prefix = _NUMBERED[kind.name]
        if not record.get(name):
            record[name] = f"{prefix}{box.store.next_number(f'number:{kind.name}'):05}"
    owed.derive(box, kind.name, record)
    if kind.name != "salesOrder":
        return
    lines = [line for line in record.get("item", {}).get("items", []) if not _dropped(box, line)]
    record["item"] = {"items": lines}
    record["subtotal"] = record["total"] = sum(
        (line.get("amount", line.get("quantity", 0) * line.get("rate", 0)) for line in lines), Decimal(0)
    )
    if lines and all(line.get("isClosed") for line in lines):
        record["orderStatus"] = {"id": "H"}


def _dropped(box: Box, line: Record) -> bool:
    """Whether a script of the account takes this line off again."""
    item = box.store.get("serviceSaleItem", line["item"]["id"]) or {}
    return item.get("itemId") in box.option("lines_dropped")


def _orderable(box: Box, record: Record) -> None:
    for line in record.get("item", {}).get("items", []):
        item = box.store.get("serviceSaleItem", line["item"]["id"]) or {}
        if item.get("isInactive") and not line.get("isClosed"):
            raise user_error(f"The item {item['itemId']} is inactive.")


def _check(box: Box, kind: RecordType, record: Record) -> None:
    """Required fields, and the only uniqueness NetSuite enforces: external ids by family, entity ids by record type."""
    owed.check(box, kind.name, record)
    tasks.check(box, kind.name, record)
    if kind.name == "salesOrder":
        _orderable(box, record)
    missing = [field.label for name, field in kind.fields.items() if field.label and not _given(record, name)]
    if missing:
        raise user_error(f"Please enter value(s) for: {', '.join(missing)}.")
    family = [other.name for other in RECORDS.values() if other.family == kind.family]
    if any(_taken(box, name, record, "externalId") for name in family):
        raise user_error(f"This {kind.family} already exists.")
    if _taken(box, kind.name, record, "entityId"):
        raise user_error("This entity already exists.")


def _taken(box: Box, kind: str, record: Record, field: str) -> bool:
    """Whether another record has this value."""
    value = record.get(field)
    return bool(value) and any(other["id"] != record.get("id") for other in box.store.find(kind, **{field: value}))


def _given(record: Record, name: str) -> bool:
    value = record.get(name)
    return bool(value["items"]) if isinstance(value, dict) and "items" in value else value not in (None, "")


def _stamp(box: Box) -> str:
    return box.now().strftime("%Y-%m-%dT%H:%M:%SZ")
