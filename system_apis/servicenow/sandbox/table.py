"""The Table API: rows of text, read by encoded query, written one at a time."""

import uuid
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from litestar import Request

from foundation.sandbox import Answer, Box, Record, answer, decode
from system_apis.servicenow.sandbox import encoded_query, incident
from system_apis.servicenow.sandbox.answers import no_record, refused
from system_apis.servicenow.sandbox.schema import SYSTEM, TABLES, column

DEFAULT_LIMIT: Final = 10000
_IDS: Final = uuid.UUID("5e741ce0-0000-4000-8000-000000000000")

Display = Literal["false", "true", "all"]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of the Table API."""

    box: Box
    table: str
    user: str
    address: str
    """The table's own address, for links."""
    root: str
    parameters: Mapping[str, str]
    version: str = ""

    def flag(self, name: str) -> bool:
        """A parameter that is on or off."""
        return self.parameters.get(name, "").lower() == "true"

    def number(self, name: str, default: int) -> int:
        """A parameter that is a number of rows."""
        given = self.parameters.get(name, "")
        return int(given) if given.isdigit() else default


def new_row(box: Box, table: str, user: str, given: Record) -> Record:
    """Insert a row as the instance would make it."""
    if table not in TABLES:
        raise refused(400, f"Invalid table {table}")
    at = box.now().strftime(incident.TIME)
    number = box.store.next_number(table)
    row = {name: kind.default for name, kind in TABLES[table].items()}
    if table == "incident":
        row["opened_by"] = user_id(box, user)
    row |= _writable(table, given)
    row |= {"sys_id": uuid.uuid5(_IDS, f"{table}:{number}").hex, "sys_class_name": table}
    row |= {"sys_created_on": at, "sys_created_by": user, "sys_updated_on": at, "sys_updated_by": user}
    if table == "incident":
        row = incident.settle(box, None, row, box.now())
    box.store.insert(table, row["sys_id"], row)
    _note(box, user, row, given)
    return row


def changed_row(box: Box, table: str, user: str, before: Record, given: Record) -> Record:
    """Change a row; what is not named stays, and without a difference nothing is written."""
    row = before | _writable(table, given)
    if table == "incident":
        row = incident.settle(box, before, row, box.now())
    noted = _note(box, user, row, given)
    if row == before and not noted:
        return before
    stamp = {"sys_updated_on": box.now().strftime(incident.TIME), "sys_updated_by": user}
    row |= {**stamp, "sys_mod_count": str(int(before["sys_mod_count"]) + 1)}
    return box.store.update(table, row["sys_id"], row)


def one(call: Call, sys_id: str) -> Record:
    """One row; 404 when there is none."""
    found = call.box.store.get(call.table, sys_id) if call.table in TABLES else None
    if call.table not in TABLES:
        raise refused(400, f"Invalid table {call.table}")
    if found is None:
        raise no_record()
    return found


def listed(call: Call) -> Answer:
    """The rows a query selects, one page of them."""
    if call.table not in TABLES:
        raise refused(400, f"Invalid table {call.table}")
    query = encoded_query.parse(_query_text(call), lambda path: column(call.table, path) is not None, _scripts(call))
    rows = query.select(call.box.store.all(call.table), lambda row, path: _value(call.box, call.table, row, path))
    if query.dropped and call.box.option("invalid_query_returns_no_rows"):
        rows = []
    if not rows and call.version == "v1":
        raise no_record()
    limit = call.number("sysparm_limit", DEFAULT_LIMIT)
    offset = call.number("sysparm_offset", 0)
    headers = {} if call.flag("sysparm_no_count") else {"X-Total-Count": str(len(rows))}
    if not call.flag("sysparm_suppress_pagination_header"):
        headers["Link"] = _links(call, len(rows), limit, offset)
    return answer(200, {"result": [shown(call, row) for row in rows[offset : offset + limit]]}, headers)


