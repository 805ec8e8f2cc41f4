"""Credentials that let the platform into Salesforce's sandbox: a connected app with its own key."""

import secrets
from base64 import b64encode

from foundation.salesforce.connected_app import connected_app
from system_apis import Demo

_ORGANIZATION = "00DTg0000000001MAA"
"""The sandbox's own."""


def demo() -> Demo:
    """A connected app for the JWT bearer flow, the secret notifications are signed with, the key of messages."""
    app = connected_app("tiergate@acme.example")
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    return Demo(
        options={"connected_apps": {app.consumer_key: app.registered}},
        values={
            "SALESFORCE_CLIENT_ID": app.consumer_key,
            "SALESFORCE_CLIENT_SECRET": app.registered["secret"],
            "SALESFORCE_USERNAME": app.registered["username"],
            "SALESFORCE_PRIVATE_KEY": app.private_key,
            "SALESFORCE_NOTIFICATION_SECRET": secret,
            "SALESFORCE_MESSAGE_KEY": secrets.token_urlsafe(32),
            "SALESFORCE_ORGANIZATION": _ORGANIZATION,
        },
        notifies="notifications",
        notification_secret=secret,
    )
