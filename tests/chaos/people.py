"""Everybody in a storm: six people who close deals and agree to amendments, and the programs that ask for the rest."""

import asyncio
from collections.abc import Mapping
from typing import Final

from foundation.sandbox.firm import Deal
from tests.chaos.calling import Program, Runs
from tests.chaos.ground import Ground
from tests.chaos.plan import Storm
from tests.chaos.selling import Person

WON: Final = "Closed Won"
OPEN: Final = "Negotiation/Review"
_PEOPLE: Final = 6


class Firm:
    """Who does what, in the order of the plan."""

    def __init__(self, ground: Ground, storm: Storm, deals: Mapping[int, Deal], runs: Runs) -> None:
        self._ground, self._storm, self._deals, self._runs = ground, storm, deals, runs
        self._program = Program(ground)
        self._waiting = list(reversed(storm.deals))
        self.won: set[str] = set()
        """Keys of the deals that were won."""
        self.agreed: set[tuple[str, int]] = set()
        """Amendments that were agreed, each by its deal's key and its number."""

    @property
    def asked(self) -> set[tuple[str, int]]:
        """What was asked for beside the deals that are won anyway."""
        return self._program.asked

    async def work(self) -> None:
        """Until all is done, or waits for what waits for a person itself."""
        people = [Person(self._ground) for _ in range(_PEOPLE)]
        try:
            await self._program.hire(self._deals.values())
            async with asyncio.TaskGroup() as later:
                for person in people:
                    later.create_task(self._sell(person, later))
        finally:
            for each in [*people, self._program]:
                await each.aclose()

    async def _sell(self, person: Person, later: asyncio.TaskGroup) -> None:
        while self._waiting:
            number = self._waiting.pop()
            deal = self._deals[number]
            if number in self._storm.ordered:
                later.create_task(self._ordered(person, deal))
                continue
            await self._win(person, deal)
            if number in self._storm.set_up | self._storm.staffed:
                later.create_task(self._afterwards(person, deal))
            if number in self._storm.amended:
                later.create_task(self._amended(person, deal))
            if number in self._storm.touched:
                await asyncio.sleep(1.0)  # the CRM's stamps have whole seconds
                await person.save(deal.id, Practice__c="Finance")
            if number in self._storm.reopened:
                await asyncio.sleep(1.0)
                await person.save(deal.id, StageName=OPEN)
                await asyncio.sleep(1.0)
                await self._win(person, deal)

    async def _win(self, person: Person, deal: Deal) -> None:
        await person.save(deal.id, StageName=WON)
        self.won.add(deal.key)

    async def _ordered(self, person: Person, deal: Deal) -> None:
        """Its order comes first; where that waits for somebody, so does the deal."""
        run_id = await self._program.order((await person.read(deal.id))["SyncedQuoteId"])
        if await self._runs.went_well(lambda: self._runs.of(run_id)) is None:
            return
        self._program.asked.add(("project", deal.number))
        await self._win(person, deal)
        await self._afterwards(person, deal)

    async def _amended(self, person: Person, deal: Deal) -> None:
        """Its contract is carried, because somebody asks for it; then an amendment, because the CRM tells of it."""
        if await self._runs.went_well(lambda: self._runs.of_deal(deal)) is None:
            return
        contract_id = (await person.read(deal.id))["ContractId"]
        run_id = await self._program.carry(deal, contract_id)
        if await self._runs.went_well(lambda: self._runs.of(run_id)) is None:
            return
        await person.amend(deal, contract_id)
        self._program.asked.add(("amendment", deal.number))
        self.agreed.add((deal.key, 1))

    async def _afterwards(self, person: Person, deal: Deal) -> None:
        """What stands on the project, once there is one."""
        made = await self._runs.went_well(lambda: self._runs.of_deal(deal))
        if made is None:
            return
        if deal.number in self._storm.set_up:
            await self._program.set_up(deal, made.project_code)
        if deal.number in self._storm.staffed:
            await self._program.staff(deal, (await person.read(deal.id))["PSA_Project_Id__c"])
