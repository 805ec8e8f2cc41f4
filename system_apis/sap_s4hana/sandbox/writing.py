"""How the sandbox takes an entity in: deep inserts, partial updates, and what SAP refuses."""

import re
import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from foundation.sandbox import Box, Record
from system_apis.sap_s4hana.sandbox import people_rules
from system_apis.sap_s4hana.sandbox.edm import namespace
from system_apis.sap_s4hana.sandbox.entity_sets import EntitySet, Property
from system_apis.sap_s4hana.sandbox.errors import refused, unknown_property
from system_apis.sap_s4hana.sandbox.project_rules import RULES as PROJECT_RULES
from system_apis.sap_s4hana.sandbox.project_rules import deletable
from system_apis.sap_s4hana.sandbox.schema import ROOTS, SETS

FIRST: Final = {
    # Where SAP's own number ranges begin, and the step between two numbers.
    "A_BusinessPartner": (10100000, 1),
    "A_BusinessPartnerAddress": (22000, 1),
    "A_AddressEmailAddress": (0, 1),
    "A_BusinessPartnerContact": (1100, 1),
    "A_SalesContract": (40000000, 1),
    "A_SalesOrder": (1000, 1),
    "A_DebitMemoRequest": (70000000, 1),
    "A_CreditMemoRequest": (60000000, 1),
    "A_SalesOrderItemBillingPlan": (500, 1),
    "TimeSheetEntryCollection": (100000001491, 1),
}
_CURRENCIES: Final = frozenset("USD EUR INR GBP JPY KWD CHF".split())
_TICKS: Final = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")
_BAD_VALUE: Final = "005056A509B11ED1BDCCB3B7B3C28E3D"


def create(box: Box, entity_set: EntitySet, body: Record, inherited: Record | None = None) -> Record:
    """Keep a new entity with its children: all of them, or the call is undone."""
    body = flat(entity_set, body)
    children = {name: body[name] for name in entity_set.navigations if name in body}
    if entity_set.name == "A_BusinessPartnerContact":
        children.setdefault("to_ContactRelationship", {})  # the same record to SAP: it is there whatever is said of it
    record = (inherited or {}) | fields_of(entity_set, body, box.option("hidden_fields"), changing=False)
    _number(box, entity_set, record)
    for name, known in entity_set.properties.items():
        if known.needed and not record.get(name):
            raise refused(400, "V1/489", f"Enter a value for {name}", target=name)
    id = id_of(entity_set, record)
    if box.store.get(entity_set.name, id) is not None:
        raise refused(400, "R1/101", f"{entity_set.name} {id} already exists")
    _check(box, entity_set, record)
    if entity_set.versioned:
        record |= {"CreationDate": box.now().date().isoformat()} | stamp(box)
    box.store.insert(entity_set.name, id, record)
    for name, said in children.items():
        navigation = entity_set.navigations[name]
        passed = {other: record.get(own) for other, own in navigation.by.items()}
        if navigation.to == "A_Customer":
            passed = {"Customer": _as_customer(box, record), "CustomerName": record.get("OrganizationBPName1", "")}
        for each in _entities(said, name):
            create(box, SETS[navigation.to], each, passed)
    return box.store.get(entity_set.name, id) or record


def update(box: Box, entity_set: EntitySet, record: Record, body: Record) -> Record:
    """Change an entity; keys stay as they are."""
    body = flat(entity_set, body)
    if deep := [name for name in body if name in entity_set.navigations]:
        raise refused(400, "/IWBEP/CM_MGW_RT/097", f"Deep update is not supported: {deep[0]}")
    changes = fields_of(entity_set, body, box.option("hidden_fields"), changing=True)
    for name in entity_set.keys:
        if name in changes and changes[name] != record[name]:
            raise refused(400, "V1/155", f"Key field {name} cannot be changed", target=name)
    emptied = next((name for name in changes if entity_set.properties[name].needed and not changes[name]), None)
    if emptied:
        raise refused(400, "V1/489", f"Enter a value for {emptied}", target=emptied)
    _check(box, entity_set, record | changes)
    id = id_of(entity_set, record)
    kept = box.store.update(entity_set.name, id, changes | (stamp(box) if entity_set.versioned else {}))
    touched(box, entity_set, record)
    return kept


