"""The shapes of the framework itself (ADF REST): links, collections, batches, errors, descriptions, tokens."""

from typing import Any, Generic, Protocol, TypeVar

import msgspec

T = TypeVar("T")


def links_field() -> Any:
    """The member of a struct that is a `Row`."""
    return msgspec.field(default_factory=list, name="links")


class Properties(msgspec.Struct, frozen=True, rename="camel"):
    """What a link says of the row it leads to."""

    change_indicator: str = ""


class Link(msgspec.Struct, frozen=True):
    """Where a row or its children are."""

    rel: str
    href: str
    properties: Properties = Properties()


class Row(Protocol):
    """What every row has: its own address, which nobody may make up, and its version."""

    @property
    def links(self) -> list[Link]:
        """Where it and its children are."""


class Some(msgspec.Struct, frozen=True):
    """A row of which nothing is asked but that it is one."""


class Listed(msgspec.Struct, Generic[T], frozen=True, rename="camel"):
    """A page of a collection, or the children of a row."""

    items: list[T] = []
    has_more: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One request of a batch."""

    id: str
    path: str
    operation: str
    payload: msgspec.Raw | None = None
    if_match: str = ""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that are done together, or none of them."""

    parts: list[Part]


class BatchDone(msgspec.Struct, frozen=True):
    """All of them were done."""

    parts: list[Some]


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong, and where in the body."""

    detail: str = ""
    code: str = msgspec.field(default="", name="o:errorCode")
    path: str = msgspec.field(default="", name="o:errorPath")


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """An error answer of framework version 4; its `status` is a text."""

    title: str = ""
    detail: str = ""
    details: list[ErrorDetail] = msgspec.field(default_factory=list, name="o:errorDetails")


class Token(msgspec.Struct, frozen=True):
    """What the identity domain gives."""

    access_token: str
    expires_in: int = 3600


class TokenRefusal(msgspec.Struct, frozen=True):
    """Why there is no token; never the description, which may quote what was sent."""

    error: str = ""


class Attribute(msgspec.Struct, frozen=True):
    """One attribute in a describe."""

    name: str


class Described(msgspec.Struct, frozen=True):
    """A resource in a describe, or one of its children."""

    attributes: list[Attribute] = []
    children: dict[str, "Described"] = {}


class Description(msgspec.Struct, frozen=True):
    """A resource's own description."""

    resources: dict[str, Described] = msgspec.field(name="Resources")
