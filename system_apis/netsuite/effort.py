"""Time and expenses as they are posted to one account: time bills and expense reports, whose people are employees.

Time names the task it was worked on where the project has it by our reference; any other stands in a text.
"""

from canonical.faults import Conflict, NotFound
from canonical.objects import ExpenseReport, TimeEntry
from canonical.ports.operation import Written
from system_apis.netsuite import effort_mapping as mapping
from system_apis.netsuite import effort_wire as wire
from system_apis.netsuite.calls import eid
from system_apis.netsuite.tasks import Tasks
from system_apis.netsuite.wire import Job


class Effort(Tasks):
    """Time bills and expense reports."""

    async def time_posting_by_key(self, key: str) -> TimeEntry:
        """A time bill by external id."""
        return await self._time(await self._get("timeBill", eid(key), wire.TimeBill))

    async def upsert_time_posting(self, key: str, data: TimeEntry) -> Written:
        """Write the time bill; one that an invoice bills already is left, and is a conflict where it differs."""
        employee = await self._references.employees.id(data.resource)
        draft = mapping.time_draft(data, employee=employee, task=await self._task_id(data.project_id, data.task_id))
        known = await self._known_time(key)
        if known is not None and known.custcol_tg_invoice:
            if (known.hours, known.tran_date) == (draft.hours, draft.tran_date):
                return Written(id=known.id, created=False)
            raise Conflict(f"it is billed already, on {known.custcol_tg_invoice}: correct it", system="netsuite")
        return await self._upsert("timeBill", key, draft)

    async def expense_posting_by_key(self, key: str) -> ExpenseReport:
        """An expense report by external id."""
        found = await self._get("expenseReport", eid(key), wire.ExpenseReport)
        of = [found.expense_report_currency, *(line.currency for line in found.expense.items)]
        return mapping.expense_report(
            found,
            resource=await self._references.employees.code(found.entity.id),
            legal_entity=await self._entity(found.subsidiary),
            currencies=[await self._currency(each) for each in of],
        )

    async def upsert_expense_posting(self, key: str, data: ExpenseReport) -> Written:
        """Write the expense report; once accounting has approved it, it is a conflict where it differs."""
        codes = [*(line.amount.currency for line in data.lines), data.currency]
        draft = mapping.expense_draft(
            data,
            employee=await self._references.employees.id(data.resource),
            subsidiary=await self._references.subsidiaries.id(data.legal_entity_id),
            categories=[await self._references.categories.id(line.category) for line in data.lines],
            currencies=[await self._references.currencies.id(code) for code in codes],
        )
        try:
            known = await self.expense_posting_by_key(key)
        except NotFound:
            known = None
        if known is not None and known.status == "posted":
            if [line.amount for line in known.lines] == [line.amount for line in data.lines]:
                return Written(id=known.id, created=False)
            raise Conflict(f"{known.number} is posted already and says something else", system="netsuite")
        return await self._upsert("expenseReport", key, draft, replace="expense")

    async def _known_time(self, key: str) -> wire.TimeBill | None:
        try:
            return await self._get("timeBill", eid(key), wire.TimeBill)
        except NotFound:
            return None

    async def _time(self, found: wire.TimeBill) -> TimeEntry:
        resource = await self._references.employees.code(found.employee.id)
        currency = ""
        if found.rate is not None:
            currency = await self._currency((await self._get("job", found.customer.id, Job)).currency)
        task = await self._task_ref(found.case_task_event.id, found.customer.id) if found.case_task_event.id else ""
        return mapping.time_entry(found, resource=resource, currency=currency, task=task)
