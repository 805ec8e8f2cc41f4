"""The journal of runs: what people see of a run while the engine keeps its checkpoints.

Every write is an upsert by natural key, so that a step run twice writes the same row.
"""

import hashlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.base import Xref
from canonical.dates import now
from canonical.faults import Conflict, Fault, FieldError
from canonical.money import Money
from canonical.ports.processes import Agreement, Attempt, Run, RunDetail, Step, StepStatus
from foundation.database import insert_new, upsert
from process_apis.tables import ATTEMPTS, RUNS, STEPS, XREFS


class StepName(msgspec.Struct, frozen=True):
    """A step of a workflow: its name in the store, and how people call it."""

    name: str
    title: str


class Origin(msgspec.Struct, frozen=True):
    """Where a run comes from: what each of its steps acts under."""

    workflow: str
    traceparent: str
    acted_for: tuple[str, ...]


_ORIGIN: Final = (RUNS.c.workflow, RUNS.c.traceparent, RUNS.c.acted_for)


def input_hash(value: Any) -> str:
    """What tells two inputs of one run id apart."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()


def begin_run(connection: sa.Connection, values: Mapping[str, Any]) -> bool:
    """Write the row of a new run; False when it is there already."""
    return insert_new(connection, RUNS, {"id": values["id"]}, {k: v for k, v in values.items() if k != "id"})


def unspent(connection: sa.Connection, base: str) -> tuple[str, int]:
    """The id of the run that counts, and which one it is: after one that was undone there is another."""
    taken = sa.or_(RUNS.c.id == base, RUNS.c.id.startswith(f"{base}:", autoescape=True))
    undone = connection.scalar(sa.select(sa.func.count()).where(taken, RUNS.c.status == "cancelled")) or 0
    return (f"{base}:{undone + 1}" if undone else base), undone + 1


def newest(connection: sa.Connection, base: str) -> str:
    """The id of the last run of those that began under this one."""
    taken = sa.or_(RUNS.c.id == base, RUNS.c.id.startswith(f"{base}:", autoescape=True))
    last = sa.select(RUNS.c.id).where(taken).order_by(RUNS.c.started_at.desc(), RUNS.c.id.desc())
    return str(connection.scalar(last.limit(1)))


def update_run(connection: sa.Connection, run_id: str, **values: Any) -> None:
    """Set columns of a run."""
    connection.execute(sa.update(RUNS).where(RUNS.c.id == run_id).values(**values))


def finish_run(connection: sa.Connection, run_id: str, status: str, fault: Fault | None = None, **values: Any) -> None:
    """End a run; `fault` says why when it did not succeed."""
    update_run(
        connection,
        run_id,
        status=status,
        ended_at=now(),
        reason=fault.reason if fault else "",
        detail=str(fault) if fault else "",
        errors=msgspec.json.encode(fault.errors if fault else []).decode(),
        **values,
    )


def reopen_run(connection: sa.Connection, run_id: str, from_step: int, ended_at: datetime | None) -> bool:
    """Put a refused or failed run back to running; False when it is neither, or somebody else just did.

    `ended_at` is the ending that whoever asks has seen: a run that ended again since then is not run again. Its
    steps from `from_step` on are to do again. Their rows stay: an undo asks what was ever begun.
    """
    seen = RUNS.c.ended_at.is_(None) if ended_at is None else RUNS.c.ended_at == ended_at
    waiting = sa.and_(RUNS.c.id == run_id, RUNS.c.status.in_(("refused", "failed")), seen)
    again = {"status": "running", "step": from_step - 1, "ended_at": None, "verified": None}
    forgotten = {"reason": "", "detail": "", "errors": "[]"}
    if not connection.execute(sa.update(RUNS).where(waiting).values(**again, **forgotten)).rowcount:
        return False
    connection.execute(
        sa.update(STEPS)
        .where(STEPS.c.run_id == run_id, STEPS.c.number >= from_step)
        .values(status="pending", summary="", started_at=None, ended_at=None)
    )
    return True


def cancel_run(connection: sa.Connection, run_id: str, pivot: int, ended_too: bool = False) -> bool:
    """Mark a run as cancelled, yet to be undone; False when it began step `pivot` or (unless `ended_too`) ended well.

    It and `begin_step` write the same row, so that the step and the cancelling cannot both come first.
    """
    beyond = sa.exists().where(STEPS.c.run_id == run_id, STEPS.c.number >= pivot)
    undoable = ("running", "refused", "failed", *(("succeeded",) if ended_too else ()))
    may = sa.and_(RUNS.c.id == run_id, RUNS.c.status.in_(undoable), RUNS.c.step < pivot)
    values = {"status": "cancelled", "ended_at": None, "reason": "", "detail": "", "errors": "[]"}
    return bool(connection.execute(sa.update(RUNS).where(may, ~beyond).values(**values)).rowcount)


def origin(connection: sa.Connection, run_id: str) -> Origin:
    """Where a run comes from."""
    return _origin(connection.execute(sa.select(*_ORIGIN).where(RUNS.c.id == run_id)).mappings().one())


def _origin(row: sa.RowMapping) -> Origin:
    return Origin(row["workflow"], row["traceparent"], tuple(row["acted_for"].split()))


def begin_step(connection: sa.Connection, run_id: str, number: int, system: str) -> Origin:
    """A step starts, or starts again. Raises `Conflict` when the run was cancelled or ended meanwhile.

    What it acts under is told by the statement that writes: to ask for it apart is another transaction a step.
    """
    going = sa.update(RUNS).where(RUNS.c.id == run_id, RUNS.c.status == "running")
    row = connection.execute(going.values(step=number).returning(*_ORIGIN)).mappings().one_or_none()
    if row is None:
        raise Conflict("The run is not running any more.")
    upsert(
        connection,
        STEPS,
        {"run_id": run_id, "number": number},
        {"status": "running", "system": system, "summary": "", "started_at": now(), "ended_at": None},
    )
    return _origin(row)


def last_at_work(connection: sa.Connection, run_id: str, number: int) -> datetime | None:
    """Until when a step asked somebody before; now, where it never ended: its process has died. None: it never did."""
    begun = sa.select(STEPS.c.status).where(STEPS.c.run_id == run_id, STEPS.c.number == number)
    if (status := connection.scalar(begun)) in (None, "running"):
        return now() if status else None
    asked = sa.select(ATTEMPTS.c.at, ATTEMPTS.c.took_ms).where(ATTEMPTS.c.run_id == run_id, ATTEMPTS.c.number == number)
    last = connection.execute(asked.order_by(ATTEMPTS.c.id.desc()).limit(1)).one_or_none()
    return None if last is None else aware(last.at) + timedelta(milliseconds=last.took_ms)


def ever_began(connection: sa.Connection, run_id: str, number: int) -> bool:
    """Whether a run ever began this step or a later one, in whichever of its attempts."""
    begun = sa.exists().where(STEPS.c.run_id == run_id, STEPS.c.number >= number)
    return bool(connection.scalar(sa.select(begun)))


def end_step(connection: sa.Connection, run_id: str, number: int, status: StepStatus, summary: str) -> None:
    """A step ended."""
    connection.execute(
        sa.update(STEPS)
        .where(STEPS.c.run_id == run_id, STEPS.c.number == number)
        .values(status=status, summary=summary, ended_at=now())
    )


def add_attempt(connection: sa.Connection, run_id: str, number: int, attempt: Attempt) -> None:
    """One call of a step."""
    row = {k: getattr(attempt, k) for k in attempt.__struct_fields__}
    connection.execute(sa.insert(ATTEMPTS).values(run_id=run_id, number=number, **row))


def link(connection: sa.Connection, kind: str, key: str, system: str, native_id: str, alt_key: str = "") -> None:
    """Remember where a canonical object lives in one system."""
    upsert(
        connection,
        XREFS,
        {"object": kind, "key": key, "system": system},
        {"native_id": native_id, "alt_key": alt_key, "at": now()},
    )


def link_free(connection: sa.Connection, kind: str, key: str, system: str, native_id: str) -> None:
    """The same of what may be somebody else's already, whose it stays then."""
    others = sa.select(XREFS.c.key).where(
        XREFS.c.object == kind, XREFS.c.system == system, XREFS.c.native_id == native_id, XREFS.c.key != key
    )
    if connection.scalar(others) is None:
        link(connection, kind, key, system, native_id)


