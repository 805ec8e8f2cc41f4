"""The tables of the sandbox and their columns, as far as incidents need them."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

Kind = Literal["string", "integer", "boolean", "date_time", "choice", "reference", "journal"]


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column. `table` is what a reference points to, `labels` what a choice shows."""

    kind: Kind = "string"
    default: str = ""
    table: str = ""
    labels: Mapping[str, str] = {}


def _choice(default: str, **labels: str) -> Column:
    return Column(kind="choice", default=default, labels={code.lstrip("_"): label for code, label in labels.items()})


_TEXT: Final = Column()
_TIME: Final = Column(kind="date_time")
_LEVEL: Final = _choice("3", _1="1 - High", _2="2 - Medium", _3="3 - Low")
_STATE: Final = _choice("1", _1="New", _2="In Progress", _3="On Hold", _6="Resolved", _7="Closed", _8="Canceled")
_PRIORITY: Final = _choice("5", _1="1 - Critical", _2="2 - High", _3="3 - Moderate", _4="4 - Low", _5="5 - Planning")

SYSTEM: Final[Mapping[str, Column]] = {
    "sys_id": _TEXT,
    "sys_class_name": _TEXT,
    "sys_created_on": _TIME,
    "sys_created_by": _TEXT,
    "sys_updated_on": _TIME,
    "sys_updated_by": _TEXT,
    "sys_mod_count": Column(kind="integer", default="0"),
}
"""What every table has, and what no client can write."""

_USER: Final = Column(kind="reference", table="sys_user")

TABLES: Final[Mapping[str, Mapping[str, Column]]] = {
    "incident": {
        **SYSTEM,
        "number": _TEXT,
        "short_description": _TEXT,
        "description": _TEXT,
        "state": _STATE,
        "incident_state": _STATE,
        "impact": _LEVEL,
        "urgency": _LEVEL,
        "priority": _PRIORITY,
        "active": Column(kind="boolean", default="true"),
        "category": _choice("inquiry", inquiry="Inquiry / Help", software="Software", database="Database"),
        "caller_id": _USER,
        "opened_by": _USER,
        "assigned_to": _USER,
        "assignment_group": Column(kind="reference", table="sys_user_group"),
        "correlation_id": _TEXT,
        "correlation_display": _TEXT,
        "close_code": _TEXT,
        "close_notes": _TEXT,
        "work_notes": Column(kind="journal"),
        "comments": Column(kind="journal"),
        "opened_at": _TIME,
        "resolved_at": _TIME,
        "closed_at": _TIME,
    },
    "sys_user": {
        **SYSTEM,
        "user_name": _TEXT,
        "name": _TEXT,
        "email": _TEXT,
        "active": Column(kind="boolean", default="true"),
    },
    "sys_user_group": {**SYSTEM, "name": _TEXT, "manager": _USER},
    "sys_journal_field": {**SYSTEM, "name": _TEXT, "element_id": _TEXT, "element": _TEXT, "value": _TEXT},
}


def column(table: str, path: str) -> Column | None:
    """The column a name or a dot-walk (`assignment_group.manager.name`) leads to; None where it leads nowhere."""
    here, _, rest = path.partition(".")
    found = TABLES[table].get(here)
    if not rest or found is None:
        return found
    return column(found.table, rest) if found.kind == "reference" else None
