"""A process tier that answers from memory, sessions without an issuer, and the console served over both."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.handlers import BaseRouteHandler

from canonical.base import Xref
from canonical.faults import Conflict, FieldError, Forbidden, NotFound
from canonical.money import Money
from canonical.objects import BillingLine, BillingSchedule, Milestone, Project
from canonical.ports import Page
from canonical.ports.processes import (
    Agreement,
    Attempt,
    Case,
    CaseDetail,
    CaseEvent,
    Cases,
    ConnectionHealth,
    Engagement,
    EngagementDetail,
    EventView,
    Overview,
    Resolve,
    Run,
    RunDetail,
    Step,
    SystemView,
    Trace,
    Traces,
    VendorCall,
)
from experience_apis import SignedIn, Surroundings
from experience_apis.client_portal import EXPERIENCE_API as PORTAL
from experience_apis.service_desk import EXPERIENCE_API as DESK
from foundation.api import Api, fault_handler, routes
from foundation.context import Caller, current, fresh, use

CSRF = "a-csrf-token-of-this-session"
TITLES = (
    ("receive", "Deal won", "salesforce"),
    ("read", "Read deal, account, quote, contract again", "salesforce"),
    ("guard", "Guards", ""),
    ("customer", "Make sure the customer exists", "netsuite"),
    ("contract", "Make sure the contract exists", "netsuite"),
    ("template", "Choose the template", ""),
    ("code", "Reserve the project code", ""),
    ("erp_project", "Create the project, inactive", "netsuite"),
    ("psa_project", "Create project, tasks, milestones", "kantata"),
    ("billing", "Billing schedule", "netsuite"),
    ("demand", "Ask for people", "kantata"),
    ("link", "Link the ids", "salesforce"),
    ("activate", "Activate", "netsuite"),
    ("workspace", "Workspace and messages", "kantata"),
    ("verify", "Check that all systems agree", ""),
)


def _attempt(at: datetime, took_ms: int, system: str, operation: str, fault: str = "", detail: str = "") -> Attempt:
    return Attempt(
        at=at,
        took_ms=took_ms,
        system=system,
        operation=operation,
        sent='{"code":"PRJ-10482","budget":{"amount":"••••0.00","currency":"USD"}}',
        received="" if fault else '{"id":"7719","created":true}',
        fault=fault,
        detail=detail,
    )


def steps(start: datetime, reached: int, ending: str = "done", *, lost_at: int = 0) -> list[Step]:
    """The fifteen steps of a run that came to step `reached`, which is `ending` now."""
    found, at = [], start
    for number, (name, title, system) in enumerate(TITLES, 1):
        if number > reached:
            found.append(Step(number=number, name=name, title=title, system=system))
            continue
        status: Any = ending if number == reached else "done"
        attempts, spent = [], 300 + number * 170
        if number == lost_at:
            attempts = [
                _attempt(at, 8000, system, "upsertProject", "outcome_unknown", "Nothing in 8 s"),
                _attempt(at + timedelta(seconds=10), 400, system, "projectByKey", "not_found", "No such project"),
                _attempt(at + timedelta(seconds=11), 900, system, "upsertProject"),
            ]
            spent = 12000
        elif status == "failed":
            attempts = [_attempt(at, 700, system, "upsertProject", "vendor_down", "503 from the vendor")] * 3
        elif system:
            attempts = [_attempt(at, spent, system, "upsertProject")]
        end = None if status == "running" else at + timedelta(milliseconds=spent)
        found.append(
            Step(
                number=number,
                name=name,
                title=title,
                system=system,
                status=status,
                summary="11 of 14 pass; 3 not applicable: no HR system bound" if number == 3 else "",
                started_at=at,
                ended_at=end,
                attempts=attempts,
            )
        )
        at += timedelta(milliseconds=spent + 40)
    return found


class World:
    """Everything the fake process tier knows; a test may change it."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)
        self.calls: list[tuple[str, ...]] = []
        self.conflict = False
        self.systems_changed = False
        self.details = [
            self._run("lumen", "Lumen Retail", "Store data platform", "75000", "USD", 6, "running", ago=4),
            self._run(
                "harbor", "Harbor Logistics", "Warehouse control tower", "240000", "USD", 15, "succeeded", lost=8
            ),
            self._run("deccan", "Deccan Motors", "Plant quality suite", "22000000", "INR", 9, "failed", ago=1500),
            self._run("copper", "Copperfield Media", "Content pipeline", "132000", "USD", 3, "refused", ago=2300),
            self._run("blaue", "Blaue Elbe Werke", "Fertigungsplanung neu", "98500", "EUR", 15, "succeeded", ago=3000),
            self._run("tannen", "Tannenberg Bau", "Baustellenlogistik", "47000", "EUR", 3, "refused", ago=5000),
        ]
        self.open = [
            self._case("CASE-4", "deccan", "unavailable", "Kantata is not answering.", system="kantata", step=9),
            self._case(
                "CASE-3",
                "copper",
                "guard_tax_profile+currency",
                "Copperfield Media LLC has no tax registration. The deal is in USD, but the quote in EUR.",
                errors=[
                    FieldError(
                        rule="tax_profile",
                        detail="Copperfield Media LLC has no tax registration, so no invoice could be taxed.",
                        owner="Account owner",
                    ),
                    FieldError(
                        rule="currency", detail="The deal is in USD, but the quote in EUR.", owner="Sales operations"
                    ),
                ],
            ),
            self._case(
                "CASE-2",
                "tannen",
                "guard_signed_contract",
                "Tannenberg Bau: the contract is not signed",
                errors=[
                    FieldError(
                        rule="signed_contract", detail="Contract C-0011 is not signed.", owner="Legal operations"
                    )
                ],
            ),
        ]
        self.resolved: list[Case] = []
        self.history = [
            CaseEvent(at=self.at - timedelta(minutes=25), who="Tiergate", what="Opened, T1"),
            CaseEvent(at=self.at - timedelta(minutes=24), who="Tiergate", what="Incident INC0010004 opened"),
        ]
        self.health = [
            self._health("salesforce", "Salesforce", "SF", "well", ["crm"]),
            self._health("netsuite", "NetSuite", "NS", "slow", ["erp"], "Answers in 4.1 s, usually 0.4 s."),
            self._health("kantata", "Kantata", "KA", "failing", ["psa"], "No answer since 15:08. Nothing is lost."),
            self._health("servicenow", "ServiceNow", "SN", "unused", ["itsm"]),
        ]

    def detail(self, name: str) -> RunDetail:
        return next(detail for detail in self.details if detail.run.id == f"o2p:{name}:1")

    def replace(self, name: str, **changes: Any) -> None:
        """Change a run in place."""
        for index, detail in enumerate(self.details):
            if detail.run.id == f"o2p:{name}:1":
                inner = {k: v for k, v in changes.items() if k != "steps"}
                self.details[index] = RunDetail(
                    run=msgspec.structs.replace(detail.run, **inner),
                    steps=changes.get("steps", detail.steps),
                    agreement=detail.agreement,
                )

    def _run(
        self,
        name: str,
        customer: str,
        title: str,
        amount: str,
        currency: str,
        reached: int,
        status: str,
        *,
        ago: int = 900,
        lost: int = 0,
    ) -> RunDetail:
        start = self.at - timedelta(seconds=ago)
        ending = {"running": "running", "succeeded": "done", "failed": "failed", "refused": "failed"}[status]
        made = steps(start, reached, ending, lost_at=lost)
        done = status == "succeeded"
        if done:
            made[13] = msgspec.structs.replace(
                made[13], status="not_applicable", summary="not applicable: no chat system bound"
            )
        fields = {"Value": f"{currency} {Decimal(amount):,.2f}", "Start": "2026-12-01", "Status": "active"}
        systems = ("salesforce", "netsuite", "kantata")
        return RunDetail(
            run=Run(
                id=f"o2p:{name}:1",
                workflow="opportunity_to_project",
                business_key=f"salesforce:006{name}",
                status=status,  # type: ignore[arg-type]
                title=title,
                customer=customer,
                legal_entity={"USD": "ACME-US", "EUR": "ACME-DE", "INR": "ACME-IN"}[currency],
                amount=Money.of(amount, currency),
                project_code=f"PRJ-{name}" if reached > 7 else "",
                step=reached,
                steps_in_all=15,
                started_at=start,
                ended_at=start + timedelta(seconds=31) if status != "running" else None,
                verified=True if done else None,
                reason={"failed": "vendor_down", "refused": "guards_failed"}.get(status, ""),
                detail="Kantata is not answering." if status == "failed" else "",
                ids=[Xref(system=system, native_id=f"{system[:2]}-{name}") for system in systems] if done else [],
            ),
            steps=made,
            agreement=[
                Agreement(field=field, values=dict.fromkeys((*systems, "netsuite contract"), value), agree=True)
                for field, value in fields.items()
            ]
            if done
            else [],
        )

    def _case(
        self,
        id: str,
        name: str,
        kind: str,
        title: str,
        *,
        system: str = "",
        step: int = 3,
        errors: Sequence[FieldError] = (),
    ) -> Case:
        run = self.detail(name).run
        return Case(
            id=id,
            state="open",
            run_id=run.id,
            workflow=run.workflow,
            business_key=run.business_key,
            title=title,
            kind=kind,
            fingerprint=kind,
            owner=errors[0].owner if errors else "Integration desk",
            customer=run.customer,
            deal=run.title,
            legal_entity=run.legal_entity,
            amount=run.amount,
            step=step,
            system=system,
            errors=list(errors),
            ticket="INC001000" + id[-1],
            opened_at=run.started_at,
        )

    def _health(
        self, system: str, title: str, short: str, state: Any, roles: list[str], why: str = ""
    ) -> ConnectionHealth:
        return ConnectionHealth(
            system=system,
            title=title,
            abbreviation=short,
            roles=roles,
            state=state,
            why=why,
            calls=0 if state == "unused" else 48,
            failures=9 if state == "failing" else 0,
            median_ms=41,
            recent_ms=[] if state == "unused" else [40, 44, 38, 52, 47, 41, 300 if state == "slow" else 39],
            last_at=None if state == "unused" else self.at,
        )


