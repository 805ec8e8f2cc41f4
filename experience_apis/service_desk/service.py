"""The service desk's API: each method asks the process tier and shapes one view."""

from canonical.ports.approvals import Approval, Approvals, Approve
from canonical.ports.operation import Page
from canonical.ports.processes import (
    Case,
    Cases,
    CaseState,
    ConnectionHealth,
    Resolve,
    Run,
    RunStatus,
    Trace,
    Traces,
)
from experience_apis import Surroundings
from experience_apis.service_desk import words
from experience_apis.service_desk.port import CaseView, Now, ServiceDesk

FIRST = 5
"""How many cases a person is asked to look at first."""


class Desk:
    """The service desk, over the process tier."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._processes = surroundings.processes

    async def overview(self) -> Now:
        cases, traces = self._processes.of(Cases), self._processes.of(Traces)
        return Now(
            overview=await cases.overview(),
            first=(await cases.cases("open", FIRST)).items,
            runs=(await traces.all_runs(limit=12)).items,
            connections=await traces.connections(),
        )

    async def cases(self, state: CaseState | None = None, limit: int = 50, cursor: str = "") -> Page[Case]:
        found: Page[Case] = await self._processes.of(Cases).cases(state, limit, cursor)
        return found

    async def case(self, case_id: str) -> CaseView:
        cases = self._processes.of(Cases)
        found = await cases.case(case_id)
        open_now = (await cases.cases("open", 200)).items
        return CaseView(
            case=found.case,
            advice=words.advice(found.case),
            run=found.run,
            systems=found.systems,
            history=found.history,
            same_cause=[case for case in open_now if case.fingerprint == found.case.fingerprint],
            approvals=found.approvals,
        )

    async def retry_case(self, case_id: str) -> Run:
        found: Run = await self._processes.of(Cases).retry_case(case_id)
        return found

    async def resolve_case(self, case_id: str, data: Resolve) -> Case:
        found: Case = await self._processes.of(Cases).resolve_case(case_id, data)
        return found

    async def approve_case(self, case_id: str, rule: str, data: Approve) -> Approval:
        found: Approval = await self._processes.of(Approvals).approve_case(case_id, rule, data)
        return found

    async def trace(self, key: str) -> Trace:
        found: Trace = await self._processes.of(Traces).trace(key)
        return found

    async def runs(self, status: RunStatus | None = None, limit: int = 50, cursor: str = "") -> Page[Run]:
        found: Page[Run] = await self._processes.of(Traces).all_runs(status, limit, cursor)
        return found

    async def connections(self) -> list[ConnectionHealth]:
        found: list[ConnectionHealth] = await self._processes.of(Traces).connections()
        return found


_: type[ServiceDesk] = Desk  # the type checker holds us to the port
