"""What each system can: system x port x operation, yes or why not. Read from what is registered, no vendor is asked.

A system can what its ports offer and its adapter does not refuse (`cannot`). Of the ports of its roles that it does not
offer (`lacks`) every operation is a no.
"""

from collections.abc import Iterable, Sequence

import msgspec

from canonical.ports import operations, why_not
from canonical.ports.roles import PORTS
from system_apis import SystemApi

UNSAID = "Nobody has said why."


class Capability(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of one system."""

    system: str
    port: str
    operation: str
    """The operationId."""
    can: bool
    why_not: str = ""
    """A sentence; empty where it can."""


def asked_of(system: SystemApi) -> tuple[type, ...]:
    """The ports of its roles, and what it offers beside them."""
    return tuple(dict.fromkeys([port for role in system.roles for port in PORTS[role]] + list(system.ports)))


def capabilities(systems: Iterable[SystemApi]) -> list[Capability]:
    """All of them, system by system."""
    return [
        Capability(system=system.name, port=port.__name__, operation=each.id, can=not why, why_not=why)
        for system in systems
        for port in asked_of(system)
        for each in operations(port)
        for why in [why_not(system.adapter, each) if port in system.ports else system.lacks.get(port, UNSAID)]
    ]


class Matrix(msgspec.Struct, frozen=True, kw_only=True):
    """The same as a table: one row an operation, one column a system."""

    systems: list[SystemApi]
    rows: list[tuple[str, str, list[str]]]
    """Port, operation, and a cell a system: `yes`, `no [1]`, or empty where its roles do not ask for it."""
    reasons: list[str]
    """What the numbers stand for."""


def matrix(systems: Sequence[SystemApi]) -> Matrix:
    """The table of these systems. Equal reasons share a number."""
    found = {(each.system, each.port, each.operation): each for each in capabilities(systems)}
    reasons: list[str] = []
    cells: dict[tuple[str, str], list[str]] = {}
    for _, port, operation in found:
        cells.setdefault((port, operation), [])
    for (port, operation), row in cells.items():
        for system in systems:
            each = found.get((system.name, port, operation))
            if each is not None and each.why_not and each.why_not not in reasons:
                reasons.append(each.why_not)
            row.append("" if each is None else "yes" if each.can else f"no [{reasons.index(each.why_not) + 1}]")
    rows = [(port, operation, row) for (port, operation), row in cells.items()]
    return Matrix(systems=list(systems), rows=sorted(rows, key=lambda row: row[0]), reasons=reasons)
