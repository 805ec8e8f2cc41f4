"""People of customers, in Fusion's shapes: contacts, each a party of its own."""

from datetime import datetime
from typing import Final

from msgspec import UNSET, UnsetType

from system_apis.oracle_fusion.framework import Link, links_field
from system_apis.oracle_fusion.wire import CRM, Wire

CONTACTS: Final = f"{CRM}/contacts"
NAMES: Final = {
    "given": "first_name",
    "family": "last_name",
    "email": "email_address",
    "phone": "work_phone_number",
    "title": "job_title",
    "account_id": "account_party_number",
    "status": "tg_inactive_c",
}
"""Our field to its attribute, as they are spelled here."""


class Home(Wire, frozen=True, kw_only=True):
    """Of an account, the legal entity it is a customer of."""

    party_number: str
    tg_legal_entity_c: str | None = None


class ContactHead(Wire, frozen=True, kw_only=True):
    """What is written of a contact; what is not set stays as it is."""

    first_name: str | UnsetType | None = UNSET
    last_name: str | UnsetType = UNSET
    email_address: str | UnsetType | None = UNSET
    work_phone_number: str | UnsetType | None = UNSET
    job_title: str | UnsetType | None = UNSET
    account_party_number: str | UnsetType = UNSET
    tg_inactive_c: bool | UnsetType = UNSET


class ContactDraft(ContactHead, frozen=True, kw_only=True):
    """A contact that is made. Its source is its external key."""

    source_system: str
    source_system_reference_value: str


class Contact(Wire, frozen=True, kw_only=True):
    """The same, read."""

    links: list[Link] = links_field()
    party_id: int
    party_number: str
    party_status: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email_address: str | None = None
    work_phone_number: str | None = None
    job_title: str | None = None
    account_party_number: str | None = None
    source_system: str | None = None
    source_system_reference_value: str | None = None
    last_update_date: datetime | None = None
    tg_inactive_c: bool | None = None