def shown(call: Call, row: Record) -> Record:
    """A row as the call wants to see it. Fields that are not there, or hidden from us, are missing."""
    asked = [name for name in call.parameters.get("sysparm_fields", "").split(",") if name]
    hidden = call.box.option("hidden_fields")
    names = [name for name in asked or TABLES[call.table] if name not in hidden]
    return {name: _cell(call, row, name) for name in names if column(call.table, name)}


async def body_of(request: Request[Any, Any, Any]) -> Record:
    """The fields of a write. Of an array only the first element counts."""
    try:
        given = decode(await request.body())
    except msgspec.DecodeError as wrong:
        raise refused(400, "Exception while reading request", str(wrong)) from wrong
    if isinstance(given, list):
        given = given[0] if given else {}
    if not isinstance(given, dict):
        raise refused(400, "Exception while reading request", "Expected a JSON object")
    return given


def user_id(box: Box, user: str) -> str:
    """The sys_id of a user name; empty when there is none."""
    found = box.store.find("sys_user", user_name=user)
    return str(found[0]["sys_id"]) if found else ""


def _writable(table: str, given: Record) -> Record:
    """Of a body, the fields that a client can write: others are ignored without a word."""
    columns = TABLES[table]
    kept = {name: value for name, value in given.items() if name in columns and name not in SYSTEM}
    return {name: _text(value) for name, value in kept.items() if columns[name].kind != "journal"}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _note(box: Box, user: str, row: Record, given: Record) -> bool:
    """Keep what was written into a journal field: it reads as empty, its entries are rows elsewhere."""
    entries = {name: _text(given[name]) for name in incident.NOTES if given.get(name)}
    for name, text in entries.items():
        entry = {"name": row["sys_class_name"], "element_id": row["sys_id"], "element": name, "value": text}
        new_row(box, "sys_journal_field", user, entry)
    return bool(entries)


def _query_text(call: Call) -> str:
    if "sysparm_query" in call.parameters:
        return call.parameters["sysparm_query"]
    pairs = {name: value for name, value in call.parameters.items() if not name.startswith("sysparm_")}
    return "^".join(f"{name}={value}" for name, value in pairs.items())


def _scripts(call: Call) -> dict[str, str]:
    return {"gs.getUserID()": user_id(call.box, call.user), "gs.getUserName()": call.user}


def _value(box: Box, table: str, row: Record, path: str) -> str:
    here, _, rest = path.partition(".")
    value = str(row.get(here, ""))
    if not rest:
        return value
    target = TABLES[table][here].table
    referred = box.store.get(target, value)
    return _value(box, target, referred, rest) if referred else ""


def _cell(call: Call, row: Record, path: str) -> Any:
    """One value, bare or with what is shown to people, according to `sysparm_display_value`."""
    kind = column(call.table, path)
    assert kind is not None
    value = _value(call.box, call.table, row, path)
    label = kind.labels.get(value, value)
    refers = kind.kind == "reference" and bool(value)
    if refers:
        referred = call.box.store.get(kind.table, value) or {}
        label = str(referred.get("name", ""))
    link = {"link": f"{call.root}/api/now/table/{kind.table}/{value}"} if refers else {}
    bare = call.flag("sysparm_exclude_reference_link")
    match call.parameters.get("sysparm_display_value", "false").lower():
        case "all":
            return {"display_value": label, "value": value, **({} if bare else link)}
        case "true":
            return {"display_value": label, **link} if refers and not bare else label
        case _:
            return {**link, "value": value} if refers and not bare else value


def _links(call: Call, total: int, limit: int, offset: int) -> str:
    last = max(0, (total - 1) // limit * limit) if limit else 0
    offsets = {"first": 0, "next": offset + limit, "prev": max(0, offset - limit), "last": last}
    if offset + limit >= total:
        del offsets["next"]
    if offset == 0:
        del offsets["prev"]
    return ",".join(
        f'<{call.address}?sysparm_limit={limit}&sysparm_offset={at}>;rel="{name}"' for name, at in offsets.items()
    )
