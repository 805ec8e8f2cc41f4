"""ServiceNow's error answers."""

from typing import Final

from foundation.sandbox import Answer, Refused, answer

OPERATION_FAILED: Final = "Operation Failed"


def failure(status: int, message: str, detail: str | None = None) -> Answer:
    """The one envelope of every error."""
    return answer(status, {"error": {"message": message, "detail": detail}, "status": "failure"})


def refused(status: int, message: str, detail: str | None = None) -> Refused:
    """The same, to be raised."""
    return Refused(failure(status, message, detail))


def no_record() -> Refused:
    """Not there and hidden from us are the same answer."""
    return refused(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")
