"""What has to be sent so that an order there becomes the one that shall be. As `updates` does it."""

from system_apis.sap_s4hana import orders_mapping as mapping
from system_apis.sap_s4hana import orders_wire as there
from system_apis.sap_s4hana import wire
from system_apis.sap_s4hana.codes import REJECTED
from system_apis.sap_s4hana.odata import keyed
from system_apis.sap_s4hana.updates import Change, patched


def of_order(found: there.Order, draft: there.OrderDraft) -> list[Change]:
    """Its head, and its items by their place; from the first that is of another product on, they are made anew.

    An item keeps its product, and a new one stands behind all others.
    """
    path = _at(found)
    changes = patched(there.OrderHead, found, draft, path, found.metadata.etag)
    rows, alike = mapping.items(found), 0
    for row, wanted in zip(rows, draft.to_item, strict=False):
        if row.material != wanted.material or mapping.price_of(row) is None:
            break
        changes += _item(found, row, wanted)
        alike += 1
    changes += [Change(method="DELETE", path=_item_at(found, row)) for row in rows[alike:]]
    changes += [Change(method="POST", path=f"{path}/to_Item", body=wanted) for wanted in draft.to_item[alike:]]
    return changes


def of_approval(found: there.Order) -> list[Change]:
    """Its billing block is lifted."""
    lifted = there.Block(header_billing_block_reason="")
    return patched(there.Block, found, lifted, _at(found), found.metadata.etag)


def of_cancelling(found: there.Order) -> list[Change]:
    """Every item that is not rejected yet is."""
    rejected = there.Rejection(sales_document_rjcn_reason=REJECTED)
    return [
        Change(method="PATCH", path=_item_at(found, row), body=rejected)
        for row in mapping.items(found)
        if not row.sales_document_rjcn_reason
    ]


def _item(found: there.Order, row: there.Sold, wanted: there.SoldDraft) -> list[Change]:
    changes = patched(there.SoldHead, row, wanted, _item_at(found, row))
    price = mapping.price_of(row)
    assert price is not None  # an item without one is made anew
    keys = {
        "SalesOrder": found.sales_order,
        "SalesOrderItem": row.sales_order_item,
        "PricingProcedureStep": price.pricing_procedure_step,
        "PricingProcedureCounter": price.pricing_procedure_counter,
    }
    at = f"{wire.ORDERS}/{keyed('A_SalesOrderItemPrElement', **keys)}"
    return changes + [each for asked in wanted.to_pricing_element for each in patched(there.RateHead, price, asked, at)]


def _at(found: there.Order) -> str:
    return f"{wire.ORDERS}/{keyed('A_SalesOrder', SalesOrder=found.sales_order)}"


def _item_at(found: there.Order, row: there.Sold) -> str:
    keys = {"SalesOrder": found.sales_order, "SalesOrderItem": row.sales_order_item}
    return f"{wire.ORDERS}/{keyed('A_SalesOrderItem', **keys)}"
