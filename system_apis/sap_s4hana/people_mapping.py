"""Contact persons <-> canonical; pure, as `mapping` is."""

from collections.abc import Iterable
from datetime import date

from msgspec.structs import replace

from canonical.lengths import cut, whole
from canonical.objects import Contact
from system_apis.sap_s4hana import codes, lengths
from system_apis.sap_s4hana import people_wire as there
from system_apis.sap_s4hana.mapping import source, xrefs
from system_apis.sap_s4hana.odata import SYSTEM, day
from system_apis.sap_s4hana.partner_wire import IdentificationDraft, Role

WRITTEN = ("given", "family", "email", "phone", "title", "account_id", "status")
"""What is kept of a person; roles, language and what is said of advertising are not."""


def contact(found: there.Person, at: there.Relation | None, *, legal_entity: str) -> Contact:
    """A person, as they are reached at the company they stand for; without one, by their name alone."""
    reach = reach_of(at)
    inactive = found.business_partner_is_blocked or found.is_marked_for_archiving
    return Contact(
        id=found.business_partner,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.business_partner, _key_of(found)),
        source=source(found.metadata, found.last_change_date),
        lifecycle="closed" if inactive else "active",
        given=found.first_name,
        family=found.last_name,
        email=reach.email_address,
        phone=reach.phone_number,
        title=reach.contact_person_function_name,
        account_id=at.business_partner_company if at else "",
        status="inactive" if inactive else "active",
    )


def foremost(relations: Iterable[there.Relation], today: date) -> there.Relation | None:
    """The company somebody stands for: the standard relationship of those that have not ended, else the oldest."""
    standing = [each for each in relations if (day(each.validity_end_date) or today) >= today]
    return min(standing, key=lambda each: (not each.is_standard_relationship, _number(each)), default=None)


def reach_of(at: there.Relation | None) -> there.ReachHead:
    """How somebody is reached at a company; nothing where SAP says nothing."""
    return (at.to_contact_relationship if at else None) or there.ReachHead()


def merged(known: Contact, said: Contact, fields: Iterable[str]) -> Contact:
    """What is known, with these fields as they are said."""
    return replace(known, **{name: getattr(said, name) for name in fields})


def head(person: Contact) -> there.PersonHead:
    """What is written of the person itself. A name is cut."""
    return there.PersonHead(
        first_name=cut(person.given, lengths.NAME),
        last_name=cut(person.family, lengths.NAME),
        business_partner_is_blocked=person.status == "inactive",
    )


def reach(person: Contact, at: str = "") -> there.ReachHead:
    """What is written of how they are reached; `Invalid` for what is too long, `at` being where the person stands."""
    return there.ReachHead(
        contact_person_function_name=cut(person.title, lengths.FUNCTION),
        email_address=whole(person.email, lengths.MAIL, f"{at}/email", system=SYSTEM),
        phone_number=whole(person.phone, lengths.PHONE, f"{at}/phone", system=SYSTEM),
    )


def draft(key: str, person: Contact) -> there.PersonDraft:
    """A person that is made."""
    plain = head(person)
    return there.PersonDraft(
        **{name: getattr(plain, name) for name in plain.__struct_fields__},
        business_partner_category=codes.PERSON,
        to_business_partner_role=[Role(business_partner_role=codes.CONTACT_ROLE)],
        to_bu_pa_identification=[
            IdentificationDraft(bp_identification_type=codes.PERSON_KEY_TYPE, bp_identification_number=key)
        ],
    )


def relation(person: str, company: str, reached: there.ReachHead) -> there.RelationDraft:
    """A contact person of a company, from today on."""
    return there.RelationDraft(
        business_partner_company=company,
        business_partner_person=person,
        relationship_category=codes.CONTACT_OF,
        validity_end_date=codes.FOR_GOOD,
        to_contact_relationship=reached,
    )


def _number(each: there.Relation) -> str:
    return each.relationship_number.zfill(12)


def _key_of(found: there.Person) -> str:
    names = found.to_bu_pa_identification.results
    ours = (each.bp_identification_number for each in names if each.bp_identification_type == codes.PERSON_KEY_TYPE)
    return next(ours, "")
