"""Signing in to Kantata: a bearer token that does not expire.

`sign_in` of a connection: `token`, got once by the authorization code flow of the account's application (an
administrator approves it in a browser; there is no grant for machines). A 401 means that somebody revoked it: nothing
can be done here but to say so.
"""

from collections.abc import Generator

import httpx

from foundation.connections import Connection


class Bearer(httpx.Auth):
    """Adds the token to every call."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def sign_in(connection: Connection) -> httpx.Auth:
    """How this connection signs in; `ValueError` when it has no token."""
    token = connection.sign_in.get("token", "")
    if not token:
        raise ValueError("sign_in.token is missing")
    return Bearer(token)
