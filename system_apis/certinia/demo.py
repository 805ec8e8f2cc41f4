"""Credentials that let the platform into Certinia's sandbox: a connected app of the org it lives on."""

from foundation.salesforce.connected_app import connected_app
from system_apis import Demo


def demo() -> Demo:
    """A connected app for the JWT bearer flow."""
    app = connected_app("tiergate@acme.example")
    return Demo(
        options={"connected_apps": {app.consumer_key: app.registered}},
        values={
            "CERTINIA_CLIENT_ID": app.consumer_key,
            "CERTINIA_USERNAME": app.registered["username"],
            "CERTINIA_PRIVATE_KEY": app.private_key,
        },
    )
