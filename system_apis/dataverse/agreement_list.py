"""Contracts that something happens to: two tables, read in one call, each by its own watermark."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from canonical.faults import FieldError, Invalid
from canonical.ports.lists import RecordChange
from canonical.ports.operation import Page
from system_apis.dataverse import agreements, mapping
from system_apis.dataverse.contract_wire import Amended, Contracted
from system_apis.dataverse.records import Records, Wanted
from system_apis.dataverse.watermark import Watermark

_BETWEEN: Final = "+"
_SOURCES: Final[Sequence[tuple[str, type[Contracted | Amended], str, str]]] = (
    ("salesorders", Contracted, f"statecode eq {agreements.SUBMITTED} and tg_documenthash ne null", "tg_endson"),
    (
        "tg_contractamendments",
        Amended,
        f"tg_status eq {agreements.AGREED} and _tg_contract_value ne null",
        "tg_newendson",
    ),
)
"""The table, its shape, what of it is in force, and the column of its end."""


async def changes(org: Records, since: str, limit: int) -> Page[RecordChange]:
    """One page of each table. `Invalid` for a watermark that is none of ours."""
    most, marks = max(1, limit), _read(since)
    answers = await org.together(
        *(
            Wanted(
                table=table,
                shape=shape,
                where=f"{in_force} and {mark.condition()}",
                order="versionnumber asc",
                most=most + 1,
            )
            for (table, shape, in_force, _), mark in zip(_SOURCES, marks, strict=True)
        )
    )
    found, following = list[RecordChange](), list[str]()
    for mark, rows in zip(marks, answers, strict=True):
        page, after, _ = mark.read_on(rows, most)
        found += [
            RecordChange(
                native_id=row.contract,
                version=mapping.version(row.versionnumber),
                changed_at=row.modifiedon,
                exact=True,
            )
            for row in page
        ]
        following.append(after.text())
    return Page(items=sorted(found, key=lambda each: each.changed_at), next=_BETWEEN.join(following))


async def ending(org: Records, first: date, last: date) -> list[str]:
    """The ids of contracts an end in these days is said of, each once."""
    answers = await org.together(
        *(
            Wanted(
                table=table,
                shape=shape,
                where=f"{in_force} and {end} ge {first} and {end} le {last}",
                order=f"{end} asc,versionnumber asc",
            )
            for table, shape, in_force, end in _SOURCES
        )
    )
    return list(dict.fromkeys(row.contract for rows in answers for row in rows))


def _read(since: str) -> list[Watermark]:
    if not since:
        return [Watermark() for _ in _SOURCES]
    parts = since.split(_BETWEEN)
    if len(parts) != len(_SOURCES) or not all(parts):
        raise Invalid(errors=[FieldError(detail="not a watermark this API gave", pointer="query:since")])
    return [Watermark.read(part) for part in parts]
