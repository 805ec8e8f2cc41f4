"""People at customers: the contacts of a CRM, and those of them that an ERP's invoices are for.

An ERP is told of a person once the customer stands in its books, and only of those it writes to: whoever gets invoices
or approves them (`FOR_THE_BOOKS`); more of a person's data than that has no purpose there (GDPR, article 5(1)(c)). Who
is in the books already, whoever entered it, is kept in line all the same. The CRM is told of no person of the ERP's.

Within a sync `account_id` is our id of the customer, so that it says the same in every system.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.events import ContactClosed, ContactConflictDetected, ContactMerged, ContactUpdated
from canonical.faults import Conflict, FieldError, NotBound, NotFound
from canonical.objects import Contact
from canonical.ownership import Owned, Ownership
from canonical.ports import Written
from canonical.ports.people import CustomerPeople, People, PersonUpdate
from process_apis import projections
from process_apis.account_sync import cases, people_guards
from process_apis.account_sync.customers import CUSTOMERS
from process_apis.account_sync.people_matching import adopt, namesakes
from process_apis.account_sync.recording import WHO
from process_apis.account_sync.records import Kind, Known, Missing, Plan, Record, role_of
from process_apis.cross_references import terms, xrefs
from process_apis.cross_references.xrefs import Place
from process_apis.platform import Platform
from process_apis.steps import Scope

FOR_THE_BOOKS: Final = frozenset({"billing", "approver"})
"""Roles whose people an ERP writes to."""
INACTIVE: Final[Mapping[str, Any]] = {"status": "inactive"}
_WHERE: Final = frozenset({"account_id", "status"})
"""What stays to be agreed while a person's customer is not in the books."""


def _rules(ownership: Ownership, records: Sequence[Record]) -> Mapping[str, Owned]:
    billing = any(role.role == "billing" for record in records for role in record.data.roles)
    return ownership.of("billing_contact" if billing else "contact")


async def _read(platform: Platform, place: Place, role: str) -> Contact:
    """As its system says, but for the account, which is ours. One of an account nobody knew brings its account in."""
    person = await platform.systems.ask(place.system, People).person(place.native_id)
    if not person.account_id:
        return person
    account = Place(system=place.system, native_id=person.account_id)
    home = await platform.database.run(lambda c: xrefs.holder(c, CUSTOMERS.name, *_where(account)))
    if not home and role == "crm":
        home = await _brought_in(platform, account)
    return msgspec.structs.replace(person, account_id=home)


async def _brought_in(platform: Platform, account: Place) -> str:
    try:
        customer: Any = await CUSTOMERS.read(platform, account, "crm")
    except NotFound:
        return ""
    known = Place(system=account.system, native_id=customer.merged_into or account.native_id)

    def bring(c: sa.Connection) -> str:
        if owner := xrefs.holder(c, CUSTOMERS.name, *_where(known)):
            return owner
        adopted = CUSTOMERS.adopt(c, known, customer, WHO, platform.masker)
        if adopted.doubt is not None:
            cases.open_case(c, platform, CUSTOMERS, adopted.canonical_id, customer, adopted.doubt)
        return adopted.canonical_id

    return await platform.database.run(bring)


async def _write(platform: Platform, record: Record, wanted: Contact, fields: Sequence[str]) -> Written:
    place = record.place
    native = await platform.database.run(lambda c: _debtor(c, platform, wanted.account_id, place))
    seen = record.data.source.native_version if record.data.source else ""
    person = msgspec.structs.replace(wanted, account_id=native)
    update = PersonUpdate(fields=list(fields), person=person, seen=seen)
    return await platform.systems.ask(place.system, People).update_person(place.native_id, update)


def _debtor(c: sa.Connection, platform: Platform, home: str, place: Place) -> str:
    """What the books that a record is in call a customer; empty where they have none."""
    return next((p.native_id for p in _debtors(c, platform, home) if _books(p) == _books(place)), "")


def _debtors(c: sa.Connection, platform: Platform, home: str) -> list[Place]:
    places = xrefs.places_of(c, [home])[home] if home else []
    return [place for place in places if role_of(platform.systems, place) == "erp"]


