"""Fusion's shapes: only the attributes we read or write. Names are Fusion's, spelled our way; what is empty is null.

A `...Head` is what an update may change, a `...Draft` what a create sends, children and all. Children come as resource
collections of their own (framework version 3 and later), and every row carries its links.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

import msgspec

from system_apis.oracle_fusion.framework import Link, Listed, links_field

VERSION: Final = "11.13.18.05"
FSCM: Final = f"/fscmRestApi/resources/{VERSION}"
CRM: Final = f"/crmRestApi/resources/{VERSION}"
ACCOUNTS: Final = f"{CRM}/accounts"
CONTRACTS: Final = f"{FSCM}/contracts"
PROJECTS: Final = f"{FSCM}/projects"
EVENTS: Final = f"{FSCM}/projectBillingEvents"
ENTITIES: Final = f"{FSCM}/standardLookups/TIERGATE_ENTITIES/child/lookupCodes"
"""Ours: which business unit each of our codes is, its country and zone, and whom it trades with."""
ACCOUNT_WITH: Final = {"expand": "PrimaryAddress"}
PROJECT_WITH: Final = {"expand": "ProjectCustomers,ProjectDFF"}
KNOWN_WITH: Final = {"expand": "SourceSystemReference"}
EVENT_WITH: Final = {"expand": "BillingEventDFF"}


def spelled(name: str) -> str:
    """`party_number` is `PartyNumber`; our own, `tg_tax_country_c`, are `TgTaxCountry_c`."""
    custom = name.endswith("_c")
    return "".join(word.capitalize() for word in name.removesuffix("_c").split("_")) + ("_c" if custom else "")


def segment(name: str) -> str:
    """A segment of a flexfield: `tg_method` is `tgMethod`."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename=spelled):
    """One JSON object."""


class Flex(msgspec.Struct, frozen=True, kw_only=True, rename=segment):
    """The segments of a descriptive flexfield."""


class AddressHead(Wire, frozen=True, kw_only=True):
    """What we write of a postal address."""

    address_line1: str | None = None
    address_line2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Address(AddressHead, frozen=True, kw_only=True):
    """An account's primary address."""

    links: list[Link] = links_field()


class AccountHead(Wire, frozen=True, kw_only=True):
    """What we write of an account. Nothing of credit: that is the ERP's."""

    organization_name: str | None = None
    email_address: str | None = None
    currency_code: str | None = None
    tg_legal_entity_c: str | None = None
    tg_payment_terms_c: str | None = None
    tg_tax_country_c: str | None = None
    tg_tax_scheme_c: str | None = None
    tg_tax_number_c: str | None = None


class AccountClosing(Wire, frozen=True, kw_only=True):
    """Whether business is done with an account."""

    tg_closed_c: bool | None = None


class AccountDraft(AccountHead, frozen=True, kw_only=True):
    """An account that is made."""

    type: str
    source_system: str
    source_system_reference_value: str
    primary_address: list[AddressHead]


class Account(AccountHead, frozen=True, kw_only=True):
    """An account: a customer, as a party."""

    links: list[Link] = links_field()
    party_id: int
    party_number: str
    type: str | None = None
    party_status: str | None = None
    source_system_reference_value: str | None = None
    last_update_date: datetime | None = None
    tg_closed_c: bool | None = None
    tg_credit_hold_c: bool | None = None
    primary_address: Listed[Address] = Listed()


class SourceReferenceHead(Wire, frozen=True, kw_only=True):
    """Under what a source knows a party."""

    source_system_reference_value: str | None = None


class SourceReferenceDraft(SourceReferenceHead, frozen=True, kw_only=True):
    """The reference of a party that had none of ours."""

    source_system: str


class SourceReference(SourceReferenceHead, frozen=True, kw_only=True):
    """The same, read."""

    links: list[Link] = links_field()
    source_system: str | None = None


class KnownAccount(Wire, frozen=True, kw_only=True):
    """An account, with the references of every source."""

    links: list[Link] = links_field()
    party_number: str
    source_system_reference: Listed[SourceReference] = Listed()


class Stamped(Wire, frozen=True, kw_only=True):
    """A row of a poll: what it is called, and when it was changed."""

    party_id: int | None = None
    party_number: str | None = None
    project_id: int | None = None
    last_update_date: datetime
    links: list[Link] = links_field()


