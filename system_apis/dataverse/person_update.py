"""Columns of a contact, as Dataverse keeps them. Only what is asked for is said; an empty text is written as null.

Its account is another row, which an update of ours does not bind, and its state is the CRM's own.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from canonical.faults import FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.objects import Contact
from canonical.ports.people import PersonUpdate
from system_apis.dataverse.mapping import SYSTEM

NAME: Final = 50
MAIL: Final = 100
PHONE: Final = 50
TITLE: Final = 100


def person_columns(data: PersonUpdate) -> dict[str, Any]:
    """What an update writes; `Invalid` names every field that is not written here."""
    wrong = [
        FieldError(detail=f"Dataverse's {name.replace('_', ' ')} is not written by us", pointer=f"/fields/{number}")
        for number, name in enumerate(data.fields)
        if name not in _WRITTEN
    ]
    if wrong:
        raise Invalid(system=SYSTEM, errors=wrong)
    values: dict[str, Any] = {}
    for name in data.fields:
        values |= _WRITTEN[name](data.person)
    return values


_WRITTEN: Final[Mapping[str, Callable[[Contact], dict[str, Any]]]] = {
    "given": lambda p: {"firstname": cut(p.given, NAME) or None},
    "family": lambda p: {"lastname": cut(p.family, NAME) or None},
    "email": lambda p: {"emailaddress1": whole(p.email, MAIL, "/person/email", system=SYSTEM) or None},
    "phone": lambda p: {"telephone1": whole(p.phone, PHONE, "/person/phone", system=SYSTEM) or None},
    "title": lambda p: {"jobtitle": cut(p.title, TITLE) or None},
    "marketing_opt_out": lambda p: {"donotbulkemail": p.marketing_opt_out},
}
"""Field of ours to the columns that are written for it."""
