"""A service's `$metadata` (EDMX), read for the names of an entity type's properties."""

import xml.etree.ElementTree as ET
from typing import Final

from canonical.faults import Drifted, NotFound
from system_apis.sap_s4hana import orders_wire, owed_wire, wire
from system_apis.sap_s4hana.odata import SYSTEM

SERVICE_OF: Final = {
    "A_BusinessPartner": wire.PARTNERS,
    "A_SalesContract": wire.CONTRACTS,
    "A_SalesContractItem": wire.CONTRACTS,
    "A_SalesOrder": wire.ORDERS,
    "A_SalesOrderItem": wire.ORDERS,
    "A_Product": orders_wire.PRODUCTS,
    "A_EnterpriseProject": wire.PROJECTS,
    "A_CompanyCode": wire.COMPANIES,
    "A_DebitMemoRequest": owed_wire.DEBITS,
    "A_CreditMemoRequest": owed_wire.CREDITS,
    "A_BillingDocument": owed_wire.BILLS,
    "A_OperationalAcctgDocItemCube": owed_wire.LEDGER,
}


def fields(document: str, entity_set: str) -> list[str]:
    """The properties and navigations of an entity set's type; `NotFound` when the service has no such type."""
    try:
        root = ET.fromstring(document)  # noqa: S314 - as above
    except ET.ParseError as unread:
        raise Drifted("its $metadata is no XML", system=SYSTEM) from unread
    for element in root.iter():
        if element.tag.endswith("}EntityType") and element.get("Name") == f"{entity_set}Type":
            return [
                child.get("Name", "") for child in element if child.tag.endswith(("}Property", "}NavigationProperty"))
            ]
    raise NotFound(f"its service has no {entity_set}", system=SYSTEM)
