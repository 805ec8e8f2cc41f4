"""Records of the org: what may be written, what is computed, and the firm's flow on a won deal."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from foundation.sandbox import Box, Record, Target, answer, encode
from foundation.sandbox.answers import Refused
from foundation.sandbox.firm import checksum, record_id
from system_apis.salesforce.sandbox.errors import not_found, refused
from system_apis.salesforce.sandbox.schema import KINDS, NUMBERS, STAGES, TEXTS, Field, Kind

INTEGRATION_USER: Final = record_id("005", 1)
ORGANIZATION: Final = record_id("00D", 1)


def kind_of(name: str) -> Kind:
    """An sObject by name in any case; the vendor's 404 for another."""
    kind = KINDS.get(name.lower())
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
    at = stamp(box.now())
    box.store.update(kind.name, found["Id"], {"IsDeleted": True, "SystemModstamp": at, "LastModifiedDate": at})


def merge(box: Box, master: str, loser: str) -> None:
    """What the merge of two accounts leaves: the loser deleted and naming its master, its deals and people moved."""
    at = stamp(box.now())
    box.store.update("Account", loser, {"IsDeleted": True, "MasterRecordId": master, "SystemModstamp": at})
    for kind in ("Contact", "Opportunity", "Contract"):
        for moved in box.store.find(kind, AccountId=loser):
            box.store.update(kind, moved["Id"], {"AccountId": master, "SystemModstamp": at})


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
    if field.options and text not in field.options:
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
    if kind.name == "Account" and not except_id and box.option("duplicate_rule"):
        twins = [each for each in box.store.find("Account", Name=values.get("Name")) if not each["IsDeleted"]]
        if twins:
            raise _alike(box, twins[0])


def _alike(box: Box, twin: Record) -> Refused:
    record = {"attributes": {"type": "Account", "url": f"/services/data/v62.0/sobjects/Account/{twin['Id']}"}}
    match = {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record}
    record["Id"] = twin["Id"]
    result = {
        "allowSave": True,
        "duplicateRule": "Standard_Account_Duplicate_Rule",
        "duplicateRuleEntityType": "Account",
        "errorMessage": "Use one of these records?",
        "matchResults": [
            {
                "entityType": "Account",
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "matchRecords": [match],
                "rule": "Standard_Account_Match_Rule_v1_0",
                "size": 1,
                "success": True,
            }
        ],
    }
    # Live orgs leave out the l; newer documents do not.
    key = "duplicateResut" if box.option("misspelt_duplicate_result") else "duplicateResult"
    return Refused(
        answer(400, [{key: result, "errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?"}])
    )


def _computed(box: Box, kind: Kind, record: Record, before: Record) -> Record:
    """What the org fills in itself."""
    match kind.name:
        case "Contact":
            return {"Name": " ".join(filter(None, (record.get("FirstName"), record["LastName"])))}
        case "Opportunity":
            return _staged(box, record, before)
        case "Quote" if not before:
            return {"QuoteNumber": f"{box.store.next_number('QuoteNumber'):08}", "GrandTotal": Decimal(0)}
        case "QuoteLineItem":
            return {"TotalPrice": Decimal(record["Quantity"]) * Decimal(record["UnitPrice"])}
        case "Contract":
            return _activated(box, record, before)
        case _:
            return {}


def _staged(box: Box, record: Record, before: Record) -> Record:
    stage = record["StageName"]
    if stage == before.get("StageName"):
        return {}
    probability, closed, won = STAGES[stage]
    changes: Record = {
        "Probability": probability,
        "IsClosed": closed,
        "IsWon": won,
        "LastStageChangeDate": stamp(box.now()),
    }
    if won:  # the firm's flow counts how often a deal is won
        changes["Won_Generation__c"] = int(record.get("Won_Generation__c") or 0) + 1
    return changes


def _activated(box: Box, record: Record, before: Record) -> Record:
    changes: Record = {}
    if not before:
        changes["ContractNumber"] = f"{box.store.next_number('ContractNumber') + 100:08}"
        if record["Status"] != "Draft":
            raise refused(400, "FIELD_INTEGRITY_EXCEPTION", "Status: a contract is created as Draft", ["Status"])
    elif record["Status"] == "Activated" and before["Status"] != "Activated":
        changes["ActivatedDate"] = stamp(box.now())
    return changes


def _after_save(box: Box, kind: Kind, before: Record, after: Record) -> None:
    if kind.name == "QuoteLineItem":
        lines = box.store.find("QuoteLineItem", QuoteId=after["QuoteId"], IsDeleted=False)
        total = sum((Decimal(each["TotalPrice"]) for each in lines), Decimal(0))
        box.store.update("Quote", after["QuoteId"], {"GrandTotal": total})
    if kind.name == "Opportunity" and (after["IsWon"] or before.get("IsWon")):
        _notify(box, after)


def _notify(box: Box, deal: Record) -> None:
    """The firm's flow: every save of a won deal, and of one that was won, is told to the registered address."""
    registered = box.option("notifications")
    if not registered:
        return
    number = box.store.next_number("_message")
    body = {
        "type": "opportunity.changed",
        "timestamp": box.now().isoformat(),
        "data": {
            "object": "Opportunity",
            "id": deal["Id"],
            "systemModstamp": deal["SystemModstamp"],
            "isWon": deal["IsWon"],
            "wonGeneration": deal["Won_Generation__c"],
        },
    }
    # Not the number alone: it begins anew when the sandbox is emptied, and an id must not come twice.
    message_id = f"msg_{deal['Id']}_{int(box.now().timestamp() * 1000)}_{number}"
    target = Target(url=registered["url"], secret=registered["secret"])
    box.deliveries.queue(target, message_id, deal["Id"], encode(body))
