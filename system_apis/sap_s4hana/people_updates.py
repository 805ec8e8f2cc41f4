"""What has to be sent so that a contact person there becomes the one that shall be. As `updates` does it."""

from urllib.parse import quote

from canonical.objects import Contact
from system_apis.sap_s4hana import people_mapping as mapping
from system_apis.sap_s4hana import people_wire as there
from system_apis.sap_s4hana import wire
from system_apis.sap_s4hana.odata import as_sent, keyed
from system_apis.sap_s4hana.updates import Change, patched


def of_person(
    found: there.Person, relations: list[there.Relation], at: there.Relation | None, person: Contact, where: str
) -> list[Change]:
    """The person's own part, under its version; then the company they stand for, and how they are reached there.

    `at` is the relationship they are read by. Who changes firms is made one of the new firm's before the old
    relationship goes; all others stay. `where` is where the person stands in what was asked.
    """
    reached = mapping.reach(person, where)
    path = f"{wire.PARTNERS}/{keyed('A_BusinessPartner', BusinessPartner=found.business_partner)}"
    changes = patched(there.PersonHead, found, mapping.head(person), path, found.metadata.etag)
    stays = at if at and at.business_partner_company == person.account_id else None
    if person.account_id and stays is None:
        stays = next((each for each in relations if each.business_partner_company == person.account_id), None)
        if stays is None:
            body = mapping.relation(found.business_partner, person.account_id, reached)
            changes.append(Change(method="POST", path=f"{wire.PARTNERS}/A_BusinessPartnerContact", body=body))
    if stays is not None:
        kept = mapping.reach_of(stays)
        changes += patched(there.ReachHead, kept, reached, f"{wire.PARTNERS}/{_at('A_BPContactToFuncAndDept', stays)}")
    if at is not None and at is not stays:
        changes.append(Change(method="DELETE", path=f"{wire.PARTNERS}/{_at('A_BusinessPartnerContact', at)}"))
    return changes


def _at(entity_set: str, of: there.Relation) -> str:
    """The address of a relationship: the last part of its key is a day."""
    texts = {
        "RelationshipNumber": of.relationship_number,
        "BusinessPartnerCompany": of.business_partner_company,
        "BusinessPartnerPerson": of.business_partner_person,
    }
    until = quote(f"datetime'{as_sent(of.validity_end_date)}'", safe="'")
    return f"{keyed(entity_set, **texts)[:-1]},ValidityEndDate={until})"
