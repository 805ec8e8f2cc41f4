"""Deals with their lines -> canonical; pure, as `mapping` is."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from canonical.faults import VendorRefused
from canonical.objects import Opportunity, OpportunityLine, RoleDemand, Stage
from foundation.vendor_values import money
from system_apis.dataverse import quote_wire, wire
from system_apis.dataverse.mapping import (
    DEAL_STATES,
    SYSTEM,
    WON,
    contract_type,
    currency_of,
    known,
    line_kind,
    source,
)


def opportunity(
    row: wire.Opportunity, lines: Sequence[quote_wire.DealLine], quote_id: str, contract_id: str
) -> Opportunity:
    """A deal with its lines. Those that name a role are what it will need; percent becomes a share."""
    state, category = known(DEAL_STATES, row.statecode, "opportunity.statecode", row.opportunityid)
    closes = row.estimatedclosedate or row.actualclosedate
    if closes is None:
        raise VendorRefused("estimatedclosedate is empty: give the deal the day it is expected to close", system=SYSTEM)
    currency = currency_of(row.currency)
    return Opportunity(
        id=row.opportunityid,
        legal_entity_id=row.tg_legalentity or "",
        source=source(row.versionnumber, row.modifiedon),
        name=row.name,
        account_id=row.account or "",
        stage=Stage(code=(row.stepname or state) if category == "open" else state, category=category),
        amount=money(row.estimatedvalue or Decimal(0), currency, system=SYSTEM),
        close_date=closes,
        won_generation=row.tg_wongeneration or 0,
        probability=Decimal(row.closeprobability or 0) / 100,
        delivery_entities=[each.strip() for each in (row.delivery_entities or "").split(";") if each.strip()],
        contract_type=contract_type(row, "opportunity", row.opportunityid),
        practice=row.tg_practice or "",
        expected_start=row.tg_expectedstart,
        expected_end=row.tg_expectedend,
        role_demand=[
            RoleDemand(role=line.tg_role, hours=line.quantity, start=line.tg_startson, end=line.tg_endson)
            for line in lines
            if line.tg_role
        ],
        lines=[_line(number, line, currency) for number, line in enumerate(lines, 1)],
        quote_id=quote_id,
        contract_id=contract_id,
        po_number=row.tg_ponumber or "",
        owner_id=row.owner or "",
        project_manager=row.tg_projectmanager or "",
        won_at=row.tg_wonon if row.statecode == WON else None,
        project_code=row.tg_projectcode or "",
    )


def _line(number: int, line: quote_wire.DealLine, currency: str) -> OpportunityLine:
    return OpportunityLine(**sold(number, line, currency))


def sold(number: int, line: quote_wire.DealLine, currency: str) -> dict[str, Any]:
    """What a line of a deal and one of an order say alike.

    One without a price comes to nothing; until its amount is worked out, it is quantity times price.
    """
    price, off = line.priceperunit or Decimal(0), line.manualdiscountamount or Decimal(0)
    net = line.quantity * price - off if line.extendedamount is None else line.extendedamount - (line.tax or Decimal(0))
    return {
        "seq": line.lineitemnumber or number,
        "item": line.product.name if line.product else line.productdescription or "",
        "code": (line.product.productnumber or "") if line.product else "",
        "kind": line_kind(line.product),
        "qty": line.quantity,
        "unit_price": money(price, currency, system=SYSTEM),
        "net": money(net, currency, system=SYSTEM),
        "role": line.tg_role or "",
        "description": line.description or "",
        "discount_amount": money(off, currency, system=SYSTEM) if off else None,
    }
