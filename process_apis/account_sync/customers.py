"""Customers: the accounts of a CRM and the debtors of an ERP. A debtor is made by a deal that is won, never here."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa

from canonical.events import (
    AccountBlocked,
    AccountConflictDetected,
    AccountMerged,
    AccountUnblocked,
    AccountUpdated,
    Event,
)
from canonical.faults import VendorDuplicate
from canonical.objects import Customer
from canonical.ports import Written
from canonical.ports.accounts import Accounts, AccountUpdate
from canonical.ports.systems import Customers, Opportunities
from process_apis.account_sync import guards, matching
from process_apis.account_sync.records import Kind, Record
from process_apis.cross_references import terms, xrefs
from process_apis.cross_references.xrefs import Place
from process_apis.platform import Platform

_HOLD: Final = "credit.hold"


def account_key(crm: str, account: Customer) -> str:
    """The key of an account's customer; of merged accounts, of the one that is left."""
    return f"{crm}:{account.merged_into or account.id}"


async def _read(platform: Platform, place: Place, role: str) -> Customer:
    if role == "crm":
        return await platform.systems.ask(place.system, Opportunities).account(place.native_id)
    return await platform.systems.ask(place.system, Customers).customer(place.native_id)


async def _write(platform: Platform, record: Record, wanted: Customer, fields: Sequence[str]) -> Written:
    place, systems = record.place, platform.systems
    if record.role == "crm":
        seen = record.data.source.native_version if record.data.source else ""
        update = AccountUpdate(fields=list(fields), account=wanted, seen=seen)
        return await systems.ask(place.system, Accounts).update_account(place.native_id, update)
    if place.alt_key.partition(":")[0] not in systems.playing("crm"):
        said = f"{record.name} carries the key {place.alt_key!r}, which is not ours" if place.alt_key else ""
        raise VendorDuplicate(
            said or f"{record.name} carries no key of ours: it cannot be written", system=place.system
        )
    return await systems.ask(place.system, Customers).upsert_customer(place.alt_key, wanted)


def _above(connection: sa.Connection, record: Record) -> str:
    native = record.data.parent_id
    return xrefs.holder(connection, CUSTOMERS.name, record.place.system, native) if native else ""


def _notable(record: Record, before: Mapping[str, Any], after: Mapping[str, Any]) -> Event | None:
    """The books' hold on its credit, set or lifted; one that is there when a debtor is first met counts as set."""
    if record.role != "erp" or _HOLD not in after or bool(before.get(_HOLD)) == bool(after[_HOLD]):
        return None
    told = AccountBlocked if after[_HOLD] else AccountUnblocked
    return told(record=record.name, version=record.data.source.native_version if record.data.source else "")


def _about(canonical_id: str, customer: Customer | None) -> Mapping[str, Any]:
    return {
        "title": f"Account {customer.legal_name}" if customer else f"Account {canonical_id}",
        "customer": customer.legal_name if customer else "",
        "account_key": canonical_id,
        "legal_entity": customer.legal_entity_id if customer else "",
    }


CUSTOMERS: Final = Kind(
    name="customer",
    workflow="account_sync",
    prefix=matching.PREFIX,
    type=Customer,
    rules=lambda ownership, _: ownership.of("customer"),
    read=_read,
    write=_write,
    guards=guards.GUARDS,
    adopt=matching.adopt,
    terms=lambda customer, _: terms.terms_of(customer),
    above=_above,
    apart=True,
    about=_about,
    steward="Account steward",
    events={
        "written": AccountUpdated,
        "contested": AccountConflictDetected,
        "refused": AccountConflictDetected,
        "merged": AccountMerged,
    },
    notable=_notable,
    below="contact",
)
