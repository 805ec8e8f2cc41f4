"""What was written down of drift, by operation: what differs, how often, and who reads it."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from gateway.contracts import Contract
from gateway.drift.proposal import Patch, proposed, touched
from gateway.drift.tables import DRIFT, READERS
from gateway.plan import Plan


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which answers differ from the contract."""

    place: str
    """`status`, `header:<name>`, or `body` and a JSON Pointer in which `*` is any entry."""
    rule_at: str
    keyword: str
    expected: str
    seen: str
    example: str
    times: int
    first_at: float
    last_at: float
    proposal: list[Patch]
    """What would make the contract true again; empty where a person has to think."""
    breaks: list[str]
    """Whom that would break: the changes of the contract that callers cannot bear."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Who reads an operation's answers."""

    client: str
    times: int
    """Answers that were looked at; 0 of a client that may read it, and was not seen."""
    last_at: float
    product: str


class Drifting(msgspec.Struct, frozen=True, kw_only=True):
    """One operation whose answers differ."""

    api: str
    operation: str
    differences: list[Difference]
    readers: list[Reading]


def drifting(
    connection: sa.Connection,
    plan: Plan,
    contract_of: Callable[[str], Mapping[str, Any] | None],
    *,
    api: str = "",
    days: float = 30,
) -> list[Drifting]:
    """What was seen in the last so many days; `contract_of` gives the document of `{api}-v{major}`."""
    since = time.time() - days * 86_400
    wanted = sa.select(DRIFT).where(DRIFT.c.last_at >= since).order_by(DRIFT.c.api, DRIFT.c.operation, DRIFT.c.place)
    rows: dict[tuple[str, str], list[Any]] = {}
    for row in connection.execute(wanted):
        if api in ("", row.api, row.api.rpartition("-v")[0]):
            rows.setdefault((row.api, row.operation), []).append(row)
    readers = list(connection.execute(sa.select(READERS).where(READERS.c.last_at >= since)))
    found = []
    for (key, operation), each in rows.items():
        document = contract_of(key)
        contract = Contract(document) if document is not None else None
        found.append(
            Drifting(
                api=key,
                operation=operation,
                differences=[_difference(row, contract) for row in each],
                readers=list(_readers(plan, key, operation, readers)),
            )
        )
    return found


def _difference(row: Any, contract: Contract | None) -> Difference:
    said = {name: getattr(row, name) for name in Difference.__struct_fields__ if name not in ("proposal", "breaks")}
    known = contract is not None and row.operation in contract.operations()
    proposal = proposed(row, contract) if contract is not None and known else []
    breaks = touched(contract.document, proposal) if contract is not None else []
    return Difference(**said, proposal=proposal, breaks=breaks)


def _readers(plan: Plan, api: str, operation: str, seen: list[Any]) -> Iterator[Reading]:
    """Those who were seen, and those whose product includes it."""
    here = {row.client: row for row in seen if (row.api, row.operation) == (api, operation)}
    may = {c: p.name for c, p in plan.products.items() if f"{api}.{operation}" in p.includes}
    for client in sorted(here.keys() | may.keys()):
        row = here.get(client)
        times, last_at = (row.times, row.last_at) if row is not None else (0, 0.0)
        yield Reading(client=client, times=times, last_at=last_at, product=may.get(client, ""))