class FakeCases:
    def __init__(self, world: World) -> None:
        self.world = world

    async def overview(self) -> Overview:
        world = self.world
        sums: dict[str, Money] = {}
        for case in world.open:
            assert case.amount is not None
            held = sums.get(case.amount.currency)
            sums[case.amount.currency] = held + case.amount if held else case.amount
        runs = [detail.run for detail in world.details]
        return Overview(
            at=datetime.now(UTC),
            open_cases=len(world.open),
            money_at_risk=list(sums.values()),
            projects_blocked=len(world.open),
            running=sum(run.status == "running" for run in runs),
            succeeded=sum(run.status == "succeeded" for run in runs),
            verified=sum(run.verified is True for run in runs),
            repaired=11,
            faults=14,
            oldest_case_at=min((case.opened_at for case in world.open), default=None),
        )

    async def cases(self, state: str | None = None, limit: int = 50, cursor: str = "") -> Page[Case]:
        found = {"open": self.world.open, "resolved": self.world.resolved}.get(
            state or "", [*self.world.open, *self.world.resolved]
        )
        start = int(cursor or 0)
        more = str(start + limit) if len(found) > start + limit else ""
        return Page(items=found[start : start + limit], next=more)

    async def case(self, case_id: str) -> CaseDetail:
        case = self._find(case_id)
        detail = next(d for d in self.world.details if d.run.id == case.run_id)
        return CaseDetail(
            case=case,
            run=detail,
            systems=[
                SystemView(
                    system="salesforce",
                    title="Salesforce",
                    found=True,
                    fields={
                        "currency": "USD",
                        "value": "USD 132,000.00",
                        "legal name": case.customer,
                        "manager": "vikram.subramaniam.rao@acme-consulting.example",
                    },
                ),
                SystemView(
                    system="netsuite",
                    title="NetSuite",
                    found=True,
                    fields={"currency": "EUR", "legal name": case.customer},
                ),
                SystemView(
                    system="kantata",
                    title="Kantata",
                    found=False,
                    unreachable="it is not answering" if case.system else "",
                ),
            ],
            history=self.world.history,
        )

    async def retry_case(self, case_id: str) -> Run:
        case = self._find(case_id)
        self.world.calls.append(("retry", case_id, caller().subject))
        if self.world.conflict:
            raise Conflict("This run was retried a moment ago and is still moving.")
        name = case.run_id.split(":")[1]
        self.world.replace(name, status="running", ended_at=None)
        return self.world.detail(name).run

    async def resolve_case(self, case_id: str, data: Resolve) -> Case:
        case = msgspec.structs.replace(self._find(case_id), state="resolved", closed_at=datetime.now(UTC))
        self.world.calls.append(("resolve", case_id, data.note))
        self.world.open = [other for other in self.world.open if other.id != case_id]
        self.world.resolved.append(case)
        return case

    def _find(self, case_id: str) -> Case:
        for case in (*self.world.open, *self.world.resolved):
            if case.id == case_id:
                return case
        raise NotFound(f"There is no case {case_id}.")