async def _plan(platform: Platform, known: Known, records: Sequence[Record]) -> Plan:
    """Where it is to be, given where its customer is; of two in the same books one is enough."""
    crm = next((record for record in records if record.role == "crm"), None)
    if crm is None:
        return Plan()
    debtors, left = await platform.database.run(
        lambda c: (_debtors(c, platform, crm.data.account_id), xrefs.left(c, known.id))
    )
    books = {_books(place): place for place in debtors}
    apart: dict[str, Mapping[str, Any]] = {}
    here: set[tuple[str, str]] = set()
    homeless = False
    for record in sorted((r for r in records if r.role == "erp"), key=lambda r: not _keyed(r, crm)):
        at = _books(record.place)
        if at in books and at not in here:
            here.add(at)
            continue
        homeless = homeless or at not in books
        apart[record.name] = INACTIVE if record.data.status == "active" else {}
    unsettled = _WHERE if homeless else frozenset[str]()
    if crm.data.status != "active" or not any(role.role in FOR_THE_BOOKS for role in crm.data.roles):
        return Plan(apart=apart, unsettled=unsettled)
    missing = [place for at, place in books.items() if at not in here and at not in left]
    alike = await platform.database.run(lambda c: namesakes(c, known.id, crm.data, missing, platform.masker))
    makes = [
        Missing(system=place.system, data=person, make=partial(_make, platform, crm, place, person))
        for place, person in ((place, _told(platform, crm, place)) for place in missing)
        if place not in alike and _offers(platform, place.system)
    ]
    return Plan(
        apart=apart,
        unsettled=unsettled,
        makes=makes,
        word="quiet" if books else "no_customer_yet",
        fault=_twins(crm, alike) if alike else None,
    )


def _keyed(record: Record, crm: Record) -> bool:
    return bool(record.place.alt_key == f"{crm.place.system}:{crm.place.native_id}")


def _twins(crm: Record, alike: Mapping[Place, str]) -> Conflict:
    errors = [
        FieldError(rule="match", detail=f"{place.instance or place.system}: {other}", owner=CONTACTS.steward)
        for place, other in alike.items()
    ]
    return Conflict(
        f"The books may have {crm.name} already, as somebody else: merge the two, or say who is who.", errors=errors
    )


def _offers(platform: Platform, system: str) -> bool:
    try:
        platform.systems.ask(system, CustomerPeople)
    except NotBound:
        return False
    return True


def _told(platform: Platform, crm: Record, debtor: Place) -> Contact:
    """What the books may know of it, `account_id` being theirs."""
    rules = platform.ownership.of("contact")
    told = {name: crm.said[name] for name, rule in rules.items() if "erp" in rule.written_to or rule.owner == "erp"}
    blank = Contact(family="", legal_entity_id=debtor.instance)
    return msgspec.structs.replace(projections.replaced(blank, told), account_id=debtor.native_id)


async def _make(platform: Platform, crm: Record, debtor: Place, person: Contact) -> Place:
    """Under the CRM's key, so that twice makes one."""
    key = f"{crm.place.system}:{crm.place.native_id}"
    port = platform.systems.ask(debtor.system, CustomerPeople)
    scope = Scope(platform, "", 0)
    written = await scope.settle(lambda: port.upsert_person(key, person), lambda: port.person_by_key(key))
    return Place(system=debtor.system, native_id=written.id, instance=debtor.instance, alt_key=key)


def _gone(records: Sequence[Record], gone: Sequence[Place]) -> Mapping[str, Mapping[str, Any]] | None:
    """Whom the CRM deleted, the books write to no more. Whom the books deleted, a person looks at."""
    if any(record.role == "crm" for record in records):
        return None
    return {record.name: INACTIVE for record in records if record.data.status == "active"}


def _above(_: sa.Connection, record: Record) -> str:
    return str(record.data.account_id)


def _about(canonical_id: str, person: Contact | None) -> Mapping[str, Any]:
    """Not who it is: a case's words go to the service desk and into logs."""
    home = person.account_id if person else ""
    return {"title": f"Person {canonical_id}", "customer": "", "account_key": home, "legal_entity": ""}


def _books(place: Place) -> tuple[str, str]:
    return place.system, place.instance


def _where(place: Place) -> tuple[str, str]:
    return place.system, place.native_id


CONTACTS: Final = Kind(
    name="contact",
    workflow="contact_sync",
    prefix="cont",
    type=Contact,
    rules=_rules,
    read=_read,
    write=_write,
    guards=people_guards.GUARDS,
    adopt=adopt,
    terms=terms.person_terms,
    above=_above,
    apart=False,
    about=_about,
    steward="Account steward",
    events={
        "written": ContactUpdated,
        "contested": ContactConflictDetected,
        "refused": ContactConflictDetected,
        "merged": ContactMerged,
        "gone": ContactClosed,
    },
    plan=_plan,
    gone=_gone,
)
