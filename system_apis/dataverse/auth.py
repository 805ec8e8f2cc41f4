"""Signing in to Dataverse: Microsoft Entra ID's client credentials (RFC 6749 section 4.4), v2.0 endpoint.

The application must be an application user of the environment, with a security role.

`sign_in` of a connection:
    tenant          the directory's id or domain
    client_id, client_secret
    authority       where tokens are given. Where nothing is said: that of the cloud the organisation is in; for an
                    address that is not Microsoft's (a sandbox), the address itself
"""

from typing import Final

import httpx

from foundation.connections import Connection
from foundation.entra import AUTHORITY, ClientCredentials, origin

AUTHORITIES: Final = {
    ".dynamics.com": AUTHORITY,
    ".microsoftdynamics.us": "https://login.microsoftonline.us",
    ".dynamics.cn": "https://login.partner.microsoftonline.cn",
}
"""Where an organisation's address ends -> who gives tokens for it. The last two are from memory."""


def sign_in(connection: Connection) -> httpx.Auth:
    """The sign-in of a connection; `ValueError` names a setting that is missing."""
    address, host = origin(connection)
    giver = next((giver for ending, giver in AUTHORITIES.items() if host.endswith(ending)), address)
    return ClientCredentials(connection, system="dataverse", giver=giver, scope=f"{address}/.default")
