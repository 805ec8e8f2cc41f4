"""Contracts of one environment line by line, each a sales order.

What is open is amended by lines that are added; nothing that is billed is ever written again.
"""

from canonical.faults import Conflict, FieldError, Invalid
from canonical.objects import Contract
from canonical.ports.operation import Written
from system_apis.business_central import contracts_mapping as here
from system_apis.business_central import contracts_wire as there
from system_apis.business_central import mapping, wire
from system_apis.business_central.companies import Place
from system_apis.business_central.mapping import SYSTEM
from system_apis.business_central.orders import LINES, ORDERS, RELEASE, REOPEN, Orders


class Amended(Orders):
    """What was agreed, and how it was amended."""

    async def contract_terms(self, key: str) -> Contract:
        """A contract by our key, with its lines."""
        found = await self._by_key(ORDERS, key, there.Terms)
        terms = await self._companies.terms_name(found.company, found.row.payment_terms_id)
        local = await self._companies.local(found.company)
        return here.terms(found.row, company=found.company.name, local=local, terms=terms)

    async def set_contract_terms(self, key: str, data: Contract) -> Written:
        """Write the order so that it holds these lines; those that are right already are not sent."""
        if not data.lines:
            error = FieldError(detail="an order in Business Central has at least one line", pointer="/lines")
            raise Invalid(system=SYSTEM, errors=[error])
        found = await self._everywhere(ORDERS, key, there.Terms)
        entity = data.legal_entity_id or data.account_id.partition(".")[0]
        known = next((each.row for each in found if each.company.name == entity), None)
        if found and known is None:
            detail = f"order {found[0].row.number} belongs to another company: end it, and write another"
            raise Conflict(detail, system=SYSTEM)
        company, customer = await self._within(data.account_id, "/account_id", entity)
        wanted = here.draft(
            key,
            data,
            customer_id=customer,
            local=await self._companies.local(company),
            terms=await self._companies.terms_id(company, data.payment_terms),
        )
        if known is None:
            return await self._put(company, ORDERS, None, wanted, wanted)
        here.fitting(known, wanted)
        return await self._amend(Place(company, known), wanted)

    async def _amend(self, place: Place, wanted: there.NewTerms) -> Written:
        """Bring an order to what is wanted: its head first, since how far it is carried is what undoing goes by."""
        company, known = place.company, place.row
        work, over = here.changes(known, wanted), here.over(wanted)
        opens = here.released(known) and not here.archived(known) and (over or bool(work))
        again = not over and (opens or (known.release_again and not here.released(known)))
        head = here.head(wanted, release_again=again)
        written = Written(id=mapping.native(company.name, known.id), created=False, version=known.etag)
        if not here.told(known, head):
            written = await self._put(company, ORDERS, known, head, head)
        if opens:
            await self._act(company, known, REOPEN, "draft")
        if opens and work:
            # Its lines are of other versions by now.
            work = here.changes(await self._one(company, ORDERS, known.id, there.Terms), wanted)
        await self._settle_lines(company, known, work)
        if again:
            await self._act(company, known, RELEASE, "open")
        return written

    async def _settle_lines(self, company: wire.Company, order: there.Terms, work: here.Changes) -> None:
        for line in work.drop:
            await self._drop(company, LINES, line)
        for line, said in work.write:
            await self._write("PATCH", self._path(company.id, f"{LINES}({line.id})"), said, line.etag)
        for new in work.add:
            await self._write("POST", self._path(company.id, f"{ORDERS}({order.id})/{LINES}"), new)
