"""The error answers of the Web API, and of Entra ID's token endpoint."""

from collections.abc import Mapping
from typing import Final

from foundation.sandbox import Answer, Refused, answer

JSON: Final = "application/json; odata.metadata=minimal"
COLUMN_UNKNOWN: Final = "0x80060888"
PAYLOAD: Final = "0x80048d19"


def refused(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Refused:
    """One error, to be raised."""
    return Refused(error(status, code, message, headers))


def error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """One error, to be answered."""
    return answer(status, {"error": {"code": code, "message": message}}, headers, media_type=JSON)


def no_segment(name: str) -> Refused:
    """No such table, function or action; names are case-sensitive."""
    return refused(404, "0x8006088a", f"Resource not found for the segment '{name}'.")


def no_record(table: str, record_id: str) -> Refused:
    """No such row."""
    return refused(404, "0x80040217", f"{table} With Id = {record_id} Does Not Exist")


def no_column(table: str, name: str) -> Refused:
    """A column that the table has not, or that is hidden."""
    message = f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'."
    return refused(400, COLUMN_UNKNOWN, message)


def not_declared(table: str, name: str) -> Refused:
    """A name in a payload that is no column, or a binding that is no navigation property (they are case-sensitive)."""
    if name.endswith("@odata.bind"):
        message = (
            f"An undeclared property '{name.removesuffix('@odata.bind')}' which only has property annotations in the"
            " payload but no property value was found in the payload."
        )
    else:
        message = f"Invalid property '{name}' was found in entity 'Microsoft.Dynamics.CRM.{table}'."
    return refused(400, PAYLOAD, f"Error identified in Payload provided by the user: {message}")


def invalid(message: str) -> Refused:
    """A query the service cannot make sense of."""
    return refused(400, "0x80060888", message)


def stale() -> Answer:
    """The row has another version than `If-Match` says."""
    message = "The version of the existing record doesn't match the RowVersion property provided."
    return error(412, "0x80060882", message)


def twin() -> Refused:
    """A key is taken: 412 as well."""
    return refused(412, "0x80040237", "A record with matching key values already exists.")


def throttled() -> Answer:
    """Service protection."""
    message = "Number of requests exceeded the limit of 6000 over time window of 300 seconds."
    return error(429, "0x80072322", message, {"Retry-After": "1"})


def unauthenticated(host: str = "") -> Answer:
    """No token, or one that is not good: nothing but a header says so."""
    challenge = (
        f"Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize, resource_id={host}"
    )
    return answer(401, None, {"WWW-Authenticate": challenge}, media_type="text/plain")
