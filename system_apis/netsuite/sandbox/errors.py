"""NetSuite's error answers: one body shape, its own codes in `o:errorDetails`."""

from typing import Final

from foundation.sandbox import Answer, Box, Refused, answer

MEDIA: Final = "application/vnd.oracle.resource+json; type=error; charset=UTF-8"
LOGIN_DETAIL: Final = (
    "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > Users/Roles >"
    " User Management > View Login Audit Trail."
)
_TYPES: Final = {
    400: ("Bad Request", "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.1"),
    401: ("Unauthorized", "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.2"),
    403: ("Forbidden", "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.4"),
    404: ("Not Found", "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.5"),
    405: ("Method Not Allowed", "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.6"),
    409: ("Conflict", "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.10"),
    429: ("Too Many Requests", "https://www.rfc-editor.org/rfc/rfc6585#section-4"),
    500: ("Internal Server Error", "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.6.1"),
    503: ("Service Unavailable", "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.6.4"),
}


def error(
    status: int, code: str, detail: str, *, path: str = "", title: str = "", headers: dict[str, str] | None = None
) -> Answer:
    """One error answer; `path` is where in the body it stands, `title` where it is not the status's own."""
    usual, kind = _TYPES[status]
    said = {"detail": detail} | ({"o:errorPath": path} if path else {}) | {"o:errorCode": code}
    body = {"type": kind, "title": title or usual, "status": status, "o:errorDetails": [said]}
    return answer(status, body, headers, media_type=MEDIA)


def refused(status: int, code: str, detail: str, *, path: str = "") -> Refused:
    """The same, to be raised."""
    return Refused(error(status, code, detail, path=path))


def user_error(words: str) -> Refused:
    """A business rule said no: always the same code, the words tell."""
    return refused(400, "USER_ERROR", f"Error while accessing a resource. {words}")


def invalid_value(value: object, field: str, *, path: str) -> Refused:
    """A value a field cannot hold."""
    words = f"You have entered an Invalid Field Value {value} for the following field: {field}"
    return refused(400, "INVALID_CONTENT", f"Error while accessing resource: {words}", path=path)


def bad_login(box: Box) -> Answer:
    """Not signed in, or not any more."""
    challenge = f'OAuth realm="{box.option("account")}", error="token_rejected"'
    return error(401, "INVALID_LOGIN", LOGIN_DETAIL, headers={"WWW-Authenticate": challenge})


def no_such_record() -> Refused:
    """An id nobody has."""
    return refused(404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID.")


def _too_many(box: Box) -> Answer:
    words = (
        "Concurrent request limit exceeded. Request blocked. Verify your concurrency limits at Setup > Integration >"
        " Integration Management > Integration Governance."
    )
    return error(box.option("throttled_status"), "CONCURRENCY_LIMIT_EXCEEDED", words)


ANSWERS: Final = {
    "throttled": _too_many,
    "expired_token": bad_login,
    "server_error": lambda _: error(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: 0a1b2c3d4e5f"),
    "stale_version": lambda _: error(409, "RCRD_HAS_BEEN_CHANGED", "Record has been changed"),
    "not_found": lambda _: error(404, "NOT_FOUND", "The requested resource does not exist."),
    "method_not_allowed": lambda _: error(405, "METHOD_NOT_ALLOWED", "This method is not allowed here."),
    "crash": lambda _: error(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: ffffffffffff"),
}
