"""What the firm sells, as the ERP bills it. Owner: ERP."""

from decimal import Decimal
from typing import Annotated, Literal

from canonical.base import Envelope, Value
from canonical.classes import PUBLIC
from canonical.money import Money


class Component(Value, frozen=True, kw_only=True):
    """One part of a bundle: so many of another item for each one of it."""

    code: Annotated[str, PUBLIC]
    qty: Annotated[Decimal, PUBLIC]


class Item(Envelope, frozen=True, kw_only=True):
    """One item. Its `lifecycle` is closed once nothing new may be ordered of it."""

    code: Annotated[str, PUBLIC]
    name: Annotated[str, PUBLIC]
    kind: Annotated[Literal["service", "goods", "discount", "bundle"], PUBLIC] = "service"
    """A discount takes off, so that its lines are negative; a bundle is billed by its components."""
    tax_category: Annotated[str, PUBLIC] = ""
    """UN/CEFACT 5305: S, Z, E, AE, K, G or O; empty where nobody has said how it is taxed."""
    price: Money | None = None
    """The list price of one; None where the ERP keeps none."""
    components: list[Component] = []
