"""How runs end, and the cases of those that need a person.

A run that is refused or fails opens one case, and the service desk's system is told. That system may be down too: the
case stands without it, and it is told later. A case closes by itself when its run reaches its verified end.
"""

import hashlib
import re
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa
import structlog
from dbos import DBOS

from canonical.dates import now
from canonical.events import Event, ProjectActivationFailed, ProjectRefused
from canonical.faults import Broken, Fault, FieldError, GuardsFailed
from canonical.objects import Ticket
from canonical.ports.processes import Case
from canonical.ports.systems import Tickets
from foundation.context import Context, current, use
from process_apis import journal
from process_apis.events import outbox
from process_apis.platform import Platform, here, on_own_account
from process_apis.tables import CASE_EVENTS, CASES, RUNS

_NAME: Final = "CASE-"
TIERGATE: Final = "Tiergate"
KINDS: Final = {
    "vendor_down": ("unavailable", "Platform operations", "Run it again once {system} answers."),
    "vendor_busy": ("rate_limit", "Platform operations", "Run it again later; {system} is throttling us."),
    "vendor_timeout": ("timeout", "Platform operations", "Run it again; nothing was written."),
    "outcome_unknown": (
        "outcome_unknown",
        "Platform operations",
        "Run it again: the record is looked up by its key first.",
    ),
    "vendor_sign_in": (
        "sign_in",
        "Platform operations",
        "Renew the sign-in to {system}; what waits for it then goes on.",
    ),
    "vendor_forbade": (
        "permission",
        "Platform operations",
        "Give our user in {system} the missing right, then run it again.",
    ),
    "vendor_refused": ("refused", "Data owner", "Mend the data {system} refuses, then run it again."),
    "vendor_duplicate": ("duplicate", "Data owner", "{system} holds such a record already: link it or rename it."),
    "vendor_stale": ("conflict", "Platform operations", "Run it again with the newer version."),
    "drifted": ("schema_drift", "Platform operations", "{system} answers in a new way: its mapping needs an update."),
    "not_found": ("missing_reference", "Data owner", "Make the missing record, then run it again."),
    "conflict": ("conflict", "Deal desk", "Settle the deal, then run it again."),
    "disagreement": ("disagreement", "PMO", "Make the systems agree, then run it again: it reads the deal anew."),
    "not_bound": ("not_bound", "Platform operations", "Bind a system to the role in policies/bindings.yaml."),
}
SUGGESTIONS: Final[dict[str, dict[str, tuple[str, str, str]]]] = {}
"""What a workflow says otherwise, by its name and the reason; such a one tells of its cases itself, or in `TOLD`."""
TOLD: Final[dict[str, Callable[[str, Fault, int], Event]]] = {}
"""The event that says how a run ended, by its workflow: of its status, the fault and the step it stopped at."""
_MEND: Final = "Mend what the guards name, then run it again; a deal edited in the CRM begins again by itself."
_TELLING: Final = timedelta(seconds=60)
"""How long one telling of the service desk may take; after that its process is taken to be dead."""
log = structlog.get_logger("tiergate.cases")


async def end_refused(refused: GuardsFailed, first_write: int) -> str:
    """Guards said no; answers the run's status. Where an earlier reading had got as far as `first_write`, it failed."""
    run_id = str(DBOS.workflow_id)
    status: str = await DBOS.run_step_async({"name": "end-refused"}, _end_refused, run_id, refused, first_write)
    await DBOS.run_step_async({"name": "ticket"}, _tell_desk, run_id)
    return status


async def end_failed(failure: Exception) -> Fault:
    """A step failed for good; the run waits for a person. The fault it ends with: a bug of ours is `Broken`."""
    fault = failure if isinstance(failure, Fault) else Broken(f"the run broke: {type(failure).__name__}")
    await DBOS.run_step_async({"name": "end-failed"}, end_with_case, str(DBOS.workflow_id), fault)
    await DBOS.run_step_async({"name": "ticket"}, _tell_desk, str(DBOS.workflow_id))
    return fault


async def end_cancelled(why: Fault) -> None:
    """The deal itself made the run pointless; nobody is needed."""
    await DBOS.run_step_async({"name": "end-cancelled"}, _end, str(DBOS.workflow_id), "cancelled", why)
    await DBOS.run_step_async({"name": "ticket"}, _tell_desk, str(DBOS.workflow_id))


