"""The process tier over the real adapters, over the real sandboxes: one process, no network, in a hurry."""

import asyncio
import importlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Literal, TypeVar, cast

import pytest
import sqlalchemy as sa

import system_apis
from canonical.dates import now
from canonical.ports.processes import Case, Run, RunDetail, StartOpportunityToProject
from foundation.connections import Connection
from foundation.context import Caller, fresh, use
from foundation.database import Database, engine_of, migrate
from foundation.masking import Masker
from foundation.sandbox import Box, FaultRule, Suite
from foundation.sandbox.firm import Deal, deals
from process_apis.bindings import Bindings, Systems
from process_apis.engagements import ReadEngagements
from process_apis.engine import Engine
from process_apis.events.intake import Receiving
from process_apis.operating import Operating
from process_apis.operations import Operations
from process_apis.opportunity_to_project.workflow import WORKFLOW
from process_apis.platform import Commitment, Pace, Platform, launch
from process_apis.steps import observers
from process_apis.tables import RUNS
from system_apis import Demo
from system_apis.salesforce.sandbox import org
from tests.seeded import box_of
from tiergate import catalogue, configuration
from tiergate.settings import ROOT

P = TypeVar("P")
BINDINGS: Bindings = {
    "crm": "salesforce",
    "erp": {"ACME-US": "netsuite", "ACME-DE": "netsuite", "ACME-IN": "netsuite"},
    "psa": "kantata",
    "itsm": "servicenow",
}
FIRMS = (
    ("salesforce", "netsuite", "kantata"),
    ("dataverse", "business_central", "certinia"),
    ("salesforce", "sap_s4hana", "kantata"),
)
"""CRM, ERP and PSA of firms that every workflow is asked in."""
in_each_firm = pytest.mark.parametrize(
    "firm",
    [
        pytest.param(mix, id="-".join(mix), marks=[pytest.mark.real] if number else [])
        for number, mix in enumerate(FIRMS)
    ],
    indirect=True,
)
"""Asks a test in each of them: in the first one always, in the others as `real`, but for what test_three_firms asks."""
HURRIED = Pace(
    retry=0.01,
    retry_most=0.05,
    longest_asked=2.0,
    attempts=3,
    settle=(0.01, 0.02),
    verify=(0.01,),
    poll=0.2,
    desk=0.05,
    lag=0.1,
)
NEVER = Commitment()
PRIYA = Caller(subject="priya@acme.example", client="console", layer="experience")
WEBHOOKS = "http://tiergate.test/intake/v1/notifications/salesforce"
PATIENCE = 30.0


class World:
    """A firm whose deals can be won, and the tier that makes projects of them."""

    def __init__(self, platform: Platform, boxes: dict[str, Box], adapters: dict[str, Any]) -> None:
        self.platform, self.boxes, self.adapters = platform, boxes, adapters
        self.workflow = Operating(platform, WORKFLOW)
        self.operations = Operations(platform)
        self.engagements = ReadEngagements(platform)
        self.intake = Receiving(platform)
        self.deals = {deal.code: deal for deal in deals(now().date())}

    # ── what people do in the systems ──────────────────────────────────────────────────────────────────────────────

    def deal(self, code: str) -> Deal:
        return self.deals[code]

    def crm_of(self, code: str) -> str:
        """The CRM of a deal's legal entity."""
        return self.platform.systems.name("crm", self.deals[code].entity)

    def native(self, code: str) -> str:
        """What its CRM calls a deal."""
        crm = self.crm_of(code)
        hand = suite_of(crm)
        assert hand.deal is not None, f"system_apis/{crm}/suite.py does not say which deal is which"
        return hand.deal(self.deals[code])

    async def edit(self, kind: str, record_id: str, **fields: Any) -> None:
        """Save a record in Salesforce, as a person would: never twice in one second, which is as fine as it stamps."""
        box = self.boxes["salesforce"]
        async with box._lock:
            box.store.set_setting("_clock_ahead", box.store.setting("_clock_ahead", 0) + 1)
            with box.store.transaction():
                org.update(box, org.kind_of(kind), record_id, fields)

    async def win(self, code: str) -> Deal:
        await self._move(code, "won")
        return self.deals[code]

    async def reopen(self, code: str) -> None:
        await self._move(code, "open")

    async def _move(self, code: str, to: Literal["open", "won"]) -> None:
        crm = self.crm_of(code)
        box, move = self.boxes[crm], suite_of(crm).move
        assert move is not None, f"system_apis/{crm}/suite.py does not say how a deal is won"
        async with box._lock:
            with box.store.transaction():
                move(box, self.native(code), to)

    def fault(self, system: str, fault: str, **more: Any) -> None:
        """Plan a fault in a sandbox."""
        self.boxes[system].faults.add(FaultRule(fault=cast(Any, fault), **more))

    # ── what the tier is asked ─────────────────────────────────────────────────────────────────────────────────────

    async def start(self, code: str) -> Run:
        with use(fresh(caller=PRIYA)):
            start = StartOpportunityToProject(opportunity_id=self.native(code))
            return await self.workflow.start_run(start, self.crm_of(code))

    async def finished(self, run_id: str) -> RunDetail:
        """The run, once it does not run any more (and, when cancelled, is undone)."""
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await self.workflow.run(run_id)
                if found.run.status != "running" and found.run.ended_at:
                    return found
                await asyncio.sleep(0.02)

    async def played(self, code: str) -> RunDetail:
        """A deal won and its run at its end."""
        await self.win(code)
        return await self.finished((await self.start(code)).id)

    async def finished_any(self, run_id: str) -> None:
        """Wait for a run of whatever workflow, and for its undoing when it was cancelled."""

        async def over() -> bool:
            query = sa.select(RUNS.c.status, RUNS.c.ended_at).where(RUNS.c.id == run_id)
            row = await self.platform.database.run(lambda c: c.execute(query).one())
            return row.status != "running" and row.ended_at is not None

        await self.until(over)

    async def case_of(self, run_id: str) -> Case | None:
        found = (await self.operations.cases(limit=200)).items
        return next((case for case in found if case.run_id == run_id), None)

    async def until(self, holds: Callable[[], Any]) -> Any:
        """Wait until something holds, and say what."""
        async with asyncio.timeout(PATIENCE):
            while True:
                said = holds()
                if asyncio.iscoroutine(said):
                    said = await said
                if said:
                    return said
                await asyncio.sleep(0.02)

    # ── what is in the systems ─────────────────────────────────────────────────────────────────────────────────────

    def records(self, system: str, kind: str) -> list[dict[str, Any]]:
        return self.boxes[system].store.find(kind)

    def writes(self, *systems: str) -> list[str]:
        """Everything the tier ever wrote, as `system action kind`."""
        return [
            f"{name} {write.action} {write.kind}"
            for name in systems or ("netsuite", "kantata", "servicenow")
            for write in self.boxes[name].store.writes()
        ]

    def twins(self) -> list[str]:
        """Facts that stand in a system more than once; what was taken away before it was made again is none."""
        standing = Counter[str]()
        for name, box in self.boxes.items():
            for write in box.store.writes():
                if write.fact:
                    standing[f"{name} {write.kind}: {write.fact}"] += {"create": 1, "delete": -1}.get(write.action, 0)
        return [fact for fact, count in standing.items() if count > 1]

    def duplicates(self) -> list[str]:
        return [f"{name}: {found.fact}" for name, box in self.boxes.items() for found in box.store.duplicates()]


