"""Fields of a contact, as Salesforce keeps them. Only what is asked for is said; an empty text is null there.

Its account is the CRM's own to say, and a contact has no state: one nobody writes to any more is deleted.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from canonical.lengths import cut, whole
from canonical.objects import Contact
from canonical.ports.people import PersonUpdate
from canonical.refusals import refuse_unknown
from system_apis.salesforce.mapping import SYSTEM

GIVEN: Final = 40
FAMILY: Final = 80
MAIL: Final = 80
PHONE: Final = 40
TITLE: Final = 128
Text = str | None | UnsetType


class PersonDraft(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What is written; a field that is not set stays as it is."""

    first_name: Text = UNSET
    last_name: Text = UNSET
    email: Text = UNSET
    phone: Text = UNSET
    title: Text = UNSET
    has_opted_out_of_email: bool | UnsetType = UNSET


def person_draft(data: PersonUpdate) -> PersonDraft:
    """What an update writes; `Invalid` names every field that is not written here."""
    says = "Salesforce's {} is not written by us".format
    refuse_unknown(SYSTEM, "/fields/{}", data.fields, _WRITTEN, lambda name: says(name.replace("_", " ")))
    values: dict[str, Any] = {}
    for name in data.fields:
        values |= _WRITTEN[name](data.person)
    return PersonDraft(**values)


_WRITTEN: Final[dict[str, Callable[[Contact], dict[str, Any]]]] = {
    "given": lambda p: {"first_name": cut(p.given, GIVEN) or None},
    "family": lambda p: {"last_name": cut(p.family, FAMILY)},
    "email": lambda p: {"email": whole(p.email, MAIL, "/person/email", system=SYSTEM) or None},
    "phone": lambda p: {"phone": whole(p.phone, PHONE, "/person/phone", system=SYSTEM) or None},
    "title": lambda p: {"title": cut(p.title, TITLE) or None},
    "marketing_opt_out": lambda p: {"has_opted_out_of_email": p.marketing_opt_out},
}
"""Field of ours to what is written for it."""
