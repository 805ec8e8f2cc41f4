"""What an ERP's own tables say of contracts and orders, and what its people do there beside us.

The same under one name for each ERP: a test asks `BOOKS[erp]`, and knows no table.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from foundation.sandbox import Box, Record
from foundation.sandbox.firm import ENTITIES
from system_apis.sap_s4hana.sandbox import billing_service
from system_apis.sap_s4hana.sandbox.schema import SETS
from system_apis.sap_s4hana.sandbox.writing import id_of

Parts = list[tuple[str, Record]]


class Books:
    """One ERP."""

    CONTRACTS: ClassVar[str]
    """The table a contract is in, and below it those of its parts."""
    PARTS: ClassVar[tuple[str, ...]] = ()
    ORDERS: ClassVar[str]
    """The table a quote's order is in."""
    WRITES_TERMS: ClassVar[tuple[str, str]]
    """The call that makes a contract line by line: its method, and what its path has in it."""
    ADDS_A_LINE: ClassVar[tuple[str, str]]
    """The call by which a line comes to one that is there."""
    WRITES_ORDER: ClassVar[tuple[str, str]]
    """The call that makes a quote's order."""
    WRITES_TASK: ClassVar[tuple[str, str]]
    """The call that makes a task of a project."""

    RETIRED: ClassVar[str] = "vendor_refused"
    """Why an order of an item that nobody sells any more is refused."""

    def __init__(self, box: Box) -> None:
        self.box = box

    def contracts(self) -> list[Record]:
        """Every contract, as the ERP keeps it."""
        return self.box.store.all(self.CONTRACTS)

    def orders(self) -> list[Record]:
        """Every order of a quote; where a contract is an order too, every one of those."""
        return self.box.store.all(self.ORDERS)

    def parts(self) -> Parts:
        """All that contracts are made of, as it is now."""
        return [(kind, row) for kind in (self.CONTRACTS, *self.PARTS) for row in self.box.store.all(kind)]

    def put_back(self, parts: Parts) -> None:
        """Somebody brings contracts to what they were."""
        for kind, row in parts:
            self.box.store.update(kind, self.id_of(kind, row), row)

    def id_of(self, kind: str, row: Record) -> str:
        """What a row is kept under."""
        return str(row["id"])

    def entity_of(self, row: Record) -> str:
        """The code of the legal entity that a contract or an order is of."""
        raise NotImplementedError

    def bill_line(self, reference: str) -> None:
        """Somebody bills a line of the only contract there is, `0.1` being its first as it was signed."""
        raise NotImplementedError

    def bill_order(self, order_id: str) -> None:
        """Somebody bills a part of an order."""
        raise NotImplementedError

    def retire(self, item: str) -> None:
        """Nobody sells an item any more."""
        raise NotImplementedError

    def reprice(self, reference: str, amount: int) -> None:
        """Somebody writes another amount on a line of the only contract there is."""
        raise NotImplementedError


class NetSuite(Books):
    """An account, where contract and order are a sales order with its lines in it."""

    CONTRACTS = ORDERS = "salesOrder"
    WRITES_TERMS = ADDS_A_LINE = WRITES_ORDER = ("PUT", "/salesOrder/")
    WRITES_TASK = ("PUT", "/projectTask/")

    def entity_of(self, row: Record) -> str:
        return next(each.code for each in ENTITIES if str(each.number) == row["subsidiary"]["id"])

    def bill_line(self, reference: str) -> None:
        (order,) = self.contracts()
        self._line(order, "custcol_tg_ref", reference, {"quantityBilled": 1})

    def bill_order(self, order_id: str) -> None:
        (first, *rest) = (self.box.store.get("salesOrder", order_id) or {})["item"]["items"]
        billed = {"item": {"items": [first | {"quantityBilled": 1}, *rest]}}
        self.box.store.update("salesOrder", order_id, billed)

    def retire(self, item: str) -> None:
        (row,) = self.box.store.find("serviceSaleItem", itemId=item)
        self.box.store.update("serviceSaleItem", row["id"], {"isInactive": True})

    def reprice(self, reference: str, amount: int) -> None:
        (order,) = self.contracts()
        self._line(order, "custcol_tg_ref", reference, {"amount": amount})

    def _line(self, order: Record, name: str, value: Any, changes: Record) -> None:
        lines = [line | changes if line.get(name) == value else line for line in order["item"]["items"]]
        assert lines != order["item"]["items"], f"no line has {value} for {name}"
        total = sum(Decimal(str(line["amount"])) for line in lines)
        totals = {"subtotal": total, "total": total}
        self.box.store.update("salesOrder", order["id"], {"item": {"items": lines}} | totals)


