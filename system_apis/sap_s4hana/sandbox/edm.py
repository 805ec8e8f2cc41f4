"""`$metadata` of a service: what there is, as EDMX of OData V2."""

from xml.sax.saxutils import quoteattr

from system_apis.sap_s4hana.sandbox.entity_sets import EntitySet
from system_apis.sap_s4hana.sandbox.schema import EDM, SETS

_HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx"'
    ' xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'
    ' xmlns:sap="http://www.sap.com/Protocols/SAPData">'
    '<edmx:DataServices m:DataServiceVersion="2.0">'
    '<Schema Namespace="{namespace}" xml:lang="en" sap:schema-version="1"'
    ' xmlns="http://schemas.microsoft.com/ado/2008/09/edm">'
)
_TAIL = "</Schema></edmx:DataServices></edmx:Edmx>"


def namespace(service: str) -> str:
    """The schema's name: the service's, without the version."""
    return service.partition(";")[0]


def document(service: str, hidden: list[str]) -> str:
    """The whole document. `hidden` are properties nobody set up, as `A_X.Name`."""
    sets = [each for each in SETS.values() if each.service == service]
    space = namespace(service)
    types = "".join(_type(each, space, hidden) for each in sets) + "".join(_complex(each, hidden) for each in sets)
    pairs = [(each, nav) for each in sets for nav in each.navigations]
    associations = "".join(_association(each, nav) for each, nav in pairs)
    members = "".join(
        f'<EntitySet Name="{each.name}" EntityType="{space}.{each.type}"'
        f' sap:creatable="{_word(not each.read_only)}" sap:updatable="{_word(not each.read_only)}"/>'
        for each in sets
    )
    members += "".join(
        f'<AssociationSet Name="{_named(each, nav)}_Set" Association="{space}.{_named(each, nav)}">'
        f'<End EntitySet="{each.name}" Role="From"/><End EntitySet="{each.navigations[nav].to}" Role="To"/>'
        "</AssociationSet>"
        for each, nav in pairs
    )
    container = (
        f'<EntityContainer Name="{space}_Entities" m:IsDefaultEntityContainer="true">{members}</EntityContainer>'
    )
    spaced = associations.replace("{space}", space)
    return _HEAD.replace("{namespace}", space) + types + spaced + container + _TAIL


def _type(each: EntitySet, space: str, hidden: list[str]) -> str:
    keys = "".join(f'<PropertyRef Name="{name}"/>' for name in each.keys)
    properties = ""
    for outer in _outer(each):
        properties += f'<Property Name="{outer}" Type="{space}.{outer}" Nullable="false"/>'
    for name, known in each.properties.items():
        if f"{each.name}.{name}" in hidden or "/" in name:
            continue
        size = f' MaxLength="{known.length}"' if known.kind == "text" else ""
        size = ' Precision="28" Scale="10"' if known.kind == "amount" else size
        nullable = ' Nullable="false"' if name in each.keys else ""
        more = (
            f' sap:creatable="{_word(not known.given)}" sap:updatable="{_word(not (known.given or name in each.keys))}"'
        )
        properties += f"<Property Name={quoteattr(name)} Type={quoteattr(EDM[known.kind])}{nullable}{size}{more}/>"
    navigations = "".join(
        f'<NavigationProperty Name="{nav}" Relationship="{space}.{_named(each, nav)}" FromRole="From" ToRole="To"/>'
        for nav in each.navigations
    )
    return f'<EntityType Name="{each.type}"><Key>{keys}</Key>{properties}{navigations}</EntityType>'


def _outer(each: EntitySet) -> list[str]:
    return list(dict.fromkeys(name.partition("/")[0] for name in each.properties if "/" in name))


def _complex(each: EntitySet, hidden: list[str]) -> str:
    """The types of complex properties, which are called as these are."""
    said = ""
    for outer in _outer(each):
        inner = "".join(
            f'<Property Name="{name.partition("/")[2]}" Type="{EDM[known.kind]}"/>'
            for name, known in each.properties.items()
            if name.startswith(f"{outer}/") and f"{each.name}.{name}" not in hidden
        )
        said += f'<ComplexType Name="{outer}">{inner}</ComplexType>'
    return said


def _association(each: EntitySet, nav: str) -> str:
    to = each.navigations[nav]
    many = "*" if to.many else "0..1"
    return (
        f'<Association Name="{_named(each, nav)}"><End Type="{{space}}.{each.type}" Multiplicity="1" Role="From"/>'
        f'<End Type="{{space}}.{SETS[to.to].type}" Multiplicity="{many}" Role="To"/></Association>'
    )


def _named(each: EntitySet, nav: str) -> str:
    return f"{each.name}_{nav}"


def _word(yes: bool) -> str:
    return "true" if yes else "false"
