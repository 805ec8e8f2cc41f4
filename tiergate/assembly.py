"""Putting a process together: the tiers it serves, the ones it asks, and the gateway in front of both.

One process or four, the same objects: a tier served here is asked straight through the plan (`gateway.interior`), one
served elsewhere through the client of the same port.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar, cast

import httpx
import msgspec
import sqlalchemy as sa
from litestar import Litestar
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from litestar.router import Router

import experience_apis
import process_apis
import system_apis
from experience_apis import Surroundings
from foundation.api import Api, Direct, directly, routes
from foundation.client import client
from foundation.connections import Connection
from foundation.context import Caller, Layer
from foundation.counting import counters_at
from foundation.database import Database, engine_of, migrate
from foundation.masking import Masker
from foundation.structs import prepare
from gateway import interior, mcp
from gateway.asgi import Gateway
from gateway.audit import Trail
from gateway.drift import Drift
from gateway.governor import Governor
from gateway.idempotency import IdempotencyKeys
from gateway.identity.app import Identity
from gateway.identity.demo import DemoCredentials, ensure_demo, read_demo
from gateway.identity.granted import Revocations
from gateway.identity.relying_party import PageSettings
from gateway.identity.sealing import key_file
from gateway.identity.session import PageSessions
from gateway.identity.settings import IdentitySettings
from gateway.keys import FetchedKeys
from gateway.mcp.server import McpServer
from gateway.messages import App
from gateway.plan import Plan, load
from gateway.problems import problem_page
from gateway.published import scopes_of
from gateway.publishing import pages
from gateway.reload import Reloading, fingerprint
from gateway.resource_metadata import metadata
from process_apis.bindings import Ask, Bindings, Systems
from process_apis.engine import Engine
from process_apis.events.intake import Worker
from process_apis.platform import WORKLOAD, Pace, Platform, launch
from tiergate import catalogue, configuration, record
from tiergate.between import EXPERIENCE, ActingFor, Processes, Together, caller
from tiergate.calls import CallLog
from tiergate.front import app_of, health, inside, metrics, ready, transport
from tiergate.sessions import FaceSessions
from tiergate.settings import TIERS, Settings, WrongSetting
from tiergate.standing import Standing
from tiergate.unbound import Unbound
from tiergate.workload import Workload

P = TypeVar("P")
AUDIENCE: Final = "https://tiergate.example/api"
OPEN_PATHS: Final = (
    *"/health /ready /metrics /identity /.well-known /problems".split(),
    mcp.PATH,
    *pages.OPEN_PATHS,
)


class Served:
    """A process put together: `app` is what a server serves between `start` and `stop`."""

    def __init__(
        self, settings: Settings, serving: Sequence[Layer], *, gateway: bool, pace: Pace | None = None
    ) -> None:
        """Reads policies and connections; raises `PolicyError` or `WrongSetting` with what is wrong."""
        self.settings = settings
        self._serving, self._gateway = tuple(serving), gateway
        self._pace = pace or Pace(
            poll=settings.poll_seconds, reconcile_at=settings.reconcile_at, contract_notice=settings.contract_notice
        )
        values = {"TIERGATE_ISSUER": f"{settings.address}/identity", "TIERGATE_AUDIENCE": AUDIENCE, **settings.values}
        self._read = partial(load, settings.policies, catalogue.apis(), values, settings.environment)
        self._said = fingerprint(settings.policies)
        self.plan: Plan = self._read()
        self._systems = system_apis.discover()
        self.bindings: Bindings = configuration.bindings(settings.policies, self._systems, values)
        self._ownership = configuration.ownership(settings.policies)
        self._commitment = configuration.commitment(settings.policies)
        self._connections: dict[str, Connection] = {}
        if "system" in self._serving:
            bound = Systems(self.bindings, cast(Any, None)).roles()
            self._connections = configuration.connections(settings.policies, bound, values)
            configuration.kept_there(self.bindings, self._connections)
        self._closing: list[Callable[[], Any]] = []
        self._pools: dict[Layer, httpx.AsyncClient] = {}
        self._asked: dict[tuple[str, type], Any] = {}
        self._processes: dict[str, Any] = {}
        self._direct: dict[str, Direct] = {}
        self.demo: DemoCredentials | None = None
        """The demonstration's logins, where they were made just now."""
        self.platform: Platform | None = None

    async def start(self) -> None:
        """Open the database, the engine and the record, and build the app."""
        prepare()
        settings = self.settings
        settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.database = Database(engine_of(settings.database_url))
        try:
            await asyncio.to_thread(migrate, self.database.engine)
        except sa.exc.OperationalError as failed:
            raise WrongSetting(f"TIERGATE_DATABASE_URL: the database cannot be used: {failed.orig}.") from failed
        key = hashlib.sha256(key_file(settings.state / "masks.key")).digest()
        self.masker = Masker(key, msgspec.structs.asdict(self.plan.platform["data_classes"]))
        place = record.place_of(settings, self.plan.platform["anchors"])
        trail = Trail(place, self.masker, name="-".join(self._serving) or "gateway")
        sweeping = record.Sweeping(trail.place, lambda: self.plan.platform["retention"] or {})
        self._closing += [trail.close, sweeping.stop]
        sweeping.start()
        identity = self._identity() if self._gateway and self._embedded() else None
        keys = FetchedKeys(inside(identity, settings.address) if identity else None)
        # A tier apart has no issuer inside, but the database tells it what the gateway's issuer ended early.
        revoked = Revocations(self.database.engine) if self._embedded() else None
        revoked = identity.revocations if identity else revoked
        counters = counters_at(settings.redis_url)
        self._closing.append(counters.close)
        idempotency = IdempotencyKeys(self.database)
        drift = Drift(self.database, self.masker)
        self._closing += [idempotency.close, drift.close]
        self.governor = Governor(
            self.plan,
            trail=trail,
            keys=keys,
            revoked=revoked.holds if revoked else None,
            counters=counters,
            idempotency=idempotency,
            drift=drift,
        )
        self._closing.append(self.governor.services.load.stop)
        self.policies = Reloading(self.governor, settings.policies, self._read, self._in_force, said=self._said)
        self._adapters = {
            name: configuration.serving(self._systems[name], msgspec.structs.replace(c, counters=counters))
            for name, c in self._connections.items()
        }
        self._closing += [
            keys.close,
            self.governor.services.tokens.close,
            *(adapter.close for adapter in self._adapters.values()),
        ]
        if "system" in self._serving:
            self._closing.append(CallLog(self.database).close)
        tiers: dict[Layer, Any] = {}
        if "system" in self._serving:
            tiers["system"] = self._system_app()
        if "process" in self._serving:
            tiers["process"] = await self._process_app()
        if "experience" in self._serving:
            tiers["experience"] = self._experience_app(identity)
        if self._gateway:
            for tier, url in settings.tier_urls.items():
                if tier not in tiers:
                    tiers[tier] = self.governor.services.upstreams.apart(f"{tier}-tier", url)
        front: App = app_of(
            [
                health(),
                ready(self._database_answers, self._says),
                metrics(),
                problem_page,
                *(self._publication().handlers() if self._gateway else []),
                *metadata(lambda: self.governor.plan, settings.address),
                *([identity.router()] if identity else []),
            ]
        )
        if self._gateway:
            within = Gateway(self.governor, tiers, site=settings.address, direct=self._direct)
            front = McpServer(self.governor, within, site=settings.address, otherwise=front)
        self.app = Gateway(
            self.governor,
            tiers,
            front=front,
            open_paths=OPEN_PATHS,
            site=settings.address,
            direct=self._direct,
            slow_seconds=settings.slow_seconds,
            behind=not self._gateway,
        )
        self.policies.start()
        self._closing.append(self.policies.stop)

    async def stop(self) -> None:
        """Drain and close, in reverse."""
        for close in reversed(self._closing):
            done = close()
            if asyncio.iscoroutine(done):
                await done
        self.database.engine.dispose()

    def _routes(self, api: Api, implementation: Any) -> list[HTTPRouteHandler]:
        """What the framework serves, all of which that can be is also asked straight by the gateway."""
        self._direct |= directly(api, implementation)
        return routes(api, implementation)

    def _publication(self) -> pages.Publication:
        """What callers from outside are told of the APIs; by the gateway only, whose address they know."""
        standing = Standing(self._database_answers, self._serving, self.settings.tier_urls)
        self._closing.append(standing.close)
        return pages.Publication(
            lambda: self.governor.plan,
            site=self.settings.address,
            clock=self.governor.services.clock,
            serves=standing.serves,
            reaches=standing.reaches,
        )

    def _in_force(self, plan: Plan) -> None:
        self.plan = plan
        self.masker.classes(msgspec.structs.asdict(plan.platform["data_classes"]))

    def _embedded(self) -> bool:
        """Whether the tokens we trust come from the issuer inside."""
        return any(issuer.issuer == f"{self.settings.address}/identity" for issuer in self.plan.issuers.values())

    def _identity(self) -> Identity:
        settings = self.settings
        identity = Identity(
            IdentitySettings(
                issuer=f"{settings.address}/identity",
                audience=AUDIENCE,
                state_dir=settings.state,
                environment=settings.environment,
            ),
            self.database.engine,
        )
        workloads: Mapping[str, Layer] = {"experience-tier": "process", "process-tier": "system"}
        scopes = {name: tuple(sorted(scopes_of(self.plan, layer))) for name, layer in workloads.items()}
        scopes["scenario"] = tuple(sorted(scopes_of(self.plan, "process") | scopes_of(self.plan, "experience")))
        self.demo = ensure_demo(
            self.database.engine,
            identity.settings,
            public_url=settings.address,
            portal_account=settings.values.get("TIERGATE_PORTAL_ACCOUNT", ""),
            more_scopes=scopes,
        )
        return identity

    def _system_app(self) -> Litestar:
        found: list[BaseRouteHandler | Router] = []
        for name, system in self._systems.items():
            found += self._routes(catalogue.system_api(system), self._adapters.get(name) or Unbound(system))
        return app_of(found)

    async def _process_app(self) -> Litestar:
        engine = Engine(self.database, lease=self.settings.lease_seconds, at_once=self.settings.runs_at_once)
        systems = Systems(self.bindings, cast(Ask, self._ask_system), *catalogue.said_of(self._systems))
        self.platform = Platform(
            database=self.database,
            engine=engine,
            systems=systems,
            masker=self.masker,
            pace=self._pace,
            ownership=self._ownership,
            commitment=self._commitment,
            webhook_key=key_file(self.settings.state / "webhooks.key"),
            calls_anywhere=self.settings.environment == "sandbox",
            event_streams=self.settings.event_streams_url,
        )
        launch(self.platform)
        found: list[BaseRouteHandler | Router] = []
        for name, process in process_apis.discover().items():
            implementation = self._processes[name] = process.implement(self.platform)
            self.governor.services.lookups.serve(process.api, implementation)
            found += self._routes(process.api, implementation)
        await engine.start()
        worker = Worker(self.platform)
        await worker.start()
        self._closing += [engine.stop, worker.stop]
        return app_of(found)

    def _experience_app(self, identity: Identity | None) -> Litestar:
        found: list[BaseRouteHandler | Router] = []
        sessions, paged = self._sessions(identity), False
        for face in experience_apis.discover().values():
            around = Surroundings(
                processes=Processes(self._ask_process),
                sessions=sessions,
                govern=self._governed,
                environment=self.settings.environment.capitalize(),
            )
            implementation = face.implement(around)
            self.governor.services.lookups.serve(face.api, implementation)
            found += self._routes(face.api, implementation)
            if face.pages is not None:
                found += face.pages(around, self._governed(face.api, implementation))
                paged = True
        return app_of([*found, *(sessions.handlers() if paged else ())])

    def _sessions(self, identity: Identity | None) -> FaceSessions:
        secret = read_demo(self.settings.state).clients["console"] if self._has_demo() else ""
        pages = PageSessions(
            PageSettings(
                client_id="console",
                client_secret=self.settings.values.get("TIERGATE_CONSOLE_SECRET", secret),
                issuer=next(iter(self.plan.issuers.values())).issuer,
                public_url=self.settings.address,
                home="/desk",
                scopes=("desk:read", "desk:act", "desk:approve"),
            ),
            self.database.engine,
            transport=transport(identity) if identity else None,
        )
        self._closing.append(pages.aclose)
        return FaceSessions(pages, self.governor.services.tokens)

    def _ask_system(self, name: str, port: type[P]) -> P:
        """A system's port, made once: every step of every run asks for some."""
        known = self._asked.get((name, port))
        if known is None:
            known = self._asked[name, port] = self._system_port(name, port)
        return cast(P, known)

    def _system_port(self, name: str, port: type[P]) -> P:
        """The adapter here, governed; or the system tier's client."""
        api = catalogue.system_api(catalogue.offering(self._systems, name, port))
        if name in self._adapters:
            adapter = cast(P, self._adapters[name])
            return interior.bind(port, adapter, self.governor, api, self._as("process", "system"))
        return client(api, port, self._elsewhere("system", "process-tier"))

    def _ask_process(self, port: type[P]) -> P:
        """A process port: the implementation here, governed; or the process tier's client."""
        api = catalogue.by_port()[port]
        if "process" in self._serving:
            implementation = cast(P, self._processes[api.key])
            return interior.bind(port, implementation, self.governor, api, self._as("experience", "process"))
        return cast(P, ActingFor(client(api, port, self._elsewhere("process", "experience-tier")), port))

    def _governed(self, api: Api, implementation: Any) -> Any:
        """An implementation behind its own API's policies, for the caller at hand."""
        return Together([interior.bind(port, implementation, self.governor, api, caller) for port in api.ports])

    def _as(self, layer: Layer, asked: Layer) -> Callable[[], Caller]:
        """The calling tier's workload with the scopes its token would carry, and whom it acts for."""
        own = WORKLOAD if layer == "process" else EXPERIENCE
        plan, workload = self.plan, msgspec.structs.replace(own, scopes=scopes_of(self.plan, asked))

        def workload_caller() -> Caller:
            nonlocal plan, workload
            if self.plan is not plan:
                plan, workload = self.plan, msgspec.structs.replace(own, scopes=scopes_of(self.plan, asked))
            here = caller()
            if here.layer == layer:
                return msgspec.structs.replace(here, scopes=workload.scopes)
            return here.acting(workload)

        return workload_caller

    def _elsewhere(self, tier: Layer, workload: str) -> httpx.AsyncClient:
        """The pooled client of a tier deployed apart, signed in as our own tier."""
        if tier not in self._pools:
            issuer = next(i.issuer for i in self.plan.issuers.values() if i.workloads)
            secret = self.settings.client_secret or read_demo(self.settings.state).clients[workload]
            auth = Workload(workload, secret, issuer, scopes=scopes_of(self.plan, tier), resource=AUDIENCE, tier=tier)
            self._pools[tier] = httpx.AsyncClient(base_url=self.settings.tier_urls[tier], auth=auth, timeout=60)
            self._closing += [self._pools[tier].aclose, auth.close]
        return self._pools[tier]

    def _has_demo(self) -> bool:
        return (self.settings.state / "demo.json").exists()

    async def _database_answers(self) -> bool:
        try:
            await self.database.run(lambda c: c.exec_driver_sql("SELECT 1"))
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def _says(self) -> dict[str, str]:
        """What a process that is ready says of itself."""
        return {
            "serves": ", ".join([*self._serving, *["gateway"] * self._gateway]),
            "policies": self.policies.last.says,
        }


def everything(settings: Settings, pace: Pace | None = None) -> Served:
    """All tiers and the gateway in one process."""
    return Served(settings, TIERS, gateway=True, pace=pace)
