"""What an error answer of an org means: the code in the body says more than the status.

Limits are 403, not 429; a refused lock or an exhausted quota wants patience, a missing field is a misfit of the org.
"""

from collections.abc import Mapping
from typing import Any, Final

import httpx
import msgspec

from canonical.faults import (
    Drifted,
    Fault,
    FieldError,
    NotFound,
    VendorBusy,
    VendorDown,
    VendorDuplicate,
    VendorForbade,
    VendorRefused,
    VendorSignIn,
    VendorStale,
)
from foundation.salesforce import wire

CODES: Final[Mapping[str, type[Fault]]] = {
    **dict.fromkeys(("INVALID_SESSION_ID", "INVALID_AUTH_HEADER"), VendorSignIn),
    **dict.fromkeys(("REQUEST_LIMIT_EXCEEDED", "UNABLE_TO_LOCK_ROW", "QUERY_TIMEOUT"), VendorBusy),
    # A lost page is not there any more, but the whole query can be asked again.
    **dict.fromkeys(("SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "INVALID_QUERY_LOCATOR"), VendorDown),
    **dict.fromkeys(
        (
            "API_DISABLED_FOR_ORG",
            "INSUFFICIENT_ACCESS",
            "INSUFFICIENT_ACCESS_OR_READONLY",
            "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
        VendorForbade,
    ),
    **dict.fromkeys(("NOT_FOUND", "ENTITY_IS_DELETED", "MALFORMED_ID"), NotFound),
    **dict.fromkeys(("DUPLICATES_DETECTED", "DUPLICATE_VALUE"), VendorDuplicate),
    **dict.fromkeys(
        (
            "REQUIRED_FIELD_MISSING",
            "FIELD_CUSTOM_VALIDATION_EXCEPTION",
            "FIELD_INTEGRITY_EXCEPTION",
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "INVALID_CROSS_REFERENCE_KEY",
            "INVALID_EMAIL_ADDRESS",
            "STRING_TOO_LONG",
            "STORAGE_LIMIT_EXCEEDED",
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        ),
        VendorRefused,
    ),
    # A query or field of ours this org does not know: our mapping and the org have come apart.
    **dict.fromkeys(("INVALID_FIELD", "INVALID_TYPE", "MALFORMED_QUERY", "JSON_PARSER_ERROR"), Drifted),
}

_CONSEQUENCES: Final = frozenset({"ALL_OR_NONE_OPERATION_ROLLED_BACK", "PROCESSING_HALTED"})
"""What the others say when one of them fails."""


class DuplicateMatch(msgspec.Struct, frozen=True):
    """The record a duplicate rule found."""

    record: dict[str, Any] = {}


class DuplicateMatches(msgspec.Struct, frozen=True, rename="camel"):
    """What one matching rule found."""

    match_records: list[DuplicateMatch] = []


class DuplicateResult(msgspec.Struct, frozen=True, rename="camel"):
    """What a duplicate rule says."""

    match_results: list[DuplicateMatches] = []


class Duplicates(msgspec.Struct, frozen=True):
    """The duplicate rule's part of an error; live orgs leave out a letter of its name."""

    misspelt: DuplicateResult | None = msgspec.field(default=None, name="duplicateResut")
    as_documented: DuplicateResult | None = msgspec.field(default=None, name="duplicateResult")

    def ids(self) -> list[str]:
        """Ids of the records it matched."""
        found = self.misspelt or self.as_documented or DuplicateResult()
        return [str(match.record.get("Id", "")) for rule in found.match_results for match in rule.match_records]


def limited(response: httpx.Response) -> bool:
    """Whether the org's limits refuse it: 403, by its code (QUIRKS 3)."""
    return response.status_code == httpx.codes.FORBIDDEN and b"REQUEST_LIMIT_EXCEEDED" in response.content


def fault_of(response: httpx.Response) -> Fault | None:
    """The fault an error answer stands for; None where only its status speaks (no body, HTML)."""
    if response.status_code == httpx.codes.MULTIPLE_CHOICES:
        return VendorDuplicate("several records have this external id")
    if response.status_code == httpx.codes.PRECONDITION_FAILED:
        return VendorStale("the record changed since it was read")
    if not response.content:
        return None
    problems = msgspec.json.decode(response.content, type=list[wire.Problem])
    if not problems:
        return None
    first = problems[0]
    kind = _kind(first.error_code, first.message)
    if kind is None:
        return Drifted(f"answered {response.status_code} with the unknown code {first.error_code}: {first.message}")
    if first.error_code == "INVALID_CROSS_REFERENCE_KEY" and response.status_code == httpx.codes.NOT_FOUND:
        kind = NotFound  # what a PATCH or DELETE of an unknown id is answered with
    facts = {"code": first.error_code}
    if kind is VendorDuplicate:
        known = [id for each in msgspec.json.decode(response.content, type=list[Duplicates]) for id in each.ids()]
        facts |= {"records": ",".join(known)} if known else {}
    errors = [
        FieldError(detail=each.message, pointer=f"/{name}", rule=each.error_code)
        for each in problems
        for name in each.fields or ()
    ]
    return kind(first.message, errors=errors, **facts)


def unsaved(saved: list[wire.Saved]) -> Fault | None:
    """The fault of the first record that could not be saved, where several are saved at once; None where all were."""
    said = [problem for each in saved for problem in each.errors if not each.success]
    causes = [each for each in said if each.status_code not in _CONSEQUENCES]
    if not causes:
        return Drifted("records were not saved, and nothing says why") if not all(e.success for e in saved) else None
    first = causes[0]
    kind = _kind(first.status_code, first.message)
    if kind is None:
        return Drifted(f"a record was not saved, with the unknown code {first.status_code}: {first.message}")
    errors = [
        FieldError(detail=first.message, pointer=f"/{name}", rule=first.status_code) for name in first.fields or ()
    ]
    return kind(first.message, errors=errors, code=first.status_code)


def undone(part: wire.Part) -> bool:
    """Whether a part of a composite says no more than that another one failed."""
    return b'"PROCESSING_HALTED"' in bytes(part.body)


def _kind(code: str, message: str) -> type[Fault] | None:
    # The same code says that a field is not there, and that no record has the external id we refer to.
    if code == "INVALID_FIELD" and message.startswith("Foreign key external ID"):
        return VendorRefused
    return CODES.get(code)
