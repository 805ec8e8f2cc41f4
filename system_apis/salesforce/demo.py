"""Credentials that let the platform into Salesforce's sandbox: a connected app with its own key."""

import secrets
from base64 import b64encode

from foundation.keypairs import rsa_pair
from system_apis import Demo


def demo() -> Demo:
    """A connected app for the JWT bearer flow, and the secret notifications are signed with."""
    private, public = rsa_pair()
    consumer, username = f"3MVG9{secrets.token_urlsafe(24)}", "tiergate@acme.example"
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    # The same app also has a secret, with which other clients of the demonstration sign in.
    app = {"username": username, "public_key": public, "secret": secrets.token_urlsafe(32)}
    return Demo(
        options={"connected_apps": {consumer: app}},
        values={
            "SALESFORCE_CLIENT_ID": consumer,
            "SALESFORCE_CLIENT_SECRET": app["secret"],
            "SALESFORCE_USERNAME": username,
            "SALESFORCE_PRIVATE_KEY": private,
            "SALESFORCE_NOTIFICATION_SECRET": secret,
        },
        notifies="notifications",
        notification_secret=secret,
    )