def touched(box: Box, entity_set: EntitySet, record: Record) -> None:
    """A child was changed: what it belongs to has a new version."""
    root, key = ROOTS.get(entity_set.name, ("", ""))
    if root and box.store.get(root, record[key]) is not None:
        box.store.update(root, record[key], stamp(box))


def delete(box: Box, entity_set: EntitySet, record: Record) -> None:
    """Forget an entity and its children."""
    deletable(box, entity_set.name, record)
    for navigation in entity_set.navigations.values():
        of = {other: record.get(own) for other, own in navigation.by.items()}
        for child in box.store.find(navigation.to, **of):
            delete(box, SETS[navigation.to], child)
    box.store.delete(entity_set.name, id_of(entity_set, record))
    touched(box, entity_set, record)


def id_of(entity_set: EntitySet, record: Record) -> str:
    """Its key in the store."""
    return "|".join(str(record[name]) for name in entity_set.keys)


def flat(entity_set: EntitySet, body: Record) -> Record:
    """A body whose complex properties are called by both names, as the tables call them."""
    outer = {name.partition("/")[0] for name in entity_set.properties if "/" in name}
    kept = {name: value for name, value in body.items() if name not in outer}
    for name in outer & body.keys():
        if not isinstance(body[name], dict):
            raise refused(400, _BAD_VALUE, f"Invalid value for property {name}", target=name)
        kept |= {f"{name}/{inner}": value for inner, value in body[name].items() if inner != "__metadata"}
    return kept


def fields_of(entity_set: EntitySet, body: Record, hidden: list[str], *, changing: bool) -> Record:
    """The properties of a body as they are kept; a name the type does not have is refused."""
    kept: Record = {}
    for name, value in body.items():
        if name in entity_set.navigations or name == "__metadata":
            continue
        known = entity_set.properties.get(name)
        if known is None or f"{entity_set.name}.{name}" in hidden:
            raise unknown_property(name, f"{namespace(entity_set.service)}.{entity_set.type}")
        if known.given or (changing and known.numbered and name not in entity_set.keys):
            continue  # only SAP sets it: what is sent for it is passed over
        kept[name] = _kept(known, value)
    return kept


def _kept(known: Property, value: Any) -> Any:
    """A value as it is kept, or the refusal it earns: V2's amounts are text, its dates have two forms."""
    if value is None:
        return None
    read = _READ[known.kind](value)
    if read is None:
        words = f"Invalid value {str(value)[:40]} for property {known.name} of type {known.kind}"
        raise refused(400, _BAD_VALUE, words, target=known.name)
    if known.kind == "text" and len(read) > known.length:
        words = f"Property '{known.name}' has invalid value: it is longer than {known.length} characters"
        raise refused(400, _BAD_VALUE, words, target=known.name)
    return read


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _amount(value: Any) -> str | None:
    try:
        return format(Decimal(value), "f") if isinstance(value, str) else None
    except InvalidOperation:
        return None


