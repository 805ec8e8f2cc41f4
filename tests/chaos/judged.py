"""What a storm came to, read from the database's runs and, without our own eyes, from what the sandboxes hold."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from foundation.sandbox.firm import Deal
from process_apis.events.parking import WORKFLOW as INTAKE
from process_apis.events.tables import INBOX_KEYS
from process_apis.tables import CASES, INBOX, RUNS
from tests.chaos.calling import HOURS
from tests.chaos.ground import Ground
from tests.chaos.plan import Storm
from tests.chaos.selling import MORE

WEATHER: Final = frozenset(
    "vendor_busy vendor_down vendor_timeout vendor_sign_in vendor_stale outcome_unknown drifted conflict".split()
)
"""Reasons the planned faults can be the cause of. `conflict`: a deal saved again and again while it was read."""
PROJECT, ORDER, SETUP, STAFFING = "opportunity_to_project", "quote_to_order", "project_setup", "staffing"
CONTRACT: Final = "contract_sync"
WORKFLOWS: Final = frozenset({PROJECT, ORDER, SETUP, STAFFING, CONTRACT})
_ACTIVE: Final = 310
"""What the PSA calls an active workspace."""


class Findings(msgspec.Struct, kw_only=True):
    """The verdict."""

    asked: int = 0
    """Projects, orders, setups, bookings, contracts and amendments asked for; each is verified or parked in the end."""
    runs: int = 0
    verified: int = 0
    parked: dict[str, int] = {}
    """Why, and how many."""
    superseded: int = 0
    """Runs undone since their deal was taken back."""
    duplicates: list[str] = []
    lost: list[str] = []
    untrue: list[str] = []
    """Runs parked for a reason that is none, or without a case."""


_STATE: Final = [
    RUNS.c[name] for name in ("id", "workflow", "business_key", "generation", "status", "project_code", "ended_at")
]


def rows(engine: sa.Engine) -> list[Any]:
    """Every run."""
    with engine.connect() as connection:
        return list(connection.execute(sa.select(RUNS)))


def states(engine: sa.Engine) -> list[Any]:
    """How far every run is, without what it found: this is looked at again and again."""
    with engine.connect() as connection:
        return list(connection.execute(sa.select(*_STATE)))


def settled(engine: sa.Engine) -> bool:
    """Nothing runs, and nothing waits but for a person."""
    of_key = [INBOX_KEYS.c[name] == INBOX.c[name] for name in ("system", "object", "native_id")]
    parked = sa.exists().where(*of_key, INBOX_KEYS.c.parked != "")
    with engine.connect() as connection:
        running = sa.select(sa.func.count()).select_from(RUNS).where(RUNS.c.ended_at.is_(None))
        waiting = sa.select(sa.func.count()).select_from(INBOX).where(INBOX.c.done_at.is_(None), ~parked)
        return not connection.scalar(running) and not connection.scalar(waiting)


async def judge(
    ground: Ground, storm: Storm, deals: Mapping[int, Deal], asked: Collection[tuple[str, int]], engine: sa.Engine
) -> Findings:
    """Everything that was asked for: made once and alike everywhere, or parked for a true reason."""
    held = Holdings(*[await ground.asked(name, "contents") for name in ("salesforce", "netsuite", "kantata")])
    verdict = _Verdict(rows(engine), _cases(engine), held)
    for number in storm.deals:
        deal = deals[number]
        order = verdict.order(deal) if number in storm.ordered else None
        if number in storm.ordered and ("project", number) not in asked:
            verdict.after(ORDER)
        else:
            verdict.project(deal, storm.refused(number), order.id if order is not None else "")
        for what, wanted, judged in (
            ("setup", storm.set_up, verdict.setup),
            ("booking", storm.staffed, verdict.booking),
        ):
            if number in wanted and (what, number) in asked:
                judged(deal)
            elif number in wanted:
                verdict.after(PROJECT)
        if number in storm.amended:
            verdict.contract(deal, 0) if ("contract", number) in asked else verdict.after(PROJECT)
            verdict.contract(deal, 1) if ("amendment", number) in asked else verdict.after(CONTRACT)
    found = verdict.found
    found.asked, found.parked = storm.asked, dict(sorted(found.parked.items()))
    for system in ground.where:
        doubled = await ground.asked(system, "duplicates")
        found.duplicates += [f"{system}: {each['kind']} {each['fact']}" for each in doubled]
    found.duplicates += held.twins()
    return found


class _Verdict:
    """What became of each, from its last run and from what the systems hold."""

    def __init__(self, all_rows: list[Any], cases: Mapping[str, str], held: "Holdings") -> None:
        self.found, self._cases, self._held = Findings(), cases, held
        self._last: dict[tuple[str, str], Any] = {}
        for row in all_rows:
            key = (row.workflow, _about(row))
            known = self._last.get(key)
            self.found.runs += row.workflow in WORKFLOWS
            self.found.superseded += row.workflow in WORKFLOWS and known is not None
            if known is None or row.generation > known.generation:
                self._last[key] = row

    def order(self, deal: Deal) -> Any:
        """The order of a deal's quote; its run where it went well."""
        row = self._last.get((ORDER, deal.key))
        return self._end(f"{deal.code} order", row, lambda: self._held.wrong_order(deal, row.id))

    def project(self, deal: Deal, refused: tuple[str, ...], order: str) -> None:
        """The project of a deal, billed by its contract or by the order of its quote."""
        row = self._last.get((PROJECT, deal.key)) or self._last.get((INTAKE, deal.key))
        stop = ["a guard should have stopped it"] if refused else []
        self._end(deal.code, row, lambda: stop or self._held.wrong(deal, order, self._carried(deal)), refused)

    def contract(self, deal: Deal, number: int) -> None:
        """A contract, or an amendment of it, as it is carried."""
        row, what = self._last.get((CONTRACT, f"{deal.key}:{number}")), f"amendment {number}" if number else "contract"
        self._end(f"{deal.code} {what}", row, lambda: self._held.wrong_terms(deal, self._carried(deal)))

    def _carried(self, deal: Deal) -> set[int]:
        """What every system may say how far its contract is carried: one number, but where an amendment waits."""
        last = self._last.get((CONTRACT, f"{deal.key}:1"))
        if last is None:
            return {0}
        return {1} if last.status == "succeeded" else {0, 1}

    def setup(self, deal: Deal) -> None:
        """What work on the project needs."""
        project = self._last.get((PROJECT, deal.key))
        row = self._last.get((SETUP, project.project_code)) if project is not None else None
        self._end(f"{deal.code} setup", row, lambda: self._held.wrong_setup(deal))

    def booking(self, deal: Deal) -> None:
        """Who is booked on the project."""
        prefix = f"bk:E{deal.number}:"
        mine = [row for (name, key), row in self._last.items() if name == STAFFING and key.startswith(prefix)]
        if len(mine) > 1:
            self.found.duplicates.append(f"tiergate: bookings {prefix}, {len(mine)} times")
        row = mine[0] if mine else None
        self._end(f"{deal.code} booking", row, lambda: self._held.wrong_booking(row.business_key))

    def after(self, workflow: str) -> None:
        """What stands on something that is parked was not asked for, and is parked with it."""
        self._parked(f"after {workflow}")

    def _parked(self, why: str) -> None:
        self.found.parked[why] = self.found.parked.get(why, 0) + 1

    def _end(self, what: str, row: Any, wrong: Callable[[], list[str]], refused: tuple[str, ...] = ()) -> Any:
        """How a run ended; it, where it went well."""
        if row is None or row.ended_at is None:
            self.found.lost.append(f"{what}: {'no run' if row is None else f'still {row.status}'}")
            return None
        if row.status == "succeeded":
            odd = wrong()
            self.found.lost += [f"{what}: {each}" for each in odd]
            self.found.verified += not odd and row.verified
            return row
        rules = tuple(sorted(error["rule"] for error in json.loads(row.errors) if row.reason == "guards_failed"))
        true = rules == refused if rules else row.reason in WEATHER
        why = row.reason or ", ".join(rules)
        self._parked(why)
        if not true or self._cases.get(row.id) != "open":
            said = f"{row.status} for {row.reason or rules}: {row.detail}; case {self._cases.get(row.id, 'none')}"
            self.found.untrue.append(f"{what}: {said}")
        return None


