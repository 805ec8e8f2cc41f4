"""The error answers of Business Central's API: OData's form, a code of its own, nearly always 400."""

from typing import Final

from foundation.sandbox import Answer, Refused, answer

JSON: Final = "application/json; odata.metadata=minimal; odata.streaming=true"
CORRELATION: Final = "  CorrelationId:  5f0c2f0e-0000-4000-8000-000000000000."


def error(status: int, code: str, message: str) -> Answer:
    """One error, to be answered."""
    return answer(status, {"error": {"code": code, "message": message + CORRELATION}}, media_type=JSON)


def refused(status: int, code: str, message: str) -> Refused:
    """One error, to be raised."""
    return Refused(error(status, code, message))


def no_segment(name: str) -> Refused:
    """No such page; names are case-sensitive."""
    return refused(404, "BadRequest_NotFound", f"Resource not found for the segment '{name}'.")


def no_record(entity: str) -> Refused:
    """No such row."""
    words = f"The {entity} does not exist. Identification fields and values: SystemId."
    return refused(404, "Internal_RecordNotFound", words)


def no_field(name: str, entity: str) -> Refused:
    """A field that the page has not, or that is hidden."""
    words = f"Could not find a property named '{name}' on type 'Microsoft.NAV.{entity}'."
    return refused(400, "BadRequest_ResourceNotFound", words)


def invalid(message: str) -> Refused:
    """Something it cannot make sense of."""
    return refused(400, "BadRequest", message)


def stale() -> Answer:
    """The row has another version than `If-Match` says."""
    return error(409, "Request_EntityChanged", "Another user has already changed the record.")


def no_version() -> Refused:
    """A change without `If-Match`, or with one that is none."""
    words = (
        "Could not validate the client concurrency token required by the service. Please provide a valid token in"
        " the client request."
    )
    return refused(400, "BadRequest_InvalidToken", words)


def unauthenticated() -> Answer:
    """No token, or one that is not good."""
    told = error(401, "Authentication_InvalidCredentials", "The server has rejected the client credentials.")
    told.headers["WWW-Authenticate"] = 'Bearer realm="", error="invalid_token"'
    return told


def throttled() -> Answer:
    """Too many requests; how long to wait it does not say."""
    return error(429, "Application_TooManyRequests", "Too many requests reached. Actual (6000). Maximum (6000).")
