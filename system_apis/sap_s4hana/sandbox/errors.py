"""SAP's error answers: V2's nested body with every message in `errordetails`, V4's plain one, HTML and plain text."""

from typing import Any, Final

from foundation.sandbox import CALL, Answer, Box, Record, Refused, answer

HTML: Final = "text/html; charset=utf-8"
PLAIN: Final = "text/plain; charset=utf-8"
UNKNOWN_PROPERTY: Final = "005056A509B11EE1B9A8FEC11C21578E"
KEY_NOT_FOUND: Final = "/IWBEP/CM_MGW_RT/020"
_ENDING: Final = "/IWBEP/CX_MGW_BUSI_EXCEPTION"


def error(status: int, code: str, words: str, *, target: str = "", headers: dict[str, str] | None = None) -> Answer:
    """One error answer, in the form of the version that was asked."""
    asked = CALL.get(None)
    if asked is not None and "/odata4/" in asked.path:
        return answer(status, {"error": _v4(code, words, target)}, headers)
    return answer(status, {"error": _v2(code, words, target)}, headers)


def _v4(code: str, words: str, target: str) -> Record:
    said = {"code": code, "message": words, "@Common.numericSeverity": 4}
    return {"code": code, "message": words, "target": target, "details": [said | {"target": target}]}


def _v2(code: str, words: str, target: str) -> Record:
    details = [] if code.startswith("/IW") else [_detail(code, words, target), _detail(_ENDING, words, "")]
    return {
        "code": code,
        "message": {"lang": "en", "value": words},
        "innererror": {
            "application": {
                "component_id": "",
                "service_namespace": "/SAP/",
                "service_id": "",
                "service_version": "0001",
            },
            "transactionid": "4A5FE7C0B1B000A0E005E5E989FCE03F",
            "timestamp": "",
            "Error_Resolution": {"SAP_Transaction": "", "SAP_Note": "See SAP Note 1797736 for error analysis"},
            "errordetails": details,
        },
    }


def _detail(code: str, words: str, target: str) -> Record:
    severity = {"longtext_url": "", "propertyref": "", "severity": "error", "transition": False}
    return {"code": code, "message": words, "target": target} | severity


def refused(status: int, code: str, words: str, *, target: str = "") -> Refused:
    """The same, to be raised."""
    return Refused(error(status, code, words, target=target))


def unknown_property(name: str, kind: str) -> Refused:
    """A name the type does not have, wherever it stands."""
    return refused(400, UNKNOWN_PROPERTY, f"Property {name} not found in type {kind}")


def no_such_key(kind: str) -> Refused:
    """A key nobody has."""
    return refused(404, KEY_NOT_FOUND, f"Resource not found for segment '{kind}'")


def no_such_segment(segment: str) -> Refused:
    """An entity set or navigation there is none of."""
    return refused(404, "/IWFND/CM_MGW/051", f"Resource not found for the segment '{segment}'")


def no_service(name: str) -> Refused:
    """A service that is not in the communication arrangement; some builds say 404."""
    words = f"No service found for namespace '', name '{name.partition(';')[0]}', version '0001'"
    return refused(403, "/IWFND/MED/170", words)


def bad_login(_: Box) -> Answer:
    """Not signed in, or not any more."""
    page = "<html><head><title>Anmeldung fehlgeschlagen</title></head><body>Logon failed</body></html>"
    challenge = 'Basic realm="SAP NetWeaver Application Server [S4H/100]"'
    return answer(401, page, {"WWW-Authenticate": challenge}, media_type=HTML)


def csrf_required() -> Refused:
    """A write without a session's token."""
    return Refused(answer(403, "CSRF token validation failed", {"x-csrf-token": "Required"}, media_type=PLAIN))


def precondition_required() -> Refused:
    """A change of a versioned entity that does not say which version."""
    return refused(428, "/IWBEP/CM_MGW_RT/175", "Precondition required: header If-Match is missing")


def _stale(_: Any = None) -> Answer:
    return error(412, "/IWBEP/CM_MGW_RT/022", "Precondition failed")


def precondition_failed() -> Refused:
    """Of a version that is no more."""
    return Refused(_stale())


ANSWERS: Final = {
    "throttled": lambda _: error(429, "/IWFND/CM_MGW/429", "Too many requests", headers={"Retry-After": "5"}),
    "expired_token": bad_login,
    "server_error": lambda _: error(
        500, "/IWBEP/CM_MGW_RT/004", "Metadata cache on application server is being filled"
    ),
    "html_error": lambda _: answer(503, "<html><body><h1>503 Service Unavailable</h1></body></html>", media_type=HTML),
    "stale_version": _stale,
    "not_found": lambda _: answer(404, "<html><body>404 Not found</body></html>", media_type=HTML),
    "method_not_allowed": lambda _: error(405, "/IWFND/CM_COS/069", "Method not allowed"),
    "crash": lambda _: error(500, "CX_SY_ZERODIVIDE/000", "An exception was raised"),
}
