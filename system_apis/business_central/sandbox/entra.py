"""Whose token a call carries, and how many calls are taken: Entra ID's apps as an environment knows them.

{"<client id>": {"secret": "...", "granted": true}}
"""

from foundation.sandbox import Answer, Box, Record, Refused
from foundation.sandbox.entra import app_of_call, count_call, end_token, token_endpoint
from system_apis.business_central.sandbox.errors import throttled, unauthenticated

token = token_endpoint(lambda scope: scope == "https://api.businesscentral.dynamics.com/.default")
"""The scope names the service, and everything granted there."""


def enter(box: Box) -> Record:
    """The app of the call under way. Raises the 401, the 401 of an app without the permission, and the 429."""
    found = app_of_call(box)
    if found is None or not found[1].get("granted"):
        raise Refused(unauthenticated())
    if count_call(box) > box.option("request_limit"):
        raise Refused(throttled())
    return found[0]


def expired(box: Box) -> Answer:
    """The fault: the caller's token ends now."""
    end_token(box)
    return unauthenticated()
