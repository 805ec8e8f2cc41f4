"""The firm's plug-in on orders and their amendments: what was signed is amended, not edited.

A signature may still be filled in where there is none, and what moves afterwards is named below.
"""

from collections.abc import Mapping
from typing import Any, Final

from foundation.sandbox import Box, Record
from system_apis.dataverse.sandbox.errors import refused
from system_apis.dataverse.sandbox.schema import AMENDMENT_STATUSES, Table

AGREED: Final = next(code for code, label in AMENDMENT_STATUSES.items() if label == "Agreed")
_SIGNATURE: Final = ("tg_signedon", "tg_documenthash", "tg_signatureenvelope", "tg_governinglaw")
_MOVES: Final[Mapping[str, frozenset[str]]] = {
    "salesorder": frozenset(
        {
            *("statecode", "statuscode", "ownerid", "customerid", "totalamount"),
            *("tg_approvedexceptions", "tg_carriedamendment", "tg_erporderid", "tg_erpordernumber"),
        }
    ),
    "tg_contractamendment": frozenset({"tg_status", "tg_approvedexceptions", "ownerid"}),
    "salesorderdetail": frozenset(),
    "tg_contractamendmentline": frozenset(),
}
_CLOSED: Final = (2, 3, 4)


def keep_signed(box: Box, table: Table, before: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Refuse what would change anything that was signed; `before` is empty for a new row."""
    if table.name not in _MOVES or not _is_signed(box, table, before or values):
        return
    if table.name == "salesorder" and box.option("closed_orders_locked") and before.get("statecode") in _CLOSED:
        raise refused(400, "0x80048408", "The order cannot be edited because it is closed.")
    filled = {name for name in _SIGNATURE if before.get(name) is None}
    changed = {name for name, value in values.items() if value != before.get(name)}
    if odd := sorted(changed - _MOVES[table.name] - filled):
        raise refused(400, "0x80040265", f"What was signed is amended, not edited: {', '.join(odd)}.")


def _is_signed(box: Box, table: Table, row: Mapping[str, Any]) -> bool:
    if table.name == "salesorder":
        return bool(row.get("statecode"))
    if table.name == "tg_contractamendment":
        return row.get("tg_status") == AGREED
    column, above = (
        ("salesorderid", "salesorder") if table.name == "salesorderdetail" else ("tg_amendment", "tg_contractamendment")
    )
    holder: Record = box.store.get(above, row.get(column) or "") or {}
    return bool(holder.get("statecode")) if above == "salesorder" else holder.get("tg_status") == AGREED
