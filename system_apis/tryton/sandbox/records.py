"""Making, changing and reading records: what Tryton's models insist on."""

import re
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from foundation.sandbox import Box, Record
from system_apis.tryton.sandbox import billing, people, selling, working
from system_apis.tryton.sandbox.billing import number
from system_apis.tryton.sandbox.billing_schema import MODELS
from system_apis.tryton.sandbox.errors import RpcError, inside, stale, user_error
from system_apis.tryton.sandbox.schema import Field, Model

COMPANY: ContextVar[int | None] = ContextVar("tryton_company", default=None)
"""The company a call works in."""
_NUMBERS: Final = {
    # What `stdnum` checks of a tax number, as far as it matters here: its form.
    "de_vat": r"(DE)? ?\d{9}",
    "us_ein": r"\d{2}-?\d{7}",
    "in_vat": r"\d{2}[A-Z]{5}\d{4}[A-Z][A-Z\d]Z[A-Z\d]",
}
_ANY_NUMBER: Final = r"[A-Z0-9 .-]{4,20}"
_TYPED: Final = {"numeric": "Decimal", "date": "date", "timedelta": "timedelta"}


def model_of(name: str) -> Model:
    """A model; a KeyError of Tryton's where there is none."""
    if name not in MODELS:
        raise inside(name)
    return MODELS[name]


def field_of(box: Box, model: Model, name: str) -> Field:
    """A field that we may see."""
    found = model.fields.get(name)
    if found is None or f"{model.name}.{name}" in box.option("hidden_fields"):
        raise inside(name)
    return found


def create(box: Box, model_name: str, values: Record) -> int:
    """A new record with those below it."""
    model = model_of(model_name)
    id = box.store.next_number(model.name)
    record: Record = {field.name: field.default for field in _stored(model)} | {"id": id}
    lists = _set(box, model, record, values, new=True)
    if model.numbered and not record[model.numbered]:
        record[model.numbered] = str(box.store.next_number(f"number:{model.name}"))
    billing.filled(box, model, record)
    _whole(box, model, record)
    box.store.insert(model.name, str(id), _stamped(box, record))
    for field, commands in lists:
        _apply(box, field, id, commands)
    _with_hours(box, model, record, values)
    if model.name == "party.party" and "credit_limit_amounts" not in values and COMPANY.get():
        create(box, "party.party.credit_limit_amount", {"party": id, "company": COMPANY.get()})
    return id


def write(box: Box, model_name: str, id: int, values: Record) -> None:
    """A record changed, and those below it."""
    model, record = model_of(model_name), find(box, model_name, id)
    frozen = model.frozen.get(record.get("state", ""), frozenset())
    if model.name == "sale.line" and _draft(box, record) != "draft":
        frozen = frozenset(values)
    for name in values:
        if name in frozen:
            raise _may_not(model, name, record)
    if model.name == "sale.sale" and values.keys() & {"party", "currency", "company"} and _below(box, model, id):
        raise _may_not(model, next(iter(values.keys() & {"party", "currency", "company"})), record)
    lists = _set(box, model, record, values, new=False)
    _whole(box, model, record)
    box.store.update(model.name, str(id), _stamped(box, record))
    for field, commands in lists:
        _apply(box, field, id, commands)
    _with_hours(box, model, record, values)


def delete(box: Box, model_name: str, id: int) -> None:
    """A record gone, and those below it."""
    record = find(box, model_name, id)
    if model_name == "sale.line" and _draft(box, record) != "draft":
        raise _may_not(model_of(model_name), "sale", record)
    if record.get("state") in model_of(model_name).kept:
        raise user_error(f'You cannot modify invoice "{named(record)}" because it is posted, paid or cancelled.')
    working.check_needed(box, model_of(model_name), id, MODELS)
    for field in model_of(model_name).fields.values():
        if field.type == "one2many":
            for below in _children(box, field, id):
                delete(box, field.relation, below["id"])
    for each in box.store.find(people.RELATION, to=id) if model_name == "party.party" else ():
        delete(box, people.RELATION, each["id"])
    box.store.delete(model_name, str(id))


def push(box: Box, model_name: str, button: str, id: int) -> None:
    """A button: it moves a record from one state to another."""
    model, record = model_of(model_name), find(box, model_name, id)
    leads = model.buttons[button]
    if record["state"] not in leads:
        raise user_error(f'You can not call "{button}" on "{named(record)}" of "{model.title}".')
    changed = {"state": leads[record["state"]]}
    if (model.name, button) == ("account.invoice", "post"):
        changed |= billing.posted(box, record, named(record))
    changed |= selling.pushed(box, model, button, record)
    box.store.update(model.name, str(id), _stamped(box, record | changed))


def find(box: Box, model_name: str, id: Any) -> Record:
    """A record; Tryton's words where there is none."""
    model = model_of(model_name)
    found = box.store.get(model.name, str(id)) if isinstance(id, int) else None
    if found is None:
        raise user_error(f'You are trying to read records "{id}" of "{model.title}" that don\'t exist.')
    return found


