"""Rows of the organisation: what may be written, what is worked out, and the firm's plug-in on a won deal."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid5

from foundation.sandbox import Box, Record
from system_apis.dataverse.sandbox.contracts import keep_signed
from system_apis.dataverse.sandbox.errors import no_record, no_segment, not_declared, refused, twin
from system_apis.dataverse.sandbox.schema import CHOICES, NUMBERS, SETS, TABLES, Column, Table

_ORGANISATION: Final = UUID("5d5f2c6e-0f0a-4d0b-9a51-7e1b6a0c0001")
_FIRST_VERSION: Final = 468000
_DELETED: Final = "_deleted"
_REFERENCE: Final = re.compile(r"^/?(?:https?://.*/api/data/v9\.\d/)?(\w+)\((.+)\)$")
_KEY: Final = re.compile(r"(\w+)='((?:[^']|'')*)'")


def guid(kind: str, number: int) -> str:
    """The id of the so-manieth row of a table: made from both, so the same in every sandbox."""
    return str(uuid5(_ORGANISATION, f"{kind}/{number}"))


INTEGRATION_USER: Final = guid("systemuser", 1)
ORGANIZATION: Final = str(_ORGANISATION)
BUSINESS_UNIT: Final = guid("businessunit", 1)


def table_of(set_name: str) -> Table:
    """A table by its set name, whose case counts."""
    table = SETS.get(set_name)
    if table is None:
        raise no_segment(set_name)
    return table


def stamp(instant: datetime) -> str:
    """As the organisation writes instants: whole seconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def find(box: Box, table: Table, key: str) -> Record | None:
    """The row a key in parentheses names: an id, or `accountnumber='C-100'`; None where there is none."""
    named = dict(_KEY.findall(key))
    if named:
        if set(named) != {*table.keys} or not table.keys:
            raise refused(400, "0x80060892", f"The specified key attributes are not a defined key for {table.name}")
        wanted = {name: value.replace("''", "'") for name, value in named.items()}
        return next(iter(box.store.find(table.name, **wanted)), None)
    if not _is_guid(key):
        raise no_segment(f"{table.set}({key})")
    return box.store.get(table.name, key.lower())


def read(box: Box, table: Table, key: str) -> Record:
    """The row a key names; the vendor's 404 for none."""
    found = find(box, table, key)
    if found is None:
        raise no_record(table.name, key)
    return found


def create(box: Box, table: Table, given: Mapping[str, Any]) -> Record:
    """Make a row; raises the organisation's error when it may not be."""
    if not table.writable:
        raise refused(400, "0x80040800", f"The 'Create' method does not support entities of type '{table.name}'.")
    values = _checked(box, table, given)
    missing = [each.name for each in table.columns.values() if each.required and values.get(each.name) is None]
    if missing:
        raise refused(400, "0x80040265", f"You must provide a value for {', '.join(missing)}.")
    id = values.get(table.key) or guid(table.name, box.store.next_number(table.name))
    if box.store.get(table.name, id):
        raise twin()
    _no_twin(box, table, values)
    keep_signed(box, table, {}, values)
    record = {each.name: each.default for each in table.columns.values()} | values | {table.key: id}
    record["ownerid"] = record["ownerid"] or INTEGRATION_USER
    record |= _computed(box, table, record, {})
    record |= {"createdon": stamp(box.now())} | _versioned(box)
    box.store.insert(table.name, id, record)
    _totals(box, table, record)
    return record


def update(box: Box, table: Table, id: str, given: Mapping[str, Any]) -> Record:
    """Change a row. Every save moves stamp and version, also one that changes nothing."""
    before = read(box, table, id)
    values = _checked(box, table, given)
    if table.name == "quote" and box.option("closed_quotes_locked") and before["statecode"] > 1:
        raise refused(400, "0x80048408", "The quote cannot be edited because it is closed.")
    keep_signed(box, table, before, values)
    if table.name == "opportunity" and values.get("statecode"):
        raise refused(400, "0x80048408", "This message can not be used to set the state of opportunity.")
    return save(box, table, before, values)


def save(box: Box, table: Table, before: Record, values: Record) -> Record:
    """Keep checked values, also of columns that only the organisation itself writes."""
    _no_twin(box, table, values, except_id=before[table.key])
    values = values | _computed(box, table, before | values, before) | _versioned(box)
    after = box.store.update(table.name, before[table.key], values)
    _totals(box, table, after)
    return after


def close(box: Box, id: str, *, won: bool) -> Record:
    """What WinOpportunity and LoseOpportunity do, and the firm's plug-in that counts how often a deal is won."""
    table = TABLES["opportunity"]
    before = read(box, table, id)
    if before["statecode"] != 0:
        raise refused(400, "0x80048408", "The opportunity has already been closed.")
    values: Record = {"actualclosedate": box.now().date().isoformat(), "closeprobability": 100 if won else 0}
    values |= {"statecode": 1, "statuscode": 3} if won else {"statecode": 2, "statuscode": 4}
    if won:
        generation = int(before["tg_wongeneration"] or 0) + 1
        values |= {
            "tg_wongeneration": generation,
            "tg_wonon": stamp(box.now()),
            "actualvalue": before["estimatedvalue"],
        }
    return save(box, table, before, values)


