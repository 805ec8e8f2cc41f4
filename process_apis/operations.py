"""Operations: runs, cases, traces and connections, for the people who keep the firm's systems in step."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from statistics import median
from typing import Any, Final, Literal

import msgspec
import sqlalchemy as sa

from canonical.base import Xref
from canonical.dates import now
from canonical.faults import Conflict, Fault, NotFound
from canonical.money import Money
from canonical.ports import Page
from canonical.ports.approvals import Approval, Approvals, Approve
from canonical.ports.processes import (
    Case,
    CaseDetail,
    CaseEvent,
    Cases,
    CaseState,
    ConnectionHealth,
    EventView,
    Overview,
    Resolve,
    Run,
    RunDetail,
    RunStatus,
    SystemView,
    Trace,
    Traces,
    VendorCall,
)
from canonical.ports.systems import Opportunities, Projects
from foundation.api import Api
from process_apis import ProcessApi, approvals, cases, journal
from process_apis.account_sync import debtors
from process_apis.approving import approve_run
from process_apis.bindings import Systems
from process_apis.operating import (
    REGISTERED,
    VIEWED,
    acting_person,
    cursor_of,
    list_runs,
    open_cursor,
    retry,
    step_names,
)
from process_apis.opportunity_to_project.verification import deal_facts, project_facts
from process_apis.platform import Platform, about, acting
from process_apis.tables import ATTEMPTS, CALLS, CASE_EVENTS, CASES, EVENTS, INBOX, RUNS

SLOW_MS: Final = 2000
"""A system whose median answer takes longer than this is slow."""


class Operations:
    """What the service desk asks."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def overview(self) -> Overview:
        """Counts and sums over runs and cases."""
        return await self._platform.database.run(_overview)

    async def cases(self, state: CaseState | None = None, limit: int = 50, cursor: str = "") -> Page[Case]:
        """Cases, those that wait for most money first."""
        return await self._platform.database.run(lambda c: _cases(c, state, max(1, min(limit, 200)), cursor))

    async def case(self, case_id: str) -> CaseDetail:
        """One case with the systems as they are now."""
        case, history = await self._platform.database.run(lambda c: _case(c, case_id))
        run = await self._detail(case.run_id)
        asked = await self._platform.database.run(lambda c: approvals.of(c, case.run_id))
        systems = await self._side_by_side(run.run)
        return CaseDetail(case=case, run=run, history=history, systems=systems, approvals=asked)

    async def retry_case(self, case_id: str) -> Run:
        """Run it again."""
        case, _ = await self._platform.database.run(lambda c: _case(c, case_id))
        if case.state != "open":
            raise Conflict(f"{case_id} is resolved.")
        return await retry(self._platform, case.run_id)

    async def resolve_case(self, case_id: str, data: Resolve) -> Case:
        """Close it by hand."""
        case, _ = await self._platform.database.run(lambda c: _case(c, case_id))
        if case.state != "open":
            raise Conflict(f"{case_id} is resolved already.")
        who = acting_person()
        await self._platform.database.run(
            lambda c: cases.close(c, case.run_id, who, f"Closed without a retry: {data.note}")
        )
        await cases.tell_desk_of_all(self._platform)
        return (await self._platform.database.run(lambda c: _case(c, case_id)))[0]

    async def approve_case(self, case_id: str, rule: str, data: Approve) -> Approval:
        """Let pass what a guard holds; the run begins again once nothing else is left."""
        case, _ = await self._platform.database.run(lambda c: _case(c, case_id))
        return await approve_run(self._platform, case, rule, data)

    async def trace(self, key: str) -> Trace:
        """Everything of the business keys a word means."""
        found = await self._platform.database.run(lambda c: _trace(c, key))
        if found is None:
            raise NotFound(f"Nothing is known of {key!r}.")
        return found

    async def all_runs(self, status: RunStatus | None = None, limit: int = 50, cursor: str = "") -> Page[Run]:
        """Runs of every workflow."""
        return await list_runs(self._platform, None, None, status, limit, cursor)

    async def connections(self) -> list[ConnectionHealth]:
        """From the calls of the last hour."""
        systems = self._platform.systems
        calls = await self._platform.database.run(_recent_calls)
        return [_health(systems, name, roles, calls.get(name, [])) for name, roles in systems.roles().items()]

    async def _detail(self, run_id: str) -> RunDetail:
        found = await self._platform.database.run(lambda c: journal.load_detail(c, run_id, step_names()))
        if found is None:
            raise NotFound(f"There is no run {run_id}.")
        return found

    async def _side_by_side(self, run: Run) -> list[SystemView]:
        """What CRM, ERP and PSA hold of the deal at this moment; a system that does not answer says so."""
        if run.workflow in VIEWED:
            with about(run.id), acting():
                return await VIEWED[run.workflow](self._platform, run)
        asked: dict[str, Callable[[Run], Awaitable[dict[str, str]]]] = {
            "crm": self._of_the_deal,
            "erp": self._in_erp,
            "psa": self._in_psa,
        }
        systems = self._platform.systems
        bound = {
            systems.name(role, run.legal_entity): ask
            for role, ask in asked.items()
            if systems.plays(role, run.legal_entity)
        }
        with about(run.id), acting():
            return await asyncio.gather(*(self._view(name, ask(run)) for name, ask in bound.items()))

    async def _view(self, name: str, asking: Awaitable[dict[str, str]]) -> SystemView:
        title = self._platform.systems.title(name)
        try:
            return SystemView(system=name, title=title, found=True, fields=await asking)
        except NotFound:
            return SystemView(system=name, title=title, found=False)
        except Fault as fault:
            return SystemView(system=name, title=title, found=False, unreachable=str(fault))

    async def _of_the_deal(self, run: Run) -> dict[str, str]:
        crm = self._platform.systems.of("crm", Opportunities)
        deal = await crm.opportunity(run.business_key.partition(":")[2])
        account = await crm.account(deal.account_id)
        facts = deal_facts(deal) | {"stage": deal.stage.code, "customer": account.legal_name}
        facts |= {"price list": deal.price_list_currency} if deal.price_list_currency else {}
        if deal.quote_id:
            quote = await crm.quote(deal.quote_id)
            facts |= {"quote": f"{quote.total} ({quote.status})"}
        if deal.contract_id:
            contract = await crm.contract(deal.contract_id)
            signed = f"signed {contract.signed_at}" if contract.signed_at else "not signed"
            facts |= {"contract": f"{contract.number}, {contract.status}, {signed}"}
        registered = ", ".join(r.scheme for r in account.tax_registrations)
        return facts | {"tax registration": registered or "none"}

    async def _in_erp(self, run: Run) -> dict[str, str]:
        systems, entity = self._platform.systems, run.legal_entity
        account = sa.select(RUNS.c.account_key).where(RUNS.c.id == run.id)
        key = await self._platform.database.run(lambda c: c.scalar(account)) or ""
        try:
            customer = (await debtors.debtor(self._platform, key, entity)).customer
            facts = {"customer": customer.legal_name, "credit hold": "yes" if customer.credit.hold else "no"}
        except NotFound:
            facts = {"customer": "not created yet"}
        except Conflict as several:
            facts = {"customer": several.detail}
        try:
            return facts | project_facts(await systems.of("erp", Projects, entity).project_by_key(run.business_key))
        except NotFound:
            return facts | {"status": "not created yet"}

    async def _in_psa(self, run: Run) -> dict[str, str]:
        psa = self._platform.systems.of("psa", Projects, run.legal_entity)
        return project_facts(await psa.project_by_key(run.business_key))