class BusinessCentral(Books):
    """An environment, where each legal entity is a company, and contract and order are a sales order."""

    CONTRACTS = ORDERS = "salesOrders"
    PARTS = ("salesOrderLines",)
    WRITES_TERMS = WRITES_ORDER = ("POST", "/salesOrders")
    ADDS_A_LINE = ("POST", "/salesOrderLines")
    WRITES_TASK = ("POST", "/projectTasks")

    def entity_of(self, row: Record) -> str:
        (company,) = self.box.store.find("companies", id=row["_company"])
        return str(company["name"])

    def bill_line(self, reference: str) -> None:
        (line,) = self.box.store.find("salesOrderLines", tiergateReference=reference)
        self._invoiced(line)

    def bill_order(self, order_id: str) -> None:
        lines = self.box.store.find("salesOrderLines", documentId=order_id.rpartition(".")[2])
        self._invoiced(min(lines, key=lambda line: line["sequence"]))

    def retire(self, item: str) -> None:
        for row in self.box.store.find("items", number=item):
            self.box.store.update("items", row["id"], {"salesBlocked": True})

    def reprice(self, reference: str, amount: int) -> None:
        (line,) = self.box.store.find("salesOrderLines", tiergateReference=reference)
        self.box.store.update("salesOrderLines", line["id"], {"unitPrice": amount, "netAmount": amount})

    def _invoiced(self, line: Record) -> None:
        self.box.store.update("salesOrderLines", line["id"], {"invoicedQuantity": 1})


class SapS4hana(Books):
    """A tenant, where a contract is called off by orders, and a quote's order is a sales order of its own."""

    CONTRACTS = "A_SalesContract"
    PARTS = ("A_SalesContractItem", "A_SalesContractItemPrcgElmnt")
    ORDERS = "A_SalesOrder"
    RETIRED = "invalid"
    WRITES_TERMS = ("POST", "/A_SalesContract")
    ADDS_A_LINE = ("POST", r"\$batch")
    WRITES_ORDER = ("POST", "/A_SalesOrder")
    WRITES_TASK = ("POST", "/A_EnterpriseProjectElement")

    def id_of(self, kind: str, row: Record) -> str:
        return id_of(SETS[kind], row)

    def entity_of(self, row: Record) -> str:
        (entity,) = self.box.store.find("ZTG_LegalEntity", SalesOrganization=row["SalesOrganization"])
        return str(entity["Code"])

    def bill_line(self, reference: str) -> None:
        """An order is called off from it, which is what bills a contract here."""
        (item,) = self.box.store.find("A_SalesContractItem", YY1_TGRef_SDI=reference)
        of = {"ReferenceSDDocument": item["SalesContract"], "ReferenceSDDocumentItem": item["SalesContractItem"]}
        self.box.store.insert("A_SalesOrderItem", "9000|10", {"SalesOrder": "9000", "SalesOrderItem": "10"} | of)

    def bill_order(self, order_id: str) -> None:
        wanted = {"_Reference": [{"SDDocument": order_id, "SDDocumentCategory": "C"}]}
        billing_service.acted(self.box, "POST", "BillingDocument/SAP__self.CreateFromSDDocument", wanted)

    def retire(self, item: str) -> None:
        for row in self.box.store.find("A_ProductSalesDelivery", Product=item):
            key = id_of(SETS["A_ProductSalesDelivery"], row)
            self.box.store.update("A_ProductSalesDelivery", key, {"ProductSalesStatus": "01"})

    def reprice(self, reference: str, amount: int) -> None:
        (item,) = self.box.store.find("A_SalesContractItem", YY1_TGRef_SDI=reference)
        at = {"SalesContract": item["SalesContract"], "SalesContractItem": item["SalesContractItem"]}
        (price, *_) = self.box.store.find("A_SalesContractItemPrcgElmnt", **at)
        key = id_of(SETS["A_SalesContractItemPrcgElmnt"], price)
        self.box.store.update("A_SalesContractItemPrcgElmnt", key, {"ConditionRateValue": str(amount)})


class OracleFusion(Books):
    """A pod."""

    CONTRACTS = "contracts"
    ORDERS = "salesOrdersForOrderHub"


class Tryton(Books):
    """A database, where each legal entity is a company, and contract and order are a sale."""

    CONTRACTS = ORDERS = "sale.sale"
    PARTS = ("sale.line",)


BOOKS: Mapping[str, type[Books]] = {
    "netsuite": NetSuite,
    "business_central": BusinessCentral,
    "sap_s4hana": SapS4hana,
    "oracle_fusion": OracleFusion,
    "tryton": Tryton,
}
