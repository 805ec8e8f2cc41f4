"""Reading and writing as its API does: records as maps by id, an order beside them, pages, filters, default scopes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from foundation.sandbox import Answer, Box, Record, Refused, answer
from system_apis.kantata.sandbox.billing import cancel
from system_apis.kantata.sandbox.kind import Complain, Kind
from system_apis.kantata.sandbox.kinds import KINDS
from system_apis.kantata.sandbox.submissions import SUBMISSIONS, resolve

PAGE: Final = 20
LARGEST_PAGE: Final = 200
_FIRST_ID: Final = 41000000
_NOT_FOUND: Final = "The requested resource was not found"


class Complaint(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entry of an error body."""

    type: str
    message: str
    field: str = ""


def refused(status: int, *complaints: Complaint) -> Refused:
    """An error answer, to be raised."""
    return Refused(answer(status, {"errors": complaints}))


def trouble(status: int, message: str, sort: str = "system") -> Answer:
    """An error answer of one sentence."""
    return answer(status, {"errors": [Complaint(sort, message)]})


def kind_of(plural: str) -> Kind:
    """The kind under an address; 404 when there is none."""
    if plural not in KINDS:
        raise Refused(trouble(404, _NOT_FOUND))
    return KINDS[plural]


def create(box: Box, plural: str, given: Record) -> Record:
    """Make a record; 422 with every validation error."""
    kind = kind_of(plural)
    id = str(_FIRST_ID + box.store.next_number(plural))
    at = box.now().isoformat(timespec="microseconds")
    kept = _shaped(box, kind, {}, {name: value for name, value in given.items() if name in kind.creates})
    record = {**kept, "id": id, "external_reference_ids": [], "created_at": at, "updated_at": at}
    nested = record.pop("external_reference", None)
    box.store.insert(plural, id, record)
    kind.settle(box, {}, record)
    if nested and box.option("nested_references"):
        create(box, "external_references", {**nested, "subject_type": kind.subject, "subject_id": id})
    elif plural == "external_references":
        _tie(box, record)
    return box.store.get(plural, id) or record


def update(box: Box, plural: str, id: str, given: Record) -> Record:
    """Change what is named."""
    kind, before = kind_of(plural), _held(box, plural, id)
    kept = _shaped(box, kind, before, {name: value for name, value in given.items() if name in kind.updates})
    kept.pop("external_reference", None)
    if plural == "external_references":
        _untie(box, before)
    record = box.store.update(plural, id, {**kept, "updated_at": box.now().isoformat(timespec="microseconds")})
    if plural == "external_references":
        _tie(box, record)
    kind.settle(box, before, record)
    return box.store.get(plural, id) or record


def cancelled(box: Box, id: str) -> Record:
    """Cancel an invoice; 422 for a draft, or one that is paid."""
    wrong: list[Complaint] = []
    record = cancel(box, _held(box, "invoices", id), _noting(wrong))
    if wrong:
        raise refused(422, *wrong)
    return record


def resolved(box: Box, id: str, what: str) -> Record:
    """Approve, reject or cancel an expense report; 422 for one that is beyond that."""
    wrong: list[Complaint] = []
    record = resolve(box, _held(box, SUBMISSIONS, id), what, _noting(wrong))
    if wrong:
        raise refused(422, *wrong)
    return record


def delete(box: Box, plural: str, id: str) -> None:
    """Remove a record; references to it stay and point to nothing."""
    kind, wrong = kind_of(plural), list[Complaint]()
    if not kind.deletable:
        raise Refused(trouble(403, "This cannot be deleted"))
    record = _held(box, plural, id)
    kind.releases(box, record, _noting(wrong))
    if wrong:
        raise refused(422, *wrong)
    if plural == "external_references":
        _untie(box, record)
    box.store.delete(plural, id)


def shown(box: Box, plural: str, id: str, parameters: Mapping[str, str]) -> Answer:
    """One record; 404 too when a default filter hides it."""
    if plural == "users" and id == "me":
        id = box.store.all("users")[0]["id"]
    return enveloped(box, plural, _visible(kind_of(plural), [_held(box, plural, id)], parameters), parameters)


