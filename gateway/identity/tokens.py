"""The tokens themselves: access tokens by RFC 9068, id tokens by OpenID Connect Core."""

from typing import Any, Final

from gateway.identity.granted import Granted
from gateway.identity.parties import Client, Person

ACCESS: Final = "at+jwt"
ID: Final = "JWT"
PASSWORD: Final = "urn:tiergate:acr:password"  # noqa: S105 - the name of a way to sign in
ID_SECONDS: Final = 600


def access_claims(client: Client, person: Person | None, granted: Granted | None, scope: str) -> dict[str, Any]:
    """Who may do what, without the times, issuer and audience every token has.

    A person's token carries `roles`, when and how they signed in (`auth_time`, `acr`, `amr`), the sign-in it belongs
    to (`sid`) and, for a portal customer, the `account_id`. A workload's carries its `layer`.
    """
    claims: dict[str, Any] = {"sub": person.login if person else client.id, "client_id": client.id, "scope": scope}
    if person is None:
        return claims | ({"layer": client.layer} if client.layer != "external" else {})
    claims["roles"] = list(person.roles)
    if person.account_id:
        claims["account_id"] = person.account_id
    return claims | (_how(granted) if granted is not None else {})


def id_claims(client: Client, person: Person, granted: Granted, scope: str, nonce: str) -> dict[str, Any]:
    """Who signed in, for the client's own eyes."""
    claims: dict[str, Any] = {"sub": person.login, "aud": client.id} | _how(granted)
    if nonce:
        claims["nonce"] = nonce
    if "profile" in scope.split():
        claims["name"] = person.name
    if "email" in scope.split():
        claims["email"] = person.login
    return claims


def _how(granted: Granted) -> dict[str, Any]:
    return {"auth_time": granted.auth_time, "acr": PASSWORD, "amr": ["pwd"], "sid": granted.family}
