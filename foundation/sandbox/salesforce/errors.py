"""The error answers of Salesforce: always a list, except where a token is asked for."""

from collections.abc import Sequence
from typing import Any

from foundation.sandbox import Answer, Refused, answer


def refused(status: int, code: str, message: str, fields: Sequence[str] | None = None) -> Refused:
    """One error, to be raised."""
    return Refused(errors(status, code, message, fields))


def errors(status: int, code: str, message: str, fields: Sequence[str] | None = None) -> Answer:
    """One error, to be answered."""
    entry: dict[str, Any] = {"message": message, "errorCode": code}
    if fields is not None:
        entry["fields"] = list(fields)
    return answer(status, [entry])


def not_found() -> Refused:
    """No such resource, or none we may see."""
    return refused(404, "NOT_FOUND", "The requested resource does not exist")


def no_token(error: str, description: str, status: int = 400) -> Refused:
    """A sign-in that failed."""
    return Refused(answer(status, {"error": error, "error_description": description}))
