"""Credentials that let the platform into NetSuite's sandbox: an integration record with its certificate."""

import secrets

from foundation.keypairs import rsa_pair
from system_apis import Demo


def demo() -> Demo:
    """An integration for the machine-to-machine flow."""
    private, public = rsa_pair()
    client, certificate = secrets.token_hex(32), secrets.token_urlsafe(24)
    return Demo(
        options={"client_id": client, "certificate_id": certificate, "public_key": public},
        values={
            "NETSUITE_CLIENT_ID": client,
            "NETSUITE_CERTIFICATE_ID": certificate,
            "NETSUITE_PRIVATE_KEY": private,
        },
    )
