"""SAP's shapes of a contact person: a business partner of category person, and its relationship to a company's.

What somebody is reached by at a company, and as what, is the relationship's. As `wire` says.
"""

import msgspec

from system_apis.sap_s4hana.partner_wire import Identification, IdentificationDraft, Role
from system_apis.sap_s4hana.wire import Listed, Metadata, Wire


class PersonHead(Wire, frozen=True, kw_only=True):
    """What is written of a person itself."""

    first_name: str = ""
    last_name: str = ""
    business_partner_is_blocked: bool = False


class PersonDraft(PersonHead, frozen=True, kw_only=True):
    """A person that is made, under our key."""

    business_partner_category: str
    to_business_partner_role: list[Role]
    to_bu_pa_identification: list[IdentificationDraft] = msgspec.field(name="to_BuPaIdentification")


class Person(PersonHead, frozen=True, kw_only=True):
    """A business partner that is a person, or any other one."""

    metadata: Metadata = msgspec.field(default=Metadata(), name="__metadata")
    business_partner: str
    business_partner_category: str = ""
    is_marked_for_archiving: bool = False
    last_change_date: str | None = None
    to_bu_pa_identification: Listed[Identification] = msgspec.field(default=Listed(), name="to_BuPaIdentification")


class ReachHead(Wire, frozen=True, kw_only=True):
    """What is written of how somebody is reached at a company."""

    contact_person_function_name: str = ""
    email_address: str = ""
    phone_number: str = ""


class RelationDraft(Wire, frozen=True, kw_only=True):
    """A contact person of a company, from today on and for good."""

    business_partner_company: str
    business_partner_person: str
    relationship_category: str
    validity_end_date: str
    to_contact_relationship: ReachHead


class Relation(Wire, frozen=True, kw_only=True):
    """A contact person of a company, until a day."""

    relationship_number: str
    business_partner_company: str
    business_partner_person: str
    validity_end_date: str
    is_standard_relationship: bool = False
    to_contact_relationship: ReachHead | None = None


class OfCompany(Wire, frozen=True, kw_only=True):
    """In which company code a customer is one."""

    customer: str
    company_code: str
