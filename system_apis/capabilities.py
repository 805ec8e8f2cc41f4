"""What each system can: system x port x operation, yes or why not. Read from what is registered, no vendor is asked.

A system can what its ports offer and its adapter does not refuse (`cannot`). Of the ports of its roles that it does not
offer (`lacks`) every operation is a no. Of what it can it says how far the reads are behind its writes.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from canonical.ports import Operation, operations, why_not
from canonical.ports.roles import PORTS
from system_apis import Reads, SystemApi

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
    consistency: Literal["strong", "eventual"] | None = None
    """Of what it reads, a write's look-up included; None where it cannot."""
    lag_seconds: float = 0
    """After which what was written is found, at the latest."""
    verified: bool = False
    """Whether the vendor says so, or a real system was asked."""


def asked_of(system: SystemApi) -> tuple[type, ...]:
    """The ports of its roles, and what it offers beside them."""
    return tuple(dict.fromkeys([port for role in system.roles for port in PORTS[role]] + list(system.ports)))


def capabilities(systems: Iterable[SystemApi]) -> list[Capability]:
    """All of them, system by system."""
    return [
        _capability(system, port, each) for system in systems for port in asked_of(system) for each in operations(port)
    ]


def _capability(system: SystemApi, port: type, operation: Operation) -> Capability:
    why = why_not(system.adapter, operation) if port in system.ports else system.lacks.get(port, UNSAID)
    able = Capability(system=system.name, port=port.__name__, operation=operation.id, can=not why, why_not=why)
    if why:
        return able
    reads = system.consistency(operation)
    return msgspec.structs.replace(able, consistency=reads.consistency, lag_seconds=reads.lag, verified=reads.verified)


def behind(systems: Iterable[SystemApi]) -> Iterator[tuple[SystemApi, Reads, list[str]]]:
    """How far reads are behind writes: what a system says, and of which operations; where none is named, of the others.

    What is so in every system is left out: `POLLED`.
    """
    for system in systems:
        yield system, system.reads, []
        for reads in dict.fromkeys(system.reads_otherwise.values()):
            yield system, reads, [name for name, each in system.reads_otherwise.items() if each == reads]


def found(reads: Reads) -> str:
    """When a read finds what was written, in a few words: `at once` or `within 30 s (not verified)`."""
    return ("at once" if not reads.lag else f"within {reads.lag:g} s") + ("" if reads.verified else " (not verified)")


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
