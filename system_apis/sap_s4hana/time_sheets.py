"""Time as it is posted to one tenant: records of time sheets, on elements of projects.

The service has no key for others: ours is a field of the firm's own, and a record is looked up by it before one is
made. Who somebody is on a time sheet, and by which kind of activity they are costed, our own service says.
"""

from msgspec.structs import replace

from canonical.faults import Conflict, Drifted, NotFound
from canonical.objects import TimeEntry
from canonical.ports.operation import Written
from system_apis.sap_s4hana import mapping, wire
from system_apis.sap_s4hana import setups_wire as plan
from system_apis.sap_s4hana import time_mapping as here
from system_apis.sap_s4hana import time_wire as there
from system_apis.sap_s4hana.calls import first, given
from system_apis.sap_s4hana.odata import SYSTEM, literal, query
from system_apis.sap_s4hana.setups import ELEMENT_WITH, Setups

_PATH = f"{plan.TIMESHEETS}/{plan.TIME}"


class TimeSheets(Setups):
    """Records of time sheets."""

    async def time_posting_by_key(self, key: str) -> TimeEntry:
        """The record under our key that counts."""
        found = await self._recorded(key)
        named = found.time_sheet_data_fields.wbs_element
        elements = await self._places(f"ProjectElement eq {literal(named)}")
        workers = await self._workers("PersonWorkAgreementExternalID", found.person_work_agreement_external_id)
        if not workers:
            raise Drifted("our own service does not know a person who entered time", system=SYSTEM)
        if not elements:
            raise Drifted(f"time is of {named[:40]!r}, which is no element of a project", system=SYSTEM)
        entity = await self._entities.by_company(found.company_code)
        project = await self._job(elements[0].project_uuid)
        return here.time_entry(found, elements[0], project, workers[0], legal_entity=entity.code)

    async def upsert_time_posting(self, key: str, data: TimeEntry) -> Written:
        """Write the record. One that is there already is changed; that of somebody else is a conflict."""
        project = await self._project_of(data.project_id)
        worker = await self._worker(data.resource, project.company_code)
        draft = here.time_draft(key, data, project, await self._place(project, data.task_id), worker)
        try:
            found = await self._recorded(key)
        except NotFound:
            made = await self._create(_PATH, draft)
            return Written(id=given(made.time_sheet_record), created=True)
        theirs = (found.person_work_agreement_external_id, found.company_code)
        if theirs != (draft.person_work_agreement_external_id, draft.company_code):
            raise Conflict("it is posted already for somebody else: take it back by a correction", system=SYSTEM)
        if here.alike(found, draft):
            return Written(id=found.time_sheet_record, created=False)
        changed = replace(draft, time_sheet_record=found.time_sheet_record, time_sheet_operation=there.UPDATE)
        made = await self._create(_PATH, changed)
        return Written(id=given(made.time_sheet_record), created=False)

    async def _recorded(self, key: str) -> there.Record:
        where = {"$filter": f"YY1_TGKey_TIM eq {literal(key)}"}
        rows = await self._all(plan.TIMESHEETS, plan.TIME, there.Record, where)
        if any(row.tg_key_tim != key for row in rows):
            raise Drifted("time sheets were filtered by our key, and told records of another one", system=SYSTEM)
        return first([row for row in rows if row.time_sheet_status not in here.OVER], key)

    async def _project_of(self, project_id: str) -> wire.Project:
        try:
            return await self._job(project_id)
        except NotFound as unknown:
            raise here.invalid("/project_id", unknown.detail) from unknown

    async def _place(self, project: wire.Project, task: str) -> str:
        """The element time is of: a task by our reference or its id, else the one that is the project as a whole."""
        if not task:
            return mapping.element_of(project.project)
        named = f"YY1_TGRef_PPE eq {literal(task)} or ProjectElement eq {literal(task)}"
        found = await self._places(f"ProjectUUID eq guid'{project.project_uuid}' and ({named})")
        if not found:
            raise here.invalid("/task_id", f"the project {project.project} has no such task")
        return found[0].project_element

    async def _places(self, where: str) -> list[plan.Element]:
        asked = {"$filter": where, "$expand": ELEMENT_WITH}
        return await self._list(wire.PROJECTS, plan.ELEMENTS, plan.Element, asked)

    async def _worker(self, email: str, company_code: str) -> there.Worker:
        """Who this is; where they are of several of our companies, the one of the project's."""
        found = await self._workers("Email", email) if email else []
        if not found:
            raise here.invalid("/resource", "nobody with this e-mail address enters time in SAP")
        return next((each for each in found if each.company_code == company_code), found[0])

    async def _workers(self, by: str, value: str) -> list[there.Worker]:
        path = f"{wire.FIRM}/Worker{query({'$filter': f'{by} eq {literal(value)}'})}"
        answer: there.Workers = await self._send("GET", path, there.Workers)
        return answer.value
