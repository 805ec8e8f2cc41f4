"""NetSuite's contact: only the fields we read or write."""

from datetime import datetime
from typing import Final

from msgspec import UNSET, UnsetType

from system_apis.netsuite import rows
from system_apis.netsuite.wire import Ref, Wire

Text = str | None | UnsetType
NAMES: Final = {
    "given": "first_name",
    "family": "last_name",
    "email": "email",
    "phone": "phone",
    "title": "title",
    "account_id": "company",
    "status": "is_inactive",
}
"""Our field to its own, as they are spelled here."""


class Contact(Wire, frozen=True, kw_only=True):
    """A contact, as read. Its company may be a vendor too, or none."""

    id: str
    external_id: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    title: str = ""
    company: Ref = Ref()
    subsidiary: Ref = Ref()
    is_inactive: bool = False
    last_modified_date: datetime | None = None


class Draft(Wire, frozen=True, kw_only=True):
    """What is written; a field that is not set stays as it is, and None clears it."""

    first_name: Text = UNSET
    last_name: Text = UNSET
    email: Text = UNSET
    phone: Text = UNSET
    title: Text = UNSET
    company: Ref | UnsetType = UNSET
    subsidiary: Ref | UnsetType = UNSET
    is_inactive: bool | UnsetType = UNSET


class Row(rows.Row, frozen=True, kw_only=True):
    """A contact by SuiteQL."""

    firstname: str = ""
    lastname: str = ""
    email: str = ""
    phone: str = ""
    title: str = ""
    company: str = ""
    subsidiary: str = ""
    isinactive: str = "F"


def contact(row: Row) -> Contact:
    """A row as the record it is of."""
    return Contact(
        id=row.id,
        external_id=row.externalid,
        first_name=row.firstname,
        last_name=row.lastname,
        email=row.email,
        phone=row.phone,
        title=row.title,
        company=Ref(id=row.company),
        subsidiary=Ref(id=row.subsidiary),
        is_inactive=row.isinactive == "T",
        last_modified_date=rows.instant(row.changed),
    )