class ProjectFlexHead(Flex, frozen=True, kw_only=True):
    """Our segments on a project."""

    tg_contract: str | None = None
    tg_opportunity: str | None = None
    tg_method: str | None = None
    tg_manager: str | None = None
    tg_practice: str | None = None
    tg_budget: Decimal | None = None


class ProjectFlex(ProjectFlexHead, frozen=True, kw_only=True):
    """The same, read."""

    links: list[Link] = links_field()


class ProjectCustomerDraft(Wire, frozen=True, kw_only=True):
    """For whom a project is."""

    party_number: str


class ProjectCustomer(Wire, frozen=True, kw_only=True):
    """The same, read."""

    links: list[Link] = links_field()
    party_number: str | None = None


class ProjectStatus(Wire, frozen=True, kw_only=True):
    """The part of a project that says how far it is."""

    project_status_code: str | None = None


class ProjectHead(ProjectStatus, frozen=True, kw_only=True):
    """What we write of a project."""

    project_name: str | None = None
    project_start_date: date | None = None
    project_end_date: date | None = None


class ProjectDraft(ProjectHead, frozen=True, kw_only=True):
    """A project that is made, from a template that says how it is accounted."""

    project_number: str
    source_template_number: str
    business_unit_name: str
    owning_organization_name: str
    project_currency_code: str
    source_application_code: str
    source_project_reference: str
    project_customers: list[ProjectCustomerDraft]
    flex: list[ProjectFlexHead] = msgspec.field(name="ProjectDFF")


class Project(ProjectHead, frozen=True, kw_only=True):
    """A project."""

    links: list[Link] = links_field()
    project_id: int
    project_number: str
    business_unit_name: str | None = None
    project_currency_code: str
    source_project_reference: str | None = None
    last_update_date: datetime | None = None
    project_customers: Listed[ProjectCustomer] = Listed()
    flex: Listed[ProjectFlex] = msgspec.field(default=Listed(), name="ProjectDFF")


class EventFlexHead(Flex, frozen=True, kw_only=True):
    """Our segments on a billing event: the plan it belongs to."""

    tg_plan: str | None = None
    tg_method: str | None = None
    tg_order: str | None = None
    """The order that bills the deal, for which it is held."""


class EventFlex(EventFlexHead, frozen=True, kw_only=True):
    """The same, read."""

    links: list[Link] = links_field()


class EventHead(Wire, frozen=True, kw_only=True):
    """What we write of a billing event."""

    event_description: str | None = None
    completion_date: date | None = None
    bill_trns_amount: Decimal | None = None
    bill_trns_currency_code: str | None = None
    bill_hold: str | None = None


class EventDraft(EventHead, frozen=True, kw_only=True):
    """A billing event that is made. Its source is its external key."""

    source_name: str
    source_reference: str
    contract_type_name: str
    contract_number: str
    contract_line_number: str
    event_type_name: str
    business_unit_name: str
    organization_name: str
    project_number: str
    flex: list[EventFlexHead] = msgspec.field(name="BillingEventDFF")


class Event(EventHead, frozen=True, kw_only=True):
    """A billing event. What is invoiced of it (U, P or F) is Fusion's to say."""

    links: list[Link] = links_field()
    event_id: int
    source_reference: str
    project_number: str
    business_unit_name: str | None = None
    bill_trns_amount: Decimal
    bill_trns_currency_code: str
    completion_date: date
    invoiced: str | None = None
    last_update_date: datetime | None = None
    flex: Listed[EventFlex] = msgspec.field(default=Listed(), name="BillingEventDFF")


class LookupCode(Wire, frozen=True, kw_only=True):
    """One of the firm's companies, as a lookup code."""

    lookup_code: str
    meaning: str
    description: str | None = None
    tag: str | None = None
    enabled_flag: str | None = None


class BusinessUnit(Wire, frozen=True, kw_only=True):
    """A business unit, with the legal entity and the ledger behind it."""

    business_unit_name: str
    legal_entity_id: int
    primary_ledger_id: int


class LegalEntity(Wire, frozen=True, kw_only=True):
    """A legal entity."""

    legal_entity_id: int
    name: str


class Ledger(Wire, frozen=True, kw_only=True):
    """A ledger."""

    ledger_id: int
    currency_code: str


class PeriodStatus(Wire, frozen=True, kw_only=True):
    """An accounting period of one application in one ledger."""

    period_name_id: str
    start_date: date
    end_date: date
    closing_status: str
    adjustment_period_flag: str | None = None