def close_quote(box: Box, id: str, state: int, status: int) -> Record:
    """What WinQuote and CloseQuote do: of an active quote only."""
    before = read(box, TABLES["quote"], id)
    if before["statecode"] != 1:
        raise refused(400, "0x80048408", "The quote cannot be closed because it is not in the active state.")
    return save(box, TABLES["quote"], before, {"statecode": state, "statuscode": status})


def cancel_order(box: Box, id: str, status: int) -> Record:
    """What CancelSalesOrder does: of an order that is active or submitted."""
    before = read(box, TABLES["salesorder"], id)
    if before["statecode"] not in (0, 1):
        raise refused(400, "0x80048408", "The order cannot be canceled because it is closed.")
    return save(box, TABLES["salesorder"], before, {"statecode": 2, "statuscode": status})


def revise(box: Box, id: str) -> Record:
    """What ReviseQuote does: the quote is closed, and a draft of the same number is the next revision, line by line."""
    table, lines = TABLES["quote"], TABLES["quotedetail"]
    before = read(box, table, id)
    closed = {"statecode": 3, "statuscode": 7}
    save(box, table, before, closed)
    ours = (
        "name",
        "quotenumber",
        "opportunityid",
        "customerid",
        "effectivefrom",
        "effectiveto",
        "transactioncurrencyid",
    )
    made = create(box, table, {"name": before["name"], "quotenumber": before["quotenumber"]})
    kept = {name: before[name] for name in ours} | {"revisionnumber": int(before["revisionnumber"] or 0) + 1}
    save(box, table, made, kept)
    for line in box.store.find("quotedetail", quoteid=id):
        copy = {
            name: line[name] for name in ("lineitemnumber", "productdescription", "quantity", "priceperunit", "tg_role")
        }
        save(box, lines, create(box, lines, copy), {"quoteid": made["quoteid"], "productid": line["productid"]})
    return read(box, table, made["quoteid"])


def reopen(box: Box, id: str) -> Record:
    """Open a closed deal again."""
    table = TABLES["opportunity"]
    opened = {"statecode": 0, "statuscode": 1, "actualclosedate": None, "actualvalue": None}
    return save(box, table, read(box, table, id), opened)


def merge(box: Box, master: str, loser: str) -> None:
    """What the merge of two accounts leaves: the loser inactive and naming its master, its deals and people moved."""
    table = TABLES["account"]
    values = {"statecode": 1, "statuscode": 2, "merged": True, "masterid": master}
    save(box, table, read(box, table, loser), values)
    for name, column in (
        ("contact", "parentcustomerid"),
        ("opportunity", "parentaccountid"),
        ("salesorder", "customerid"),
    ):
        for moved in box.store.find(name, **{column: loser}):
            save(box, TABLES[name], moved, {column: master})


def merge_people(box: Box, master: str, loser: str, kind: str = "contact") -> None:
    """What the merge of two contacts, or leads, leaves: the loser inactive, naming its master, which is saved too."""
    table = TABLES[kind]
    values = {
        "statecode": 1 if kind == "contact" else 2,
        "statuscode": 2 if kind == "contact" else 4,
        "merged": True,
        "masterid": master,
    }
    save(box, table, read(box, table, loser), values)
    save(box, table, read(box, table, master), {})


def qualify(box: Box, lead: str, account: str, opportunity: str) -> None:
    """What QualifyLead leaves, to an account and a deal that are there."""
    values = {"statecode": 1, "statuscode": 3, "parentaccountid": account}
    save(box, TABLES["lead"], read(box, TABLES["lead"], lead), values)
    deal = TABLES["opportunity"]
    save(box, deal, read(box, deal, opportunity), {"originatingleadid": lead})


def delete(box: Box, table: Table, id: str) -> None:
    """A row is gone at once: there is no bin."""
    before = read(box, table, id)
    gone = before[table.key]
    box.store.delete(table.name, gone)
    box.store.delete(_DELETED, gone)
    box.store.insert(_DELETED, gone, {"table": table.name, "id": gone, "version": next_version(box)})
    _totals(box, table, before)


def deleted(box: Box, table: Table, since: int) -> list[Record]:
    """What was deleted from a table after a version: the id and the version of each."""
    return [each for each in box.store.find(_DELETED, table=table.name) if each["version"] > since]


def next_version(box: Box) -> int:
    """A version after all there were."""
    return _FIRST_VERSION + box.store.next_number("_rowversion")


def _versioned(box: Box) -> Record:
    return {"modifiedon": stamp(box.now()), "versionnumber": next_version(box)}


def _checked(box: Box, table: Table, given: Mapping[str, Any]) -> Record:
    values: Record = {}
    for name, value in given.items():
        if name.endswith("@odata.bind"):
            column, id = _bound(box, table, name, value)
            values[column] = id
            continue
        if "@" in name:
            continue
        found = table.columns.get(name)
        if found is None or found.type == "Lookup":
            raise not_declared(table.name, name)
        if found.writable:  # what a caller may not set is passed over, as the vendor does
            values[name] = _fitting(table, found, value)
    return values