def links(connection: sa.Connection, kind: str, key: str) -> dict[str, str]:
    """Native ids of one object, by system."""
    rows = connection.execute(
        sa.select(XREFS.c.system, XREFS.c.native_id).where(XREFS.c.object == kind, XREFS.c.key == key)
    )
    return {system: native_id for system, native_id in rows}  # noqa: C416 - rows are tuples to Python only


def homes(connection: sa.Connection, kind: str, keys: Collection[str]) -> dict[str, set[str]]:
    """The systems in which each of these objects lives."""
    found: dict[str, set[str]] = {key: set() for key in keys}
    query = sa.select(XREFS.c.key, XREFS.c.system).where(XREFS.c.object == kind, XREFS.c.key.in_(list(keys)))
    for row in connection.execute(query):
        found[row.key].add(row.system)
    return found


def keys_of(connection: sa.Connection, word: str) -> list[str]:
    """The business keys a word means: a key, a native id in any system, a project code, or a customer's name."""
    native = sa.select(XREFS.c.key).where(
        sa.or_(XREFS.c.native_id == word, XREFS.c.alt_key == word, XREFS.c.key == word)
    )
    found = set(connection.scalars(native))
    by_run = sa.select(RUNS.c.business_key).where(
        sa.or_(
            RUNS.c.business_key == word,
            RUNS.c.id == word,
            RUNS.c.business_key.endswith(":" + word, autoescape=True),
            RUNS.c.account_key == word,
            RUNS.c.account_key.in_(found),
            RUNS.c.contract_key.in_(found),
            RUNS.c.project_code == word,
            # Both by the database: SQLite knows the case of ASCII letters only.
            sa.func.lower(RUNS.c.customer) == sa.func.lower(word),
            sa.func.lower(RUNS.c.title) == sa.func.lower(word),
        )
    )
    return sorted({*connection.scalars(by_run), *found})


