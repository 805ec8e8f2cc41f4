"""What is billed, and for how much: bills of the ERP as invoices there, invoices as pro-formas, rate cards.

Kantata has no mark for what was billed elsewhere. What is on one of its invoices is billed, locked, and on no other: so
a bill of the ERP is an invoice there, under our key, with the ERP's number as its title.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from canonical.faults import Conflict, FieldError, Invalid, NotFound
from canonical.objects import Invoice, RateCard
from canonical.ports import Page, Written
from canonical.ports.effort import Billed, BillingMarks, Proformas, RateCards
from canonical.ports.lists import PAGE
from system_apis.kantata import billing, billing_wire, effort, mapping, wire
from system_apis.kantata.billing import BILL, CANCELLED, Rates
from system_apis.kantata.keeping import Keeping
from system_apis.kantata.mapping import SYSTEM
from system_apis.kantata.wire import EXPENSES, INVOICES, RATE_CARD_VERSIONS, RATE_CARDS, ROLES, TIME_ENTRIES, WORKSPACES

MOST: Final = 50
"""Invoices a page: each brings along all that it bills."""


class Bills(Keeping):
    """Bills, pro-formas and rates of one account."""

    async def billed(self, project_id: str, key: str) -> Billed:
        """What the invoice under our key holds; `NotFound` once it is cancelled."""
        found = await self._live((await self._records.references(key)).get(BILL))
        if found is None or project_id not in found.workspace_ids:
            raise NotFound(f"nothing of workspace {project_id} is billed as {key}", system=SYSTEM)
        return billing.billed(found)

    async def mark_billed(self, project_id: str, key: str, data: Billed) -> Written:
        """One invoice holds exactly these; where there is nothing to hold, it is cancelled."""
        held = (await self._records.references(key)).get(BILL)
        found = await self._live(held)
        if found is not None and project_id not in found.workspace_ids:
            raise Conflict(f"{key} is billed in workspace {', '.join(found.workspace_ids)}", system=SYSTEM)
        if not data.time_entry_ids and not data.expense_ids:
            return await self._unbill(found, key)
        found = found or await self._unkeyed(project_id, data)
        await self._check(project_id, data, found)
        created = found is None
        if found is None:
            found = await self._records.create(INVOICES, billing.written(project_id, None if held else key, data))
        elif changed := billing.renewed(found, data):
            found = await self._records.update(INVOICES, found.id, changed)
        if held is not None or not found.external_reference_ids:
            await self._records.refer(held, mapping.subject(mapping.reference(key, BILL), INVOICES, found.id))
        return Written(id=found.id, created=created, version=found.updated_at)

    async def proforma(self, proforma_id: str) -> Invoice:
        """One invoice with what it bills."""
        return billing.proforma(*await self._records.whole(INVOICES, proforma_id))

    async def proformas(self, cursor: str = "", limit: int = PAGE, project_id: str = "") -> Page[Invoice]:
        """Invoices, those under our keys too, oldest first."""
        where = {"workspace_id": project_id} if project_id else {}
        found, following, beside = await self._records.whole_page(INVOICES, cursor, min(limit, MOST), **where)
        return Page(items=[billing.proforma(each, beside) for each in found], next=following)

    async def rate_card(self, rate_card_id: str) -> RateCard:
        """One currency of a set of rates."""
        found, beside = await self._records.whole(RATE_CARDS, rate_card_id)
        return (await self._rate_cards([found], beside))[0]

    async def rate_cards(self, cursor: str = "", limit: int = PAGE) -> Page[RateCard]:
        """Every currency of every set, oldest first."""
        found, following, beside = await self._records.whole_page(RATE_CARDS, cursor, limit)
        return Page(items=await self._rate_cards(found, beside), next=following)

    # --- bills --------------------------------------------------------------------------------------------------------

    async def _live(self, held: wire.Reference | None) -> billing_wire.Invoice | None:
        """The invoice a reference points to, unless it is gone or cancelled."""
        if held is None:
            return None
        try:
            found = await self._records.get(INVOICES, held.subject_id)
        except NotFound:
            return None
        return None if found.status == CANCELLED else found

    async def _unkeyed(self, project_id: str, data: Billed) -> billing_wire.Invoice | None:
        """The invoice with this number and no key: the one whose reference, or whose answer, was lost."""
        for each in await self._records.all(INVOICES, workspace_id=project_id):
            same = each.user_invoice_title == data.invoice_number and each.status != CANCELLED
            if same and not each.external_reference_ids:
                return each
        return None

    async def _unbill(self, found: billing_wire.Invoice | None, key: str) -> Written:
        """Let go of what it holds: a draft is deleted, an active invoice can only be cancelled."""
        if found is None:
            return Written(id=key, created=False)
        if found.draft:
            await self._records.delete(INVOICES, found.id)
        else:
            await self._records.cancel(INVOICES, found.id)
        return Written(id=found.id, created=False)

    async def _check(self, project_id: str, data: Billed, found: billing_wire.Invoice | None) -> None:
        """All of it belongs to the project and is on no other invoice: said before anything is written."""
        own = {*found.time_entry_ids, *found.expense_ids} if found else set()
        entries = {
            id: each
            async for answer in self._records.named(TIME_ENTRIES, data.time_entry_ids)
            for id, each in answer.time_entries.items()
        }
        spent = {
            id: effort.spent(each, answer)
            async for answer in self._records.named(EXPENSES, data.expense_ids)
            for id, each in answer.expenses.items()
        }
        expenses = {id: each.expense for id, each in spent.items()}
        asked: tuple[tuple[str, Sequence[str], Mapping[str, wire.TimeEntry | wire.Expense]], ...] = (
            ("/time_entry_ids", data.time_entry_ids, entries),
            ("/expense_ids", data.expense_ids, expenses),
        )
        wrong = [
            FieldError(detail=f"{id} is none of workspace {project_id}", pointer=pointer)
            for pointer, ids, there in asked
            for id in ids
            if id not in there or there[id].workspace_id != project_id
        ]
        if wrong:
            await self._records.get(WORKSPACES, project_id)  # rather than all of it, the project may be unknown
            raise Invalid(system=SYSTEM, errors=wrong)
        open_yet = [
            FieldError(detail=f"{id} is on no approved expense report", pointer="/expense_ids")
            for id in data.expense_ids
            if not spent[id].is_approved
        ]
        if open_yet:
            raise Invalid("Only approved expenses can be billed.", system=SYSTEM, errors=open_yet)
        for _, ids, there in asked:
            if taken := next((id for id in ids if there[id].is_invoiced and id not in own), None):
                raise Conflict(f"{taken} is billed already, on another invoice", system=SYSTEM)

    # --- rates --------------------------------------------------------------------------------------------------------

    async def _rate_cards(self, found: Sequence[billing_wire.RateCard], beside: wire.Envelope) -> list[RateCard]:
        """Cards with the rates of their published versions."""
        ids = [id for card in found for id in card.rate_card_version_ids]
        rates: dict[str, list[Rates]] = {}
        async for answer in self._records.named(RATE_CARD_VERSIONS, ids):
            roles = await self._roles(answer)
            for version in answer.rate_card_versions.values():
                of = answer.rate_card_set_versions.get(version.rate_card_set_version_id or "")
                if of is not None and of.active:
                    rates.setdefault(version.rate_card_id or "", []).append(billing.rates(version, of, answer, roles))
        return [billing.rate_card(card, beside, rates.get(card.id, [])) for card in found]

    async def _roles(self, answer: wire.Envelope) -> dict[str, str]:
        """The names of the roles that an answer's rates are of."""
        ids = sorted({each.role_id for each in answer.rate_card_roles.values() if each.role_id})
        return {id: role.name async for found in self._records.named(ROLES, ids) for id, role in found.roles.items()}


_ports: tuple[type[BillingMarks], type[Proformas], type[RateCards]] = (Bills, Bills, Bills)