def after(number: int, then: Callable[[], None]) -> None:
    """Once, as soon as a step is done."""

    def watch(_run: str, at: int, what: str) -> None:
        if (at, what) == (number, "done"):
            observers.remove(watch)
            then()

    observers.append(watch)


def credentials() -> dict[str, Demo]:
    """What lets the platform into the sandboxes; making keys takes a while, so once a session."""
    return {name: made() for name, system in system_apis.discover().items() if (made := system.demo)}


def boxes_of(known: dict[str, Demo]) -> dict[str, Box]:
    """Every sandbox, in memory, that knows us."""
    found = {name: box_of(name) for name in system_apis.discover()}
    for name, box in found.items():
        demo = known[name]
        told = {demo.notifies: {"url": WEBHOOKS, "secret": demo.notification_secret}} if demo.notifies else {}
        for option, value in {**demo.options, **told}.items():
            box.store.set_setting(option, value)
    return found


def suite_of(name: str) -> Suite:
    """What a system's folder tells tests: how it is signed in to, and in a CRM, how deals are won."""
    found: Suite = importlib.import_module(f"system_apis.{name}.suite").SUITE
    return found


def connections(known: dict[str, Demo]) -> dict[str, Connection]:
    """Every connection as `policies/connections.yaml` has it."""
    values = {f"{name.upper()}_URL": f"http://{name}.test" for name in known}
    for demo in known.values():
        values |= demo.values
    return configuration.connections(ROOT / "policies", known, values)


def adapters(known: dict[str, Demo], boxes: dict[str, Box]) -> dict[str, Any]:
    """The adapters the platform would have made, each on a sandbox in memory."""
    systems = system_apis.discover()
    return {
        name: systems[name].connect(connection, boxes[name].transport())
        for name, connection in connections(known).items()
    }


Over = Callable[..., AbstractAsyncContextManager["World"]]
"""Starts a firm over the systems named for its roles."""


@asynccontextmanager
async def world(
    database_url: str,
    known: dict[str, Demo],
    boxes: dict[str, Box],
    *,
    bindings: Bindings = BINDINGS,
    pace: Pace = HURRIED,
    commitment: Commitment = NEVER,
) -> AsyncIterator[World]:
    """The tier, started; at the end its engine is gone, as if the process had ended well."""
    systems = adapters(known, boxes)
    database = Database(engine_of(database_url))
    migrate(database.engine)

    known_systems = system_apis.discover()

    def ask(name: str, port: type[P]) -> P:
        catalogue.offering(known_systems, name, port)
        return cast(P, systems[name])

    engine = Engine(database, lease=2.0, poll=0.05)
    platform = Platform(
        database=database,
        engine=engine,
        systems=Systems(bindings, ask, *catalogue.said_of(known_systems)),
        masker=Masker(b"a key of these tests"),
        pace=pace,
        commitment=commitment,
    )
    launch(platform)
    await engine.start()
    try:
        yield World(platform, boxes, systems)
    finally:
        await engine.stop(drain=0)
        database.engine.dispose()
        for adapter in systems.values():
            await adapter.close()