async def end_succeeded() -> None:
    """All systems agree; an open case of this run is over."""
    await DBOS.run_step_async({"name": "end-succeeded"}, _end, str(DBOS.workflow_id), "succeeded", None)
    await DBOS.run_step_async({"name": "ticket"}, _tell_desk, str(DBOS.workflow_id))


async def end_undone(run_id: str, undoing: Awaitable[None]) -> str:
    """Undo a cancelled run. What cannot be undone makes it a failed one, with a case; it may be cancelled again."""
    try:
        await undoing
    except Fault as fault:
        await DBOS.run_step_async({"name": "end-undo-failed"}, end_with_case, run_id, fault, "cancelled")
        await DBOS.run_step_async({"name": "ticket"}, _tell_desk, run_id)
        raise
    await DBOS.run_step_async({"name": "end-undone"}, _end, run_id, "cancelled", None)
    await DBOS.run_step_async({"name": "ticket"}, _tell_desk, run_id)
    return "cancelled"


async def end_with_case(run_id: str, fault: Fault, while_: str = "running") -> None:
    """A run whose status is still `while_` has failed: end it and open its case."""
    platform = here()
    await platform.database.run(lambda c: open_case(c, platform, run_id, "failed", fault, while_))


@DBOS.workflow(name="cases.tell_desk.v1", max_recovery_attempts=1000)
async def tell_desk(run_id: str) -> None:
    """Tell the service desk of one case; among the runs of its business key, so that nobody tells it meanwhile."""
    await DBOS.run_step_async({"name": "ticket"}, _tell_desk, run_id)


async def tell_desk_of_all(platform: Platform) -> None:
    """Have the service desk told of every case it could not be told of before."""
    waiting = sa.select(CASES.c.number, RUNS.c.id, RUNS.c.business_key).join(RUNS, RUNS.c.id == CASES.c.run_id)
    # Every process sees the same cases: one telling a case and span of time, whoever asks for it.
    span = int(time.time() / platform.pace.desk)
    for row in await platform.database.run(lambda c: list(c.execute(waiting.where(CASES.c.ticket_state == "due")))):
        await platform.engine.enqueue(f"desk:{name_of(row.number)}:{span}", row.business_key, tell_desk, row.id)


def case_of(row: Any, run: Any) -> Case:
    """A case's row, and its run's, as the API shows it."""
    shown = journal.run_of(run, 0, [])
    return Case(
        id=name_of(row.number),
        state=row.state,
        run_id=row.run_id,
        workflow=run.workflow,
        business_key=run.business_key,
        title=row.title,
        kind=row.kind,
        fingerprint=row.fingerprint,
        tier=row.tier,
        owner=row.owner,
        customer=run.customer,
        deal=run.title,
        legal_entity=run.legal_entity,
        amount=shown.amount,
        step=row.step,
        system=row.system,
        errors=shown.errors or msgspec.json.decode(row.errors, type=list[FieldError]),
        suggestion=row.suggestion,
        can_retry=row.state == "open" and run.status in ("failed", "refused"),
        ticket=row.ticket,
        opened_at=journal.aware(row.opened_at),
        closed_at=journal.aware(row.closed_at) if row.closed_at else None,
    )


def name_of(number: int) -> str:
    """`CASE-0007`."""
    return f"{_NAME}{number:04d}"


def number_of(name: str) -> int:
    """The number of the case that is called so; 0, which none has, for a text that is no such name."""
    number = name.removeprefix(_NAME)
    return int(number) if number.isdigit() else 0


def note(connection: sa.Connection, number: int, who: str, what: str) -> None:
    """Add to a case's history."""
    connection.execute(sa.insert(CASE_EVENTS).values(case_number=number, at=now(), who=who, what=what))


def close(connection: sa.Connection, run_id: str, who: str, what: str) -> None:
    """Close the open case of a run, if there is one; the service desk is told afterwards."""
    row = connection.execute(sa.select(CASES).where(CASES.c.run_id == run_id, CASES.c.state == "open")).first()
    if row is None:
        return
    told = row.ticket_state if row.ticket_state == "shared" else "due"
    closed = {"state": "resolved", "closed_at": now(), "ticket_state": told}
    connection.execute(sa.update(CASES).where(CASES.c.number == row.number).values(**closed))
    note(connection, row.number, who, what)


