"""How an entity is shown in JSON of OData V2: `__metadata`, dates as ticks, amounts as text, children or an address."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from canonical.money import minor_units
from foundation.sandbox import Box, Record
from system_apis.sap_s4hana.sandbox.edm import namespace
from system_apis.sap_s4hana.sandbox.entity_sets import EntitySet
from system_apis.sap_s4hana.sandbox.errors import no_such_segment, unknown_property
from system_apis.sap_s4hana.sandbox.schema import SETS

Tree = dict[str, "Tree"]
PRICES: Final = {
    "SalesOrder": "A_SalesOrderItemPrElement",
    "DebitMemoRequest": "A_DebitMemoReqItemPrcgElmnt",
    "CreditMemoRequest": "A_CreditMemoReqItemPrcgElmnt",
}
"""What is billed -> the prices of its items."""


class View:
    """One call's way of looking at entities: from where, and what of them."""

    def __init__(self, box: Box, origin: str, expand: str = "", select: str = "") -> None:
        self._box = box
        self._origin = origin
        self.hidden: list[str] = box.option("hidden_fields")
        self._expand = _tree(expand)
        self._select = [name for name in select.split(",") if name]

    def check(self, entity_set: EntitySet) -> None:
        """Refuse what is not there to be expanded or selected."""
        _checked(entity_set, self._expand)
        for name in self._select:
            if name.partition("/")[0] not in {*entity_set.properties, *entity_set.navigations, "*"}:
                raise unknown_property(name, f"{namespace(entity_set.service)}.{entity_set.type}")

    def entity(self, entity_set: EntitySet, record: Record) -> Record:
        """One entity."""
        shown = self._shown(entity_set, record, self._expand)
        if self._select and "*" not in self._select:
            wanted = {name.partition("/")[0] for name in self._select} | {"__metadata"}
            return {name: value for name, value in shown.items() if name in wanted}
        return shown

    def address(self, entity_set: EntitySet, record: Record) -> str:
        """Where it is."""
        return f"{self._origin}/sap/opu/odata/sap/{entity_set.service}/{entity_set.name}({key_of(entity_set, record)})"

    def _shown(self, entity_set: EntitySet, record: Record, expand: Tree) -> Record:
        here = self.address(entity_set, record)
        about = {"id": here, "uri": here, "type": f"{namespace(entity_set.service)}.{entity_set.type}"}
        if entity_set.versioned:
            about["etag"] = etag_of(record)
        shown: Record = {"__metadata": about}
        worth = worked_out(self._box, entity_set, record)
        for name, known in entity_set.properties.items():
            if f"{entity_set.name}.{name}" in self.hidden:
                continue
            outer, _, inner = name.partition("/")
            value = written(known.kind, worth.get(name, record.get(name)))
            if inner:
                shown.setdefault(outer, {"__metadata": {"type": f"{namespace(entity_set.service)}.{outer}"}})
                shown[outer][inner] = value
            else:
                shown[name] = value
        for name, navigation in entity_set.navigations.items():
            if name not in expand:
                shown[name] = {"__deferred": {"uri": f"{here}/{name}"}}
                continue
            to = SETS[navigation.to]
            found = [self._shown(to, each, expand[name]) for each in related(self._box, entity_set, record, name)]
            shown[name] = {"results": found} if navigation.many else next(iter(found), None)
        return shown


def related(box: Box, entity_set: EntitySet, record: Record, name: str) -> list[Record]:
    """The entities a navigation leads to."""
    if name not in entity_set.navigations:
        raise no_such_segment(name)
    navigation = entity_set.navigations[name]
    return box.store.find(navigation.to, **{other: record.get(own) for other, own in navigation.by.items()})


def worked_out(box: Box, entity_set: EntitySet, record: Record) -> Record:
    """What SAP works out from an entity's children: net amounts, where rejected items count nothing."""
    if entity_set.name == "A_SalesContract":
        items = box.store.find("A_SalesContractItem", SalesContract=record["SalesContract"])
        return {"TotalNetAmount": sum((_price(box, each) for each in items), Decimal(0))}
    if entity_set.name == "A_SalesContractItem":
        return {"NetAmount": _price(box, record)}
    for key in PRICES:
        if entity_set.name == f"A_{key}Item":
            return {"NetAmount": item_net(box, key, record)}
        if entity_set.name == f"A_{key}":
            items = box.store.find(f"A_{key}Item", **{key: record[key]})
            kept = (each for each in items if not each.get("SalesDocumentRjcnReason"))
            return {"TotalNetAmount": sum((item_net(box, key, each) for each in kept), Decimal(0))}
    return {}


