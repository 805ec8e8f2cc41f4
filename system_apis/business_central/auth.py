"""Signing in to Business Central: Microsoft Entra ID's client credentials (RFC 6749 section 4.4), v2.0 endpoint.

The application needs the permission API.ReadWrite.All, granted, and to be registered in the environment.

`sign_in` of a connection:
    tenant          the directory's id or domain
    environment     the environment's name, `Production` for one
    client_id, client_secret
    authority       where tokens are given. Where nothing is said: Microsoft's; for an address that is not Microsoft's
                    (a sandbox), the address itself
"""

from typing import Final

import httpx

from foundation.connections import Connection
from foundation.entra import AUTHORITY, ClientCredentials, origin, require

RESOURCE: Final = "https://api.businesscentral.dynamics.com"
"""What a token is for; the same for every environment."""


def sign_in(connection: Connection) -> httpx.Auth:
    """The sign-in of a connection; `ValueError` names a setting that is missing."""
    require(connection, "tenant", "environment")
    address, host = origin(connection)
    giver = AUTHORITY if host.endswith(".dynamics.com") else address
    return ClientCredentials(connection, system="business_central", giver=giver, scope=f"{RESOURCE}/.default")
