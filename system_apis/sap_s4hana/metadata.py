"""A service's `$metadata` (EDMX), read for the names of an entity type's properties."""

import xml.etree.ElementTree as ET
from typing import Final

from canonical.faults import Drifted, NotFound
from system_apis.sap_s4hana import orders_wire, owed_wire, setups_wire, wire
from system_apis.sap_s4hana.odata import SYSTEM

SERVICE_OF: Final = {
    "A_BusinessPartner": wire.PARTNERS,
    "A_BusinessPartnerContact": wire.PARTNERS,
    "A_SalesContract": wire.CONTRACTS,
    "A_SalesContractItem": wire.CONTRACTS,
    "A_SalesOrder": wire.ORDERS,
    "A_SalesOrderItem": wire.ORDERS,
    "A_Product": orders_wire.PRODUCTS,
    "A_EnterpriseProject": wire.PROJECTS,
    "A_EnterpriseProjectElement": wire.PROJECTS,
    "A_EnterpriseProjBlkFunc": wire.PROJECTS,
    "A_EntProjElmntBlockFunc": wire.PROJECTS,
    "TimeSheetEntryCollection": setups_wire.TIMESHEETS,
    "A_CompanyCode": wire.COMPANIES,
    "A_DebitMemoRequest": owed_wire.DEBITS,
    "A_CreditMemoRequest": owed_wire.CREDITS,
    "A_BillingDocument": owed_wire.BILLS,
    "A_OperationalAcctgDocItemCube": owed_wire.LEDGER,
}


def fields(document: str, entity_set: str) -> list[str]:
    """The properties and navigations of an entity set's type; `NotFound` when the service has no such set.

    What is inside of a complex property is named by both names, `Outer/Inner`.
    """
    try:
        root = ET.fromstring(document)  # noqa: S314 - as above
    except ET.ParseError as unread:
        raise Drifted("its $metadata is no XML", system=SYSTEM) from unread
    sets = {each.get("Name"): each.get("EntityType", "") for each in root.iter() if each.tag.endswith("}EntitySet")}
    types = {each.get("Name", ""): each for each in root.iter() if each.tag.endswith(("}EntityType", "}ComplexType"))}
    found = types.get(_local(sets.get(entity_set, "")))
    if found is None:
        raise NotFound(f"its service has no {entity_set}", system=SYSTEM)
    names = []
    for child in found:
        if child.tag.endswith(("}Property", "}NavigationProperty")):
            name = child.get("Name", "")
            names.append(name)
            names += [f"{name}/{each.get('Name')}" for each in types.get(_local(child.get("Type", "")), ())]
    return names


def _local(name: str) -> str:
    """A type's name without its schema's."""
    return name.rpartition(".")[2]