def run_of(row: Any, steps_in_all: int, ids: list[Xref]) -> Run:
    """A row of the runs table as the API shows it."""
    amount = Money(amount=Decimal(row.amount), currency=row.currency) if row.amount else None
    return Run(
        id=row.id,
        workflow=row.workflow,
        business_key=row.business_key,
        generation=row.generation,
        status=row.status,
        title=row.title,
        customer=row.customer,
        legal_entity=row.legal_entity,
        amount=amount,
        project_code=row.project_code,
        step=row.step,
        steps_in_all=steps_in_all,
        started_at=aware(row.started_at),
        ended_at=aware(row.ended_at) if row.ended_at else None,
        verified=row.verified,
        reason=row.reason,
        detail=row.detail,
        errors=msgspec.json.decode(row.errors, type=list[FieldError]),
        ids=ids,
        takeovers=row.takeovers,
    )


def ids_of(connection: sa.Connection, row: Any) -> list[Xref]:
    """Every id of a run's deal, customer, contract and project, each system once an object."""
    keys = [row.business_key, row.account_key, row.contract_key]
    rows = connection.execute(sa.select(XREFS).where(XREFS.c.key.in_(keys)).order_by(XREFS.c.object, XREFS.c.system))
    return [Xref(system=x.system, native_id=x.native_id, instance=x.object, alt_key=x.alt_key) for x in rows]


def engine_name(connection: sa.Connection, run_id: str) -> str:
    """What the engine calls the workflow a run was begun under; empty when it does not know the run."""
    of = sa.table("workflow_status", sa.column("workflow_uuid"), sa.column("name"))
    if connection.dialect.name == "postgresql":
        of.schema = "dbos"
    return connection.scalar(sa.select(of.c.name).where(of.c.workflow_uuid == run_id)) or ""


def titles_of(connection: sa.Connection, row: Any, names: Mapping[str, list[StepName]]) -> list[StepName]:
    """The steps of a run, as they were when it was begun."""
    current = names.get(row.workflow, [])
    older = any(name.startswith(f"{row.workflow}.v") for name in names)
    return names.get(engine_name(connection, row.id), current) if older else current


def load_run(connection: sa.Connection, run_id: str, names: Mapping[str, list[StepName]]) -> Run | None:
    """One run, or None."""
    row = connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).first()
    return run_of(row, len(titles_of(connection, row, names)), ids_of(connection, row)) if row else None


def load_detail(connection: sa.Connection, run_id: str, names: Mapping[str, list[StepName]]) -> RunDetail | None:
    """One run with all its steps, those not begun included, or None."""
    row = connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).first()
    if row is None:
        return None
    titles = titles_of(connection, row, names)
    begun = {s.number: s for s in connection.execute(sa.select(STEPS).where(STEPS.c.run_id == run_id))}
    tried: dict[int, list[Attempt]] = {}
    for a in connection.execute(sa.select(ATTEMPTS).where(ATTEMPTS.c.run_id == run_id).order_by(ATTEMPTS.c.id)):
        fields = {name: getattr(a, name) for name in Attempt.__struct_fields__} | {"at": aware(a.at)}
        tried.setdefault(a.number, []).append(Attempt(**fields))
    steps = [_step(number, name, begun.get(number), tried.get(number, [])) for number, name in enumerate(titles, 1)]
    return RunDetail(
        run=run_of(row, len(titles), ids_of(connection, row)),
        steps=steps,
        agreement=msgspec.json.decode(row.agreement, type=list[Agreement]),
    )


def _step(number: int, name: StepName, row: Any, attempts: list[Attempt]) -> Step:
    if row is None:
        return Step(number=number, name=name.name, title=name.title)
    return Step(
        number=number,
        name=name.name,
        title=name.title,
        system=row.system,
        status=row.status,
        summary=row.summary,
        started_at=aware(row.started_at) if row.started_at else None,
        ended_at=aware(row.ended_at) if row.ended_at else None,
        attempts=attempts,
    )


def aware(instant: datetime) -> datetime:
    """SQLite forgets the zone; every instant we store is UTC."""
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
