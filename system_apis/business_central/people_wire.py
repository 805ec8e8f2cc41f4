"""People of customers: the extension's page of contacts that are persons, named as the standard page names them."""

from datetime import datetime
from typing import Final

from msgspec import UNSET, UnsetType, field

from system_apis.business_central.wire import NOTHING, Guid, Tag, Wire

NAMES: Final = {
    "given": "first_name",
    "family": "surname",
    "email": "email",
    "phone": "phone_number",
    "title": "job_title",
    "account_id": "customer_id",
    "status": "inactive",
}
"""Our field to its own, as they are spelled here."""


class Contact(Wire, frozen=True, kw_only=True):
    """A person, as read. Whose company is no customer has none."""

    id: Guid
    etag: Tag = field(name="@odata.etag")
    last_modified_date_time: datetime | None = None
    tiergate_key: str = ""
    first_name: str = ""
    surname: str = ""
    email: str = ""
    phone_number: str = ""
    job_title: str = ""
    customer_id: str = NOTHING
    inactive: bool = False


class Draft(Wire, frozen=True, kw_only=True):
    """What is written; a field that is not set stays as it is."""

    tiergate_key: str | UnsetType = UNSET
    first_name: str | UnsetType = UNSET
    surname: str | UnsetType = UNSET
    email: str | UnsetType = UNSET
    phone_number: str | UnsetType = UNSET
    job_title: str | UnsetType = UNSET
    customer_id: str | UnsetType = UNSET
    inactive: bool | UnsetType = UNSET