class Holdings:
    """What the three systems hold, by our keys."""

    def __init__(self, crm: dict[str, Any], erp: dict[str, Any], psa: dict[str, Any]) -> None:
        self._deals = {each["Id"]: each for each in crm["Opportunity"]}
        self._contracts = {each["Id"]: each for each in crm["Contract"]}
        self._workspaces = {each["id"]: each for each in psa["workspaces"]}
        links = psa.get("external_references", [])
        self._made = {
            "job": _by(erp.get("job", []), "externalId"),
            "order": _by(erp.get("salesOrder", []), "externalId"),
            "plan": _by(erp.get("billingSchedule", []), "externalId"),
            "workspace": _by(_of(links, "project"), "service_model_ref"),
            "demand": _by(_of(links, "resource demand"), "service_model_ref"),
        }
        self._made |= {
            f"reference {model}": _by(_of(links, model), "service_model_ref")
            for model in {each["service_model"] for each in links} - {"project", "resource demand"}
        }
        self._booked = {each["service_model_ref"]: each["subject_id"] for each in _of(links, "booking")}
        self._allocations = {each["id"]: each for each in psa.get("workspace_allocations", [])}
        self._stories = psa.get("stories", [])

    def wrong_order(self, deal: Deal, key: str) -> list[str]:
        """What is not as an order leaves it."""
        made = self._made["order"].get(key, [])
        if len(made) != 1:
            return [f"{len(made)} orders"]
        total = _decimal(made[0]["subtotal"])
        return [] if total == deal.amount else [f"it comes to {total}, the deal to {deal.amount}"]

    def wrong_setup(self, deal: Deal) -> list[str]:
        """What is not as a setup leaves it: open for time, each task once."""
        (link,) = self._made["workspace"].get(deal.key, [{}])
        mine = [each for each in self._stories if each["workspace_id"] == link.get("subject_id")]
        work = [each for each in mine if each["story_type"] == "task"]
        if not any(each["time_trackable"] for each in work):
            return ["no task is open for time"]
        twice = [title for title, count in Counter(each["title"] for each in work).items() if count > 1]
        return [f"task {title} is there more than once" for title in twice]

    def wrong_booking(self, key: str) -> list[str]:
        """What is not as a confirmed booking leaves it."""
        found = self._allocations.get(self._booked.get(key, ""))
        if found is None:
            return [f"{key} is not in the PSA"]
        return [] if found["hard"] and found["minutes"] == HOURS * 60 else [f"{key} is {found}"]

    def wrong_terms(self, deal: Deal, carried: set[int]) -> list[str]:
        """What is not as a carried contract leaves it: each line once in its order, and the mark in the CRM."""
        contract = self._contracts[self._deals[deal.id]["ContractId"]]
        made = self._made["order"].get(f"salesforce:{contract['Id']}", [])
        if len(made) != 1:
            return [f"{len(made)} orders"]
        lines = [each for each in made[0]["item"]["items"] if not each.get("isClosed")]
        refs = Counter(each["custcol_tg_ref"] for each in lines)
        added = [each["amount"] for each in lines if each["custcol_tg_ref"].startswith("1.")]
        facts = {
            "each line is there once": set(refs.values()) == {1},
            "the amendment is one line": [_decimal(each) for each in added] in [[MORE] * number for number in carried],
            "the order says how far": made[0]["custbody_tg_amendment"] in carried,
            "the CRM says how far": contract["Carried_Amendment__c"] in carried,
            "the CRM names the order": contract["ERP_Order_Id__c"] == made[0]["id"],
        }
        return [f"it is not so that {fact}" for fact, holds in facts.items() if not holds]

    def wrong(self, deal: Deal, order: str, carried: set[int]) -> list[str]:
        """What is not as a verified deal leaves it; empty when all is. `order`: of its quote, where it has one.

        `carried`: how far its contract may be; each system's money is that of one of them.
        """
        worth = {deal.amount + MORE * number for number in carried}
        said = self._deals[deal.id]
        keys = {"job": deal.key, "order": order or f"salesforce:{said['ContractId']}", "plan": f"{deal.key}:billing"}
        keys |= {"workspace": deal.key}
        keys |= {f"demand {role}": f"{deal.key}:role{role}" for role, _ in enumerate(deal.roles, 1)}
        made = {name: self._made[name.partition(" ")[0]].get(key, []) for name, key in keys.items()}
        if odd := [f"{len(each)} of its {name}" for name, each in made.items() if len(each) != 1]:
            return odd
        job, order, plan = (made[name][0] for name in ("job", "order", "plan"))
        workspace = self._workspaces[made["workspace"][0]["subject_id"]]
        facts = {
            "the job is active": not job["isInactive"] and job["entityStatus"] == {"id": "2"},
            "the job is the deal's": said["ERP_Project_Id__c"] == job["id"],
            "the code is one": said["Project_Code__c"] == job["entityId"] == workspace["title"].split()[0],
            "the workspace is the deal's": said["PSA_Project_Id__c"] == workspace["id"],
            "the workspace is active": workspace["status_key"] == _ACTIVE,
            "the order is open": order["orderStatus"] == {"id": "B"},
            "the money is one": {_decimal(job["estimatedRevenue"]), _decimal(order["total"]), _billed(plan)} <= worth,
            "the PSA's money is it too": _decimal(workspace["price_in_cents"]) / 100 in worth,
        }
        return [f"it is not so that {fact}" for fact, holds in facts.items() if not holds]

    def twins(self) -> list[str]:
        """Keys that more than one record of a kind has."""
        return [
            f"{kind} {key}, {len(made)} times"
            for kind, by in self._made.items()
            for key, made in by.items()
            if key and len(made) > 1
        ]


def _about(row: Any) -> str:
    """What a run is about: the last one of each says what became of it."""
    if row.workflow == CONTRACT:  # one of each document of a deal
        return f"{row.business_key}:{row.generation}"
    return str(row.project_code if row.workflow == SETUP else row.business_key)


def _of(links: list[dict[str, Any]], model: str) -> list[dict[str, Any]]:
    return [each for each in links if each["service_model"] == model]


def _billed(plan: Mapping[str, Any]) -> Decimal:
    parts = [each["milestoneAmount"] for each in plan["milestone"]["items"]]
    parts += [each["amount"] for each in plan["recurrence"]["items"]]
    return sum((_decimal(each) for each in parts), Decimal(0))


def _decimal(number: Any) -> Decimal:
    return Decimal(str(number))


def _by(records: list[dict[str, Any]], name: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        found.setdefault(str(record.get(name) or ""), []).append(record)
    return found


def _cases(engine: sa.Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return {row.run_id: row.state for row in connection.execute(sa.select(CASES.c.run_id, CASES.c.state))}
