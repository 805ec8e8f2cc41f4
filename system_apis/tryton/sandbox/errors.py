"""What Tryton says when it does not do something: an error in an answer of status 200, or a page of its web server."""

from typing import Any

from foundation.sandbox import Answer, Refused, answer

_PAGE = "<!doctype html>\n<html lang=en>\n<title>{0} {1}</title>\n<h1>{1}</h1>\n<p>{2}</p>\n"


class RpcError(Exception):
    """Raised anywhere below a call: what it did is undone, and it is answered with this."""

    def __init__(self, *said: Any) -> None:
        super().__init__(str(said))
        self.said = list(said)


def user_error(message: str, description: str = "") -> RpcError:
    """A rule says no, in words for a person."""
    return RpcError("UserError", [message, description, None])


def inside(what: object) -> RpcError:
    """Python failed: an unknown model or field is a KeyError."""
    return RpcError(f"'{what}'", "")


def stale() -> RpcError:
    """Another version than `_timestamp` says."""
    return RpcError("ConcurrencyException", "Records were modified in the meanwhile")


def told(error: RpcError) -> Answer:
    """The answer that says it."""
    return answer(200, {"id": 1, "error": error.said}, media_type="application/json")


def page(status: int, title: str, text: str) -> Answer:
    """A page of the web server in front of it."""
    return answer(status, _PAGE.format(status, title, text), media_type="text/html; charset=utf-8")


def refused(status: int, title: str, text: str) -> Refused:
    """The same, to be raised."""
    return Refused(page(status, title, text))


def unauthorized() -> Answer:
    """No session, or one that has ended; or a password that is wrong."""
    return answer(401, "", {"WWW-Authenticate": 'Basic realm="Tryton"'}, media_type="text/plain; charset=utf-8")
