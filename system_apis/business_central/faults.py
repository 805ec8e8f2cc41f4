"""What an error answer of Business Central means: by its code, since nearly everything comes as 400."""

from collections.abc import Mapping
from typing import Final

import httpx
import msgspec

from canonical.faults import (
    Drifted,
    Fault,
    NotFound,
    VendorDown,
    VendorDuplicate,
    VendorRefused,
    VendorSignIn,
    VendorStale,
)
from foundation.vendor_http import STATUS_FAULTS
from system_apis.business_central import wire

CODES: Final[Mapping[str, type[Fault]]] = {
    "Internal_EntityWithSameKeyExists": VendorDuplicate,
    # Another version than `If-Match` says; or an `If-Match` it cannot read, which is one of another record.
    **dict.fromkeys(("Request_EntityChanged", "BadRequest_InvalidToken"), VendorStale),
    **dict.fromkeys(
        (
            "BadRequest_NotFound",
            "Internal_RecordNotFound",
            "Internal_DataNotFoundFilter",
            "Internal_CompanyNotFound",
            "Application_InvalidGUID",
        ),
        NotFound,
    ),
    # What the business says no to: a field, a posting group, a related record, a length.
    **dict.fromkeys(
        (
            "BadRequest",
            "BadRequest_InvalidOperation",
            "BadRequest_RequiredParamNotProvided",
            "Internal_InvalidTableRelation",
            "Application_DialogException",
            "Application_StringExceededLength",
            "Application_FieldValidationException",
            "Application_CallbackNotAllowed",
        ),
        VendorRefused,
    ),
    # A page or field of ours that this environment does not know, a filter it cannot read.
    **dict.fromkeys(
        ("BadRequest_ResourceNotFound", "BadRequest_MethodNotAllowed", "Application_FilterErrorException"), Drifted
    ),
    **dict.fromkeys(("Internal_ServerError", "Internal_TenantUnavailable"), VendorDown),
    "Authentication_InvalidCredentials": VendorSignIn,
}
_BY_STATUS: Final = frozenset({401, 403, 429})
"""What these say is enough, whatever their code."""
_WAITED_TOO_LONG: Final = frozenset({408, 504})


def fault_of(response: httpx.Response) -> Fault | None:
    """The fault an error answer stands for; None where only its status speaks (no body, HTML, text)."""
    status = response.status_code
    if status in _WAITED_TOO_LONG:
        return VendorDown(f"answered {status}: it worked for too long")
    if not response.content:
        return None
    said = msgspec.json.decode(response.content, type=wire.Refusal).error
    kind = STATUS_FAULTS.get(status) if status in _BY_STATUS else CODES.get(said.code)
    if kind is None and status >= 500:
        kind = VendorDown
    if kind is None:
        return Drifted(f"answered {status} with the unknown code {said.code or 'none'}: {said.message}")
    if kind is VendorSignIn:
        return VendorSignIn("our token is refused")
    found = kind(said.message)
    if said.code:
        found.facts["code"] = said.code
    return found
