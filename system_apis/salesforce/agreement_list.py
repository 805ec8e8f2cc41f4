"""Contracts that something happens to: two objects of the org, asked one after the other, each by its own watermark."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from canonical.faults import FieldError, Invalid
from canonical.ports.lists import RecordChange
from canonical.ports.operation import Page
from foundation.salesforce.records import Records
from system_apis.salesforce.contracts_wire import Amended, Contracted
from system_apis.salesforce.mapping import stamp
from system_apis.salesforce.watermark import Watermark

_BETWEEN: Final = "+"
_SOURCES: Final[Sequence[tuple[str, type[Contracted], str, str]]] = (
    ("Contract", Contracted, "Status = 'Activated' AND Document_Hash__c != null", "EndDate"),
    ("Contract_Amendment__c", Amended, "Status__c = 'Agreed'", "New_End_Date__c"),
)
"""The object, its shape, what of it is in force, and the field of its end."""


async def changes(org: Records, since: str, limit: int) -> Page[RecordChange]:
    """One page of each object. `Invalid` for a watermark that is none of ours."""
    found, following = list[RecordChange](), list[str]()
    for (kind, shape, in_force, _), watermark in zip(_SOURCES, _read(since), strict=True):
        where = f"{in_force} AND {watermark.condition()} ORDER BY SystemModstamp, Id LIMIT {max(1, limit)}"
        rows = await org.query(kind, where, shape)
        found += [
            RecordChange(native_id=row.contract_id, version=stamp(row.system_modstamp), changed_at=row.system_modstamp)
            for row in rows
        ]
        last, more = rows[-1] if rows else None, len(rows) >= limit
        following.append((watermark.after(last.system_modstamp, last.id, more=more) if last else watermark).text())
    return Page(items=sorted(found, key=lambda each: each.changed_at), next=_BETWEEN.join(following))


async def ending(org: Records, first: date, last: date) -> list[str]:
    """The ids of contracts an end in these days is said of, each once."""
    found = list[str]()
    for kind, shape, in_force, end in _SOURCES:
        where = f"{in_force} AND {end} >= {first} AND {end} <= {last} ORDER BY {end}, Id"
        found += [row.contract_id for row in await org.query(kind, where, shape)]
    return list(dict.fromkeys(found))


def _read(since: str) -> list[Watermark]:
    if not since:
        return [Watermark() for _ in _SOURCES]
    parts = since.split(_BETWEEN)
    if len(parts) != len(_SOURCES) or not all(parts):
        raise Invalid(errors=[FieldError(detail="not a watermark this API gave", pointer="query:since")])
    return [Watermark.read(part) for part in parts]
