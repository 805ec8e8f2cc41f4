"""Credentials that let the platform into the sandbox: a user of its database."""

import secrets

from system_apis import Demo


def demo() -> Demo:
    """A user with a password."""
    password = secrets.token_urlsafe(24)
    return Demo(
        options={"users": {"tiergate": password}},
        values={"TRYTON_DATABASE": "erp", "TRYTON_USER": "tiergate", "TRYTON_PASSWORD": password},
    )