def read(box: Box, model_name: str, record: Record, names: Sequence[str]) -> Record:
    """A record as it is answered: the fields asked for, those of a relation below a name that ends in a dot."""
    model = model_of(model_name)
    found: Record = {"id": record["id"]}
    related: dict[str, list[str]] = {}
    for name in names:
        first, dot, rest = name.partition(".")
        if dot:
            related.setdefault(first, []).append(rest)
        elif name == "_timestamp":
            found[name] = record["_stamp"]
        else:
            found[name] = value_of(box, model, record, field_of(box, model, name))
    for name, inner in related.items():
        field = field_of(box, model, name)
        if not field.relation:
            raise inside("NoneType")
        held = value_of(box, model, record, field)
        if isinstance(held, list):
            found[f"{name}."] = [read(box, field.relation, find(box, field.relation, each), inner) for each in held]
        else:
            at = find(box, field.relation, held) if held is not None else None
            found[f"{name}."] = read(box, field.relation, at, inner) if at is not None else None
    return found


def listed(box: Box, model: Model, name: str, id: int) -> list[int]:
    """The records below one, which need not be there."""
    return [each["id"] for each in _children(box, field_of(box, model, name), id)]


def value_of(box: Box, model: Model, record: Record, field: Field) -> Any:
    """What a record holds in a field."""
    if field.type == "one2many":
        return [each["id"] for each in _children(box, field, record["id"]) if is_open(box, field.relation, each)]
    if field.type == "many2many" and not field.computed:
        return sorted(record[field.name] or [], key=lambda each: named(find(box, field.relation, each)))
    if field.type == "timestamp":
        return _typed_instant(datetime.fromisoformat(record["_at"]))
    match model.name, field.name:
        case people.RELATION, "active":
            return people.stands(box, record)
        case _, "rec_name":
            return named(record)
        case "party.party", "credit_amount":
            before = Decimal(str(record.get("_owes", {}).get(str(COMPANY.get()), 0)))
            return number(before + billing.owed(box, record["id"], COMPANY.get()))
        case "party.party", "email":
            mechanisms = box.store.find("party.contact_mechanism", party=record["id"], type="email")
            return mechanisms[0]["value"] if mechanisms else ""
        case "party.party", "tax_identifier":
            known = [each["id"] for each in box.store.find("party.identifier", party=record["id"]) if each["type"]]
            return known[0] if known else None
        case "project.work" | "timesheet.work", ("duration" | "timesheet_start_date" | "timesheet_end_date") as name:
            return working.worked_out(box, record, name)
    if field.computed and model.name in selling.MODELS:
        return selling.worked_out(box, model.name, field.name, record, COMPANY.get())
    return billing.worked_out(box, model.name, field.name, record) if field.computed else record[field.name]


def is_open(box: Box, model_name: str, record: Record) -> bool:
    """Whether a record is there for those who say nothing of closed ones."""
    model = model_of(model_name)
    return "active" not in model.fields or bool(value_of(box, model, record, model.fields["active"]))


def named(record: Record) -> str:
    """What a record is called in a message."""
    return str(record.get("name") or record.get("number") or record.get("reference") or record["id"])


def check_version(box: Box, versions: Any) -> None:
    """`_timestamp` of a call's context: what each record was read at."""
    for key, at in (versions or {}).items():
        model_name, _, id = key.rpartition(",")
        held = box.store.get(model_name, id)
        if held is not None and held["_stamp"] != at:
            raise stale()


def _stored(model: Model) -> Iterator[Field]:
    return (
        field
        for field in model.fields.values()
        if not field.computed and field.type != "one2many" and field.name != "id"
    )


def _set(box: Box, model: Model, record: Record, values: Record, *, new: bool) -> list[tuple[Field, Any]]:
    """Put values into a record; what is said of lists of records comes back, to be done when it has an id."""
    lists = []
    for name, value in values.items():
        field = field_of(box, model, name)
        if field.readonly:
            raise _may_not(model, name, None if new else record)
        if field.type == "one2many":
            lists.append((field, value))
        elif field.type == "many2many":
            added = [id for command in value or [] if command[0] == "add" for id in command[1]]
            record[name] = list(dict.fromkeys([*(record[name] or []), *added]))
        else:
            record[name] = _fitting(box, model, field, value, record)
    return lists


def _may_not(model: Model, name: str, record: Record | None) -> RpcError:
    title = name.replace("_", " ").title()
    of = f' in record "{named(record)}"' if record else ""
    return user_error(f'You are not allowed to modify the field "{title}"{of} of "{model.title}".')


