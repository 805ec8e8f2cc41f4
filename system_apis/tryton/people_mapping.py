"""A person <-> a party that is a contact of another one. Pure.

A party has one name. Of whom we wrote an identifier of ours says the given name, and counts as long as the name
begins with it; any other name is parted at its last space. A job title has no field and is such an identifier, too.
"""

from collections.abc import Collection
from typing import Final

from canonical.faults import FieldError, Invalid
from canonical.objects import Contact
from system_apis.tryton import people_wire, wire
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.codes import CONTACT
from system_apis.tryton.mapping import Values, one, source, xrefs

KEY: Final = "tiergate.person:"
"""What an identifier begins with by which a person is known under our key."""
GIVEN: Final = "tiergate.given:"
TITLE: Final = "tiergate.title:"
WRITTEN: Final = ("given", "family", "email", "phone", "title", "account_id", "status")
"""What of a person is kept."""
_PHONES: Final = ("phone", "mobile")


def contact(found: people_wire.Person) -> Contact:
    """A person, of the first customer they are a contact of; `roles`, language and consents are not kept."""
    at = customer_of(found)
    given, family = _parted(found)
    phone = _phone(found)
    return Contact(
        id=str(found.id),
        xrefs=xrefs(found.id, said(found.identifiers, KEY) or ""),
        source=source(found.timestamp, found.last_modified_at),
        given=given,
        family=family,
        email=_value(_mechanism(found, "email")),
        phone=_value(phone),
        title=said(found.identifiers, TITLE) or "",
        account_id=str(at.to) if at else "",
        status="active" if found.active else "inactive",
    )


def is_person(found: people_wire.Person) -> bool:
    """Whether a party is one: somebody's contact, or known as one to us."""
    return customer_of(found) is not None or said(found.identifiers, KEY) is not None


def customer_of(found: people_wire.Person) -> people_wire.Relation | None:
    """What makes a party the contact of the customer it is read as one of."""
    return next((each for each in sorted(found.relations, key=lambda one: one.id) if each.type.name == CONTACT), None)


def changed(
    found: people_wire.Person | None, person: Contact, fields: Collection[str], *, customer: int | None, relation: int
) -> Values:
    """What has to be written so that these fields are as they shall be; empty where all are so.

    `customer` is whose contact they become, None for nobody's; `relation` what the type of that relation is called.
    """
    before = contact(found) if found else Contact(family="")
    wanted = {name for name in fields if found is None or getattr(person, name) != getattr(before, name)}
    values: Values = {}
    if wanted & {"given", "family"}:
        given = _row(person.given if "given" in fields else before.given)
        family = _row(person.family if "family" in fields else before.family)
        values["name"] = " ".join(part for part in (given, family) if part)
        told = found is None or said(found.identifiers, GIVEN) is not None or _split(values["name"]) != (given, family)
        values["identifiers"] = _identifier(found, GIVEN, given if told else None)
    if "title" in wanted:
        values["identifiers"] = [*values.get("identifiers", []), *_identifier(found, TITLE, _row(person.title) or None)]
    for name, text in (("email", person.email), ("phone", person.phone)):
        if name in wanted:
            had = _mechanism(found, "email") if name == "email" else _phone(found)
            values["contact_mechanisms"] = [*values.get("contact_mechanisms", []), *_reached(had, name, text.strip())]
    if "status" in wanted and (found is not None or person.status == "inactive"):
        values["active"] = person.status == "active"
    if "account_id" in wanted:
        values["relations"] = _related(found, customer, relation)
    return {name: value for name, value in values.items() if value != []}


def said(identifiers: list[wire.Identifier], word: str) -> str | None:
    """What an identifier of ours says; None where there is none."""
    return next((each.code.removeprefix(word).strip() for each in identifiers if each.code.startswith(word)), None)


def checked(person: Contact, fields: Collection[str], where: str) -> None:
    """`Invalid` for a name Tryton cannot take: a party without one is nobody. `where` is where the person stands."""
    if "family" in fields and not _row(person.family):
        error = FieldError(detail="a party in Tryton that is a person has a name", pointer=f"{where}/family")
        raise Invalid(system=SYSTEM, errors=[error])


def _parted(found: people_wire.Person) -> tuple[str, str]:
    name, given = found.name or "", said(found.identifiers, GIVEN)
    if given == "":
        return "", name
    if given is not None and name.startswith(f"{given} "):
        return given, name[len(given) + 1 :]
    return _split(name)


def _split(name: str) -> tuple[str, str]:
    given, _, family = name.rpartition(" ")
    return given, family


def _row(text: str) -> str:
    """A text of one row, as Tryton keeps it."""
    return " ".join(text.split())


def _mechanism(found: people_wire.Person | None, kind: str) -> wire.Contact | None:
    return next((each for each in found.contact_mechanisms if each.type == kind), None) if found else None


def _phone(found: people_wire.Person | None) -> wire.Contact | None:
    return next((there for kind in _PHONES if (there := _mechanism(found, kind))), None)


def _value(found: wire.Contact | None) -> str:
    return (found.value or "") if found else ""


def _reached(had: wire.Contact | None, kind: str, text: str) -> list[object]:
    if not text:
        return [["delete", [had.id]]] if had else []
    return one(had.id, {"value": text}) if had else one(None, {"type": kind, "value": text})


def _identifier(found: people_wire.Person | None, word: str, text: str | None) -> list[object]:
    had = next((each for each in found.identifiers if each.code.startswith(word)), None) if found else None
    if text is None:
        return [["delete", [had.id]]] if had else []
    code = word + text
    return [] if had and had.code == code else one(had.id if had else None, {"code": code})


def _related(found: people_wire.Person | None, customer: int | None, relation: int) -> list[object]:
    """They are that customer's contact, and not that of whom they were read as one; what else they are stays."""
    had = customer_of(found) if found else None
    other = [each for each in found.relations if each.type.name == CONTACT and each != had] if found else []
    if had is None:
        return [] if customer is None else one(None, {"to": customer, "type": relation})
    if customer is None or any(each.to == customer for each in other):
        return [["delete", [had.id]]]
    return one(had.id, {"to": customer})
