"""Credentials that let the platform into ServiceNow's sandbox."""

import secrets

from system_apis import Demo


def demo() -> Demo:
    """An integration user, and an OAuth application that signs in by client credentials."""
    user, password = "tiergate.integration", secrets.token_urlsafe(24)
    client, secret = secrets.token_hex(16), secrets.token_urlsafe(24)
    return Demo(
        options={"user": user, "password": password, "client_id": client, "client_secret": secret},
        values={"SERVICENOW_CLIENT_ID": client, "SERVICENOW_CLIENT_SECRET": secret},
    )