def listed(box: Box, plural: str, parameters: Mapping[str, str]) -> Answer:
    """One page of the records that the filters select."""
    kind = kind_of(plural)
    records = box.store.all(plural)
    if "only" in parameters:
        wanted = parameters["only"].split(",")
        records = [record for record in records if record["id"] in wanted]
    elif "search" in parameters:
        records = _searched(box, kind, records, parameters["search"])
    else:
        equal = {name: value for name, value in parameters.items() if name in kind.filters}
        records = [record for record in records if all(_is(record, *each) for each in equal.items())]
        records = [record for record in _since(records, parameters) if kind.narrows(box, record, parameters)]
        known = _behind(box, "list_lag_seconds")
        records = [record for record in records if record.get("created_at", "") <= known]
    records = _ordered(kind, _visible(kind, records, parameters), parameters)
    size, offset, number = _window(parameters)
    meta = {"count": len(records), "page_count": -(-len(records) // size), "page_number": number, "page_size": size}
    return enveloped(box, plural, records[offset : offset + size], parameters, meta)


def enveloped(
    box: Box, plural: str, records: list[Record], parameters: Mapping[str, str], meta: Record | None = None
) -> Answer:
    """The envelope: 404 for a single record that is not there."""
    if meta is None:
        if not records:
            raise Refused(trouble(404, _NOT_FOUND))
        meta = {"count": len(records), "page_count": 1, "page_number": 1, "page_size": PAGE}
    body: dict[str, Any] = {"count": meta["count"], "results": [{"key": plural, "id": r["id"]} for r in records]}
    wanted = [name for name in parameters.get("include", "").split(",") if name]
    kind = kind_of(plural)
    body[plural] = {record["id"]: _told(box, kind, record, wanted) for record in records}
    for name in wanted:
        if name not in kind.one and name not in kind.many:
            raise Refused(trouble(400, f"Include {name} is not known"))
        collection = (kind.one.get(name) or kind.many[name])[1]
        ids = [id for record in records for id in _associated(box, kind, record, name)]
        held = {id: box.store.get(collection, id) for id in ids}
        beside = KINDS.get(collection)
        told = {id: _told(box, beside, each, []) if beside else each for id, each in held.items() if each}
        body[collection] = told | body.get(collection, {})
    return answer(200, body | {"meta": meta})


def _told(box: Box, kind: Kind, record: Record, included: list[str]) -> Record:
    """A record as it is told: what lists others of it only when they are included."""
    told = dict(record)
    for name, (field, _, __) in kind.many.items():
        told.pop(field, None)
        if name in included:
            told[field] = _associated(box, kind, record, name)
    return told


def _associated(box: Box, kind: Kind, record: Record, name: str) -> list[str]:
    if name in kind.one:
        named = record.get(kind.one[name][0])
        return [str(named)] if named else []
    field, collection, ours = kind.many[name]
    if ours:
        return [each["id"] for each in box.store.find(collection, **{ours: record["id"]})]
    return list(record.get(field) or [])


def _held(box: Box, plural: str, id: str) -> Record:
    found = box.store.get(plural, id)
    if found is None:
        raise Refused(trouble(404, _NOT_FOUND))
    return found


def _shaped(box: Box, kind: Kind, before: Record, given: Record) -> Record:
    wrong: list[Complaint] = []
    kept = kind.shape(box, before, given, _noting(wrong))
    if wrong:
        raise refused(422, *wrong)
    return kept


def _noting(wrong: list[Complaint]) -> Complain:
    return lambda field, message: wrong.append(Complaint("validation", message, field))


def _visible(kind: Kind, records: list[Record], parameters: Mapping[str, str]) -> list[Record]:
    if not kind.archive or parameters.get(kind.archive) == "true":
        return records
    return [record for record in records if not record["archived"]]


def _searched(box: Box, kind: Kind, records: list[Record], text: str) -> list[Record]:
    """By relevance, from an index that may lag behind."""
    if not kind.searched:
        raise Refused(trouble(400, "Search is not supported here"))
    known = _behind(box, "search_lag_seconds")
    return [
        record
        for record in records
        if record["created_at"] <= known
        and any(text.casefold() in str(record[name] or "").casefold() for name in kind.searched)
    ]


def _behind(box: Box, option: str) -> str:
    """The stamp of the newest record that is told by now."""
    return (box.now() - timedelta(milliseconds=int(1000 * box.option(option)))).isoformat(timespec="microseconds")


def _since(records: list[Record], parameters: Mapping[str, str]) -> list[Record]:
    for name, field in (("updated_after", "updated_at"), ("created_after", "created_at")):
        if name in parameters:
            after = _instant(parameters[name])
            records = [record for record in records if datetime.fromisoformat(record[field]) > after]
    return records


def _is(record: Record, name: str, value: str) -> bool:
    several = record.get(f"{name}s")
    return value in several if isinstance(several, list) else str(record.get(name)) == value


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(trouble(400, f"{text} is not a date")) from None
    return found if found.tzinfo else datetime.fromisoformat(text + "+00:00")


def _ordered(kind: Kind, records: list[Record], parameters: Mapping[str, str]) -> list[Record]:
    if "order" not in parameters or "search" in parameters:
        return records
    name, _, direction = parameters["order"].partition(":")
    if kind.orders and name not in kind.orders:
        return records
    return sorted(records, key=lambda record: (str(record.get(name)), record["id"]), reverse=direction == "desc")


def _window(parameters: Mapping[str, str]) -> tuple[int, int, int]:
    """Size, offset and page number; `limit` and `offset` together win over pages."""

    def number(name: str, default: int) -> int:
        given = parameters.get(name, "")
        return int(given) if given.isdigit() else default

    if "limit" in parameters and "offset" in parameters:
        size, offset = max(1, number("limit", PAGE)), number("offset", 0)
        return size, offset, offset // size + 1
    size = max(1, min(LARGEST_PAGE, number("per_page", PAGE)))
    page = max(1, number("page", 1))
    return size, size * (page - 1), page


def _tie(box: Box, reference: Record) -> None:
    """Let the subject know its reference."""
    plural, subject = _subject(box, reference)
    if subject is not None:
        ids = [*subject["external_reference_ids"], reference["id"]]
        box.store.update(plural, subject["id"], {"external_reference_ids": ids})


def _untie(box: Box, reference: Record) -> None:
    plural, subject = _subject(box, reference)
    if subject is not None:
        ids = [id for id in subject["external_reference_ids"] if id != reference["id"]]
        box.store.update(plural, subject["id"], {"external_reference_ids": ids})


def _subject(box: Box, reference: Record) -> tuple[str, Record | None]:
    plural = next((name for name, kind in KINDS.items() if kind.subject == reference["subject_type"]), "")
    return plural, box.store.get(plural, str(reference["subject_id"])) if plural else None
