"""The adapter: projects with their budget and plan, requests for people, messages on a project's page.

The org's own external-id fields make every write an upsert the org itself settles: there is never a second. A project
is written under its code, then its plan, and gets our key last: a look-up by key finds only what is whole.
"""

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from msgspec.structs import replace

from canonical.faults import Conflict, FieldError, NotFound, VendorRefused
from canonical.objects import (
    Booking,
    ExpenseReport,
    Invoice,
    Project,
    ProjectSetup,
    RateCard,
    ResourceDemand,
    TimeEntry,
)
from canonical.ports import Page, Written
from canonical.ports.effort import Billed, BillingMarks, Expenses, Proformas, RateCards, TimeEntries
from canonical.ports.lists import PAGE, ProjectList, RecordChange
from canonical.ports.setups import (
    ProjectSetups,
    TaskPage,
    TaskRefs,
    TasksRemoved,
    TaskState,
    TasksWritten,
    WorkBreakdowns,
)
from canonical.ports.systems import (
    Account,
    Bookings,
    Connection,
    Message,
    Projects,
    ResourceDemands,
    StageChange,
    Workspaces,
)
from foundation.checking import Described
from foundation.salesforce.records import Records, changed_after, quoted
from foundation.salesforce.wire import Row
from system_apis.certinia import (
    billing,
    booking_wire,
    bookings,
    expenses,
    mapping,
    rates,
    setup_wire,
    staffing,
    timecards,
    wire,
)
from system_apis.certinia import effort_wire as work
from system_apis.certinia.effort import ID, MOST, Effort, mark_of
from system_apis.certinia.mapping import SYSTEM
from system_apis.certinia.plans import Plans, below
from system_apis.certinia.setups import Setups


