"""Orders with their products <-> canonical; pure, as `mapping` is."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from canonical.faults import FieldError, Invalid, NotFound
from canonical.objects import CrmOrder, CrmOrderLine, CrmOrderStatus, OrderMark
from canonical.ports.lists import RecordChange
from foundation.vendor_values import money
from system_apis.dataverse import order_wire as wire
from system_apis.dataverse.deals import sold
from system_apis.dataverse.mapping import SYSTEM, currency_of, known, source, version
from system_apis.dataverse.records import checked
from system_apis.dataverse.wire import ChangedOrder

STATES: Final[Mapping[int, CrmOrderStatus]] = {0: "draft", 1: "open", 2: "cancelled", 3: "fulfilled", 4: "billed"}
_ALL: Final = "salesorderid ne null"
_FILTERS: Final[Mapping[str, str]] = {
    "account_id": "_customerid_value",
    "opportunity_id": "_opportunityid_value",
    "quote_id": "_quoteid_value",
}


def order(row: wire.Order, lines: Sequence[wire.OrderLine] | None = None) -> CrmOrder:
    """An order, with its products where they were read. A total that is not worked out yet is then the sum of them."""
    currency = currency_of(row.currency)
    found = CrmOrder(
        id=row.salesorderid,
        source=source(row.versionnumber, row.modifiedon),
        number=row.ordernumber,
        title=row.name or "",
        account_id=row.account or "",
        opportunity_id=row.opportunity or "",
        quote_id=row.quote or "",
        contract_id=row.salesorderid,
        currency=currency,
        total=None if row.totalamount is None else money(row.totalamount, currency, system=SYSTEM),
        status=known(STATES, row.statecode, "salesorder.statecode", row.salesorderid),
        start=row.tg_startson,
        end=row.tg_endson,
        po_number=row.tg_ponumber or "",
        erp_number=row.tg_erpordernumber or "",
        lines=[_line(number, line, currency) for number, line in enumerate(lines or [], 1)],
    )
    return found if lines is None or found.total else replace(found, total=found.worth())


def belonging(**to: str) -> str:
    """What orders must satisfy that belong to these; `Invalid` names a text that can be no id."""
    wrong = [f"query:{name}" for name, text in to.items() if text and not _is_id(text)]
    if wrong:
        raise Invalid(
            system=SYSTEM,
            errors=[FieldError(detail="this is no id of a Dataverse record", pointer=each) for each in wrong],
        )
    return " and ".join(f"{_FILTERS[name]} eq {checked(text)}" for name, text in to.items() if text) or _ALL


def change(row: ChangedOrder) -> RecordChange:
    """An order the poll found."""
    stamp = version(row.versionnumber)
    return RecordChange(native_id=row.salesorderid, version=stamp, changed_at=row.modifiedon, exact=True)


def mark(wanted: OrderMark) -> wire.Mark:
    """What is written of the ERP's number."""
    return wire.Mark(erp_number=wanted.erp_number or None)


def _line(number: int, line: wire.OrderLine, currency: str) -> CrmOrderLine:
    return CrmOrderLine(**sold(number, line, currency), start=line.tg_startson, end=line.tg_endson)


def _is_id(text: str) -> bool:
    try:
        return bool(checked(text))
    except NotFound:
        return False
