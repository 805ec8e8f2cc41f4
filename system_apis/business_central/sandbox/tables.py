"""Making, changing and reading rows: what the tables behind the pages insist on."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from foundation.sandbox import Box, Record
from system_apis.business_central.sandbox import ledger, ordering, working
from system_apis.business_central.sandbox.errors import invalid, no_field, no_record, refused
from system_apis.business_central.sandbox.fields import NOTHING, Field, Page, guid
from system_apis.business_central.sandbox.schema import NUMBERED, PAGES


def is_hidden(box: Box, page: Page, name: str) -> bool:
    """Whether the page of this environment lacks a field."""
    return f"{page.entity}.{name}" in box.option("hidden_fields")


def find(box: Box, company: str, page: Page, id: str) -> Record:
    """A row of a company by its id; the vendor's 404 otherwise."""
    found = box.store.get(page.set, id.lower())
    if found is None or found["_company"] != company:
        raise no_record(page.entity)
    return found


def lines_of(box: Box, page: Page, document: Record) -> list[Record]:
    """A document's lines, in the order they were made."""
    return box.store.find(page.lines, **{PAGES[page.lines].parent: document["id"]})


def create(box: Box, company: str, page: Page, fields: Record, document: str = "") -> Record:
    """A new row, with its lines where they are sent along."""
    lines = fields.get(page.lines, []) if page.lines else []
    given = {name: value for name, value in fields.items() if not page.lines or name != page.lines}
    id = guid(page.set, box.store.next_number(page.set))
    row = {field.name: field.default for field in page.fields.values()} | {"id": id, "_company": company}
    if page.parent:
        row[page.parent] = document
    row |= _checked(box, company, page, given)
    if page.set in NUMBERED and not row["number"]:
        row["number"] = f"{NUMBERED[page.set]}{box.store.next_number(f'number:{page.set}'):06}"
    _whole(box, company, page, row)
    ledger.dated(box, page, row)
    ordering.completed(box, company, page, row)
    ledger.extended(box, page, row)
    box.store.insert(page.set, id, ledger.stamped(box, row))
    ledger.totalled(box, page, row)
    for line in lines:
        create(box, company, PAGES[page.lines], line, id)
    return row


def update(box: Box, company: str, page: Page, row: Record, fields: Record) -> Record:
    """A row changed. Its lines cannot come along."""
    ledger.editable(box, page, row)
    ordering.editable(box, page, row, fields)
    working.editable(box, page, row, fields)
    changed = row | _checked(box, company, page, fields)
    ordering.fixed(page, row, changed)
    _whole(box, company, page, changed)
    ledger.extended(box, page, changed)
    kept = box.store.update(page.set, row["id"], ledger.stamped(box, changed))
    ledger.totalled(box, page, changed)
    return kept


def delete(box: Box, page: Page, row: Record) -> None:
    """A row gone, with its lines."""
    ledger.editable(box, page, row)
    ordering.editable(box, page, row, page.fields)
    working.deletable(box, page, row)
    for line in lines_of(box, page, row) if page.lines else []:
        box.store.delete(page.lines, line["id"])
    box.store.delete(page.set, row["id"])
    ledger.totalled(box, page, row)


def _checked(box: Box, company: str, page: Page, fields: Record) -> Record:
    found = {}
    for name, value in fields.items():
        if "@" in name:
            continue  # an annotation, as clients send them along; no field
        field = page.fields.get(name)
        if field is None or is_hidden(box, page, name):
            raise no_field(name, page.entity)
        if field.read_only:
            raise refused(400, "BadRequest_InvalidOperation", f"Control '{name}' is read-only.")
        found[name] = _value(box, company, field, value)
    return found


def _value(box: Box, company: str, field: Field, value: Any) -> Any:
    if not _fits(field, value):
        raise invalid(f"Cannot convert the literal '{value}' to the expected type of the property '{field.name}'.")
    if field.type == "text" and len(value) > field.length:
        words = (
            f"The length of the string is {len(value)}, but it must be less than or equal to {field.length}"
            f" characters. Value: {value}"
        )
        raise refused(400, "Application_StringExceededLength", words)
    if field.type == "list" and value not in field.words:
        raise invalid(f"The value '{value}' is not one of the enumeration of '{field.name}'.")
    if field.of and value not in ("", NOTHING) and not _refers(box, company, field, value):
        words = f"The field {field.name} contains a value ({value}) that cannot be found in the related table."
        raise refused(400, "Internal_InvalidTableRelation", words)
    return value


def _fits(field: Field, value: Any) -> bool:
    if field.type == "decimal":
        return isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    if field.type == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    if field.type == "bool":
        return isinstance(value, bool)
    if not isinstance(value, str):
        return False
    try:
        if field.type == "date":
            date.fromisoformat(value)
        if field.type == "guid":
            UUID(value)
    except ValueError:
        return False
    return True


def _refers(box: Box, company: str, field: Field, value: str) -> bool:
    if field.type == "text":
        return bool(box.store.find(field.of, _company=company, code=value))
    target = box.store.get(field.of, value.lower())
    return target is not None and target["_company"] == company


def _whole(box: Box, company: str, page: Page, row: Record) -> None:
    missing = [field.name for field in page.fields.values() if field.needed and row[field.name] == field.default]
    if missing:
        raise refused(400, "Application_DialogException", f"A {missing[0]} must be provided.")
    for name in page.unique:
        alike = {name: row[name]} | ({page.within: row[page.within]} if page.within else {})
        taken = box.store.find(page.set, _company=company, **alike) if row[name] else []
        if any(other["id"] != row["id"] for other in taken):
            words = f"The {page.entity} already exists. Identification fields and values: {name}='{row[name]}'"
            raise refused(400, "Internal_EntityWithSameKeyExists", words)
    start, end = row.get("startingDate", ""), row.get("endingDate", "")
    if "endingDate" in row and end != "0001-01-01" and end < start:
        raise refused(400, "Application_DialogException", "Starting Date must be on or before Ending Date.")