def _overview(c: sa.Connection) -> Overview:
    counted = c.execute(sa.select(RUNS.c.status, sa.func.count()).group_by(RUNS.c.status))
    by_status = {status: count for status, count in counted}  # noqa: C416 - rows are tuples to Python only
    waiting = list(
        c.execute(
            sa.select(RUNS.c.workflow, RUNS.c.business_key, RUNS.c.amount, RUNS.c.currency, CASES.c.opened_at)
            .join(CASES, CASES.c.run_id == RUNS.c.id)
            .where(CASES.c.state == "open")
        )
    )
    # Of one deal several runs may wait: its money is at risk once.
    held: dict[tuple[str, str], Decimal] = {}
    for row in waiting:
        if row.amount:
            place = (row.business_key, row.currency)
            held[place] = max(held.get(place, Decimal(0)), Decimal(row.amount))
    sums: dict[str, Decimal] = {}
    for (_, currency), amount in held.items():
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    faults = c.scalar(sa.select(sa.func.count()).where(ATTEMPTS.c.fault != "", ATTEMPTS.c.fault != "not_found")) or 0
    # A fault of a run that went on to its end without a case is one nobody had to look at.
    ended_well = sa.select(RUNS.c.id).where(RUNS.c.status == "succeeded", RUNS.c.id.not_in(sa.select(CASES.c.run_id)))
    repaired = c.scalar(
        sa.select(sa.func.count()).where(
            ATTEMPTS.c.fault != "", ATTEMPTS.c.fault != "not_found", ATTEMPTS.c.run_id.in_(ended_well)
        )
    )
    return Overview(
        at=now(),
        open_cases=len(waiting),
        money_at_risk=[Money(amount=amount, currency=currency) for currency, amount in sorted(sums.items())],
        projects_blocked=len({row.business_key for row in waiting if _makes_project(row.workflow)}),
        running=by_status.get("running", 0),
        succeeded=by_status.get("succeeded", 0),
        verified=c.scalar(sa.select(sa.func.count()).where(RUNS.c.verified.is_(True))) or 0,
        repaired=repaired or 0,
        faults=faults,
        unread_changes=c.scalar(sa.select(sa.func.count()).where(INBOX.c.done_at.is_(None))) or 0,
        oldest_case_at=min((journal.aware(row.opened_at) for row in waiting), default=None),
    )