class Certinia:
    """One org with the package. `http` carries address, sign-in and timeouts."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._org = Records(http, SYSTEM)
        self._effort = Effort(self._org)
        self._assignments = bookings.Assignments(self._org)
        self._plans = Plans(self._org)
        self._setups = Setups(self._org)

    async def close(self) -> None:
        """Close the connection's client."""
        await self._org.close()

    async def project(self, project_id: str) -> Project:
        return await self._project(f"Id = '{self._org.checked(project_id)}'", project_id)

    async def project_by_key(self, key: str) -> Project:
        return await self._project(f"{wire.KEY} = {quoted(key)}", key)

    async def projects(self, cursor: str = "", limit: int = PAGE) -> Page[Project]:
        found, following = await self._org.page(wire.PROJECT, wire.Project, cursor, min(limit, MOST))
        keys = ", ".join(quoted(mapping.budget_key(each.key)) for each in found if each.key)
        budgets = await self._org.query(wire.BUDGET, f"{wire.KEY} IN ({keys})", wire.Budget) if keys else []
        return Page(
            items=[mapping.project(each, [b for b in budgets if b.project == each.id], [], []) for each in found],
            next=following,
        )

    async def project_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        mark = mark_of(since, ID)
        where = f"{changed_after(mark.stamp, mark.native_id)} LIMIT {limit}"
        found = await self._org.query(wire.PROJECT, where, wire.Changed, deleted=True)
        items = [mapping.change(each) for each in found]
        return Page(items=items, next=mark.after(items[-1] if items else None, more=len(items) == limit).text())

    async def upsert_project(self, key: str, data: Project) -> Written:
        code, levels = mapping.code(data), mapping.levels(data.tasks)
        held = await self._held(key, code)
        manager = await self._manager(data.project_manager)
        written = mapping.written(data, manager, await self._account(data.account_id))
        if held is not None and held.key == key:
            saved = await self._org.upsert(wire.PROJECT, wire.KEY, key, replace(written, code=code))
        else:
            saved = await self._org.upsert(wire.PROJECT, wire.CODE, code, written)
        if budget := mapping.budget(data, saved.id):
            await self._org.upsert(wire.BUDGET, wire.KEY, mapping.budget_key(key), budget)
        await self._plans.keep(key, data, saved.id, levels, made=bool(saved.created))
        if held is None or held.key != key:
            await self._org.update(wire.PROJECT, saved.id, wire.Keyed(key=key))
        return Written(id=saved.id, created=saved.created)

    async def set_project_stage(self, project_id: str, data: StageChange) -> Written:
        await self._org.update(wire.PROJECT, project_id, mapping.stage(data.stage))
        return Written(id=project_id, created=False)

    async def project_setup(self, project_id: str) -> ProjectSetup:
        return await self._setups.setup(project_id)

    async def set_project_setup(self, project_id: str, data: ProjectSetup) -> Written:
        return await self._setups.set(project_id, data)

    async def project_tasks(self, project_id: str) -> list[TaskState]:
        return await self._plans.states(project_id)

    async def upsert_tasks(self, project_id: str, data: TaskPage) -> TasksWritten:
        return await self._plans.keep_page(project_id, data)

    async def remove_tasks(self, project_id: str, data: TaskRefs) -> TasksRemoved:
        return await self._plans.remove(project_id, data)

    async def resource_demands(self, project_id: str) -> list[ResourceDemand]:
        await self._place(project_id)
        where = f"pse__Project__c = '{project_id}' ORDER BY CreatedDate, Id"
        return [staffing.demand(each) for each in await self._org.query(wire.REQUEST, where, wire.Request)]

    async def upsert_resource_demand(self, key: str, data: ResourceDemand) -> Written:
        found = next(iter(await self._org.query(wire.REQUEST, f"{wire.KEY} = {quoted(key)}", wire.Request)), None)
        if data.status == "cancelled":
            return await self._withdraw(found, data)
        request = staffing.request(data, await self._place(data.project_id), found)
        saved = await self._org.upsert(wire.REQUEST, wire.KEY, key, request)
        return Written(id=saved.id, created=saved.created)

    async def booking_by_key(self, key: str) -> Booking:
        return await self._assignments.booking(key)

    async def upsert_booking(self, key: str, data: Booking) -> Written:
        if data.status == "released":
            return await self._assignments.release(key, data)
        return await self._assignments.book(key, data, await self._place(data.project_id))

    async def post_message(self, project_id: str, data: Message) -> Written:
        await self._place(project_id)
        where = f"ParentId = '{project_id}' ORDER BY CreatedDate DESC, Id DESC"
        for post in await self._org.query(wire.POST, where, wire.Post):
            if staffing.carries(post, data.key):
                return Written(id=post.id, created=False)
        made = await self._org.create(wire.POST, wire.PostWrite(parent_id=project_id, body=staffing.signed(data)))
        return Written(id=made, created=True)

    async def time_entry(self, time_entry_id: str) -> TimeEntry:
        return await self._effort.time_entry(time_entry_id)

    async def time_entries(self, cursor: str = "", limit: int = PAGE, project_id: str = "") -> Page[TimeEntry]:
        return await self._effort.time_entries(cursor, limit, project_id)

    async def approved_time(self, since: str, limit: int = PAGE) -> Page[TimeEntry]:
        return await self._effort.approved_time(since, limit)

    async def expense_report(self, report_id: str) -> ExpenseReport:
        return await self._effort.expense_report(report_id)

    async def expense_reports(self, cursor: str = "", limit: int = PAGE, project_id: str = "") -> Page[ExpenseReport]:
        return await self._effort.expense_reports(cursor, limit, project_id)

    async def approved_expenses(self, since: str, limit: int = PAGE) -> Page[ExpenseReport]:
        return await self._effort.approved_expenses(since, limit)

    async def billed(self, project_id: str, key: str) -> Billed:
        return await self._effort.billed(project_id, key)

    async def mark_billed(self, project_id: str, key: str, data: Billed) -> Written:
        return await self._effort.mark_billed(project_id, key, data)

    async def proforma(self, proforma_id: str) -> Invoice:
        return await self._effort.proforma(proforma_id)

    async def proformas(self, cursor: str = "", limit: int = PAGE, project_id: str = "") -> Page[Invoice]:
        return await self._effort.proformas(cursor, limit, project_id)

    async def rate_card(self, rate_card_id: str) -> RateCard:
        return await self._effort.rate_card(rate_card_id)

    async def rate_cards(self, cursor: str = "", limit: int = PAGE) -> Page[RateCard]:
        return await self._effort.rate_cards(cursor, limit)

    async def whoami(self) -> Account:
        return await self._org.whoami()

    async def described(self, kind: str) -> Described:
        """An object's fields, and what its lists may hold."""
        return await self._org.described(kind)

    async def sample(self, kind: str) -> bool:
        """Read one record of an object as it is read otherwise."""
        shapes: Mapping[str, tuple[type[Row], Callable[[Any], Any]]] = {
            wire.PROJECT: (wire.Project, lambda row: mapping.project(row, [], [], [])),
            wire.TASK: (wire.Task, lambda row: row),
            wire.MILESTONE: (wire.Milestone, lambda row: row),
            wire.BUDGET: (wire.Budget, lambda row: row),
            wire.REQUEST: (wire.Request, staffing.demand),
            wire.POST: (wire.Post, lambda row: row),
            setup_wire.TASK_TIME: (setup_wire.TaskTime, lambda row: row),
            booking_wire.ASSIGNMENT: (booking_wire.Assignment, lambda row: row),
            work.WEEK: (work.Week, lambda row: timecards.days(row, [])),
            work.SPLIT: (work.Split, lambda row: row),
            work.REPORT: (work.Report, lambda row: expenses.report(row, [])),
            work.EXPENSE: (work.Expense, lambda row: row),
            work.EVENT: (work.Event, lambda row: billing.proforma(row, [])),
            work.ITEM: (work.Item, lambda row: row),
            work.CARDS: (work.CardSet, lambda row: rates.rate_card(row, [])),
            work.IN_CARDS: (work.InSet, lambda row: row),
        }
        shape, read = shapes.get(kind, (wire.Id, lambda row: row))
        return bool([read(row) for row in await self._org.query(kind, "Id != null LIMIT 1", shape)])

    async def _project(self, where: str, called: str) -> Project:
        found = next(iter(await self._org.query(wire.PROJECT, where, wire.Project)), None)
        if found is None:
            raise NotFound(f"there is no project {called}", system=SYSTEM)
        budgets = []
        if found.key:
            ours = f"{wire.KEY} = {quoted(mapping.budget_key(found.key))}"
            budgets = await self._org.query(wire.BUDGET, ours, wire.Budget)
        tasks = await self._org.query(wire.TASK, below(found.id), wire.Task)
        milestones = await self._org.query(wire.MILESTONE, below(found.id), wire.Milestone)
        return mapping.project(found, budgets, tasks, milestones)

    async def _held(self, key: str, code: str) -> wire.Owned | None:
        """The project that has our key or its code; `Conflict` when the code belongs to another key."""
        where = f"{wire.KEY} = {quoted(key)} OR {wire.CODE} = {quoted(code)}"
        found = await self._org.query(wire.PROJECT, where, wire.Owned)
        for each in found:
            if each.code == code and each.key not in (None, key):
                raise Conflict(f"project code {code} belongs to {each.key}", system=SYSTEM)
        return next((each for each in found if each.key == key), found[0] if found else None)

    async def _manager(self, email: str) -> str:
        """The id of the person who leads it; empty for nobody, `VendorRefused` for one the org does not know."""
        if not email:
            return ""
        where = f"Email = {quoted(email)} AND pse__Is_Resource__c = TRUE AND pse__Is_Resource_Active__c = TRUE"
        found = await self._org.query(wire.RESOURCE, where, wire.Id)
        if len(found) != 1:
            detail = f"{len(found) or 'no'} active resource{'s have' if len(found) > 1 else ' has'} the e-mail {email}"
            raise VendorRefused(detail, system=SYSTEM, errors=[FieldError(detail=detail, pointer="/project_manager")])
        return found[0].id

    async def _account(self, customer: str) -> str:
        """The id of the customer, where this org has one: by our key, or because it is the org the deal was won in."""
        here = customer.rpartition(":")[2]
        if not customer:
            return ""
        same = f" OR Id = '{here}'" if here.startswith(wire.ACCOUNT_PREFIX) and self._org.is_id(here) else ""
        found = await self._org.query(wire.ACCOUNT, f"{wire.KEY} = {quoted(customer)}{same}", wire.Id)
        return found[0].id if len(found) == 1 else ""

    async def _place(self, project_id: str) -> wire.Place:
        where = f"Id = '{self._org.checked(project_id)}'"
        found = await self._org.query(wire.PROJECT, where, wire.Place)
        if not found:
            raise NotFound(f"there is no project {project_id}", system=SYSTEM)
        return found[0]

    async def _withdraw(self, found: wire.Request | None, data: ResourceDemand) -> Written:
        """Take a request back; one that is staffed is somebody's work by now, and the staffing desk's to end."""
        if found is None:
            return Written(id=data.id, created=False)
        if found.assignment:
            raise VendorRefused(f"request {found.id} is staffed already: end its assignment first", system=SYSTEM)
        await self._org.delete(wire.REQUEST, found.id)
        return Written(id=found.id, created=False)


_plan: tuple[type[Projects], type[ProjectList], type[ResourceDemands], type[Workspaces]] = (
    Certinia,
    Certinia,
    Certinia,
    Certinia,
)
_booked: type[Bookings] = Certinia
_set_up: tuple[type[ProjectSetups], type[WorkBreakdowns]] = (Certinia, Certinia)
_work: tuple[type[TimeEntries], type[Expenses], type[BillingMarks]] = (Certinia, Certinia, Certinia)
_prices: tuple[type[Proformas], type[RateCards]] = (Certinia, Certinia)
_connection: type[Connection] = Certinia  # the type checker holds us to the ports