def _bound(box: Box, table: Table, name: str, value: Any) -> tuple[str, str | None]:
    found = table.navigations.get(name.removesuffix("@odata.bind"))
    if found is None:
        raise not_declared(table.name, name)
    column, target = found
    if value is None:
        return column.name, None
    known = _REFERENCE.match(str(value))
    if not known or SETS.get(known[1]) != TABLES[target]:
        raise not_declared(table.name, name)
    return column.name, str(read(box, TABLES[target], known[2])[TABLES[target].key])


def _fitting(table: Table, column: Column, value: Any) -> Any:
    """A value as the organisation keeps it; an empty text is null."""
    if value is None or value == "":
        return None
    if column.type in ("String", "Memo") and isinstance(value, str):
        if column.length and len(value) > column.length:
            message = f"The length of the '{column.name}' attribute of the '{table.name}' entity exceeded the maximum"
            raise refused(
                400, "0x80044331", f"A validation error occurred. {message} allowed length of {column.length}."
            )
        return value
    if column.type in CHOICES and isinstance(value, int) and not isinstance(value, bool):
        if value not in column.options:
            message = (
                f"The value {value} of '{column.name}' on record of type '{table.name}' is outside the valid range."
            )
            raise refused(400, "0x8004431a", message)
        return value
    if column.type in NUMBERS and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return value
    if column.type == "Boolean" and isinstance(value, bool):
        return value
    if column.type == "MultiSelectPicklist" and all(int(each) in column.options for each in str(value).split(",")):
        return str(value)
    if column.type == "Uniqueidentifier" and _is_guid(str(value)):
        return str(value).lower()
    if column.type in ("DateOnly", "DateTime") and isinstance(value, str):
        return _instant(column, value)
    raise refused(400, "0x80048d19", f"Cannot convert a value to target type '{column.type}' at '{column.name}'.")


def _instant(column: Column, value: str) -> str:
    try:
        return (
            date.fromisoformat(value).isoformat() if column.type == "DateOnly" else stamp(datetime.fromisoformat(value))
        )
    except ValueError as wrong:
        message = f"Cannot convert the literal '{value}' to the expected type 'Edm.{column.type}'."
        raise refused(400, "0x80048d19", message) from wrong


def _no_twin(box: Box, table: Table, values: Mapping[str, Any], except_id: str = "") -> None:
    for key in table.keys:
        if values.get(key) is not None:
            others = box.store.find(table.name, **{key: values[key]})
            if any(other[table.key] != except_id for other in others):
                raise twin()


def _computed(box: Box, table: Table, record: Record, before: Record) -> Record:
    """What the organisation fills in itself."""
    if table.name == "contact":
        return {"fullname": " ".join(filter(None, (record["firstname"], record["lastname"])))}
    if "extendedamount" in table.columns:
        amount = Decimal(record["quantity"]) * Decimal(record["priceperunit"])
        off, tax = (Decimal(record.get(name) or 0) for name in ("manualdiscountamount", "tax"))
        return {"baseamount": amount, "extendedamount": amount - off + tax}
    if table.name == "opportunity" and record["isrevenuesystemcalculated"]:
        return {"estimatedvalue": _revenue(box, record[table.key])}
    if before:
        return {}
    if table.name == "quote":
        number = f"QUO-{box.store.next_number('_quotenumber') + 1000:05}-T1G8A7"
        return {"quotenumber": record["quotenumber"] or number, "totalamount": Decimal(0)}
    if table.name == "salesorder":
        number = f"ORD-{box.store.next_number('_ordernumber') + 1000:05}-T1G8A7"
        return {"ordernumber": record["ordernumber"] or number, "totalamount": Decimal(0)}
    return {}


def _revenue(box: Box, deal: str) -> Decimal:
    lines = box.store.find("opportunityproduct", opportunityid=deal)
    return sum((Decimal(each["baseamount"]) - Decimal(each["manualdiscountamount"] or 0) for each in lines), Decimal(0))


def _totals(box: Box, table: Table, line: Record) -> None:
    """The amount of a quote or an order is the sum of its lines; a deal's, where that is not its people's to say."""
    deal = box.store.get("opportunity", line.get("opportunityid") or "") if table.name == "opportunityproduct" else None
    if deal and deal["isrevenuesystemcalculated"]:
        box.store.update("opportunity", deal["opportunityid"], _computed(box, TABLES["opportunity"], deal, deal))
    parent = {"quotedetail": "quote", "salesorderdetail": "salesorder"}.get(table.name)
    of = line.get(f"{parent}id") if parent else None
    if parent and of:
        lines = box.store.find(table.name, **{f"{parent}id": of})
        total = sum((Decimal(each["extendedamount"]) for each in lines), Decimal(0))
        box.store.update(parent, of, {"totalamount": total} | _versioned(box))


def _is_guid(text: str) -> bool:
    try:
        return len(text) == 36 and bool(UUID(text))
    except ValueError:
        return False
