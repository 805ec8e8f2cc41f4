"""Fusion's error answers: JSON for framework version 4 and later, plain text before, pages from what is in front."""

from typing import Final

import msgspec

from foundation.sandbox import CALL, Answer, Box, Refused, answer

MEDIA: Final = "application/vnd.oracle.adf.error+json"
PLAIN: Final = "text/plain"
HTML: Final = "text/html"
NEWEST: Final = 9
_TITLES: Final = {
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    412: "Precondition Failed",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


class Message(msgspec.Struct, frozen=True):
    """One message of a refusal."""

    detail: str
    code: str = ""
    path: str = ""


def framework() -> int:
    """The framework version the call under way asks for: 1 unless it says another."""
    said = CALL.get().headers.get("rest-framework-version", "1") if CALL.get(None) else "1"
    return int(said) if said.isdigit() and 1 <= int(said) <= NEWEST else 1


def error(status: int, *messages: Message) -> Answer:
    """One error answer, in the form that was asked for."""
    headers = {"REST-Framework-Version": str(framework())}
    asked = CALL.get(None)
    if framework() >= 4 or (asked and MEDIA in asked.headers.get("accept", "")):
        details = [_shown(each) for each in messages if each.code or status != 404]
        detail = messages[0].detail if messages else ""
        body = {"title": _TITLES[status], "status": str(status), "o:errorDetails": details} | (
            {"detail": detail} if detail else {}
        )
        return answer(status, body, headers, media_type=MEDIA)
    text = "\n".join(f"{each.code}: {each.detail}" if each.code else each.detail for each in messages)
    return answer(status, text, headers, media_type=PLAIN)


def _shown(message: Message) -> dict[str, str]:
    said = {"detail": message.detail}
    if message.code:
        said["o:errorCode"] = message.code.removeprefix("JBO-")
    return said | ({"o:errorPath": message.path} if message.path else {})


def refused(detail: str, code: str = "", path: str = "", *, status: int = 400) -> Refused:
    """One message, to be raised."""
    return Refused(error(status, Message(detail, code, path)))


def not_valid(entity: str, key: str, *messages: Message) -> Refused:
    """A row that may not be so: the framework says so first, then why."""
    first = Message(f"Failed to validate a row with key oracle.jbo.Key[{key} ] in {entity}", "JBO-27024")
    return Refused(error(400, first, *messages))


def required(entity: str, name: str, path: str) -> Message:
    """An attribute that has to be said."""
    return Message(f"Attribute {name} in {entity} is required.", "JBO-27014", path)


def no_attribute(entity: str, name: str) -> Refused:
    """A name the resource does not have."""
    return refused(f"Definition {name} of type Attribute is not found in {entity}.", "JBO-25058", f"/{name}")


def not_there(path: str) -> Refused:
    """A resource or a row that nobody has, or that is hidden from us."""
    return refused(f"The requested URI {path} is not found.", status=404)


def denied() -> Refused:
    """A role that is missing."""
    return refused("You are not authorized to access this resource.", status=403)


def not_allowed() -> Refused:
    """A method the resource does not have."""
    return refused("The method is not allowed for this resource.", status=405)


def _stale(_: Box | None = None) -> Answer:
    return error(412, Message("The precondition given in the request evaluated to false on the server."))


def stale() -> Refused:
    """Of a version that is no more."""
    return Refused(_stale())


def bad_login(_: Box) -> Answer:
    """Not signed in, or not any more."""
    page = "<html><head><title>401 Authorization Required</title></head><body>Authorization Required</body></html>"
    return answer(401, page, {"WWW-Authenticate": 'Basic realm="owsm"'}, media_type=HTML)


_MAINTENANCE: Final = "<html><body><h1>Oracle Applications Cloud is under maintenance</h1></body></html>"
ANSWERS: Final = {
    "throttled": lambda _: error(429, Message("Too many requests")),
    "expired_token": bad_login,
    "server_error": lambda _: answer(500, "Internal Server Error", media_type=PLAIN),
    "html_error": lambda _: answer(503, _MAINTENANCE, media_type=HTML),
    "stale_version": _stale,
    "not_found": lambda _: answer(404, "<html><body>404 Not Found</body></html>", media_type=HTML),
    "method_not_allowed": lambda _: error(405, Message("The method is not allowed for this resource.")),
    "crash": lambda _: error(500, Message("JBO-29000: Unexpected exception caught")),
}
