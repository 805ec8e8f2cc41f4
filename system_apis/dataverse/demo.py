"""Credentials that let the platform into Dataverse's sandbox: an app of its directory that is an application user."""

import secrets
from uuid import uuid4

from system_apis import Demo


def demo() -> Demo:
    """An app registration with its secret."""
    tenant, client_id, secret = str(uuid4()), str(uuid4()), f"8Q~{secrets.token_urlsafe(28)}"
    return Demo(
        options={"tenant": tenant, "apps": {client_id: {"secret": secret, "application_user": True}}},
        values={
            "DATAVERSE_TENANT": tenant,
            "DATAVERSE_CLIENT_ID": client_id,
            "DATAVERSE_CLIENT_SECRET": secret,
        },
    )