def _day(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    if ticks := _TICKS.fullmatch(value):
        return date.fromordinal(date(1970, 1, 1).toordinal() + int(ticks[1]) // 86_400_000).isoformat()
    try:
        return date.fromisoformat(value[:10]).isoformat() if "T" in value else None
    except ValueError:
        return None


def _guid(value: Any) -> str | None:
    try:
        return str(uuid.UUID(value))
    except (ValueError, TypeError, AttributeError):
        return None


_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "text": _text,
    "amount": _amount,
    "date": _day,
    "stamp": _text,
    "time": _text,
    "guid": _guid,
    "bool": lambda value: value if isinstance(value, bool) else None,
}


def _entities(said: Any, name: str) -> list[Record]:
    """The children in a body: a plain list, `{"results": [...]}`, or the one there is."""
    if isinstance(said, dict):
        said = said.get("results", [said])
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        raise refused(400, _BAD_VALUE, f"Invalid value for navigation property {name}", target=name)
    return said


def _number(box: Box, entity_set: EntitySet, record: Record) -> None:
    for name in entity_set.keys:
        known = entity_set.properties[name]
        if record.get(name) or not known.numbered:
            record.setdefault(name, "")  # e.g. the person of an organization's e-mail address
            continue
        if known.kind == "guid":
            number = box.store.next_number(entity_set.name)
            record[name] = str(uuid.UUID(int=(0xFA163E << 104) | (1 << 76) | (1 << 63) | number))
        elif entity_set.name in FIRST:
            start, step = FIRST[entity_set.name]
            record[name] = str(start + step * box.store.next_number(entity_set.name))
        else:
            record[name] = str(10 * (1 + _last(box, entity_set, name, record)))


def _last(box: Box, entity_set: EntitySet, name: str, record: Record) -> int:
    """The number of the last sibling, in tens."""
    of = {key: record[key] for key in entity_set.keys if key in record and record[key] and key != name}
    return max((int(each[name]) // 10 for each in box.store.find(entity_set.name, **of)), default=0)


def _as_customer(box: Box, partner: Record) -> str:
    """A partner becomes a customer by its role, and has the same number as one."""
    number = partner["BusinessPartner"]
    roles = {each["BusinessPartnerRole"] for each in box.store.find("A_BusinessPartnerRole", BusinessPartner=number)}
    if not roles & {"FLCU00", "FLCU01"}:
        raise refused(400, "R11/218", f"Business partner {number} has no customer role", target="to_Customer")
    box.store.update("A_BusinessPartner", number, {"Customer": number})
    return str(number)


def stamp(box: Box) -> Record:
    """When a record was changed: now."""
    at = box.now()
    # Two changes at one instant are two versions.
    number = box.store.next_number("version")
    return {
        "LastChangeDateTime": f"{at:%Y-%m-%dT%H:%M:%S}.{number % 10_000_000:07}Z",
        "LastChangeDate": f"{at:%Y-%m-%d}",
    }


def _check(box: Box, entity_set: EntitySet, record: Record) -> None:
    rule = _RULES.get(entity_set.name)
    if rule:
        rule(box, record)


def _sales_document(box: Box, record: Record) -> None:
    area = {"SalesOrganization": record["SalesOrganization"], "DistributionChannel": record["DistributionChannel"]}
    customer = record["SoldToParty"].lstrip("0")
    if not box.store.find("A_CustomerSalesArea", Customer=customer, Division=record["OrganizationDivision"], **area):
        places = f"{area['SalesOrganization']} {area['DistributionChannel']} {record['OrganizationDivision']}"
        words = f"Sold-to party {customer} not maintained for sales area {places}"
        raise refused(400, "VP/199", words, target="SoldToParty")
    blocked = (box.store.get("A_Customer", customer) or {}).get("OrderIsBlockedForCustomer")
    if blocked and not record.get("LastChangeDateTime"):
        raise refused(400, "V1/421", f"Customer {customer} is blocked for sales documents", target="SoldToParty")
    _currency(record.get("TransactionCurrency"), "TransactionCurrency")
    ends, starts = (record.get(f"SalesContractValidity{each}Date") for each in ("End", "Start"))
    if starts and ends and ends < starts:
        raise refused(400, "V1/618", "The validity ends before it starts", target="SalesContractValidityEndDate")


def _request(box: Box, record: Record) -> None:
    """A request is not changed once it is billed."""
    _sales_document(box, record)
    if record.setdefault("OverallOrdReltdBillgStatus", "A") != "A":
        raise refused(400, "V1/492", "The document is billed already and cannot be changed")


def _order(box: Box, record: Record) -> None:
    """An order is of a day, and waits to be billed."""
    _sales_document(box, record)
    record.setdefault("OverallOrdReltdBillgStatus", "A")
    if not record.get("SalesOrderDate"):
        record["SalesOrderDate"] = box.now().date().isoformat()


def _of(document: str) -> Callable[[Box, Record], None]:
    """What holds for the items of a document: products its sales area sells, and elements of projects."""

    def check(box: Box, record: Record) -> None:
        head = box.store.get(f"A_{document}", record[document]) or {}
        area = {
            "ProductSalesOrg": head.get("SalesOrganization"),
            "ProductDistributionChnl": head.get("DistributionChannel"),
        }
        if not box.store.find("A_ProductSalesDelivery", Product=record["Material"], **area):
            words = f"Material {record['Material']} is not defined for the sales area"
            raise refused(400, "V1/302", words, target="Material")
        _element(box, record)

    return check


def _element(box: Box, record: Record) -> None:
    element = record.get("WBSElement")
    if element and not box.store.find("A_EnterpriseProjectElement", ProjectElement=element):
        raise refused(400, "CJ/021", f"WBS element {element} does not exist", target="WBSElement")


def _project(box: Box, record: Record) -> None:
    same = box.store.find("A_EnterpriseProject", Project=record["Project"])
    if any(each["ProjectUUID"] != record["ProjectUUID"] for each in same):
        raise refused(400, "CJ/402", f"Project {record['Project']} already exists", target="Project")
    record.setdefault("ProcessingStatus", "00")
    if not record.get("CompanyCode"):
        record["CompanyCode"] = _company_of(box, record["ResponsibleCostCenter"])
    starts, ends = record.get("ProjectStartDate"), record.get("ProjectEndDate")
    if starts and ends and ends < starts:
        raise refused(400, "CJ/223", "The finish date is before the start date", target="ProjectEndDate")
    _currency(record.get("ProjectCurrency"), "ProjectCurrency")
    record["ProjectInternalID"] = record["Project"].replace("-", "")


def _company_of(box: Box, cost_center: str) -> str:
    """The company code of a cost center."""
    found = box.store.find("ZTG_LegalEntity", ResponsibleCostCenter=cost_center)
    if not found:
        raise refused(400, "KI/235", f"Cost center {cost_center} does not exist", target="ResponsibleCostCenter")
    return str(found[0]["CompanyCode"])


def _company(box: Box, record: Record) -> None:
    if box.store.get("A_CompanyCode", record["CompanyCode"]) is None:
        raise refused(400, "F5/165", f"Company code {record['CompanyCode']} does not exist", target="CompanyCode")


def _area(_: Box, record: Record) -> None:
    _currency(record.get("Currency"), "Currency")


def _currency(code: Any, target: str) -> None:
    if code and code not in _CURRENCIES:
        raise refused(400, "SV/201", f"Currency {code} is not defined", target=target)


_RULES: Final[dict[str, Callable[[Box, Record], None]]] = PROJECT_RULES | {
    "A_BusinessPartner": people_rules.partner,
    "A_BusinessPartnerContact": people_rules.contact,
    "A_SalesContract": _sales_document,
    "A_SalesOrder": _order,
    "A_DebitMemoRequest": _request,
    "A_CreditMemoRequest": _request,
    "A_SalesContractItem": _of("SalesContract"),
    "A_DebitMemoRequestItem": _of("DebitMemoRequest"),
    "A_CreditMemoRequestItem": _of("CreditMemoRequest"),
    "A_SalesOrderItem": _of("SalesOrder"),
    "A_EnterpriseProject": _project,
    "A_CustomerCompany": _company,
    "A_CustomerSalesArea": _area,
}