def item_net(box: Box, key: str, item: Record) -> Decimal:
    """What an item of an order or a request comes to: what its billing plan bills, else quantity times price.

    A price may be one for several pieces; what it comes to is rounded as its currency is.
    """
    of = {name: item[name] for name in (key, f"{key}Item")}
    dates = box.store.find("A_SlsOrderItemBillingPlanItem", **of) if key == "SalesOrder" else []
    if dates:
        return sum((Decimal(each.get("BillingPlanAmount") or 0) for each in dates), Decimal(0))
    prices = box.store.find(PRICES[key], **of)
    rate = sum(
        (Decimal(each.get("ConditionRateValue") or 0) / Decimal(each.get("ConditionQuantity") or 1) for each in prices),
        Decimal(0),
    )
    currency = next((each.get("ConditionCurrency") or "" for each in prices), "")
    worth = rate * Decimal(item.get("RequestedQuantity") or 0)
    return worth.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_UP)


def _price(box: Box, item: Record) -> Decimal:
    if item.get("SalesDocumentRjcnReason"):
        return Decimal(0)
    of = {"SalesContract": item["SalesContract"], "SalesContractItem": item["SalesContractItem"]}
    prices = box.store.find("A_SalesContractItemPrcgElmnt", **of)
    return sum((Decimal(each.get("ConditionRateValue") or 0) for each in prices), Decimal(0))


def written(kind: str, value: Any) -> Any:
    """A value in V2's JSON."""
    if kind == "bool":
        return bool(value)
    if kind == "text":
        return value or ""
    if value is None or value == "":
        return None
    if kind == "date":
        at = datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC)
        return f"/Date({int(at.timestamp()) * 1000})/"
    if kind == "stamp":
        return f"/Date({int(datetime.fromisoformat(value).timestamp() * 1000)}+0000)/"
    return str(value)


def etag_of(record: Record) -> str:
    """An entity's version: its last change, quoted."""
    return f"W/\"datetimeoffset'{quote(record['LastChangeDateTime'])}'\""


def key_of(entity_set: EntitySet, record: Record) -> str:
    """An entity's key as it stands in an address."""
    said = {name: _literal(entity_set, name, record[name]) for name in entity_set.keys}
    return next(iter(said.values())) if len(said) == 1 else ",".join(f"{name}={value}" for name, value in said.items())


def _literal(entity_set: EntitySet, name: str, value: str) -> str:
    text = quote(str(value).replace("'", "''"), safe="")
    match entity_set.properties[name].kind:
        case "guid":
            return f"guid'{text}'"
        case "date":
            return f"datetime'{text}T00%3A00%3A00'"
        case _:
            return f"'{text}'"


def _tree(expand: str) -> Tree:
    tree: Tree = {}
    for path in filter(None, expand.split(",")):
        place = tree
        for name in path.strip().split("/"):
            place = place.setdefault(name, {})
    return tree


def _checked(entity_set: EntitySet, expand: Tree) -> None:
    for name, below in expand.items():
        if name not in entity_set.navigations:
            raise no_such_segment(name)
        _checked(SETS[entity_set.navigations[name].to], below)


ATOM: Final = "application/atom+xml;type=feed; charset=utf-8"


def atom(entities: list[Record]) -> str:
    """The same as Atom, which is what SAP answers when nobody asks for JSON."""
    entries = ""
    for each in entities:
        fields = "".join(
            f"<d:{name}>{escape(str(value))}</d:{name}>"
            for name, value in each.items()
            if not isinstance(value, (dict, list)) and value is not None
        )
        place = escape(each["__metadata"]["uri"])
        entries += f"<entry><id>{place}</id><content><m:properties>{fields}</m:properties></content></entry>"
    spaces = (
        'xmlns="http://www.w3.org/2005/Atom" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'
        ' xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices"'
    )
    return f'<?xml version="1.0" encoding="utf-8"?><feed {spaces}>{entries}</feed>'
