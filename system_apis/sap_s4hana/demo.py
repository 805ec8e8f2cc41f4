"""Credentials that let the platform into SAP's sandbox: an OAuth client of its communication arrangement."""

import secrets

from system_apis import Demo


def demo() -> Demo:
    """A client for the client credentials flow."""
    client, secret = f"TIERGATE_{secrets.token_hex(4).upper()}", secrets.token_urlsafe(24)
    return Demo(
        options={"client_id": client, "client_secret": secret},
        values={"SAP_S4HANA_CLIENT_ID": client, "SAP_S4HANA_CLIENT_SECRET": secret},
    )
