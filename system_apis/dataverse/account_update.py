"""Columns of an account, as Dataverse keeps them. Only what is asked for is said; an empty text is written as null.

Parent, owner and currency are other rows, which an update of ours does not bind.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from canonical.faults import FieldError, Invalid
from canonical.lengths import cut, whole
from canonical.objects import Address, Customer
from canonical.ports.accounts import AccountUpdate
from system_apis.dataverse import wire
from system_apis.dataverse.mapping import SYSTEM
from system_apis.dataverse.records import DATA, Records

NAME: Final = 160
NUMBER: Final = 20
TAX: Final = 40
LINE: Final = 250
PART: Final = 80
MAIL: Final = 100
PICKLIST: Final = "Microsoft.Dynamics.CRM.PicklistAttributeMetadata"


async def payment_terms(org: Records) -> dict[str, int]:
    """The payment terms of the organisation, by what they are called in its language."""
    path = f"{DATA}/EntityDefinitions(LogicalName='account')/Attributes/{PICKLIST}"
    asked = {"$select": "LogicalName", "$expand": "OptionSet($select=Options)"}
    told: wire.Rows[wire.Choice] = await org.send("GET", path, wire.Rows[wire.Choice], params=asked)
    options = [
        option
        for each in told.value
        if each.logical_name == "paymenttermscode" and each.option_set
        for option in each.option_set.options
    ]
    return {option.label.said: option.value for option in options if option.label and option.label.said}


def account_columns(data: AccountUpdate, terms: Mapping[str, int]) -> dict[str, Any]:
    """What an update writes; `terms` are the payment terms there are, with their codes.

    `Invalid` names every field that is not written here, and terms there are none of.
    """
    wrong = [
        FieldError(detail=f"Dataverse's {name.replace('_', ' ')} is not written by us", pointer=f"/fields/{number}")
        for number, name in enumerate(data.fields)
        if name not in (*_WRITTEN, "payment_terms")
    ]
    said = data.account.payment_terms if "payment_terms" in data.fields else ""
    if said and said not in terms:
        known = ", ".join(sorted(terms)) or "none"
        wrong.append(
            FieldError(detail=f"there are no such terms; there are: {known}", pointer="/account/payment_terms")
        )
    if wrong:
        raise Invalid(system=SYSTEM, errors=wrong)
    values: dict[str, Any] = {}
    for name in data.fields:
        values |= _WRITTEN[name](data.account) if name in _WRITTEN else {"paymenttermscode": terms.get(said)}
    return values


def _address(account: Customer) -> dict[str, Any]:
    """One address is kept, the billing one, on three lines."""
    found = next((address for address in account.addresses if address.role == "bill"), Address())
    lines = [*found.lines[:2], ", ".join(found.lines[2:])]
    named = {f"address1_line{number}": cut(line, LINE) or None for number, line in enumerate(lines, 1)}
    return {
        **dict.fromkeys(f"address1_line{number}" for number in (1, 2, 3)),
        **named,
        "address1_city": cut(found.city, PART) or None,
        "address1_stateorprovince": cut(found.subdivision, PART) or None,
        "address1_postalcode": cut(found.postal, PART) or None,
        "address1_country": found.country or None,
    }


def _tax(account: Customer) -> dict[str, Any]:
    """One number is kept: that of the billing country, else the first."""
    at_home = {address.country for address in account.addresses if address.role == "bill"}
    ordered = sorted(account.tax_registrations, key=lambda each: each.country not in at_home)
    tax = ordered[0] if ordered else None
    number = whole(tax.number, TAX, "/account/tax_registrations/0/number", system=SYSTEM) if tax else None
    return {
        "tg_taxregistration": number or None,
        "tg_taxscheme": (tax.scheme if tax else "") or None,
        "tg_taxcountry": (tax.country if tax else "") or None,
    }


_WRITTEN: Final[Mapping[str, Callable[[Customer], dict[str, Any]]]] = {
    "legal_name": lambda a: {"tg_legalname": cut(a.legal_name, NAME) or None},
    "trading_name": lambda a: {"name": cut(a.trading_name, NAME)},
    "number": lambda a: {"accountnumber": whole(a.number, NUMBER, "/account/number", system=SYSTEM) or None},
    "addresses": _address,
    "tax_registrations": _tax,
    "email": lambda a: {"emailaddress1": whole(a.email, MAIL, "/account/email", system=SYSTEM) or None},
    "po_required": lambda a: {"tg_porequired": a.po_required},
}
"""Field of ours to the columns that are written for it."""
