"""Billing plans of one pod: a plan is its billing events, on the first line of the contract, written all at once."""

import msgspec

from canonical.faults import FieldError, Invalid, NotFound
from canonical.objects import BillingSchedule
from canonical.ports.operation import Written
from system_apis.oracle_fusion import codes, contracts_wire, mapping, wire
from system_apis.oracle_fusion.codes import SOURCE, SYSTEM
from system_apis.oracle_fusion.jobs import job
from system_apis.oracle_fusion.mapping import LINE_OF
from system_apis.oracle_fusion.orders import Ordering
from system_apis.oracle_fusion.rest import Change, at, differing, first, quoted, there


class Billing(Ordering):
    """What is billed, and when."""

    async def billing_schedule_by_key(self, key: str) -> BillingSchedule:
        """A billing plan by our key: its events."""
        found = await self._events_by(key)
        if not found:
            raise NotFound(f"Fusion has no billing event under the key {key[:80]}", system=SYSTEM)
        return await self._schedule(key, found)

    async def upsert_billing_schedule(self, key: str, data: BillingSchedule) -> Written:
        """Write the billing plan, all events at once; events of lines that are gone are deleted, unless invoiced.

        Where an order bills the deal all of them are held.
        """
        if not data.project_id:
            error = FieldError(detail="a billing plan in Fusion belongs to a project", pointer="/project_id")
            raise Invalid(system=SYSTEM, errors=[error])
        worked = await job(self._rest, data.project_id, wire.Project, wire.PROJECT_WITH)
        signed = await self._contract_of(worked)
        order = await self._ordered(signed.external_reference_key or "")
        drafts = mapping.event_drafts(key, data, worked, signed, order=order)
        known = {each.source_reference: each for each in await self._events_by(key)}
        changes = _linked(signed, worked)
        for draft in drafts:
            changes += _event(known.get(draft.source_reference), draft)
        wanted = {draft.source_reference for draft in drafts}
        changes += [Change(operation="delete", path=at(each)) for ref, each in known.items() if ref not in wanted]
        await self._rest.apply(wire.FSCM, changes)
        return Written(id=key, created=not known)

    async def _schedule(self, key: str, found: list[wire.Event]) -> BillingSchedule:
        number = found[0].project_number
        wanted = {"q": f"ProjectNumber={quoted(number)}"}
        worked = there(await self._rest.first(wire.PROJECTS, wire.Project, wanted), number)
        entity = await self._entities.code_of(worked.business_unit_name)
        return mapping.billing_schedule(key, found, project_id=str(worked.project_id), legal_entity=entity)

    async def _events_by(self, key: str) -> list[wire.Event]:
        """The events of one plan. `like` takes any letter for `_`, so what else it finds is left out."""
        wanted = f"SourceName='{SOURCE}' and SourceReference like {quoted(key + LINE_OF + '%')}"
        found = await self._rest.all(
            wire.EVENTS, wire.Event, {"q": wanted} | wire.EVENT_WITH, "CompletionDate:asc,EventId:asc"
        )
        return [each for each in found if each.source_reference.startswith(key + LINE_OF)]


def _linked(signed: contracts_wire.Contract, worked: wire.Project) -> list[Change]:
    """What links the contract's line to the project: nothing is billed for a project its line does not name."""
    line = signed.contract_line.items[0]
    if worked.project_number in [each.project_number for each in line.associated_project.items]:
        return []
    body = contracts_wire.AssociatedProjectDraft(project_number=worked.project_number)
    return [Change(operation="create", path=f"{at(line)}/child/AssociatedProject", body=body)]


def _event(found: wire.Event | None, draft: wire.EventDraft) -> list[Change]:
    if found is None:
        return [Change(operation="create", path=wire.EVENTS, body=draft)]
    ours = first(found.flex)
    if not draft.flex[0].tg_order:  # a hold that is not for an order of ours is somebody's, and stays
        hold = codes.NOT_HELD if ours and ours.tg_order else found.bill_hold
        draft = msgspec.structs.replace(draft, bill_hold=hold)
    below = f"{at(found)}/child/BillingEventDFF"
    changes = differing(wire.EventHead, found, draft, "")
    return changes + differing(wire.EventFlexHead, ours, draft.flex[0], below)
