"""The client portal's API: asks for the engagements of the caller's own account and shapes them for the client."""

from collections.abc import Mapping
from typing import Final

from canonical.faults import Forbidden, NotFound
from canonical.objects import BillingSchedule, Milestone
from canonical.ports.processes import Engagement, Engagements
from experience_apis import Surroundings
from experience_apis.client_portal.port import (
    Billed,
    BillingDate,
    BillingPlan,
    ClientPortal,
    MilestoneView,
    Payment,
    Progress,
    ProjectCard,
    ProjectView,
)
from foundation.context import current

CLAIM: Final = "account_id"
"""The token's claim that names the caller's account."""
_PROGRESS: Final[Mapping[str, Progress]] = {
    "planned": "in preparation",
    "active": "under way",
    "on_hold": "paused",
    "closed": "finished",
    "cancelled": "cancelled",
}
_BILLED: Final[Mapping[str, Billed]] = {
    "milestone": "by milestone",
    "monthly": "monthly",
    "on_completion": "on completion",
}
_PAYMENT: Final[Mapping[str, Payment]] = {
    "not_ready": "not due yet",
    "ready": "ready to invoice",
    "invoiced": "invoiced",
    "paid": "paid",
    "reversed": "credited",
}


class Portal:
    """The client portal, over the process tier."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._processes = surroundings.processes

    async def projects(self) -> list[ProjectCard]:
        account = _own_account()
        found = await self._processes.of(Engagements).engagements(account)
        return [_card(engagement) for engagement in found if engagement.account_id == account]

    async def project(self, code: str) -> ProjectView:
        account = _own_account()
        try:
            found = await self._processes.of(Engagements).engagement(account, code)
        except NotFound:
            found = None
        if found is None or found.engagement.account_id != account:
            raise NotFound(f"You have no project {code}.")
        return ProjectView(
            project=_card(found.engagement),
            milestones=[_milestone(milestone) for milestone in found.milestones],
            billing=_plan(found.billing) if found.billing else None,
        )

    async def owner_of_project(self, code: str) -> str | None:
        """Whose a project is: the gateway's look-up, before anything of it is read."""
        try:
            return (await self._processes.of(Engagements).project_owner(code)).account_id
        except NotFound:
            return None


def _own_account() -> str:
    """The account in the caller's token; without one there is nothing of one's own to see."""
    caller = current().caller
    account = caller.claims.get(CLAIM) if caller else None
    if not isinstance(account, str) or not account:
        raise Forbidden(f"The token names no account ({CLAIM}), so no project can be its own.")
    return account


def _card(engagement: Engagement) -> ProjectCard:
    upcoming = engagement.next_milestone
    return ProjectCard(
        code=engagement.code,
        name=engagement.name,
        progress=_PROGRESS.get(engagement.stage, "in preparation"),
        start=engagement.start,
        end=engagement.end,
        value=engagement.value,
        contact=engagement.manager,
        next_milestone=_milestone(upcoming) if upcoming else None,
    )


def _milestone(milestone: Milestone) -> MilestoneView:
    return MilestoneView(
        name=milestone.name,
        due=milestone.due,
        reached=milestone.completed_at is not None,
        amount=milestone.amount,
        payment=_PAYMENT[milestone.billing_status],
    )


def _plan(schedule: BillingSchedule) -> BillingPlan:
    return BillingPlan(
        billed=_BILLED[schedule.method],
        total=schedule.total(),
        dates=[BillingDate(name=line.name, due=line.due, amount=line.amount) for line in schedule.lines],
    )


_: type[ClientPortal] = Portal  # the type checker holds us to the port
