"""Credentials that let the platform into the sandbox: an app of its directory with the API permission."""

import secrets
from uuid import uuid4

from system_apis import Demo


def demo() -> Demo:
    """An app registration with its secret."""
    tenant, client_id, secret = str(uuid4()), str(uuid4()), f"8Q~{secrets.token_urlsafe(28)}"
    return Demo(
        options={"tenant": tenant, "apps": {client_id: {"secret": secret, "granted": True}}},
        values={
            "BUSINESS_CENTRAL_TENANT": tenant,
            "BUSINESS_CENTRAL_ENVIRONMENT": "Production",
            "BUSINESS_CENTRAL_CLIENT_ID": client_id,
            "BUSINESS_CENTRAL_CLIENT_SECRET": secret,
        },
    )
