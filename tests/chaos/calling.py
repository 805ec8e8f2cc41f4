"""Programs of the firm that ask the platform itself, at its gateway, while it dies and comes back.

They do what any careful client does: try again, look before they ask for what is not the same thing twice, and press a
button twice where once would do.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from itertools import count, cycle
from typing import Any, Final
from urllib.parse import quote

import httpx

from foundation.sandbox.firm import Deal
from gateway.identity.demo import read_demo
from tests.chaos.ground import Ground

CLIENT: Final = "scenario"
APPROVER: Final = "tiergate@acme.example"
HOURS: Final = 40
MONDAY: Final = date(2027, 3, 1)
_AGAIN: Final = frozenset({401, 429, 500, 502, 503, 504})


class Runs:
    """What is known of all runs just now: whoever waits for one looks here."""

    def __init__(self) -> None:
        self._by_id: dict[str, Any] = {}
        self._won: dict[str, Any] = {}
        self.over = False
        """All is quiet: what has not gone well by now waits for a person."""

    def know(self, rows: list[Any]) -> None:
        """These are all."""
        self._by_id = {row.id: row for row in rows}
        won = [row for row in rows if row.id.startswith("o2p:")]
        self._won = {row.business_key: row for row in sorted(won, key=lambda row: row.generation)}

    def of_deal(self, deal: Deal) -> Any:
        """The run of a deal's last winning; None before there is one."""
        return self._won.get(deal.key)

    def of(self, run_id: str) -> Any:
        """One run."""
        return self._by_id.get(run_id)

    async def went_well(self, find: Callable[[], Any]) -> Any:
        """The run once it has succeeded; None where it has not when all is quiet."""
        while True:
            row = find()
            if row is not None and row.ended_at and row.status == "succeeded":
                return row
            if self.over:
                return None
            await asyncio.sleep(0.5)


class Program:
    """One of them."""

    def __init__(self, ground: Ground) -> None:
        self._http = httpx.AsyncClient(trust_env=False, timeout=30)
        self._doors = cycle([f"http://127.0.0.1:{port}" for port in ground.ports])
        self._issuer, self._state, self._token = ground.url, ground.state, ""
        self.asked: set[tuple[str, int]] = set()
        """What was asked for beyond a won deal, by the deal's number: a setup, a booking or a contract whose project
        never came about was not, nor an amendment of a contract that is not carried."""

    async def aclose(self) -> None:
        """Ends."""
        await self._http.aclose()

    async def order(self, quote_id: str) -> str:
        """An accepted quote is to be ordered, said twice; the run's id."""
        body = {"quote": {"system": "salesforce", "id": quote_id}}
        first = await self.ask("POST", "/quote-to-order/v1/runs", body)
        again = await self.ask("POST", "/quote-to-order/v1/runs", body)
        assert first["id"] == again["id"], (first, again)
        return str(first["id"])

    async def carry(self, deal: Deal, contract_id: str) -> str:
        """A signed contract is to be carried, said twice; the run's id."""
        self.asked.add(("contract", deal.number))
        body = {"contract": {"system": "salesforce", "id": contract_id}}
        first = await self.ask("POST", "/contract-sync/v1/runs", body)
        again = await self.ask("POST", "/contract-sync/v1/runs", body)
        assert first["id"] == again["id"], (first, again)
        return str(first["id"])

    async def set_up(self, deal: Deal, project_code: str) -> str:
        """An active project is to be set up, said twice; the run's id."""
        self.asked.add(("setup", deal.number))
        body = {"project_code": project_code, "approvers": [APPROVER]}
        first = await self.ask("POST", "/project-setup/v1/runs", body)
        again = await self.ask("POST", "/project-setup/v1/runs", body)
        assert first["id"] == again["id"], (first, again)
        return str(first["id"])

    async def hire(self, deals: Iterable[Deal]) -> None:
        """HR tells of who manages these deals and who approves, before anybody asks whether they are employed."""
        named = {(email, deal.entity) for deal in deals for email in (deal.project_manager, APPROVER)}
        async with asyncio.TaskGroup() as told:
            for number, (email, entity) in enumerate(sorted(named)):
                told.create_task(self._employed(f"M{number}", email, entity))

    async def _employed(self, person: str, email: str, entity: str) -> None:
        calendar = {"since": "2020-01-01", "weekly": ["8", "8", "8", "8", "8", "0", "0"]}
        known = {"email": email, "name": person, "legal_entity": entity, "calendars": [calendar]}
        await self.ask("PUT", f"/staffing/v1/people/{person}", known)

    async def staff(self, deal: Deal, psa_project: str) -> str:
        """Somebody is asked for on a project, found and booked for a week; the booking's id."""
        self.asked.add(("booking", deal.number))
        person = f"E{deal.number}"
        await self._employed(person, deal.project_manager, deal.entity)
        booking = await self._proposed(await self._demand(deal, psa_project), person)
        for step in ("approve", "confirm"):
            await self.ask("POST", f"/staffing/v1/bookings/{quote(booking, safe='')}/{step}", done=(409,))
        return booking

    async def _demand(self, deal: Deal, psa_project: str) -> str:
        """Asked for, unless it was before: each is another one. A call that was cut off is looked for first."""
        days = {"start": MONDAY.isoformat(), "end": (MONDAY + timedelta(days=4)).isoformat()}
        body = {"task_role": f"storm-{deal.number}", "role": "Engineer", "legal_entity": deal.entity}
        body |= {"project_id": psa_project, **days}
        for attempt in count(1):
            known = await self.ask("GET", f"/staffing/v1/demands?project_id={quote(psa_project)}")
            if known["items"]:
                return str(known["items"][0]["id"])
            key = f"storm-{deal.number}-{attempt}"
            wanted = {**body, "effort": {"amount": str(HOURS)}}
            if made := await self.ask("POST", "/staffing/v1/demands", wanted, done=(409,), key=key):
                return str(made["id"])
        raise AssertionError("unreachable")

    async def _proposed(self, demand: str, person: str) -> str:
        path = f"/staffing/v1/demands/{quote(demand, safe='')}/bookings"
        made = await self.ask("POST", path, {"person_id": person}, done=(409,))
        return str(made.get("id") or f"bk:{person}:{MONDAY}:{MONDAY + timedelta(days=4)}:{demand}")

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        done: tuple[int, ...] = (),
        key: str = "",
    ) -> dict[str, Any]:
        """One call, again while the platform is away; `done` are refusals that say it was done before."""
        said, once = "", {"Idempotency-Key": f'"{key}"'} if key else {}
        for _ in range(400):
            try:
                if not self._token:
                    await self._sign_in()
                signed = {"Authorization": f"Bearer {self._token}", **once}
                answer = await self._http.request(method, next(self._doors) + path, json=body, headers=signed)
            except httpx.TransportError as silence:
                said = repr(silence)
            else:
                running = answer.status_code == 409 and "key_running" in answer.text
                if answer.is_success or (answer.status_code in done and not running):
                    return dict(answer.json()) if answer.is_success else {}
                said = f"{answer.status_code} {answer.text}"
                if answer.status_code not in _AGAIN and not running:
                    break
                self._token = "" if answer.status_code == 401 else self._token
            await asyncio.sleep(0.25)
        raise AssertionError(f"{method} {path}: {said}")

    async def _sign_in(self) -> None:
        secret = read_demo(self._state).clients[CLIENT]
        form = {"grant_type": "client_credentials"}
        answer = await self._http.post(f"{self._issuer}/identity/token", data=form, auth=(CLIENT, secret))
        self._token = answer.json()["access_token"] if answer.status_code == 200 else ""
