"""Shapes that are alike in every org. API version 62.0."""

from functools import cache
from typing import Generic, TypeVar, get_args

import msgspec

T = TypeVar("T")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A record: field names as Salesforce writes them; a null is None, a record it refers to a `Row` inside."""

    @classmethod
    def columns(cls) -> str:
        """Its fields, as SOQL names them."""
        return ",".join(_columns(cls))


@cache
def _columns(shape: type[Row]) -> tuple[str, ...]:
    found: list[str] = []
    for field in msgspec.structs.fields(shape):
        parents = [
            each for each in (field.type, *get_args(field.type)) if isinstance(each, type) and issubclass(each, Row)
        ]
        inner = [f"{field.encode_name}.{column}" for parent in parents for column in _columns(parent)]
        found += inner or [field.encode_name]
    return tuple(found)


class Token(msgspec.Struct, frozen=True):
    """What a sign-in gives. There is no `expires_in`."""

    access_token: str
    instance_url: str


class TokenRefusal(msgspec.Struct, frozen=True):
    """Why there is no token; the description may be missing or null."""

    error: str
    error_description: str | None = None


class UserInfo(msgspec.Struct, frozen=True):
    """Who we are."""

    preferred_username: str
    organization_id: str


class Rows(msgspec.Struct, Generic[T], frozen=True, rename="camel"):
    """A page of a query."""

    total_size: int
    done: bool
    records: list[T]
    next_records_url: str = ""


class Part(msgspec.Struct, frozen=True, rename="camel"):
    """One answer of a composite: its own status, and a body that is read like any other."""

    reference_id: str
    http_status_code: int
    body: msgspec.Raw


class Composite(msgspec.Struct, frozen=True, rename="camel"):
    """The answers to several calls in one."""

    composite_response: list[Part]


class Problem(msgspec.Struct, frozen=True, rename="camel"):
    """One entry of an error answer, which is always a list."""

    error_code: str
    message: str = ""
    fields: list[str] | None = None


class SaveProblem(msgspec.Struct, frozen=True, rename="camel"):
    """The same, where several records are saved at once: its code goes by another name there."""

    status_code: str
    message: str = ""
    fields: list[str] | None = None


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What came of saving one record; a record that was not saved has no id."""

    success: bool
    id: str = ""
    created: bool | None = None
    errors: list[SaveProblem] = []


class PicklistValue(msgspec.Struct, frozen=True, rename="camel"):
    """One entry of a list."""

    value: str
    active: bool = True


class DescribedField(msgspec.Struct, frozen=True, rename="camel"):
    """A field as `describe` tells it."""

    name: str
    picklist_values: list[PicklistValue] = []


class Describe(msgspec.Struct, frozen=True, rename="camel"):
    """An object as `describe` tells it."""

    fields: list[DescribedField]
