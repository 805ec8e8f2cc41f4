"""Whom the books of a legal entity know an account as: by the account's own key, or as the cross-references say.

A debtor keeps the key it was made under. That of an account which took another one in is the other's; one that was in
the books before us has no key, or one of another integration, and was linked by its tax number or by a steward. Who
looked for the account's own key alone would make it a second customer, and not see that the first is on hold.
"""

from collections.abc import Sequence
from contextlib import suppress

import msgspec
import sqlalchemy as sa

from canonical.faults import Conflict, FieldError, NotFound
from canonical.objects import Customer
from canonical.ports.systems import Customers
from process_apis import cases
from process_apis.account_sync.customers import CUSTOMERS
from process_apis.account_sync.matching import MATCH
from process_apis.cross_references import xrefs
from process_apis.cross_references.xrefs import Place
from process_apis.platform import Platform
from process_apis.tables import CASES, RUNS


class Debtor(msgspec.Struct, frozen=True):
    """A customer of an ERP, and under what key it is there; empty for one without any."""

    customer: Customer
    key: str

    @property
    def id(self) -> str:
        """What the ERP calls it."""
        return self.customer.id


async def debtor(platform: Platform, key: str, entity: str) -> Debtor:
    """The customer in the books of a legal entity of the account that we call by this key.

    Raises `NotFound` where they know nobody; `Conflict` where the cross-references name two of them.
    """
    customers = platform.systems.of("erp", Customers, entity)
    try:
        return Debtor(await customers.customer_by_key(key, entity), key)
    except NotFound:
        places = await _linked(platform, key, entity)
    found: dict[str, Debtor] = {}
    for place in places:
        try:
            known = await _known(platform, customers, place, entity)
        except NotFound:
            continue
        found[known.id] = known
    if not found:
        raise NotFound(f"The books of {entity} know nobody as {key}.")
    if len(found) > 1:
        raise _several(platform, key, entity, list(found.values()))
    return next(iter(found.values()))


async def key_to_make(platform: Platform, key: str, entity: str) -> str:
    """Under what key the books of a legal entity shall know an account they do not know yet: its own, or that under
    which the same ERP has it for another legal entity."""
    known = [place.alt_key for place in await _linked(platform, key, entity) if _ours(platform, place)]
    return known[0] if known else key


async def doubts(platform: Platform, key: str, entity: str) -> list[str]:
    """The open cases that say whom in the books an account may be that they do not know: nobody has decided it yet."""
    (crm, _, native), erp = key.partition(":"), platform.systems.name("erp", entity)

    def look(c: sa.Connection) -> list[str]:
        owner = xrefs.holder(c, CUSTOMERS.name, crm, native)
        if not owner:
            return []
        told = sa.select(CASES.c.number, CASES.c.errors, RUNS.c.business_key).join(RUNS, RUNS.c.id == CASES.c.run_id)
        about = sa.or_(RUNS.c.business_key == owner, CASES.c.errors.contains(owner, autoescape=True))
        told = told.where(CASES.c.state == "open", RUNS.c.workflow == CUSTOMERS.workflow, about)
        found = {}
        for row in c.execute(told.order_by(CASES.c.number)):
            errors = msgspec.json.decode(row.errors, type=list[FieldError])
            named = [each.detail.partition(":")[0] for each in errors if each.rule == MATCH]
            if row.business_key == owner or owner in named:
                found[cases.name_of(row.number)] = {row.business_key, *named} - {owner}
        places = xrefs.places_of(c, {each for others in found.values() for each in others})
        return [case for case, others in found.items() if any(p.system == erp for o in others for p in places[o])]

    return await platform.database.run(look)


def undecided(name: str, cases_of_it: Sequence[str]) -> str | None:
    """What a guard says of a customer whom the books may have, by the cases that ask it; None where nobody asks."""
    if not cases_of_it:
        return None
    return f"The books may have {name} already: link the two, or close {', '.join(cases_of_it)} if they are not one."


async def _linked(platform: Platform, key: str, entity: str) -> list[Place]:
    """The records of that ERP which the cross-references name for an account."""
    (crm, _, native), erp = key.partition(":"), platform.systems.name("erp", entity)

    def look(c: sa.Connection) -> list[Place]:
        owner = xrefs.holder(c, CUSTOMERS.name, crm, native)
        places = xrefs.places_of(c, [owner])[owner] if owner else []
        return [place for place in places if place.system == erp]

    return await platform.database.run(look)


async def _known(platform: Platform, customers: Customers, place: Place, entity: str) -> Debtor:
    """A record as the legal entity's own customer. `NotFound` for one of other books, or that is there no more."""
    if _ours(platform, place):
        with suppress(NotFound):  # somebody gave it another key
            return Debtor(await customers.customer_by_key(place.alt_key, entity), place.alt_key)
    if place.instance not in ("", entity):
        raise NotFound(f"{place.system} {place.native_id} is in the books of {place.instance}.")
    found = await customers.customer(place.native_id)
    if found.lifecycle == "deleted":
        raise NotFound(f"{place.system} {place.native_id} is deleted.")
    return Debtor(found, next((x.alt_key for x in found.xrefs if x.system == place.system), ""))


def _ours(platform: Platform, place: Place) -> bool:
    """Whether its key is the name of a CRM and its account."""
    return place.alt_key.partition(":")[0] in platform.systems.playing("crm")


def _several(platform: Platform, key: str, entity: str, debtors: Sequence[Debtor]) -> Conflict:
    system = platform.systems.name("erp", entity)
    errors = [FieldError(rule="two_debtors", detail=f"{system} {each.id}", owner="Finance") for each in debtors]
    return Conflict(
        f"The books of {entity} have {len(debtors)} customers linked to {key}: unlink those that are not it.",
        errors=errors,
        system=system,
    )
