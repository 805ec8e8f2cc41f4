"""A converted lead: the prospect that the books have under the lead's key is the account's customer from then on.

    lead -> converted? -> its account -> each ERP: known by the lead's key? -> the account's key -> one canonical id

Done twice it changes nothing: the lead's key is nobody's then. Where the books have a customer for the account too, two
records of one customer are there, which only a person can settle: the account's goes on being used.
"""

from collections.abc import Callable, Sequence
from typing import Final

import sqlalchemy as sa

from canonical.faults import Conflict, FieldError, NotBound, NotFound, Unsupported
from canonical.objects import Customer, Lead
from canonical.ports import Written
from canonical.ports.events import FieldAhead
from canonical.ports.leads import CustomerKeys, KeyChange, Leads
from canonical.ports.systems import Customers, Opportunities
from process_apis.account_sync import cases, matching
from process_apis.account_sync.customers import CUSTOMERS, account_key
from process_apis.account_sync.recording import WHO
from process_apis.cross_references.xrefs import By, Place
from process_apis.platform import Platform
from process_apis.steps import Scope

KIND: Final = "lead"


async def convert(platform: Platform, crm: str, lead_id: str, ahead: list[FieldAhead] | None = None) -> str:
    """What came of one change of a lead, in a word. Raises a `VendorFault` that may pass.

    Given a list nothing is written: what would be goes into it.
    """
    lead = await platform.systems.ask(crm, Leads).lead(lead_id)
    if lead.status != "converted" or not lead.account_id:
        return "not_converted"
    account = await platform.systems.ask(crm, Opportunities).account(lead.account_id)
    known = [await _carry(platform, crm, lead, account, system, ahead) for system in platform.systems.playing("erp")]
    return next((word for word in ("two_customers", "carried") if word in known), "nothing_to_carry")


async def _carry(
    platform: Platform, crm: str, lead: Lead, account: Customer, system: str, ahead: list[FieldAhead] | None
) -> str:
    customers, key = platform.systems.ask(system, Customers), account_key(crm, account)
    prospect = await known_as(customers, lead_keys(crm, [lead]))
    if prospect is None:
        return ""
    try:
        other = await customers.customer_by_key(key, prospect.legal_entity_id)
    except NotFound:
        keys = _keys(lambda: platform.systems.ask(system, CustomerKeys), system, prospect, key)
        if ahead is not None:
            before = next((x.alt_key for x in prospect.xrefs if x.system == system), "")
            ahead.append(FieldAhead(system=system, native_id=prospect.id, field="key", before=before, after=key))
            return "carried"
        scope = Scope(platform, "", 0)
        await scope.settle(
            lambda: rekey(keys, prospect, key), lambda: customers.customer_by_key(key, prospect.legal_entity_id)
        )
    else:
        if ahead is not None:
            return "two_customers"
        await _two(platform, crm, account, [prospect, other], system)
        return "two_customers"
    places = [
        Place(system=crm, native_id=account.merged_into or account.id),
        Place(system=system, native_id=prospect.id, instance=prospect.legal_entity_id, alt_key=key),
    ]
    why = By(WHO, f"The lead {crm} {lead.id} was converted.")
    await platform.database.run(lambda c: matching.together(c, places, why))
    return "carried"


async def known_as(customers: Customers, keys: Sequence[str], legal_entity_id: str = "") -> Customer | None:
    """The customer an ERP has under one of these keys; one of a legal entity, where each has its own."""
    for key in keys:
        try:
            return await customers.customer_by_key(key, legal_entity_id)
        except NotFound:
            continue
    return None


def lead_keys(crm: str, leads: Sequence[Lead]) -> list[str]:
    """Under what an ERP may know leads: their own keys, and those of the leads they absorbed."""
    return [f"{crm}:{each}" for lead in leads for each in (lead.id, *lead.absorbed)]


async def leads_of(leads: Leads, opportunity_id: str) -> list[Lead]:
    """Those a deal came of; none where the CRM does not say."""
    try:
        return await leads.leads_of(opportunity_id)
    except (NotFound, Unsupported):
        return []


async def rekey(keys: CustomerKeys, prospect: Customer, key: str) -> Written:
    """The prospect is known under the account's key."""
    return await keys.set_customer_key(prospect.id, KeyChange(key=key))


def _keys(ask: Callable[[], CustomerKeys], system: str, prospect: Customer, key: str) -> CustomerKeys:
    try:
        return ask()
    except NotBound as cannot:
        raise unkeyed(system, prospect, key) from cannot


def unkeyed(system: str, prospect: Customer, key: str) -> Conflict:
    """An ERP that knows a lead, and cannot be told by us that it is an account now."""
    return Conflict(
        f"{system} {prospect.id} is known under its lead's key: give it the key {key} there.", system=system
    )


async def _two(platform: Platform, crm: str, account: Customer, both: Sequence[Customer], system: str) -> None:
    errors = [FieldError(rule="two_debtors", detail=f"{system} {each.id}", owner="Finance") for each in both]
    said = f"A lead was converted to {crm} {account.id}, and the books have a customer for each."
    place = Place(system=crm, native_id=account.merged_into or account.id)

    def tell(c: sa.Connection) -> None:
        owner = matching.together(c, [place], By(WHO, "A lead was converted to it."))
        cases.open_case(c, platform, CUSTOMERS, owner, account, Conflict(said, errors=errors))

    await platform.database.run(tell)
