"""What the organisation says of itself: `EntityDefinitions`, and the service document `$metadata` (CSDL 4.0)."""

import re
from collections.abc import Mapping
from typing import Any, Final
from xml.sax.saxutils import quoteattr

from foundation.sandbox import Box, Record
from system_apis.dataverse.sandbox import delta
from system_apis.dataverse.sandbox.errors import invalid, no_segment
from system_apis.dataverse.sandbox.schema import TABLES, Column, ColumnType, Table

_EDM: Final[dict[ColumnType, str]] = {
    "Uniqueidentifier": "Edm.Guid",
    "Lookup": "Edm.Guid",
    "String": "Edm.String",
    "Memo": "Edm.String",
    "MultiSelectPicklist": "Edm.String",
    "Money": "Edm.Decimal",
    "Decimal": "Edm.Decimal",
    "Integer": "Edm.Int32",
    "Picklist": "Edm.Int32",
    "State": "Edm.Int32",
    "Status": "Edm.Int32",
    "BigInt": "Edm.Int64",
    "Boolean": "Edm.Boolean",
    "DateOnly": "Edm.Date",
    "DateTime": "Edm.DateTimeOffset",
}
_CAST: Final[dict[str, ColumnType]] = {
    "Microsoft.Dynamics.CRM.PicklistAttributeMetadata": "Picklist",
    "Microsoft.Dynamics.CRM.StateAttributeMetadata": "State",
    "Microsoft.Dynamics.CRM.StatusAttributeMetadata": "Status",
}


def definition(box: Box, table: Table, asked: Mapping[str, str]) -> Record:
    """A table with its columns, or what of it is selected and expanded."""
    whole = _whole(box, table)
    if "$select" not in asked:
        return whole
    wanted = {*asked["$select"].split(","), *re.findall(r"^\w+", asked.get("$expand", ""))}
    if unknown := sorted(wanted - whole.keys()):
        raise invalid(
            f"Could not find a property named '{unknown[0]}' on type 'Microsoft.Dynamics.CRM.EntityMetadata'."
        )
    return {name: value for name, value in whole.items() if name in wanted}


def _whole(box: Box, table: Table) -> Record:
    return {
        "LogicalName": table.name,
        "EntitySetName": table.set,
        "PrimaryIdAttribute": table.key,
        "PrimaryNameAttribute": table.label,
        "ChangeTrackingEnabled": delta.is_switched_on(box, table),
        "Attributes": [_attribute(column) for column in _visible(box, table)],
    }


def definitions(box: Box, asked: Mapping[str, str]) -> list[Record]:
    """Every table, or the one that `$filter=LogicalName eq '...'` names, without its columns."""
    wanted = re.fullmatch(r"LogicalName eq '([\w]+)'", asked.get("$filter", ""))
    if "$filter" in asked and wanted is None:
        raise invalid(f"The filter '{asked['$filter']}' is not supported on EntityDefinitions.")
    found = [table for table in TABLES.values() if wanted is None or table.name == wanted[1]]
    return [{key: value for key, value in _whole(box, each).items() if key != "Attributes"} for each in found]


def choices(box: Box, table: Table, cast: str) -> list[Record]:
    """The columns of one kind of choice, with their words."""
    wanted = _CAST.get(cast)
    if wanted is None:
        raise no_segment(cast)
    more = box.option("more_values")
    return [
        _attribute(column) | {"OptionSet": {"Options": _options(column, more.get(f"{table.name}.{column.name}", {}))}}
        for column in _visible(box, table)
        if column.type == wanted
    ]


def document(box: Box) -> str:
    """Every table as an entity type: its properties, and the navigation properties by which lookups are followed."""
    types = "".join(_entity_type(box, table) for table in TABLES.values())
    sets = "".join(_entity_set(table) for table in TABLES.values())
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        '<Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        '<EntityType Name="crmbaseentity" Abstract="true" />'
        f'{types}<EntityContainer Name="System">{sets}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


def _visible(box: Box, table: Table) -> list[Column]:
    hidden = box.option("hidden_fields")
    return [column for column in table.columns.values() if f"{table.name}.{column.name}" not in hidden]


def _attribute(column: Column) -> Record:
    custom = column.name.startswith("tg_")
    shown: Record = {"LogicalName": column.name, "AttributeType": column.type, "IsCustomAttribute": custom}
    return shown | {"MaxLength": column.length} if column.length else shown


def _options(column: Column, more: dict[str, str]) -> list[Record]:
    words: dict[int, Any] = {**column.options, **{int(code): label for code, label in more.items()}}
    return [
        {"Value": code, "Label": {"LocalizedLabels": [label], "UserLocalizedLabel": label}}
        for code, word in words.items()
        for label in [{"Label": word, "LanguageCode": 1033}]
    ]


def _entity_type(box: Box, table: Table) -> str:
    properties = "".join(_property(column) for column in _visible(box, table))
    navigations = "".join(
        f"<NavigationProperty Name={quoteattr(name)} Type={quoteattr(f'mscrm.{target}')} />"
        for name, (_, target) in table.navigations.items()
    )
    key = f"<Key><PropertyRef Name={quoteattr(table.key)} /></Key>"
    return f'<EntityType Name="{table.name}" BaseType="mscrm.crmbaseentity">{key}{properties}{navigations}</EntityType>'


def _property(column: Column) -> str:
    """A lookup is written by its navigation property: as a value it is computed, like what only the vendor sets."""
    computed = column.type == "Lookup" or not column.writable
    annotation = '<Annotation Term="Org.OData.Core.V1.Computed" Bool="true" />' if computed else ""
    return f"<Property Name={quoteattr(column.wire)} Type={quoteattr(_EDM[column.type])}>{annotation}</Property>"


def _entity_set(table: Table) -> str:
    bindings = "".join(
        f"<NavigationPropertyBinding Path={quoteattr(name)} Target={quoteattr(TABLES[target].set)} />"
        for name, (_, target) in table.navigations.items()
    )
    return f'<EntitySet Name="{table.set}" EntityType="Microsoft.Dynamics.CRM.{table.name}">{bindings}</EntitySet>'
