"""What a reconciliation keeps: its parts, what they found, and while a part is compared, what its systems listed."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final, Literal

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.ports.reconciling import (
    Difference,
    FieldDifference,
    PartOfReconciliation,
    PartState,
    ReconciledObject,
    Reconciliation,
    SideOfPart,
)
from foundation.database import Database, insert_new
from foundation.masking import Masker
from process_apis import projections
from process_apis.journal import aware
from process_apis.reconcile.tables import DIFFERENCES, LISTED, PARTS, RECONCILIATIONS

Side = Literal["left", "right"]
MANY: Final = 200
"""Records that are worked on together."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of thing in one pair of systems, to be compared."""

    reconciliation: str
    number: int
    object: ReconciledObject
    left: str
    right: str
    entities: list[str]
    """Legal entities that are compared; none: all there are."""
    heal: bool = True
    reason: str = ""
    """Why it does not apply; empty where it does."""

    def of(self, entity: str) -> bool:
        """Whether a record of this legal entity is compared. What says of none is everybody's."""
        return not entity or not self.entities or entity in self.entities


class Found(msgspec.Struct, kw_only=True):
    """What is counted while a part is compared."""

    left: int = 0
    right: int = 0
    matched: int = 0
    masker: Masker
    sums: dict[str, int] = {}
    """`left`, `left expected` and so on, to a sum that does not depend on the order."""

    def add(self, name: str, *said: Any) -> None:
        """Add what one record says to a checksum. It is keyed: of few records a plain one would tell what they say."""
        digest = self.masker.keyed("checksum", msgspec.json.encode(said, order="sorted").decode())
        self.sums[name] = self.sums.get(name, 0) ^ int(digest[:32], 16)

    def sum_of(self, name: str) -> str:
        """A checksum in hexadecimal."""
        return f"{self.sums.get(name, 0):032x}"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One listed record."""

    side: Side
    native_id: str
    entity: str = ""
    key: str = ""
    state: str = ""
    facts: dict[str, str] = {}


def keep(connection: sa.Connection, part: Part, rows: Iterable[Row]) -> None:
    """Keep a page of what a system listed."""
    values = [
        {
            "reconciliation_id": part.reconciliation,
            "part": part.number,
            "side": row.side,
            "native_id": row.native_id,
            "entity": row.entity,
            "key": row.key,
            "state": row.state,
            "facts": msgspec.json.encode(row.facts).decode(),
        }
        for row in rows
    ]
    if values:
        connection.execute(sa.insert(LISTED), values)


def within(part: Part, table: Any = LISTED) -> Any:
    """The condition that a row is of this part."""
    return sa.and_(table.c.reconciliation_id == part.reconciliation, table.c.part == part.number)


def forget(connection: sa.Connection, part: Part, *, differences: bool = False) -> None:
    """Forget what was listed; before a part is compared also what an interrupted comparison had found."""
    connection.execute(sa.delete(LISTED).where(within(part)))
    if differences:
        connection.execute(sa.delete(DIFFERENCES).where(within(part, DIFFERENCES)))


def tell(connection: sa.Connection, part: Part, found: Iterable[Difference]) -> None:
    """Write differences down."""
    values = [
        {
            "reconciliation_id": part.reconciliation,
            "part": part.number,
            "kind": each.kind,
            "key": each.key,
            "left_id": each.left_id,
            "right_id": each.right_id,
            "fields": msgspec.json.encode(each.fields).decode(),
            "outcome": each.outcome,
            "detail": each.detail,
            "run_id": each.run_id,
        }
        for each in found
    ]
    if values:
        connection.execute(sa.insert(DIFFERENCES), values)


def end(connection: sa.Connection, part: Part, found: Found, state: PartState, reason: str = "") -> None:
    """A part was compared, or could not be."""
    mine = sa.select(sa.func.count()).select_from(DIFFERENCES).where(within(part, DIFFERENCES))
    if state == "agrees" and connection.scalar(mine):
        state = "differs"
    values = {"state": state, "reason": reason, "found": msgspec.json.encode(_counted(found)).decode()}
    connection.execute(sa.update(PARTS).where(_this(part)).values(**values))
    forget(connection, part)


def _counted(found: Found) -> dict[str, Any]:
    sums = {name: found.sum_of(name) for name in ("left", "left expected", "right", "right expected")}
    return {
        "left": found.left,
        "right": found.right,
        "matched": found.matched,
        **{f"sum {k}": v for k, v in sums.items()},
    }


def _this(part: Part) -> Any:
    return sa.and_(PARTS.c.reconciliation_id == part.reconciliation, PARTS.c.number == part.number)


def begin(connection: sa.Connection, values: dict[str, Any], parts: Sequence[Part]) -> bool:
    """Write a new reconciliation down with its parts; False when it is there already."""
    new = insert_new(connection, RECONCILIATIONS, {"id": values["id"]}, {k: v for k, v in values.items() if k != "id"})
    for part in parts if new else ():
        row = {
            "reconciliation_id": part.reconciliation,
            "number": part.number,
            "object": part.object,
            "legal_entities": msgspec.json.encode(part.entities).decode(),
            "left_system": part.left,
            "right_system": part.right,
            "state": "not_applicable" if part.reason else "waiting",
            "reason": part.reason,
        }
        connection.execute(sa.insert(PARTS).values(**row))
    return new


def waiting(connection: sa.Connection, reconciliation_id: str) -> list[Part]:
    """The parts that are still to be compared."""
    heal = connection.scalar(sa.select(RECONCILIATIONS.c.heal).where(RECONCILIATIONS.c.id == reconciliation_id))
    query = sa.select(PARTS).where(PARTS.c.reconciliation_id == reconciliation_id, PARTS.c.state == "waiting")
    return [
        Part(
            reconciliation=reconciliation_id,
            number=row.number,
            object=row.object,
            left=row.left_system,
            right=row.right_system,
            entities=msgspec.json.decode(row.legal_entities),
            heal=bool(heal),
        )
        for row in connection.execute(query.order_by(PARTS.c.number))
    ]


def finish(connection: sa.Connection, reconciliation_id: str) -> None:
    """All parts were looked at."""
    this = sa.update(RECONCILIATIONS).where(RECONCILIATIONS.c.id == reconciliation_id)
    connection.execute(this.values(state="done", ended_at=now()))


def shown(connection: sa.Connection, row: Any) -> Reconciliation:
    """A reconciliation as the API shows it."""
    counted = sa.select(DIFFERENCES.c.part, DIFFERENCES.c.outcome, sa.func.count()).where(
        DIFFERENCES.c.reconciliation_id == row.id
    )
    by_part: dict[int, dict[str, int]] = {}
    for number, outcome, count in connection.execute(counted.group_by(DIFFERENCES.c.part, DIFFERENCES.c.outcome)):
        by_part.setdefault(number, {})[outcome] = count
    query = sa.select(PARTS).where(PARTS.c.reconciliation_id == row.id).order_by(PARTS.c.number)
    parts = [_part(each, by_part.get(each.number, {})) for each in connection.execute(query)]
    looked_at = [part for part in parts if part.state != "not_applicable"]
    return Reconciliation(
        id=row.id,
        state=row.state,
        trigger=row.trigger,
        heal=row.heal,
        clean=row.state == "done" and bool(looked_at) and all(part.state == "agrees" for part in looked_at),
        started_at=aware(row.started_at),
        ended_at=aware(row.ended_at) if row.ended_at else None,
        status=f"/reconcile/v1/reconciliations/{row.id}",
        parts=parts,
    )


def _part(row: Any, counts: dict[str, int]) -> PartOfReconciliation:
    found: dict[str, Any] = msgspec.json.decode(row.found)

    def side(name: str, system: str) -> SideOfPart:
        return SideOfPart(
            system=system,
            count=found.get(name, 0),
            checksum=found.get(f"sum {name}", ""),
            expected=found.get(f"sum {name} expected", ""),
        )

    return PartOfReconciliation(
        number=row.number,
        object=row.object,
        legal_entities=msgspec.json.decode(row.legal_entities),
        left=side("left", row.left_system),
        right=side("right", row.right_system),
        matched=found.get("matched", 0),
        state=row.state,
        reason=row.reason,
        healed=counts.get("healed", 0),
        cases=counts.get("case", 0),
        open=counts.get("open", 0),
    )


def difference(row: Any, kind: ReconciledObject) -> Difference:
    """A difference as the API shows it."""
    return Difference(
        number=row.number,
        part=row.part,
        object=kind,
        kind=row.kind,
        key=row.key,
        left_id=row.left_id,
        right_id=row.right_id,
        fields=msgspec.json.decode(row.fields, type=list[FieldDifference]),
        outcome=row.outcome,
        detail=row.detail,
        run_id=row.run_id,
    )


def rows_of(connection: sa.Connection, part: Part, condition: Any, after: int) -> list[Any]:
    """The next listed records that meet a condition, those after a number."""
    query = sa.select(LISTED).where(within(part), LISTED.c.number > after, condition)
    return list(connection.execute(query.order_by(LISTED.c.number).limit(MANY)))


async def walk(database: Database, part: Part, condition: Any, work: Callable[[list[Any]], Awaitable[None]]) -> None:
    """Every listed record that meets a condition, so many at once."""
    after = 0
    while rows := await database.run(partial(rows_of, part=part, condition=condition, after=after)):
        after = rows[-1].number
        await work(rows)


def same_key(other: Any) -> Any:
    """Another listed record of the part has the same key."""
    return sa.and_(
        other.c.reconciliation_id == LISTED.c.reconciliation_id,
        other.c.part == LISTED.c.part,
        other.c.key == LISTED.c.key,
    )


def first_of_several(other: Any, *alike: Any) -> Any:
    """The first of several records of one key on one side; `alike`: what else must be the same of them."""
    twin = (same_key(other), other.c.side == LISTED.c.side, *alike)
    later = sa.exists().where(*twin, other.c.number > LISTED.c.number)
    earlier = sa.exists().where(*twin, other.c.number < LISTED.c.number)
    return sa.and_(LISTED.c.key != "", later, ~earlier)


def told_of(field: str, values: Iterable[tuple[str, Any]]) -> FieldDifference:
    """One field's values as text."""
    return FieldDifference(field=field, values={name: _text(value) for name, value in values})


def _text(value: Any) -> str:
    if projections.empty(value):
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
