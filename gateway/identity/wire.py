"""Requests and answers between Litestar and Authlib."""

import base64
import re
from collections import defaultdict
from typing import Any, Final

import msgspec
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Payload, OAuth2Request

Pairs = tuple[tuple[str, str], ...]

# Authlib quotes these three in its error descriptions, where RFC 6749 (section 5.2) allows these characters only.
QUOTED: Final = ("client_id", "redirect_uri", "response_type")
QUOTABLE: Final = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request to a protocol endpoint. `uri` is that endpoint's public address, whatever proxies rewrote."""

    method: str
    uri: str
    query: Pairs = ()
    form: Pairs = ()
    authorization: str = ""


class Answer(msgspec.Struct, kw_only=True):
    """An answer of the authorization server: a JSON object, or a redirect."""

    status: int
    body: Any = ""
    headers: dict[str, str]


class Payload(OAuth2Payload):  # type: ignore[misc]  # Authlib has no types
    """The parameters of a request, from the query or the body, as Authlib reads them."""

    def __init__(self, pairs: Pairs) -> None:
        self._data = dict(pairs)
        self._datalist: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._datalist[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        """Each parameter's value."""
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """All values of each parameter."""
        return self._datalist


class WireRequest(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """An `Asked` in Authlib's shape."""

    def __init__(self, asked: Asked) -> None:
        super().__init__(asked.method, asked.uri, headers={"Authorization": _readable(asked.authorization)})
        self._asked = asked
        self.payload = Payload(asked.query or asked.form)

    @property
    def args(self) -> dict[str, str]:
        """The query."""
        return dict(self._asked.query)

    @property
    def form(self) -> dict[str, str]:
        """The body."""
        return dict(self._asked.form)


def refuse_unreadable(asked: Asked) -> None:
    """Refuse what the protocol cannot mean: a parameter given twice, or one that no answer could quote.

    Raises `InvalidRequestError`. Only `resource` may repeat (RFC 6749 section 3.2, RFC 8707 section 2).
    """
    pairs = asked.query or asked.form
    names = [name for name, _ in pairs if name != "resource"]
    if len(names) != len(set(names)):
        raise InvalidRequestError("A parameter is given more than once.")
    for name, value in pairs:
        if name in QUOTED and not QUOTABLE.fullmatch(value):
            raise InvalidRequestError(f"There are characters in {name} that cannot be.")


def _readable(authorization: str) -> str:
    """The header, or nothing where its Basic credentials are not text: Authlib would fail on them."""
    scheme, _, credentials = authorization.partition(" ")
    try:
        readable = bool(base64.b64decode(credentials).decode())
    except ValueError:
        return ""
    return authorization if readable and scheme.lower() == "basic" else ""