def _makes_project(workflow: str) -> bool:
    return workflow in REGISTERED and REGISTERED[workflow].makes_project


def _cases(c: sa.Connection, state: str | None, most: int, cursor: str) -> Page[Case]:
    """Ordered here and not by the database: amounts are stored as text, and there are never many open cases."""
    rows = {
        row.run_id: row for row in c.execute(sa.select(CASES).where(CASES.c.state == state if state else sa.true()))
    }
    runs = c.execute(sa.select(RUNS).join(CASES, CASES.c.run_id == RUNS.c.id).where(RUNS.c.id.in_(rows)))
    found = sorted((cases.case_of(rows[run.id], run) for run in runs), key=_place)
    if cursor:
        after = open_cursor(cursor, tuple[int, Decimal, int])
        found = [case for case in found if _place(case) > after]
    return Page(items=found[:most], next=cursor_of(_place(found[most - 1])) if len(found) > most else "")


def _place(case: Case) -> tuple[int, Decimal, int]:
    """Open ones first, by the bare number of their amount (no rate makes one of several currencies); then newest."""
    number = cases.number_of(case.id)
    if case.state == "open":
        return 0, -case.amount.amount if case.amount else Decimal(0), number
    return 1, -Decimal(case.closed_at.timestamp() if case.closed_at else 0), number


