"""The firm a fake process tier knows: runs, cases and connections in every state a page must show."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from canonical.base import Xref
from canonical.faults import FieldError
from canonical.money import Money
from canonical.ports.approvals import Approval
from canonical.ports.processes import (
    Agreement,
    Attempt,
    Case,
    CaseEvent,
    ConnectionHealth,
    Run,
    RunDetail,
    Step,
)

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
        self.approvals: list[Approval] = []
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
                status=status,  # type: ignore[arg-type]  # a literal, given by name
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
