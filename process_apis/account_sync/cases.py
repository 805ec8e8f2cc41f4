"""What of a customer or a person needs someone: one case each, at the desk like any other, closed when all agree."""

from typing import Any

import sqlalchemy as sa

from canonical.faults import Fault
from process_apis import cases, own_cases
from process_apis.account_sync.records import Kind
from process_apis.platform import Platform

cases.SUGGESTIONS["account_sync"] = {
    "conflict": (
        "ownership",
        "Account steward",
        "Make the systems say the same, or merge, link or unlink the records; then run it again.",
    ),
    "guards_failed": (
        "guards",
        "Account steward",
        "Mend what the guards name; the account is tried again when it changes.",
    ),
    "vendor_duplicate": ("foreign_key", "Finance master data", "Give the record in {system} our key, or unlink it."),
    "vendor_stale": ("conflict", "Platform operations", "Run it again: it is read anew."),
}
cases.SUGGESTIONS["contact_sync"] = {
    **cases.SUGGESTIONS["account_sync"],
    "guards_failed": (
        "guards",
        "Account steward",
        "Mend what the guards name; the person is tried again when the record changes.",
    ),
    "vendor_duplicate": (
        "foreign_key",
        "Finance master data",
        "{system} has somebody of that name already: link the record to this person, or rename one of the two.",
    ),
}


def run_id(kind: Kind, canonical_id: str) -> str:
    """Under what a thing's sync stands among the runs: one row each, so one case each."""
    return f"{kind.prefix}:{canonical_id}"


def open_case(
    connection: sa.Connection, platform: Platform, kind: Kind, canonical_id: str, data: Any, fault: Fault
) -> None:
    """Open its case, or say what is the matter now; the case of the same matter stays as it is."""
    values = {"workflow": kind.workflow, "business_key": canonical_id, **kind.about(canonical_id, data)}
    own_cases.open_case(connection, platform, run_id(kind, canonical_id), values, fault)


def close_case(connection: sa.Connection, kind: Kind, canonical_id: str) -> None:
    """Its systems agree: an open case is over."""
    own_cases.close_case(connection, run_id(kind, canonical_id), "Its systems agree.")
