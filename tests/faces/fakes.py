"""A process tier that answers from memory, sessions without an issuer, and the console served over both."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from litestar import Litestar, Request, Response
from litestar.handlers import BaseRouteHandler

from canonical.faults import Conflict, Forbidden, NotFound
from canonical.money import Money
from canonical.objects import BillingLine, BillingSchedule, Milestone, Project
from canonical.ports import Page
from canonical.ports.approvals import Approval, Approvals, Approve
from canonical.ports.processes import (
    Case,
    CaseDetail,
    Cases,
    ConnectionHealth,
    Engagement,
    EngagementDetail,
    EventView,
    Overview,
    ProjectOwner,
    Resolve,
    Run,
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
from tests.faces.firm import World

CSRF = "a-csrf-token-of-this-session"


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
            approvals=self.world.approvals,
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

    async def approve_case(self, case_id: str, rule: str, data: Approve) -> Approval:
        self.world.calls.append(("approve", case_id, rule, data.digest, data.reason, data.until.isoformat()))
        if self.world.conflict:
            raise Conflict("What it is asked about has changed since it was shown: look at it again.")
        said: dict[str, Any] = {"state": "approved", "approved_by": caller().subject, "approved_at": datetime.now(UTC)}
        said |= {"reason": data.reason, "until": data.until}
        (asked,) = self.world.approvals
        self.world.approvals = [msgspec.structs.replace(asked, **said)]
        return self.world.approvals[0]

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

    async def project_owner(self, code: str) -> ProjectOwner:
        if code not in self.owners:
            raise NotFound(f"There is no project {code}.")
        return ProjectOwner(account_id=self.owners[code])

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
        cases = FakeCases(self.world)
        return {Cases: cases, Approvals: cases, Traces: FakeTraces(self.world)}.get(port, self.engagements)


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
                acts = {"retry_case": "desk:act", "resolve_case": "desk:act", "approve_case": "desk:approve"}
                scope = acts.get(name, "desk:read")
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
