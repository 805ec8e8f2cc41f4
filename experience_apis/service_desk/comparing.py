"""Systems side by side: what each says of one thing, and where they differ."""

from collections.abc import Sequence
from typing import Final

import msgspec

from canonical.ports.processes import Agreement, SystemView

NOT_CREATED: Final = "not created yet"
"""What stands for a record a system does not hold, here and in what the process tier says."""


class Cell(msgspec.Struct, frozen=True):
    """One field in one system."""

    text: str
    tone: str
    """`diff` where the systems differ, `none` where there is nothing to compare, else empty."""


class Row(msgspec.Struct, frozen=True):
    """One field in all systems."""

    field: str
    differs: bool
    cells: list[Cell]


def side_by_side(systems: Sequence[SystemView]) -> list[Row]:
    """Field by field over all systems, those that differ first."""
    fields = dict.fromkeys(name for system in systems for name in system.fields)
    rows = [_row(field, systems) for field in fields] or [_row("record", systems)]
    return sorted(rows, key=lambda row: not row.differs) if systems else []


def in_columns(fields: Sequence[Agreement]) -> list[str]:
    """The systems of a read-back, each once: `netsuite contract` is a record of `netsuite`."""
    return list(dict.fromkeys(owner(name) for field in fields for name in field.values))


def owner(name: str) -> str:
    """The system a read-back's name begins with."""
    return name.split(" ", maxsplit=1)[0]


def _row(field: str, systems: Sequence[SystemView]) -> Row:
    said = {system.fields.get(field, NOT_CREATED) for system in systems} - {NOT_CREATED}
    differs = len(said) > 1
    return Row(field, differs, [_cell(system, field, differs) for system in systems])


def _cell(system: SystemView, field: str, differs: bool) -> Cell:
    text = system.fields.get(field)
    if text is not None and text != NOT_CREATED:
        return Cell(text or "empty", "diff" if differs else "")
    if system.unreachable:
        return Cell("not known", "none")
    return Cell(NOT_CREATED if text == NOT_CREATED or not system.found else "not kept there", "none")