def _case(c: sa.Connection, case_id: str) -> tuple[Case, list[CaseEvent]]:
    row = c.execute(sa.select(CASES).where(CASES.c.number == cases.number_of(case_id))).first()
    if row is None:
        raise NotFound(f"There is no case {case_id}.")
    run = c.execute(sa.select(RUNS).where(RUNS.c.id == row.run_id)).one()
    events = c.execute(sa.select(CASE_EVENTS).where(CASE_EVENTS.c.case_number == row.number).order_by(CASE_EVENTS.c.id))
    return cases.case_of(row, run), [CaseEvent(at=journal.aware(e.at), who=e.who, what=e.what) for e in events]


def _trace(c: sa.Connection, word: str) -> Trace | None:
    keys = journal.keys_of(c, word)
    rows = list(c.execute(sa.select(RUNS).where(RUNS.c.business_key.in_(keys)).order_by(RUNS.c.started_at.desc())))
    if not rows:
        return None
    ids: list[Xref] = []
    for row in rows:
        ids += [x for x in journal.ids_of(c, row) if x not in ids]
    run_ids = [row.id for row in rows]
    names = step_names()
    details = [d for d in (journal.load_detail(c, run_id, names) for run_id in run_ids) if d is not None]
    opened = c.execute(sa.select(CASES).where(CASES.c.run_id.in_(run_ids)).order_by(CASES.c.number))
    told = c.execute(sa.select(EVENTS).where(EVENTS.c.run_id.in_(run_ids)).order_by(EVENTS.c.sequence))
    called = c.execute(sa.select(CALLS).where(CALLS.c.run_id.in_(run_ids)).order_by(CALLS.c.id))
    by_id = {row.id: row for row in rows}
    return Trace(
        key=word,
        runs=details,
        cases=[cases.case_of(row, by_id[row.run_id]) for row in opened],
        events=[
            EventView(at=journal.aware(e.time), type=e.type, subject=e.subject, summary=_summary(e.data)) for e in told
        ],
        calls=[
            VendorCall(
                at=journal.aware(v.at),
                system=v.system,
                method=v.method,
                path=v.path,
                status=v.status,
                took_ms=v.took_ms,
                fault=v.fault,
                step=v.number,
            )
            for v in called
        ],
        ids=ids,
    )


def _summary(data: str) -> str:
    said: dict[str, str] = msgspec.json.decode(data)
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in said.items())


def _recent_calls(c: sa.Connection) -> dict[str, list[Any]]:
    since = now() - timedelta(hours=1)
    found: dict[str, list[Any]] = {}
    for row in c.execute(sa.select(CALLS).where(CALLS.c.at >= since).order_by(CALLS.c.id)):
        found.setdefault(row.system, []).append(row)
    return found


def _health(systems: Systems, name: str, roles: list[str], calls: list[Any]) -> ConnectionHealth:
    failing = ("vendor_down", "vendor_timeout", "outcome_unknown", "vendor_busy", "vendor_sign_in")
    bad = [call for call in calls if call.fault in failing]
    took = [call.took_ms for call in calls]
    state: Literal["well", "slow", "failing", "signed_out", "unused"] = "well"
    why = ""
    if not calls:
        state = "unused"
    elif calls[-1].fault == "vendor_sign_in":
        state, why = "signed_out", "It refuses our sign-in."
    elif calls[-1].fault in failing:
        state, why = "failing", f"Its last answer to us failed ({calls[-1].fault.replace('_', ' ')})."
    elif median(took) > SLOW_MS:
        state, why = "slow", f"Answers in {median(took) / 1000:.1f} s."
    return ConnectionHealth(
        system=name,
        title=systems.title(name),
        abbreviation=systems.abbreviation(name),
        roles=roles,
        state=state,
        why=why,
        calls=len(calls),
        failures=len(bad),
        median_ms=int(median(took)) if took else 0,
        recent_ms=took[-24:],
        last_at=journal.aware(calls[-1].at) if calls else None,
    )


PROCESS_API: Final = ProcessApi(
    api=Api(
        name="operations",
        layer="process",
        title="Operations: runs, cases, traces, connections",
        ports=(Cases, Approvals, Traces),
    ),
    implement=Operations,
)