def _fitting(box: Box, model: Model, field: Field, value: Any, record: Record) -> Any:
    if value is None or value == "":
        return None
    if field.type == "selection" and field.selection and value not in field.selection:
        raise _bad(model, field, value, record, "is not one of the allowed options")
    if field.type == "many2one" and (not isinstance(value, int) or box.store.get(field.relation, str(value)) is None):
        raise user_error(f'The value "{value}" for field "{field.name}" in "{model.title}" does not exist.')
    if kind := _TYPED.get(field.type):
        return _typed(model, field, kind, value, record)
    if field.type in ("char", "text"):
        if not isinstance(value, str):
            raise RpcError(f"'{type(value).__name__}' object has no attribute 'strip'", "")
        if field.type == "char" and (bad := [each for each in value if each in "\n\r\t"]):
            raise _bad(model, field, value, record, f'contains some invalid chars "{bad[0]!r}"')
        return value.strip() if field.type == "char" else value
    return value


def _typed(model: Model, field: Field, kind: str, value: Any, record: Record) -> Any:
    if not isinstance(value, dict) or value.get("__class__") != kind:
        raise RpcError(f"{value!r} is no {kind}", "")
    try:
        if kind == "date":
            date(value["year"], value["month"], value["day"])
        elif kind == "Decimal":
            exponent = Decimal(value["decimal"]).as_tuple().exponent
            if field.digits is not None and isinstance(exponent, int) and -exponent > field.digits:
                raise _digits(model, field, value, record)
    except (InvalidOperation, ValueError) as wrong:
        raise RpcError(str(wrong), "") from wrong
    return value


def _digits(model: Model, field: Field, value: Record, record: Record) -> RpcError:
    text = f'The number of digits in the value "\'{value["decimal"]}\'" for field "{field.name}"'
    return user_error(
        f'{text} in record "{named(record)}" of "{model.title}" exceeds the limit of "(None, {field.digits})".'
    )


def _bad(model: Model, field: Field, value: Any, record: Record, what: str) -> RpcError:
    of = f'in record "{named(record)}" of "{model.title}"'
    return user_error(f'The value "{value}" for field "{field.name}" {of} {what}.')


def _whole(box: Box, model: Model, record: Record) -> None:
    for field in _stored(model):
        if field.required and record[field.name] in (None, ""):
            raise user_error(
                f'A value is required for field "{field.name}" in record "{named(record)}" of "{model.title}".'
            )
    for name, says in model.unique.items():
        taken = box.store.find(model.name, **{name: record[name]}) if record[name] else []
        if any(other["id"] != record["id"] for other in taken):
            raise user_error(says)
    if wrong := billing.domain(box, model, record):
        of = f'in record "{named(record)}" of "{model.title}"'
        raise user_error(f'The value "{record["id"]}" for field "{wrong}" {of} is not valid according to its domain.')
    selling.whole(box, model, record)
    if model.name == "party.identifier" and record["type"]:
        form = _NUMBERS.get(record["type"], _ANY_NUMBER)
        if not re.fullmatch(form, record["code"] or ""):
            raise user_error(f'The {record["type"]} "{record["code"]}" for party "{record["party"]}" is not valid.')


def _apply(box: Box, field: Field, id: int, commands: Any) -> None:
    """The commands of a list: `["create", [{...}]]`, `["write", [ids], {...}]`, `["delete", [ids]]`."""
    for name, *said in commands or []:
        match name:
            case "create":
                for values in said[0]:
                    create(box, field.relation, {**values, field.inverse: id})
            case "write":
                for each in said[0]:
                    write(box, field.relation, each, said[1])
            case "delete":
                for each in said[0]:
                    delete(box, field.relation, each)
            case _:
                raise inside(name)


def _children(box: Box, field: Field, id: int) -> list[Record]:
    back: int | str = working.origin(id, field.relation) if field.inverse == "origin" else id
    return box.store.find(field.relation, **{field.inverse: back})


def _with_hours(box: Box, model: Model, record: Record, values: Record) -> None:
    """A work that takes hours has what they are written on; the days it takes them of are kept there."""
    if model.name != "project.work":
        return
    there = working.hours(box, record["id"])
    if record["timesheet_available"] and not there:
        origin = working.origin(record["id"], working.HOURS)
        create(box, working.HOURS, {"company": record["company"], "origin": origin})
    for each in there:
        if not record["timesheet_available"]:
            delete(box, "timesheet.work", each["id"])
        elif days := {name: values[name] for name in working.DAYS if name in values}:
            write(box, "timesheet.work", each["id"], days)


def _below(box: Box, model: Model, id: int) -> bool:
    return any(_children(box, field, id) for field in model.fields.values() if field.type == "one2many")


def _draft(box: Box, line: Record) -> str:
    return str(find(box, "sale.sale", line["sale"])["state"])


def _stamped(box: Box, record: Record) -> Record:
    """A version that is another one each time, whatever the clock says."""
    at = box.now()
    record["_at"] = at.isoformat()
    record["_stamp"] = f"{int(at.timestamp())}.{box.store.next_number('stamp'):06}"
    return record


def _typed_instant(at: datetime) -> Record:
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{name: getattr(at, name) for name in names}}
