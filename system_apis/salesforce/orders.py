"""Orders with their products <-> canonical; pure, as `mapping` is."""

from collections.abc import Mapping, Sequence
from typing import Final

from canonical.faults import FieldError, Invalid
from canonical.objects import CrmOrder, CrmOrderLine, CrmOrderStatus, OrderMark
from foundation.salesforce.records import Records
from foundation.vendor_values import currency as currency_of
from foundation.vendor_values import meaning, money
from system_apis.salesforce import order_wire as wire
from system_apis.salesforce.mapping import SYSTEM, sold, source

STATES: Final[Mapping[str, CrmOrderStatus]] = {"Draft": "draft", "Activated": "open"}
"""The category of a status. The words of `Status` itself are each org's own."""
CANCELLED: Final = ("Cancelled", "Canceled")
"""There is no category for it: an org that cancels orders has a status of this name."""
_FILTERS: Final[Mapping[str, str]] = {
    "account_id": "AccountId",
    "opportunity_id": "OpportunityId",
    "quote_id": "QuoteId",
}


def order(row: wire.Order, lines: Sequence[wire.OrderLine] = ()) -> CrmOrder:
    """An order with its products."""
    currency = currency_of(row.currency_iso_code, system=SYSTEM)
    status = meaning(STATES, row.status_code, "Order.StatusCode", system=SYSTEM, record=row.id)
    return CrmOrder(
        id=row.id,
        source=source(row.system_modstamp),
        number=row.order_number,
        title=row.name or "",
        account_id=row.account_id or "",
        opportunity_id=row.opportunity_id or "",
        quote_id=row.quote_id or "",
        contract_id=row.contract_id or "",
        currency=currency,
        total=None if row.total_amount is None else money(row.total_amount, currency, system=SYSTEM),
        status="cancelled" if row.status in CANCELLED else status,
        start=row.effective_date,
        end=row.end_date,
        po_number=row.po_number or "",
        erp_number=row.erp_number or "",
        lines=[_line(number, line, currency) for number, line in enumerate(lines, 1)],
    )


def belonging(org: Records, **to: str) -> str:
    """What orders must satisfy that belong to these; `Invalid` names a text that can be no id."""
    wrong = [f"query:{name}" for name, text in to.items() if text and not org.is_id(text)]
    if wrong:
        raise Invalid(
            system=SYSTEM, errors=[FieldError(detail="this is no Salesforce id", pointer=each) for each in wrong]
        )
    return " AND ".join(f"{_FILTERS[name]} = '{text}'" for name, text in to.items() if text)


def mark(wanted: OrderMark) -> wire.Mark:
    """What is written of the ERP's number."""
    return wire.Mark(erp_number=wanted.erp_number or None)


def _line(number: int, line: wire.OrderLine, currency: str) -> CrmOrderLine:
    """A line: there is no discount of an order's product but what its price is below the list."""
    return CrmOrderLine(
        **sold(number, line, currency),
        description=line.description or "",
        start=line.service_date,
        end=line.end_date,
    )
