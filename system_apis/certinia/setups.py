"""What a project is worked under: practice, calendar, rate cards, budget, and whether time and expenses are taken.

Time is shut by a switch on the project and by one on each task. So opening opens the tasks first and the project last;
closing begins with the project.
"""

from typing import Final

from canonical.faults import FieldError, Invalid, NotFound
from canonical.objects import ProjectSetup
from canonical.ports import Written
from canonical.ports.setups import refuse_unkept
from foundation.salesforce.records import Records, quoted
from system_apis.certinia import mapping, setup_wire, wire
from system_apis.certinia.mapping import SYSTEM
from system_apis.certinia.plans import BATCH, below, ours

_DIMENSIONS: Final = "Certinia keeps region, practice and group of a project: other dimensions are the ERP's."
_APPROVAL: Final = "Who approves, and whether anybody must, is said by the org's own approval process."
CANNOT: Final = {
    "cost_center": _DIMENSIONS,
    "profit_center": _DIMENSIONS,
    "approval_required": _APPROVAL,
    "approvers": _APPROVAL,
    "team": "Who may see a project is a matter of the org's sharing and of permission controls.",
    "documents": "A project has no address of a document site.",
}


class Setups:
    """The settings of one org's projects."""

    def __init__(self, org: Records) -> None:
        self._org = org

    async def setup(self, project_id: str) -> ProjectSetup:
        """The settings there are; open for time when the project is, and every task."""
        found = await self._settings(project_id)
        budgets = []
        if found.key:
            ours = f"{wire.KEY} = {quoted(mapping.budget_key(found.key))}"
            budgets = await self._org.query(wire.BUDGET, ours, wire.Budget)
        closed = found.closed_for_time or any(each.closed for each in await self._switches(project_id))
        return ProjectSetup(
            practice=(found.practice.code or "") if found.practice else "",
            calendar=(found.calendar.country or "") if found.calendar else "",
            rate_card_id=found.rate_cards or "",
            budget=mapping.total(budgets),
            open_for_time=not closed,
            open_for_expenses=not found.closed_for_expenses,
            cannot=CANNOT,
        )

    async def set(self, project_id: str, data: ProjectSetup) -> Written:
        """Change what is named, a task's switch only where it is not as wanted."""
        refuse_unkept(data, CANNOT, system=SYSTEM)
        found = await self._settings(project_id)
        written = self._written(data)
        if data.budget is not None:
            key = mapping.budget_key(ours(project_id, found.key))
            priced = mapping.priced(found.id, found.name, data.budget, found.currency_iso_code)
            await self._org.upsert(wire.BUDGET, wire.KEY, key, priced)
        if data.open_for_time:
            await self._switch(project_id, closed=False)
        if written != setup_wire.SettingsWrite():
            await self._org.update(wire.PROJECT, found.id, written)
        if data.open_for_time is False:
            await self._switch(project_id, closed=True)
        return Written(id=found.id, created=False)

    def _written(self, data: ProjectSetup) -> setup_wire.SettingsWrite:
        """What is said of the project itself; an empty text clears."""
        said: dict[str, object] = {}
        if data.practice is not None:
            said |= {"practice": wire.ByPractice(code=data.practice)} if data.practice else {"practice_id": None}
        if data.calendar is not None:
            said |= (
                {"calendar": setup_wire.ByCountry(country=data.calendar)} if data.calendar else {"calendar_id": None}
            )
        if data.rate_card_id is not None:
            if data.rate_card_id and not self._org.is_id(data.rate_card_id):
                wrong = FieldError(pointer="/rate_card_id", detail=f"{data.rate_card_id[:40]!r} is no Salesforce id")
                raise Invalid("There is no such rate card set.", errors=[wrong], system=SYSTEM)
            said["rate_cards"] = data.rate_card_id or None
        if data.open_for_time is not None:
            said["closed_for_time"] = not data.open_for_time
        if data.open_for_expenses is not None:
            said["closed_for_expenses"] = not data.open_for_expenses
        return setup_wire.SettingsWrite(**said)  # type: ignore[arg-type]  # each beside its name above

    async def _switch(self, project_id: str, *, closed: bool) -> None:
        ids = [each.id for each in await self._switches(project_id) if each.closed is not closed]
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            await self._org.update_all(
                [setup_wire.TaskSwitchWrite(attributes={"type": wire.TASK}, id=each, closed=closed) for each in batch]
            )

    async def _switches(self, project_id: str) -> list[setup_wire.TaskSwitch]:
        return await self._org.query(wire.TASK, below(project_id), setup_wire.TaskSwitch)

    async def _settings(self, project_id: str) -> setup_wire.Settings:
        where = f"Id = '{self._org.checked(project_id)}'"
        for found in await self._org.query(wire.PROJECT, where, setup_wire.Settings):
            return found
        raise NotFound(f"there is no project {project_id}", system=SYSTEM)
