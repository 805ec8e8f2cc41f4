"""Rows of an org: what may be written, what is computed and refused by its rules, and the stamps every save moves."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from foundation.sandbox import Box, Record
from foundation.sandbox.firm import checksum, record_id
from foundation.sandbox.salesforce.errors import not_found, refused
from foundation.sandbox.salesforce.org import INTEGRATION_USER, ORGANIZATION, org_of
from foundation.sandbox.salesforce.schema import NUMBERS, TEXTS, Field, Kind


def kind_of(box: Box, name: str) -> Kind:
    """An sObject by name in any case; the vendor's 404 for another."""
    kind = org_of(box).kinds.get(name.lower())
    if kind is None:
        raise not_found()
    return kind


def stamp(instant: datetime) -> str:
    """As the org writes instants: whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def read(box: Box, kind: Kind, given_id: str) -> Record:
    """A record by id, 15 or 18 characters; 404 for none and for a deleted one."""
    found = box.store.get(kind.name, _whole(given_id))
    if found is None:
        raise not_found()
    if found["IsDeleted"]:
        raise refused(404, "ENTITY_IS_DELETED", "entity is deleted", [])
    return found


def sought(box: Box, kind: Kind, given_id: str) -> Record | None:
    """A record by id; None where there is none, or it was deleted."""
    found = box.store.get(kind.name, _whole(given_id))
    return None if found is None or found["IsDeleted"] else found


def by_external_id(box: Box, kind: Kind, field_name: str, value: str) -> list[Record]:
    """The live records that carry an external id."""
    field = kind.fields.get(field_name.lower())
    if field is None or not field.external:
        message = f"Provided external ID field does not exist or is not accessible: {field_name}"
        raise refused(404, "NOT_FOUND", message)
    return [each for each in box.store.find(kind.name, **{field.name: value}) if not each["IsDeleted"]]


def create(box: Box, kind: Kind, given: Mapping[str, Any]) -> Record:
    """Make a record; raises the org's error when it may not be."""
    if not kind.writable:
        raise refused(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {kind.name} is not createable", [])
    values = _checked(box, kind, given)
    missing = [field.name for field in kind.fields.values() if field.required and values.get(field.name) is None]
    if missing:
        raise refused(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing)
    _no_twin(box, kind, values)
    record = {"Id": record_id(kind.prefix, box.store.next_number(kind.name)), **_defaults(kind), **values}
    at = stamp(box.now())
    record |= {"CreatedDate": at, "CreatedById": INTEGRATION_USER}
    if "OwnerId" in record and not record["OwnerId"]:
        record["OwnerId"] = INTEGRATION_USER
    record |= _computed(box, kind, record, {})
    record |= {"LastModifiedDate": at, "LastModifiedById": INTEGRATION_USER, "SystemModstamp": at}
    box.store.insert(kind.name, record["Id"], record)
    _after_save(box, kind, {}, record)
    return record


def upsert(box: Box, kind: Kind, field_name: str, given: Mapping[str, Any]) -> tuple[str, bool]:
    """Make the record that carries the external id in `given`, or change it: its id, and whether it was made."""
    key = next((value for name, value in given.items() if name.lower() == field_name.lower()), None)
    if key in (None, ""):
        raise refused(400, "MISSING_ARGUMENT", f"{field_name} not specified", [])
    found = by_external_id(box, kind, field_name, str(key))
    if len(found) > 1:
        ids = ", ".join(each["Id"] for each in found)
        message = f"{field_name}: more than one record found for external id field: [{ids}]"
        raise refused(400, "DUPLICATE_EXTERNAL_ID", message, [])
    if not found:
        return str(create(box, kind, given)["Id"]), True
    changes = {name: value for name, value in given.items() if name.lower() != field_name.lower()}
    return str(update(box, kind, found[0]["Id"], changes)["Id"]), False


def update(box: Box, kind: Kind, given_id: str, given: Mapping[str, Any]) -> Record:
    """Change a record. Every save moves the stamps, also one that changes nothing."""
    before = box.store.get(kind.name, _whole(given_id))
    if before is None:
        raise refused(404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    if before["IsDeleted"]:
        raise refused(404, "ENTITY_IS_DELETED", "entity is deleted", [])
    changes = _checked(box, kind, given)
    emptied = [name for name, value in changes.items() if value is None and kind.fields[name.lower()].required]
    if emptied:
        raise refused(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(emptied)}]", emptied)
    _no_twin(box, kind, changes, except_id=before["Id"])
    at = stamp(box.now())
    changes |= _computed(box, kind, before | changes, before)
    changes |= {"LastModifiedDate": at, "LastModifiedById": INTEGRATION_USER, "SystemModstamp": at}
    after = box.store.update(kind.name, before["Id"], changes)
    _after_save(box, kind, before, after)
    return after


def delete(box: Box, kind: Kind, given_id: str) -> None:
    """Move a record to the recycle bin: only `queryAll` sees it now."""
    found = box.store.get(kind.name, _whole(given_id))
    if found is None:
        raise refused(404, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [])
    if found["IsDeleted"]:
        raise refused(404, "ENTITY_IS_DELETED", "entity is deleted", [])
    if refusing := org_of(box).deleting.get(kind.name):
        refusing(box, found)
    at = stamp(box.now())
    box.store.update(kind.name, found["Id"], {"IsDeleted": True, "SystemModstamp": at, "LastModifiedDate": at})
    if trigger := org_of(box).deleted.get(kind.name):
        trigger(box, found)


def found_org(box: Box) -> None:
    """What is there before anything else: the organization, and the user we are."""
    at = stamp(box.now())
    stamps: Record = {"IsDeleted": False, "CreatedDate": at, "LastModifiedDate": at, "SystemModstamp": at}
    stamps |= {"CreatedById": INTEGRATION_USER, "LastModifiedById": INTEGRATION_USER}
    user: Record = {"Id": INTEGRATION_USER, "Username": "integration@acme.example", "Name": "Integration User"}
    user |= {"Email": "integration@acme.example", "IsActive": True}
    box.store.insert("User", INTEGRATION_USER, user | stamps)
    organization = {"Id": ORGANIZATION, "Name": "Acme Consulting", "IsSandbox": True}
    box.store.insert("Organization", ORGANIZATION, organization | stamps)


def _whole(given_id: str) -> str:
    return given_id + checksum(given_id) if len(given_id) == 15 else given_id


def _defaults(kind: Kind) -> Record:
    return {field.name: field.default for field in kind.fields.values() if field.name != "Id"}


def _checked(box: Box, kind: Kind, given: Mapping[str, Any]) -> Record:
    values: Record = {}
    for name, value in given.items():
        if name == "attributes":
            continue
        field = kind.fields.get(name.lower())
        if field is None and isinstance(value, dict):
            field, value = _by_relationship(box, kind, name, value)  # noqa: PLW2901 - the id takes the place of the key
        if field is None:
            raise refused(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind.name}")
        if not field.writable:
            message = (
                f"Unable to create/update fields: {field.name}. Please check the security settings of this field and"
                " verify that it is read/write for your profile or permission set."
            )
            raise refused(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, [field.name])
        values[field.name] = _fitting(box, field, value)
    return values


def _by_relationship(box: Box, kind: Kind, name: str, given: Mapping[str, Any]) -> tuple[Field | None, Any]:
    """A reference by an external id of the record referred to: `{"Account": {"ERP_Id__c": "C-100"}}`."""
    field = next((each for each in kind.fields.values() if each.relationship.lower() == name.lower()), None)
    keys = [each for each in given if each != "attributes"]
    if field is None or len(keys) != 1:
        return None, None
    found = by_external_id(box, kind_of(box, field.refers), keys[0], str(given[keys[0]]))
    if len(found) != 1:
        message = f"Foreign key external ID: {given[keys[0]]} not found for field {keys[0]} in entity {field.refers}"
        raise refused(400, "INVALID_FIELD", message, [])
    return field, found[0]["Id"]


def _fitting(box: Box, field: Field, value: Any) -> Any:
    """A value as the org keeps it; an empty text is null."""
    if value is None or value == "":
        return False if field.type == "boolean" else None
    if field.type in TEXTS:
        return _text(field, value)
    if field.type in NUMBERS and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    if field.type == "boolean" and isinstance(value, bool):
        return value
    if field.type == "reference" and isinstance(value, str):
        if box.store.get(field.refers, _whole(value)) is None:
            message = f"insufficient access rights on cross-reference id: {value}"
            raise refused(400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message, [field.name])
        return _whole(value)
    if field.type in ("date", "datetime") and isinstance(value, str):
        try:
            whole = stamp(datetime.fromisoformat(value)) if field.type == "datetime" else ""
            return whole or date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            pass  # said below, like any other unfit value
    kind_name = field.type
    raise refused(400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of {kind_name} from VALUE {value!r}")


def _text(field: Field, value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    if field.length and len(text) > field.length:
        message = f"{field.name}: data value too large: {text[:40]}... (max length={field.length})"
        raise refused(400, "STRING_TOO_LONG", message, [field.name])
    if field.options and field.restricted and text not in field.options:
        message = f"{field.name}: bad value for restricted picklist field: {text}"
        raise refused(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field.name])
    if field.type == "email" and "@" not in text:
        raise refused(400, "INVALID_EMAIL_ADDRESS", f"{field.name}: invalid email address: {text}", [field.name])
    return text


def _no_twin(box: Box, kind: Kind, values: Mapping[str, Any], except_id: str = "") -> None:
    for field in kind.fields.values():
        if field.unique and values.get(field.name) is not None:
            for other in box.store.find(kind.name, **{field.name: values[field.name]}):
                if other["Id"] != except_id and not other["IsDeleted"]:
                    message = (
                        f"duplicate value found: {field.name} duplicates value on record with id: {other['Id'][:15]}"
                    )
                    raise refused(400, "DUPLICATE_VALUE", message, [])


def _computed(box: Box, kind: Kind, record: Record, before: Record) -> Record:
    """What the org fills in itself, where its rules let the record pass."""
    rule = org_of(box).computed.get(kind.name)
    return rule(box, record, before) if rule else {}


def _after_save(box: Box, kind: Kind, before: Record, after: Record) -> None:
    if trigger := org_of(box).saved.get(kind.name):
        trigger(box, before, after)