class FakeTraces:
    def __init__(self, world: World) -> None:
        self.world = world

    async def trace(self, key: str) -> Trace:
        for detail in self.world.details:
            run = detail.run
            if key in (run.business_key, run.project_code, run.id, *(ref.native_id for ref in run.ids)):
                at = run.started_at
                return Trace(
                    key=key,
                    runs=[detail],
                    cases=[case for case in self.world.open if case.run_id == run.id],
                    events=[
                        EventView(
                            at=at,
                            type="com.tiergate.resource.demand.created.v1",
                            subject=run.business_key,
                            summary=run.title,
                        )
                    ],
                    calls=[
                        VendorCall(
                            at=at,
                            system="netsuite",
                            method="PUT",
                            path="/record/v1/job/eid:1",
                            status=0,
                            took_ms=8000,
                            fault="outcome_unknown",
                            step=8,
                        ),
                        VendorCall(
                            at=at,
                            system="netsuite",
                            method="GET",
                            path="/record/v1/job/eid:1",
                            status=200,
                            took_ms=84,
                            step=8,
                        ),
                    ],
                    ids=run.ids,
                )
        raise NotFound(f"Nothing is known by {key}.")

    async def all_runs(self, status: str | None = None, limit: int = 50, cursor: str = "") -> Page[Run]:
        found = [detail.run for detail in self.world.details if status in (None, detail.run.status)]
        return Page(items=found[:limit])

    async def connections(self) -> list[ConnectionHealth]:
        return self.world.health


