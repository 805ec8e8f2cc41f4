"""What the firm sells: an hour of each role, a discount, and goods. The real server of the tests is given the same."""

from datetime import date
from typing import Final, Literal

import msgspec

from foundation.sandbox import Box, firm
from system_apis.tryton.codes import DISCOUNT as TAKES_OFF
from system_apis.tryton.codes import SERVICE, TAXED
from system_apis.tryton.sandbox import records


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """One product."""

    code: str
    name: str
    type: Literal["service", "goods"] = "service"
    unit: Literal["Hour", "Unit"] = "Unit"
    tax: str = "S"
    """The category that says how it is taxed."""
    discount: bool = False


DISCOUNT: Final = Sold(code="DISCOUNT", name="Discount", discount=True)
BADGE: Final = Sold(code="BADGE", name="Visitor badge", type="goods")


def sold() -> list[Sold]:
    """Every product, in the order they are made."""
    roles = sorted({role.name for deal in firm.deals(date.min.replace(year=2000)) for role in deal.roles})
    return [*(Sold(code=firm.item_code(role), name=role, unit="Hour") for role in roles), DISCOUNT, BADGE]


UNITS: Final = {"Unit": 0, "Hour": 2}


def enter(box: Box, accounts: int) -> None:
    """Put all of it into an empty database; `accounts` is the category that says where it is booked."""
    units = {name: records.create(box, "product.uom", {"name": name, "digits": UNITS[name]}) for name in UNITS}
    parent = records.create(box, "product.category", {"name": TAXED})
    discount = records.create(box, "product.category", {"name": TAKES_OFF})
    taxed = {
        code: records.create(box, "product.category", {"name": code, "parent": parent})
        for code in sorted({each.tax for each in sold()})
    }
    consulting = Sold(code=SERVICE, name="Consulting", unit="Hour")
    _product(box, consulting, units, accounts, [])
    for each in sold():
        categories = [taxed[each.tax], *([discount] if each.discount else [])]
        _product(box, each, units, accounts, categories)


def _product(box: Box, what: Sold, units: dict[str, int], accounts: int, categories: list[int]) -> None:
    said = {"name": what.name, "type": what.type, "salable": True, "sale_uom": units[what.unit]}
    more = {"account_category": accounts, "categories": [["add", categories]]}
    template = records.create(box, "product.template", said | more)
    made = records.create(box, "product.product", {"template": template})
    box.store.update("product.product", str(made), {"code": what.code})
