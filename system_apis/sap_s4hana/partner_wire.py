"""SAP's shapes of a business partner and of the customer it is; as `wire` says."""

import msgspec

from system_apis.sap_s4hana.wire import Listed, Metadata, Wire


class TaxHead(Wire, frozen=True, kw_only=True):
    """What we change of a tax number."""

    bp_tax_number: str = ""


class TaxNumber(TaxHead, frozen=True, kw_only=True):
    """A tax number under its category."""

    bp_tax_type: str


class Identification(Wire, frozen=True, kw_only=True):
    """Somebody else's name for a business partner: ours, under our type."""

    business_partner: str = ""
    bp_identification_type: str
    bp_identification_number: str


class IdentificationDraft(Wire, frozen=True, kw_only=True):
    """The same, made with its partner."""

    bp_identification_type: str
    bp_identification_number: str


class Role(Wire, frozen=True, kw_only=True):
    """What a business partner is to us."""

    business_partner_role: str


class Email(Wire, frozen=True, kw_only=True):
    """An e-mail address of an address."""

    address_id: str = msgspec.field(default="", name="AddressID")
    person: str = ""
    ordinal_number: str = ""
    email_address: str = ""


class EmailHead(Wire, frozen=True, kw_only=True):
    """What we write of it."""

    email_address: str


class AddressHead(Wire, frozen=True, kw_only=True):
    """What we write of an address."""

    street_name: str = ""
    street_prefix_name: str = ""
    city_name: str = ""
    postal_code: str = ""
    region: str = ""
    country: str = ""


class AddressDraft(AddressHead, frozen=True, kw_only=True):
    """An address made with its e-mail address."""

    to_email_address: list[EmailHead]


class Address(AddressHead, frozen=True, kw_only=True):
    """An address as it is read."""

    address_id: str
    to_email_address: Listed[Email] = Listed()


class Company(Wire, frozen=True, kw_only=True):
    """A customer in one company code."""

    company_code: str
    reconciliation_account: str = ""
    payment_terms: str = ""


class SalesAreaHead(Wire, frozen=True, kw_only=True):
    """What we write of a customer in a sales area."""

    currency: str = ""
    customer_payment_terms: str = ""


class SalesArea(SalesAreaHead, frozen=True, kw_only=True):
    """A customer in one sales area."""

    sales_organization: str
    distribution_channel: str
    division: str


class CustomerDraft(Wire, frozen=True, kw_only=True):
    """The customer in a partner that is made."""

    to_customer_company: list[Company]
    to_customer_sales_area: list[SalesArea]


class Customer(Wire, frozen=True, kw_only=True):
    """The customer in a partner. A block reason that is not empty stops its orders."""

    customer: str
    order_is_blocked_for_customer: str = ""
    to_customer_company: Listed[Company] = Listed()
    to_customer_sales_area: Listed[SalesArea] = Listed()


class CompanyDraft(Company, frozen=True, kw_only=True):
    """A customer's first day in another company code."""

    customer: str


class SalesAreaDraft(SalesArea, frozen=True, kw_only=True):
    """And in another sales area."""

    customer: str


class PartnerHead(Wire, frozen=True, kw_only=True):
    """What we write of a business partner."""

    organization_bp_name1: str = msgspec.field(name="OrganizationBPName1")


class PartnerBlock(Wire, frozen=True, kw_only=True):
    """Whether a business partner is blocked for everything."""

    business_partner_is_blocked: bool


class PartnerDraft(PartnerHead, frozen=True, kw_only=True):
    """A business partner that is made, with all it needs to be a customer."""

    business_partner_category: str
    to_business_partner_role: list[Role]
    to_business_partner_address: list[AddressDraft]
    to_business_partner_tax: list[TaxNumber]
    to_bu_pa_identification: list[IdentificationDraft] = msgspec.field(name="to_BuPaIdentification")
    to_customer: CustomerDraft


class Partner(PartnerHead, frozen=True, kw_only=True):
    """A business partner."""

    metadata: Metadata = msgspec.field(default=Metadata(), name="__metadata")
    business_partner: str
    organization_bp_name2: str = msgspec.field(default="", name="OrganizationBPName2")
    business_partner_is_blocked: bool = False
    is_marked_for_archiving: bool = False
    last_change_date: str | None = None
    to_business_partner_address: Listed[Address] = Listed()
    to_business_partner_tax: Listed[TaxNumber] = Listed()
    to_bu_pa_identification: Listed[Identification] = msgspec.field(default=Listed(), name="to_BuPaIdentification")
    to_customer: Customer | None = None