class FakeEngagements:
    """Two clients with a project each."""

    owners = {"PRJ-1": "salesforce:001A", "PRJ-2": "salesforce:001B"}

    async def engagements(self, account_id: str) -> list[Engagement]:
        return [self._engagement(code) for code, owner in self.owners.items() if owner == account_id]

    async def engagement(self, account_id: str, code: str) -> EngagementDetail:
        if self.owners.get(code) != account_id:
            raise NotFound(f"{account_id} has no engagement {code}; the ERP says job 7719.")
        return self.detail(code)

    def detail(self, code: str) -> EngagementDetail:
        line = BillingLine(ref="m1", name="Design accepted", due=date(2027, 1, 31), amount=Money.of("40000.00", "EUR"))
        return EngagementDetail(
            engagement=self._engagement(code),
            project=Project(code=code, name="Portal", account_id="48213", currency="EUR"),
            milestones=[self._milestone()],
            billing=BillingSchedule(name="Plan", currency="EUR", method="milestone", lines=[line, line]),
        )

    def _milestone(self) -> Milestone:
        return Milestone(ref="m1", name="Design accepted", due=date(2027, 1, 31), amount=Money.of("40000.00", "EUR"))

    def _engagement(self, code: str) -> Engagement:
        return Engagement(
            code=code,
            name="Portal",
            account_id=self.owners[code],
            stage="active",
            start=date(2026, 12, 1),
            end=date(2027, 6, 30),
            value=Money.of("80000.00", "EUR"),
            manager="Luis Ortega",
            next_milestone=self._milestone(),
        )


class FakeProcesses:
    def __init__(self, world: World, engagements: Any = None) -> None:
        self.world, self.engagements = world, engagements or FakeEngagements()

    def of(self, port: type[Any]) -> Any:
        return {Cases: FakeCases(self.world), Traces: FakeTraces(self.world)}.get(port, self.engagements)


class FakeSessions:
    """A cookie-less session: signed in as long as a test leaves `scopes`."""

    def __init__(self, scopes: set[str] | None) -> None:
        self.scopes = scopes

    async def signed_in(self, request: Request[Any, Any, Any]) -> SignedIn | None:
        if self.scopes is None:
            return None
        who = Caller(subject="priya", client="console", scopes=frozenset(self.scopes))
        return SignedIn(caller=who, name="Priya Nair", csrf=CSRF)

    async def sign_in(self, request: Request[Any, Any, Any], back_to: str) -> Response[Any]:
        return Response(b"", status_code=303, headers={"Location": f"/identity/authorize?back={back_to}"})

    def handlers(self) -> Sequence[BaseRouteHandler]:
        return ()


def govern(api: Api, implementation: Any) -> Any:
    """What the gateway does to a page's calls, as far as a face can tell: no scope, no call."""

    class Governed:
        def __getattr__(self, name: str) -> Any:
            method = getattr(implementation, name)

            async def call(*args: Any, **kwargs: Any) -> Any:
                scope = "desk:act" if name in ("retry_case", "resolve_case") else "desk:read"
                if scope not in caller().scopes:
                    raise Forbidden(f"This needs the scope {scope}.", scope=scope)
                return await method(*args, **kwargs)

            return call

    return Governed()


def caller() -> Caller:
    found = current().caller
    assert found is not None
    return found


def surroundings(
    world: World, sessions: FakeSessions, engagements: Any = None, environment: str = "Sandbox"
) -> Surroundings:
    return Surroundings(
        processes=FakeProcesses(world, engagements), sessions=sessions, govern=govern, environment=environment
    )


def console(world: World, sessions: FakeSessions, environment: str = "Sandbox") -> Litestar:
    """The console and its JSON API as one app."""
    around = surroundings(world, sessions, environment=environment)
    desk = DESK.implement(around)
    assert DESK.pages is not None
    handlers = [*DESK.pages(around, govern(DESK.api, desk)), *routes(DESK.api, desk)]
    return Litestar(handlers, exception_handlers={Exception: fault_handler}, openapi_config=None)


def portal(engagements: Any = None) -> Any:
    return PORTAL.implement(surroundings(World(), FakeSessions(None), engagements))


@contextmanager
def calling(**claims: Any) -> Iterator[None]:
    """As a client whose token carries these claims."""
    with use(fresh(caller=Caller(subject="client", client="portal", claims=claims))):
        yield
