"""What the service says of itself: `$metadata` (CSDL 4.0), each API with the company that leads to its pages."""

from typing import Final
from xml.sax.saxutils import quoteattr

from foundation.sandbox import Box
from system_apis.business_central.sandbox.fields import Field, Page
from system_apis.business_central.sandbox.schema import PAGES
from system_apis.business_central.sandbox.tables import is_hidden

_EDM: Final = {
    "text": "Edm.String",
    "decimal": "Edm.Decimal",
    "integer": "Edm.Int32",
    "date": "Edm.Date",
    "guid": "Edm.Guid",
    "bool": "Edm.Boolean",
    "instant": "Edm.DateTimeOffset",
}


def document(box: Box, *, standard: bool, captions: bool) -> str:
    """The service's metadata, CSDL 4.0; lists are enumerations, or texts where their captions are wished for."""
    pages = [page for page in PAGES.values() if page.standard == standard or page.set == "companies"]
    enums = [
        f"<EnumType Name={quoteattr(_enum(page, field))}>"
        + "".join(
            f'<Member Name={quoteattr(word)} Value="{number}"/>' for number, word in enumerate(_words(box, page, field))
        )
        + "</EnumType>"
        for page in pages
        for field in page.fields.values()
        if field.type == "list" and not captions
    ]
    entities = [
        f"<EntityType Name={quoteattr(page.entity)}>"
        '<Key><PropertyRef Name="id"/></Key>'
        + "".join(
            _property(page, field, captions=captions)
            for field in page.fields.values()
            if not is_hidden(box, page, field.name)
        )
        + "".join(_navigation(below) for below in _below(page, pages))
        + "</EntityType>"
        for page in pages
    ]
    sets = "".join(f'<EntitySet Name="{page.set}" EntityType="Microsoft.NAV.{page.entity}"/>' for page in pages)
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">'
        '<edmx:DataServices><Schema Namespace="Microsoft.NAV" xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        f'{"".join(enums)}{"".join(entities)}<EntityContainer Name="NAV">{sets}</EntityContainer>'
        "</Schema></edmx:DataServices></edmx:Edmx>"
    )


def _property(page: Page, field: Field, *, captions: bool) -> str:
    listed = "Edm.String" if captions else f"Microsoft.NAV.{_enum(page, field)}"
    kind = listed if field.type == "list" else _EDM[field.type]
    return f"<Property Name={quoteattr(field.name)} Type={quoteattr(kind)}/>"


def _below(page: Page, pages: list[Page]) -> list[Page]:
    """What is reached through an entity: everything through its company, lines through their document."""
    if page.set == "companies":
        return [each for each in pages if each.set != "companies" and not each.parent]
    return [PAGES[page.lines]] if page.lines else []


def _navigation(page: Page) -> str:
    kind = quoteattr(f"Collection(Microsoft.NAV.{page.entity})")
    return f'<NavigationProperty Name={quoteattr(page.set)} Type={kind} ContainsTarget="true"/>'


def _enum(page: Page, field: Field) -> str:
    return f"{page.entity}{field.name.capitalize()}"


def _words(box: Box, page: Page, field: Field) -> list[str]:
    return [*field.words, *box.option("more_values").get(f"{page.entity}.{field.name}", [])]
