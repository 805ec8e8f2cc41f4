"""The scenario: twelve deals are won in Salesforce, and what becomes of them.

    plan the faults -> close the deals (simple-salesforce) -> watch the runs -> read back -> report

Eight become verified projects, though an ERP answer is lost after its commit, a notification comes three times and out
of order, and a token expires in the middle. Four must not: guards refuse three, and for one the PSA is down until
somebody runs it again.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Final

import httpx
import msgspec

from canonical.classes import PUBLIC
from canonical.ports import Page
from canonical.ports.processes import Case, Overview, Run
from foundation.sandbox import FaultRule
from foundation.sandbox.firm import Deal, deals
from foundation.sandbox.server import Address
from system_apis import Demo

PATIENCE: Final = 120.0
"""Seconds all runs together may take."""
QUIET: Final = 1.5
"""Seconds without anything left to do before it counts as over: a notification may still be on its way."""
REFUSED: Final[Mapping[int, frozenset[str]]] = {
    9: frozenset({"tax_profile", "currency"}),
    10: frozenset({"credit_hold"}),
    11: frozenset({"signed_contract"}),
}
"""Deal number to the guards that must refuse it, no more and no fewer."""
PARKED: Final = 12
REORDERED: Final = 3
Say = Callable[[str], None]


class DealReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one deal."""

    key: Annotated[str, PUBLIC]
    name: str
    customer: str
    outcome: str
    verified: bool
    ids: dict[str, str]
    amount: str
    reason: str
    as_expected: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all of them."""

    deals: list[DealReport]
    duplicates: list[str]
    cases: list[dict[str, str]]
    seconds: float
    ok: bool


class Firm:
    """The scenario's way into a running platform and its sandboxes."""

    def __init__(
        self, url: str, secret: str, sandboxes: Mapping[str, Address], credentials: Mapping[str, Demo], say: Say
    ) -> None:
        self._url, self._secret = url, secret
        self._sandboxes, self._credentials = sandboxes, credentials
        self._say = say
        self.deals = deals(date.today())  # noqa: DTZ011 - the sandboxes were seeded with this machine's day

    async def play(self) -> Report:
        """Play it once. Playing it again on the same database changes nothing in the systems."""
        began = asyncio.get_running_loop().time()
        async with httpx.AsyncClient(timeout=30) as http:
            self._say(
                "Planning the faults: a lost answer, an expired token, a doubled notification, a PSA that is down."
            )
            await self._plan_faults(http)
            self._say("Closing twelve deals in Salesforce, with simple-salesforce.")
            await asyncio.to_thread(self._close_deals)
            runs = await self._watch(http)
            cases = await self._all(http, "/operations/v1/cases?state=open&limit=200", Page[Case])
            duplicates = await self._duplicates(http)
        reports = [self._report(deal, runs.get(deal.id), cases) for deal in self.deals]
        shown = [{"id": c.id, "deal": c.deal, "kind": c.kind, "title": c.title, "ticket": c.ticket} for c in cases]
        return Report(
            deals=reports,
            duplicates=duplicates,
            cases=shown,
            seconds=round(asyncio.get_running_loop().time() - began, 1),
            ok=all(r.as_expected for r in reports) and not duplicates and len(cases) == len(REFUSED) + 1,
        )

    async def _plan_faults(self, http: httpx.AsyncClient) -> None:
        by_number = {deal.number: deal for deal in self.deals}
        rules = {
            "netsuite": [
                FaultRule(fault="timeout_after_commit", method="PUT", path="/job/", body=by_number[2].name),
                FaultRule(fault="expired_token", method="PUT", path="/job/", body=by_number[4].name),
            ],
            "salesforce": [
                FaultRule(fault="duplicate_delivery", path=by_number[REORDERED].id, copies=3),
                FaultRule(fault="reordered_delivery", path=by_number[REORDERED].id),
            ],
            # As many as one run tries: it is back when somebody runs the deal again.
            "kantata": [
                FaultRule(fault="server_error", method="POST", path="/workspaces", body=by_number[PARKED].name, times=5)
            ],
        }
        for system, planned in rules.items():
            base = f"{self._sandboxes[system].url}/_sandbox/faults"
            await http.delete(base)
            for rule in planned:
                (await http.post(base, content=msgspec.json.encode(rule))).raise_for_status()

    def _close_deals(self) -> None:
        """As a salesperson's integration would: an unmodified client, over TLS."""
        import requests
        from simple_salesforce.api import Salesforce

        address = self._sandboxes["salesforce"]
        app = self._credentials["salesforce"].values
        form = {
            "grant_type": "client_credentials",
            "client_id": app["SALESFORCE_CLIENT_ID"],
            "client_secret": app["SALESFORCE_CLIENT_SECRET"],
        }
        with requests.Session() as session:
            session.verify, session.trust_env = address.ca, False  # REQUESTS_CA_BUNDLE would win over `verify`
            token = session.post(f"{address.tls_url}/services/oauth2/token", data=form, timeout=30).json()
            salesforce = Salesforce(
                instance_url=address.tls_url, session_id=token["access_token"], session=session, version="62.0"
            )
            sobjects: Any = salesforce.Opportunity  # made at run time, for any object of the org
            for deal in self.deals:
                sobjects.update(deal.id, {"StageName": "Closed Won"})
                if deal.number == REORDERED:
                    # A second version, whose notification comes first.
                    sobjects.update(deal.id, {"Description": "Kick-off agreed."})

    async def _watch(self, http: httpx.AsyncClient) -> dict[str, Run]:
        """Wait for the end of every run; the runs by deal id."""
        loop = asyncio.get_running_loop()
        deadline, quiet_since, shown = loop.time() + PATIENCE, 0.0, ""
        while True:
            page = await self._ask(http, "/operations/v1/runs?limit=200", Page[Run])
            runs = {run.business_key.partition(":")[2]: run for run in reversed(page.items)}
            left = [d for d in self.deals if d.id not in runs or runs[d.id].status == "running"]
            unread = (await self._ask(http, "/operations/v1/overview", Overview)).unread_changes
            done = f"{len(self.deals) - len(left)} of {len(self.deals)} deals settled"
            if done != shown:
                self._say(done)
                shown = done
            now = loop.time()
            quiet_since = (quiet_since or now) if not left and not unread else 0.0
            if (quiet_since and now - quiet_since > QUIET) or now > deadline:
                return runs
            await asyncio.sleep(0.25)

    async def _duplicates(self, http: httpx.AsyncClient) -> list[str]:
        found = []
        for name, address in self._sandboxes.items():
            answer = await http.get(f"{address.url}/_sandbox/duplicates")
            found += [f"{name}: {fact}" for fact in answer.json()]
        return found

    async def _all(self, http: httpx.AsyncClient, path: str, kind: Any) -> list[Any]:
        return list((await self._ask(http, path, kind)).items)

    async def _ask(self, http: httpx.AsyncClient, path: str, kind: Any) -> Any:
        answer = await http.get(self._url + path, headers={"Authorization": f"Bearer {await self._token(http)}"})
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=kind)

    async def _token(self, http: httpx.AsyncClient) -> str:
        """One token for the whole play: it takes less time than a token lives."""
        if "token" not in self.__dict__:
            # The process tier's operations are for faces; the scenario looks in as one.
            form = {"grant_type": "client_credentials"}
            answer = await http.post(f"{self._url}/identity/token", data=form, auth=("experience-tier", self._secret))
            answer.raise_for_status()
            self.token: str = answer.json()["access_token"]
        return self.token

    def _report(self, deal: Deal, run: Run | None, cases: list[Case]) -> DealReport:
        if run is None:
            return DealReport(
                key=f"D{deal.number:02d}",
                name=deal.name,
                customer=deal.account.legal_name,
                outcome="not started",
                verified=False,
                ids={},
                amount=f"{deal.currency} {deal.amount:,.2f}",
                reason="no run was ever started for it",
                as_expected=False,
            )
        case = next((c for c in cases if c.run_id == run.id), None)
        return DealReport(
            key=f"D{deal.number:02d}",
            name=run.title,
            customer=run.customer,
            outcome="parked"
            if run.status == "failed"
            else "project active"
            if run.status == "succeeded"
            else run.status,
            verified=bool(run.verified),
            ids={x.system: x.native_id for x in run.ids if x.instance == "project"},
            amount=str(run.amount),
            reason=case.title if case else "",
            as_expected=_as_expected(deal.number, run, case),
        )


