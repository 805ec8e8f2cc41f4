"""Engagements: projects as their clients may see them, read from the PSA and the ERP by our cross-references."""

from typing import Any, Final

import sqlalchemy as sa

from canonical.faults import NotFound
from canonical.objects import BillingSchedule, Project
from canonical.ports.processes import Engagement, EngagementDetail, Engagements, ProjectOwner
from canonical.ports.systems import BillingSchedules, Projects
from foundation.api import Api
from process_apis import ProcessApi
from process_apis.opportunity_to_project.workflow import NAME as MADE_BY
from process_apis.platform import Platform, acting
from process_apis.tables import RUNS

_ACTIVE: Final = (RUNS.c.workflow == MADE_BY, RUNS.c.status == "succeeded", RUNS.c.project_code != "")
"""Of the runs that opened a project: one that only prepares for a deal has a code, too."""


class ReadEngagements:
    """Only projects that were activated are engagements; what is still being made is nobody's business outside."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def engagements(self, account_id: str) -> list[Engagement]:
        """The projects of one customer."""
        return [_engagement(row, *await self._read(row)) for row in await self._rows(account_id)]

    async def engagement(self, account_id: str, code: str) -> EngagementDetail:
        """One project; another customer's is not found."""
        row = next((row for row in await self._rows(account_id) if row.project_code == code), None)
        if row is None:
            raise NotFound(f"There is no project {code}.")
        project, billing = await self._read(row)
        return EngagementDetail(
            engagement=_engagement(row, project, billing),
            project=project,
            milestones=project.milestones,
            billing=billing,
        )

    async def project_owner(self, code: str) -> ProjectOwner:
        """Whose a project is, from our own cross-references: no system is asked."""
        newest = (
            sa.select(RUNS.c.account_key)
            .where(RUNS.c.project_code == code, *_ACTIVE)
            .order_by(RUNS.c.started_at.desc())
        )
        account = await self._platform.database.run(lambda c: c.execute(newest).scalars().first())
        if account is None:
            raise NotFound(f"There is no project {code}.")
        return ProjectOwner(account_id=account)

    async def _rows(self, account_id: str) -> list[Any]:
        mine = sa.select(RUNS).where(RUNS.c.account_key == account_id, *_ACTIVE).order_by(RUNS.c.started_at)
        rows = await self._platform.database.run(lambda c: list(c.execute(mine)))
        return list({row.project_code: row for row in rows}.values())

    async def _read(self, row: Any) -> tuple[Project, BillingSchedule | None]:
        systems = self._platform.systems
        with acting():
            project = await systems.of("psa", Projects, row.legal_entity).project_by_key(row.business_key)
            try:
                plans = systems.of("erp", BillingSchedules, row.legal_entity)
                return project, await plans.billing_schedule_by_key(f"{row.business_key}:billing")
            except NotFound:
                return project, None


def _engagement(row: Any, project: Project, billing: BillingSchedule | None) -> Engagement:
    ahead = [m for m in project.milestones if m.completed_at is None]
    return Engagement(
        code=project.code or row.project_code,
        name=project.name,
        account_id=row.account_key,
        stage=project.stage,
        start=project.start,
        end=project.end,
        value=billing.total() if billing else project.budget,
        manager=project.project_manager,
        next_milestone=min(ahead, key=lambda m: m.due) if ahead else None,
    )


PROCESS_API: Final = ProcessApi(
    api=Api(name="engagements", layer="process", title="Engagements", ports=(Engagements,)),
    implement=ReadEngagements,
)