async def _end(run_id: str, status: str, why: Fault | None) -> None:
    said = {
        "succeeded": "The run reached its end and all systems agree.",
        "cancelled": "The run was cancelled, and what it had done was undone.",
    }

    def write(connection: sa.Connection) -> None:
        journal.finish_run(connection, run_id, status, why)
        close(connection, run_id, TIERGATE, said[status])
        if status == "succeeded":
            _close_earlier(connection, run_id)

    await here().database.run(write)


def _close_earlier(connection: sa.Connection, run_id: str) -> None:
    """A later winning of the same deal went well: what an earlier one waits for is settled."""
    this = connection.execute(sa.select(RUNS.c.business_key, RUNS.c.workflow).where(RUNS.c.id == run_id)).one()
    same = (RUNS.c.business_key == this.business_key, RUNS.c.workflow == this.workflow, RUNS.c.id != run_id)
    for earlier in connection.scalars(sa.select(RUNS.c.id).where(*same)):
        close(connection, earlier, TIERGATE, f"A later winning of the deal reached its end: {run_id}.")


async def _end_refused(run_id: str, refused: GuardsFailed, first_write: int) -> str:
    platform = here()

    def write(connection: sa.Connection) -> str:
        status = "failed" if journal.ever_began(connection, run_id, first_write) else "refused"
        open_case(connection, platform, run_id, status, refused, "running")
        return status

    return await platform.database.run(write)


def open_case(
    connection: sa.Connection, platform: Platform, run_id: str, status: str, fault: Fault, while_: str
) -> None:
    """End a run that is still `while_` and open its case, or say what is the matter with it now."""
    run = connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).one()
    if run.status != while_:
        return  # said already, or the run was cancelled meanwhile
    journal.finish_run(connection, run_id, status, fault)
    if run.workflow in TOLD:
        outbox.emit(connection, run_id, TOLD[run.workflow](status, fault, run.step))
    elif run.workflow not in SUGGESTIONS:
        event = ProjectActivationFailed if status == "failed" else ProjectRefused
        outbox.emit(connection, run_id, event(reason=fault.reason, step=str(run.step)))
    kind, owner, suggestion = classify(fault, platform.systems.title(fault.system), run.workflow)
    values = {
        "state": "open",
        "kind": kind,
        "title": title(fault, platform.systems.title(fault.system)),
        "fingerprint": fingerprint(kind, fault, run.step),
        "tier": "T1",
        "owner": owner,
        "step": run.step,
        "system": fault.system,
        "suggestion": suggestion,
        "errors": msgspec.json.encode(fault.errors).decode(),
        "closed_at": None,
    }
    known = connection.execute(sa.select(CASES).where(CASES.c.run_id == run_id)).first()
    if known is None:
        first = _told_already(connection, kind, fault.system)
        told = {"ticket_state": "due" if first is None else "shared"}
        connection.execute(sa.insert(CASES).values(run_id=run_id, opened_at=now(), **told, **values))
        number = connection.scalar(sa.select(CASES.c.number).where(CASES.c.run_id == run_id)) or 0
        note(connection, number, TIERGATE, f"Opened: {values['title']}")
        if first is not None:
            note(connection, number, TIERGATE, f"The service desk knows of it from {name_of(first)}.")
        return
    same = known.state == "open" and known.fingerprint == values["fingerprint"] and known.title == values["title"]
    connection.execute(
        sa.update(CASES)
        .where(CASES.c.number == known.number)
        .values(ticket_state="told" if same and known.ticket else "due", **values)
    )
    note(connection, known.number, TIERGATE, f"{'Still' if same else 'Now'}: {values['title']}")


def _told_already(connection: sa.Connection, kind: str, system: str) -> int | None:
    """The open case the service desk has of the same closed door: one cause, one incident."""
    if kind != "sign_in":
        return None
    same = (CASES.c.kind == kind, CASES.c.system == system, CASES.c.state == "open", CASES.c.ticket_state != "shared")
    number: int | None = connection.scalar(sa.select(sa.func.min(CASES.c.number)).where(*same))
    return number


def classify(fault: Fault, system: str, workflow: str = "") -> tuple[str, str, str]:
    """Class, owner and suggestion of a fault, in the words of the workflow where it has its own."""
    own = SUGGESTIONS.get(workflow, {})
    if isinstance(fault, GuardsFailed) and fault.errors:
        owners = ", ".join(dict.fromkeys(e.owner for e in fault.errors if e.owner))
        rules = "+".join(e.rule for e in fault.errors)
        return (
            f"guard_{rules}"[:80],
            owners[:80],
            own.get("guards_failed", ("", "", _MEND))[2],
        )
    unknown = ("platform_bug", "Platform operations", "Send us the request id.")
    kind, owner, suggestion = own.get(fault.reason) or KINDS.get(fault.reason, unknown)
    return kind, owner, suggestion.format(system=system or "the system")