def _as_expected(number: int, run: Run, case: Case | None) -> bool:
    if number in REFUSED:
        return run.status == "refused" and {e.rule for e in run.errors} == REFUSED[number] and case is not None
    if number == PARKED:
        return run.status == "failed" and run.reason == "vendor_down" and case is not None and case.system == "kantata"
    return run.status == "succeeded" and run.verified is True


def table(report: Report) -> str:
    """The report for a terminal."""
    lines = []
    for deal in report.deals:
        mark = "✓" if deal.verified else "–"
        lines.append(f"{deal.key}  {mark} {deal.outcome:<15} {deal.amount:>18}  {deal.name} · {deal.customer}")
        if deal.ids:
            lines.append("      " + "  ".join(f"{system} {native}" for system, native in deal.ids.items()))
        if deal.reason:
            lines.append(f"      {deal.reason}")
    verified = sum(d.verified for d in report.deals)
    lines.append("")
    lines.append(
        f"{verified} projects active and verified in all systems, {len(report.cases)} cases, "
        f"{len(report.duplicates)} duplicates, in {report.seconds} s"
    )
    lines += [f"Twice: {duplicate}" for duplicate in report.duplicates]
    lines += [f"Not as it should be: {d.key}" for d in report.deals if not d.as_expected]
    return "\n".join(lines)
