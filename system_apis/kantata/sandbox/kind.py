"""What the sandbox says of one kind of record, and what kinds have in common."""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from foundation.sandbox import Box, Record

Complain = Callable[[str, str], None]
"""Notes one validation error: field and message."""


REFERENCES: Final[Mapping[str, tuple[str, str, str]]] = {
    "external_references": ("external_reference_ids", "external_references", "")
}


def _nothing_more(_: Box, __: Record, ___: Record) -> None:
    return None


def of_live_workspaces(box: Box, record: Record, parameters: Mapping[str, str]) -> bool:
    """Whether a list shows it: what is of an archived workspace only when that is asked for."""
    workspace = box.store.get("workspaces", str(record["workspace_id"])) or {}
    return not workspace.get("archived") or parameters.get("from_archived_workspaces") == "true"


def _all_of_them(_: Box, __: Record, ___: Mapping[str, str]) -> bool:
    return True


def _released(_: Box, __: Record, ___: Complain) -> None:
    return None


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of record. `shape` turns what was written into what is kept; it complains about what is wrong."""

    singular: str
    subject: str
    creates: frozenset[str]
    updates: frozenset[str]
    shape: Callable[[Box, Record, Record, Complain], Record]
    """(box, record so far or empty, what is written, complain) -> the fields to keep."""
    filters: frozenset[str] = frozenset({"workspace_id"})
    narrows: Callable[[Box, Record, Mapping[str, str]], bool] = _all_of_them
    """(box, record, parameters): whether a list shows it, where more than equality decides."""
    orders: frozenset[str] = frozenset()
    """What a list can be ordered by; empty: any field. Another order is passed over."""
    searched: tuple[str, ...] = ()
    archive: str = ""
    """The parameter without which archived records are hidden, from lists and single reads alike."""
    deletable: bool = True
    one: Mapping[str, tuple[str, str]] = {}
    """Association to one record -> the field that names it, and its collection. The field is always told."""
    many: Mapping[str, tuple[str, str, str]] = msgspec.field(default_factory=lambda: REFERENCES)
    """Association to many -> the field that lists them, their collection, and theirs that names us, where none is kept.

    The field is told only when it is included (Brainstem, `lib/brainstem/concerns/presenter_dsl`).
    """
    settle: Callable[[Box, Record, Record], None] = _nothing_more
    """(box, record before or empty, record now): what else a write brings about."""
    releases: Callable[[Box, Record, Complain], None] = _released
    """(box, record, complain): what a deletion brings about, or why there is none."""


def names(text: str) -> frozenset[str]:
    """Field names, from a text of them."""
    return frozenset(text.split())


def belongs(box: Box, whole: Record, complain: Complain) -> None:
    """Complain of a record whose workspace is not there."""
    if box.store.get("workspaces", str(whole.get("workspace_id"))) is None:
        complain("workspace_id", "Workspace does not exist or you do not take part in it")


def in_order(whole: Record, first: str, last: str, complain: Complain) -> None:
    """Complain of an end before its start."""
    if whole.get(first) and whole.get(last) and whole[first] > whole[last]:
        complain(last, f"{last.replace('_', ' ').capitalize()} must not be before the start")
