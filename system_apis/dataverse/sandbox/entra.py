"""Whose token a call carries, and how many calls are taken: Entra ID's apps as an organisation knows them.

{"<client id>": {"secret": "...", "application_user": true}}
"""

from foundation.sandbox import CALL, Answer, Box, Record, Refused
from foundation.sandbox.entra import app_of_call, count_call, end_token, token_endpoint, window
from system_apis.dataverse.sandbox.errors import refused, throttled, unauthenticated

token = token_endpoint(lambda scope: scope.endswith("/.default"))
"""The scope names one organisation, and everything granted there."""


def enter(box: Box) -> Record:
    """The app of the call under way. Raises the 401, the 403 of an app that is no user here, and the 429."""
    found = app_of_call(box)
    if found is None:
        raise Refused(unauthenticated(CALL.get().headers.get("host", "")))
    known, app = found
    if not app.get("application_user"):
        raise refused(403, "0x80072560", "The user is not a member of the organization.")
    if window(box)["made"] > box.option("request_limit"):
        raise Refused(throttled())
    return known


def expired(box: Box) -> Answer:
    """The fault: the caller's token ends now."""
    end_token(box)
    return unauthenticated(CALL.get().headers.get("host", ""))


def counted(box: Box) -> dict[str, str]:
    """Headers of every answer of the Web API; this is also where calls are counted."""
    if not CALL.get().path.startswith("/api/data/"):
        return {}
    left = max(0, box.option("request_limit") - count_call(box))
    return {"OData-Version": "4.0", "x-ms-ratelimit-burst-remaining-xrm-requests": str(left)}
