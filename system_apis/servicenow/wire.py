"""ServiceNow's shapes, only the fields we read or write. Every value on its wire is text; an empty one is `""`."""

from typing import Any, Final

import msgspec


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `incident`."""

    sys_id: str
    number: str = ""
    correlation_id: str = ""
    short_description: str = ""
    description: str = ""
    urgency: str = ""
    state: str = ""
    close_notes: str = ""
    sys_mod_count: str = ""
    sys_updated_on: str = ""


class IncidentChanges(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a write names; everything else stays as it is."""

    correlation_id: str | msgspec.UnsetType = msgspec.UNSET
    correlation_display: str | msgspec.UnsetType = msgspec.UNSET
    short_description: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET
    urgency: str | msgspec.UnsetType = msgspec.UNSET
    state: str | msgspec.UnsetType = msgspec.UNSET
    close_code: str | msgspec.UnsetType = msgspec.UNSET
    close_notes: str | msgspec.UnsetType = msgspec.UNSET


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `sys_user`."""

    sys_id: str
    user_name: str = ""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong, in ServiceNow's words."""

    message: str = ""
    detail: str | None = None

    def __str__(self) -> str:
        return ": ".join(part for part in (self.message, self.detail) if part)


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an answer of 400 or more."""

    error: Trouble


class Incidents(msgspec.Struct, frozen=True, kw_only=True):
    """A list answer. `error` may stand beside the rows when time or size ran out halfway."""

    result: list[Incident] = []
    error: Trouble | None = None


class OneIncident(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a write."""

    result: Incident | None = None
    error: Trouble | None = None


class Users(msgspec.Struct, frozen=True, kw_only=True):
    """A list answer."""

    result: list[User] = []
    error: Trouble | None = None


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """A list answer, whatever its columns."""

    result: list[dict[str, msgspec.Raw]] = []


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of `oauth_token.do`."""

    access_token: str
    expires_in: int = 1800
    """Seconds."""


class TokenRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """The error answer of `oauth_token.do` (RFC 6749 section 5.2)."""

    error: str
    error_description: str = ""


def fields(shape: type[msgspec.Struct]) -> dict[str, Any]:
    """Query parameters that ask for exactly the fields of a shape, references as bare ids."""
    return {"sysparm_fields": ",".join(shape.__struct_fields__), "sysparm_exclude_reference_link": "true"}


TABLES: Final = "/api/now/v2/table"
INCIDENTS: Final = "/api/now/v2/table/incident"
USERS: Final = "/api/now/v2/table/sys_user"
TOKEN: Final = "/oauth_token.do"  # noqa: S105 - an address
