"""A contract and its amendments. Owners: CRM or CLM = text and commercial terms; ERP = billable terms once active.

What was signed is never edited: it is amended, each amendment a difference from the one before it, with the day it
takes effect. The terms in force are the contract's own with those differences added up.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

from canonical.base import Envelope, Value
from canonical.classes import FREE_TEXT, PUBLIC
from canonical.money import Currency, Money
from canonical.objects.opportunity import ContractType

AmendmentKind = Literal["change", "renewal", "termination", "assignment"]
"""A renewal extends the contract's end, a termination brings it forward; an assignment names another legal entity."""
AmendmentStatus = Literal["draft", "in_approval", "agreed", "void"]


class ContractLine(Value, frozen=True, kw_only=True):
    """One line of what is paid. In an amendment it is a difference, and may be negative."""

    seq: Annotated[int, PUBLIC]
    description: Annotated[str, FREE_TEXT] = ""
    billing_method: Annotated[ContractType | None, PUBLIC] = None
    """None where nobody has said."""
    amount: Money
    not_to_exceed: Money | None = None
    start: Annotated[date | None, PUBLIC] = None
    end: Annotated[date | None, PUBLIC] = None


class Uplift(Value, frozen=True, kw_only=True):
    """Prices rise by so much from a day on, as the contract itself says."""

    effective: Annotated[date, PUBLIC]
    share: Annotated[Decimal, PUBLIC]
    """0.05 for 5 %."""


class Amendment(Value, frozen=True, kw_only=True):
    """One change of a contract, as both sides signed it."""

    number: Annotated[int, PUBLIC]
    """From 1 on; the contract itself is 0."""
    kind: Annotated[AmendmentKind, PUBLIC] = "change"
    status: Annotated[AmendmentStatus, PUBLIC] = "draft"
    based_on: Annotated[int, PUBLIC] = 0
    """The amendment it was agreed on top of; 0 for the contract as it was first signed."""
    effective: Annotated[date | None, PUBLIC] = None
    """The first day it holds; of a termination, the first day nothing holds any more."""
    signed_at: Annotated[date | None, PUBLIC] = None
    document_hash: Annotated[str, PUBLIC] = ""
    """SHA-256 of the executed document, 64 hexadecimal digits."""
    envelope: Annotated[str, PUBLIC] = ""
    """The signing service's id of what was signed; empty for ink on paper."""
    approved_exceptions: Annotated[list[str], PUBLIC] = []
    """Rules that would hold it up, and that somebody entitled to has waived."""
    currency: Currency
    value_change: Money | None = None
    not_to_exceed_change: Money | None = None
    end: Annotated[date | None, PUBLIC] = None
    """The contract's last day from now on; None leaves it."""
    legal_entity_id: Annotated[str, PUBLIC] = ""
    """Of an assignment: whose the contract becomes."""
    lines: list[ContractLine] = []


class Contract(Envelope, frozen=True, kw_only=True):
    """What was agreed with a customer: in the CRM the signed terms, in the ERP the order that can be billed.

    `lines` and `amendments` are read and written by the ports of `canonical.ports.contracts` only; elsewhere a contract
    is its head.
    """

    number: Annotated[str, PUBLIC]
    account_id: Annotated[str, PUBLIC]
    title: Annotated[str, PUBLIC] = ""
    opportunity_id: Annotated[str, PUBLIC] = ""
    currency: Currency
    value: Money | None = None
    """In the CRM as first signed; in the ERP with every amendment in it."""
    billing_method: Annotated[ContractType, PUBLIC] = "tm"
    start: Annotated[date | None, PUBLIC] = None
    end: Annotated[date | None, PUBLIC] = None
    signed_at: Annotated[date | None, PUBLIC] = None
    """The day the customer signed; None is an unsigned contract."""
    at_risk_until: Annotated[date | None, PUBLIC] = None
    """Work may start unsigned until this day, on an authorised approval."""
    at_risk_cap: Money | None = None
    """What that approval covers at the most; null is an approval of days only."""
    po_number: Annotated[str, PUBLIC] = ""
    payment_terms: Annotated[str, PUBLIC] = ""
    order_id: Annotated[str, PUBLIC] = ""
    """The ERP's sales order that bills it line by line; empty where it is billed as one line of the whole value."""
    status: Annotated[Literal["draft", "in_approval", "active", "cancelled", "expired"], PUBLIC] = "draft"
    document_hash: Annotated[str, PUBLIC] = ""
    """SHA-256 of the executed document, 64 hexadecimal digits; in the ERP, that of what was carried there last."""
    envelope: Annotated[str, PUBLIC] = ""
    """The signing service's id of what was signed; empty for ink on paper."""
    approved_exceptions: Annotated[list[str], PUBLIC] = []
    """Rules that would hold it up, and that somebody entitled to has waived."""
    governing_law: Annotated[str, PUBLIC] = ""
    master_id: Annotated[str, PUBLIC] = ""
    """The master agreement it is signed under."""
    auto_renew: Annotated[bool, PUBLIC] = False
    """Evergreen: without an end of its own until somebody ends it."""
    uplift: Uplift | None = None
    not_to_exceed: Money | None = None
    amendment: Annotated[int | None, PUBLIC] = None
    """The last amendment that was carried to the ERP, 0 for the contract itself; None: not even that."""
    lines: list[ContractLine] = []
    amendments: list[Amendment] = []

    def last_agreed(self) -> int:
        """The last amendment both sides agreed to; 0 for the contract itself."""
        return max((each.number for each in self.amendments if each.status == "agreed"), default=0)

    def amended_up_to(self, number: int) -> list[Amendment]:
        """The agreed amendments up to this one, in their order."""
        return [each for each in self.amendments if each.status == "agreed" and each.number <= number]

    def in_force(self, number: int) -> "Contract":
        """The contract as it is after this amendment: value, limit, end, status, and the document that says so.

        Of a contract as it was signed, not of one that an ERP has with its amendments in it.
        """
        amendments = self.amended_up_to(number)
        value, most, end, document = self.value, self.not_to_exceed, self.end, self.document_hash
        for each in amendments:
            value, most = _sum(value, each.value_change), _sum(most, each.not_to_exceed_change)
            end, document = each.end or end, each.document_hash
        return msgspec.structs.replace(
            self,
            value=value,
            not_to_exceed=most,
            end=end,
            document_hash=document,
            amendment=number,
            amendments=amendments,
            status="cancelled" if any(each.kind == "termination" for each in amendments) else "active",
        )


def _sum(amount: Money | None, change: Money | None) -> Money | None:
    """Either may be missing. What is in another currency adds nothing: a currency is not switched by an amendment."""
    if amount is None or change is None:
        return amount or change
    return amount + change if amount.currency == change.currency else amount
