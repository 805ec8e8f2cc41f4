"""What a project is worked under in one account: whom its cost falls to, and whether time and expenses may be posted.

Cost centre, profit centre and document site are custom fields of the project, like the practice (QUIRKS.md).
"""

from typing import Final

import msgspec

from canonical.faults import FieldError, Invalid
from canonical.money import Money
from canonical.objects import ProjectSetup
from canonical.ports.operation import Written
from canonical.ports.setups import ProjectSetups, refuse_unkept
from foundation.vendor_values import money
from system_apis.netsuite import wire
from system_apis.netsuite.calls import RECORDS, Calls, checked
from system_apis.netsuite.mapping import SYSTEM

CANNOT: Final = {
    "rate_card_id": "Rates are the PSA's: time is posted here with its rate.",
    "calendar": "Working days are those of each employee's own calendar.",
    "approval_required": "Time is approved in the PSA before it is posted here.",
    "approvers": "Time is approved in the PSA before it is posted here.",
    "team": "Who may see a project is a matter of roles and subsidiaries.",
}
_TEXTS: Final = {
    "practice": "custentity_tg_practice",
    "cost_center": "custentity_tg_cost_center",
    "profit_center": "custentity_tg_profit_center",
    "documents": "custentity_tg_documents",
}
"""Our field to its custom field."""


class Setups(Calls):
    """Settings of projects."""

    async def project_setup(self, project_id: str) -> ProjectSetup:
        """The settings of a job."""
        found = await self._get("job", checked(project_id), wire.Job)
        currency = await self._currency(found.currency)
        return ProjectSetup(
            **{ours: getattr(found, theirs) for ours, theirs in _TEXTS.items()},
            budget=None if found.estimated_revenue is None else money(found.estimated_revenue, currency, system=SYSTEM),
            open_for_time=found.allow_time,
            open_for_expenses=found.allow_expenses,
            cannot=CANNOT,
        )

    async def set_project_setup(self, project_id: str, data: ProjectSetup) -> Written:
        """Change what is named."""
        refuse_unkept(data, CANNOT, system=SYSTEM)
        if data.budget is not None:
            found = await self._get("job", checked(project_id), wire.Job)
            _check(data.budget, await self._currency(found.currency))
        return await self._write("PATCH", f"{RECORDS}/job/{checked(project_id)}", _draft(data))


def _draft(data: ProjectSetup) -> wire.JobSetup:
    texts = {theirs: getattr(data, ours) for ours, theirs in _TEXTS.items()}
    named = {name: value or None for name, value in texts.items() if value is not None}
    return wire.JobSetup(
        **named,
        estimated_revenue=msgspec.UNSET if data.budget is None else data.budget.amount,
        allow_time=msgspec.UNSET if data.open_for_time is None else data.open_for_time,
        allow_expenses=msgspec.UNSET if data.open_for_expenses is None else data.open_for_expenses,
    )


def _check(budget: Money, currency: str) -> None:
    if budget.currency != currency:
        wrong = FieldError(pointer="/budget", detail=f"the project is in {currency}")
        raise Invalid("an amount cannot be kept there", errors=[wrong])


_port: type[ProjectSetups] = Setups  # the type checker holds us to the port
