"""Fields of an account, as Salesforce keeps them. Only what is asked for is said; an empty text is null there."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType, field

from canonical.lengths import cut, whole
from canonical.objects import Address, Customer
from canonical.ports.accounts import AccountUpdate
from canonical.refusals import refuse_unkept
from system_apis.salesforce.mapping import SYSTEM

NAME: Final = 255
SHORT: Final = 40
"""Characters of an account number, a tax number, its scheme, and terms."""
Text = str | None | UnsetType


class AccountDraft(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What is written; a field that is not set stays as it is."""

    name: Text = UNSET
    account_number: Text = UNSET
    parent_id: Text = UNSET
    owner_id: Text = UNSET
    currency_iso_code: Text = UNSET
    billing_street: Text = UNSET
    billing_city: Text = UNSET
    billing_state_code: Text = UNSET
    billing_postal_code: Text = UNSET
    billing_country_code: Text = UNSET
    shipping_street: Text = UNSET
    shipping_city: Text = UNSET
    shipping_state_code: Text = UNSET
    shipping_postal_code: Text = UNSET
    shipping_country_code: Text = UNSET
    legal_name: Text = field(default=UNSET, name="Legal_Name__c")
    tax_registration: Text = field(default=UNSET, name="Tax_Registration__c")
    tax_scheme: Text = field(default=UNSET, name="Tax_Scheme__c")
    tax_country: Text = field(default=UNSET, name="Tax_Country__c")
    payment_terms: Text = field(default=UNSET, name="Payment_Terms__c")
    po_required: bool | UnsetType = field(default=UNSET, name="PO_Required__c")


def account_draft(data: AccountUpdate) -> AccountDraft:
    """What an update writes; `Invalid` names every field that Salesforce has no place for."""
    refuse_unkept(SYSTEM, "Salesforce", "an account", data.fields, _WRITTEN)
    values: dict[str, Any] = {}
    for name in data.fields:
        values |= _WRITTEN[name](data.account)
    return AccountDraft(**values)


def _addresses(account: Customer) -> dict[str, Any]:
    by_role = {address.role: address for address in account.addresses}
    return _address("billing", by_role.get("bill")) | _address("shipping", by_role.get("ship"))


def _address(kind: str, address: Address | None) -> dict[str, Any]:
    found = address or Address()
    return {
        f"{kind}_street": "\n".join(found.lines) or None,
        f"{kind}_city": found.city or None,
        f"{kind}_state_code": found.subdivision or None,
        f"{kind}_postal_code": found.postal or None,
        f"{kind}_country_code": found.country or None,
    }


def _tax(account: Customer) -> dict[str, Any]:
    """One number is kept: that of the billing country, else the first."""
    at_home = {address.country for address in account.addresses if address.role == "bill"}
    ordered = sorted(account.tax_registrations, key=lambda each: each.country not in at_home)
    tax = ordered[0] if ordered else None
    number = whole(tax.number, SHORT, "/account/tax_registrations/0/number", system=SYSTEM) if tax else None
    return {
        "tax_registration": number or None,
        "tax_scheme": (tax.scheme if tax else "") or None,
        "tax_country": (tax.country if tax else "") or None,
    }


_WRITTEN: Final[dict[str, Callable[[Customer], dict[str, Any]]]] = {
    "legal_name": lambda a: {"legal_name": cut(a.legal_name, NAME) or None},
    "trading_name": lambda a: {"name": cut(a.trading_name, NAME)},
    "number": lambda a: {"account_number": whole(a.number, SHORT, "/account/number", system=SYSTEM) or None},
    "parent_id": lambda a: {"parent_id": a.parent_id or None},
    "addresses": _addresses,
    "tax_registrations": _tax,
    "default_currency": lambda a: {"currency_iso_code": a.default_currency},
    "payment_terms": lambda a: {
        "payment_terms": whole(a.payment_terms, SHORT, "/account/payment_terms", system=SYSTEM) or None
    },
    "po_required": lambda a: {"po_required": a.po_required},
    "owner_id": lambda a: {"owner_id": a.owner_id},
}
"""Field of ours to what is written for it."""