def title(fault: Fault, system: str) -> str:
    """The cause in one plain sentence."""
    if isinstance(fault, GuardsFailed):
        return fault.detail
    sentences: dict[str, Callable[[], str]] = {
        "vendor_down": lambda: f"{system} is not answering.",
        "vendor_busy": lambda: f"{system} is throttling us.",
        "vendor_timeout": lambda: f"{system} did not answer in time.",
        "outcome_unknown": lambda: f"{system} did not say whether it did what we asked.",
        "vendor_sign_in": lambda: f"{system} refuses our sign-in.",
        "disagreement": lambda: f"The systems do not agree: {fault.detail}.",
    }
    return sentences.get(fault.reason, lambda: f"{system or 'Tiergate'}: {fault.detail or fault.title}")()


def fingerprint(kind: str, fault: Fault, step: int) -> str:
    """Equal for the same cause: ids, numbers and dates in the text are left out."""
    normal = re.sub(r"[A-Za-z0-9_-]*\d[A-Za-z0-9_-]*", "#", fault.detail)
    return hashlib.sha256(f"{kind}|{fault.system}|{step}|{normal}".encode()).hexdigest()[:16]


async def _tell_desk(run_id: str) -> None:
    """Bring the incident up to date. A fault of the desk's own system is noted and never stops anything."""
    platform = here()
    rows = await platform.database.run(lambda c: _claim(c, run_id))
    if rows is None:
        return
    case, run = rows
    context = Context(
        request_id=current().request_id,
        traceparent=run.traceparent,
        caller=on_own_account("cases"),
        run=run_id,
        step=str(case.step),
    )
    try:
        with use(context):
            desk = platform.systems.of("itsm", Tickets, run.legal_entity)
            await desk.upsert_ticket(name_of(case.number), _ticket(case, run))
            number = (await desk.ticket_by_key(name_of(case.number))).number
    except Fault as fault:
        log.warning("the service desk could not be told", case=name_of(case.number), reason=fault.reason)
        await platform.database.run(lambda c: _release(c, case))
        return
    await platform.database.run(lambda c: _told(c, case, number))


def _ticket(case: Any, run: Any) -> Ticket:
    amount = f"{run.currency} {run.amount}" if run.amount else "no amount"
    done = case.state == "resolved"
    return Ticket(
        correlation=name_of(case.number),
        legal_entity_id=run.legal_entity,
        summary=f"{name_of(case.number)}: {run.title or run.business_key} waits at step {case.step}",
        description=f"{case.title}\n{case.suggestion}\n{amount} · {run.legal_entity} · run {run.id}",
        urgency="high" if case.tier in ("T0", "T1") else "medium",
        status="resolved" if done else "new",
        close_notes="The run reached its verified end." if done else "",
    )


def _claim(connection: sa.Connection, run_id: str) -> tuple[Any, Any] | None:
    """The case and run if the desk must be told and nobody else is at it: two at once would open two incidents."""
    free = sa.or_(CASES.c.telling_until.is_(None), CASES.c.telling_until < now())
    claimed = connection.execute(
        sa.update(CASES)
        .where(CASES.c.run_id == run_id, CASES.c.ticket_state == "due", free)
        .values(telling_until=now() + _TELLING)
    )
    if claimed.rowcount == 0:
        return None
    case = connection.execute(sa.select(CASES).where(CASES.c.run_id == run_id)).one()
    return case, connection.execute(sa.select(RUNS).where(RUNS.c.id == run_id)).one()


def _release(connection: sa.Connection, case: Any) -> None:
    connection.execute(sa.update(CASES).where(CASES.c.number == case.number).values(telling_until=None))


def _told(connection: sa.Connection, case: Any, number: str) -> None:
    _release(connection, case)
    connection.execute(
        sa.update(CASES)
        .where(CASES.c.number == case.number, CASES.c.state == case.state, CASES.c.title == case.title)
        .values(ticket=number, ticket_state="told")
    )
    if not case.ticket:
        note(connection, case.number, TIERGATE, f"Incident {number} opened.")
