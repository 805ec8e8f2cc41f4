"""Credentials that let the platform into the sandbox: a confidential application of its identity domain."""

import secrets

from system_apis import Demo


def demo() -> Demo:
    """A client with its secret."""
    client, secret = secrets.token_hex(16), f"idcscs-{secrets.token_urlsafe(24)}"
    return Demo(
        options={"client_id": client, "client_secret": secret},
        values={"ORACLE_FUSION_CLIENT_ID": client, "ORACLE_FUSION_CLIENT_SECRET": secret},
    )
