"""What the guards look at besides the contract, and how it is measured. Pure."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.money import Money
from canonical.objects import Contract, Invoice, LegalEntity
from process_apis.opportunity_to_project.holding import Holder


class Unbilled(Value, frozen=True, kw_only=True):
    """Work that was approved and is not billed."""

    entries: Annotated[int, PUBLIC] = 0
    hours: Annotated[Decimal, PUBLIC] = Decimal(0)
    unknown: Annotated[str, PUBLIC] = ""
    """Why nobody can say."""


class Evidence(Value, frozen=True, kw_only=True):
    """What the guards look at besides the contract."""

    entity: LegalEntity | None
    today: Annotated[date, PUBLIC]
    there: Contract | None = None
    """What the ERP has under the contract's key."""
    invoices: list[Invoice] | None = None
    """What is posted of it, credit notes too; None where the ERP does not tell."""
    unbilled: Unbilled = Unbilled()
    alike: Annotated[list[str], PUBLIC] = []
    """The cases that say who of the books the customer may be, where they know nobody as it."""
    holder: Holder | None = None
    """The other deal that the contract is billed for already."""

    @property
    def carried(self) -> int | None:
        """The last amendment the ERP has; None where it has nothing that was carried."""
        return self.there.amendment if self.there else None

    def billed(self, currency: str) -> Money:
        """What is billed and not credited, before tax."""
        whole = Decimal(0)
        for each in self.invoices or []:
            if each.currency == currency:
                whole += (1 if each.kind == "invoice" else -1) * net(each).amount
        return Money.of(whole, currency)


def net(invoice: Invoice) -> Money:
    """What it bills or credits, before tax."""
    return invoice.net or invoice.total()


def above(amount: Money | None, most: Money) -> bool:
    """Whether there is an amount, comparable, and more than the most."""
    return amount is not None and amount.currency == most.currency and most < amount


def total(amounts: Iterable[Money], like: Money) -> Money:
    """The sum of amounts, in the currency of `like`."""
    return Money.of(sum((each.amount for each in amounts), Decimal(0)), like.currency)


def scope(contract: Contract) -> tuple[str, str]:
    """What two contracts share that are about the same work."""
    return contract.account_id, " ".join(contract.title.casefold().split())


def overlapping(one: Contract, other: Contract) -> bool:
    """Whether there is a day both hold; a side that says no day is open."""
    begins = one.start is None or other.end is None or one.start <= other.end
    ends = one.end is None or other.start is None or one.end >= other.start
    return begins and ends
