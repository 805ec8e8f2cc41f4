"""What an organisation must have: the tables and columns we map, and the choices whose words we know."""

from collections.abc import Iterable
from typing import Final

from foundation.checking import Checked
from system_apis.dataverse import agreements, contract_wire, mapping, order_wire, quote_wire, wire


def _columns(*shapes: type[wire.Row]) -> list[str]:
    """The columns behind what we read: a lookup is read as `_<column>_value`, a navigation as its column."""
    names = [name for shape in shapes for name in shape.__struct_encode_fields__ if "@" not in name]
    return list(dict.fromkeys(name.removeprefix("_").removesuffix("_value") for name in names))


def _codes(words: Iterable[int]) -> list[str]:
    return [str(code) for code in words]


CHECKS: Final = (
    Checked(
        object="opportunity",
        fields=_columns(wire.Opportunity, wire.Link),
        words={
            "tg_contracttype": _codes(mapping.CONTRACT_TYPES),
            "statecode": _codes(mapping.DEAL_STATES),
        },
    ),
    Checked(object="opportunityproduct", fields=_columns(quote_wire.DealLine)),
    Checked(object="account", fields=_columns(wire.Account)),
    Checked(
        object="contact",
        fields=_columns(wire.Contact),
        words={"tg_contactrole": _codes(mapping.CONTACT_ROLES)},
    ),
    Checked(object="lead", fields=_columns(wire.Lead), words={"statecode": _codes(mapping.LEAD_STATES)}),
    Checked(object="quote", fields=_columns(quote_wire.Quote), words={"statecode": _codes(mapping.QUOTE_STATES)}),
    Checked(object="quotedetail", fields=_columns(quote_wire.QuoteLine)),
    Checked(
        object="salesorder",
        fields=_columns(contract_wire.Agreement, order_wire.Order),
        words={
            "tg_contracttype": _codes(mapping.CONTRACT_TYPES),
            "statecode": _codes(mapping.ORDER_STATES),
        },
    ),
    Checked(
        object="salesorderdetail",
        fields=_columns(contract_wire.OrderLine, order_wire.OrderLine),
        words={"tg_contracttype": _codes(mapping.CONTRACT_TYPES)},
    ),
    Checked(
        object="tg_contractamendment",
        fields=_columns(contract_wire.Amendment, contract_wire.Amended),
        words={"tg_kind": _codes(agreements.KINDS), "tg_status": _codes(agreements.STATUSES)},
    ),
    Checked(
        object="tg_contractamendmentline",
        fields=_columns(contract_wire.AmendmentLine),
        words={"tg_contracttype": _codes(mapping.CONTRACT_TYPES)},
    ),
)
