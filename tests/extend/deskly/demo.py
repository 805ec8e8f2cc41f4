"""A key that lets the platform into Deskly's sandbox."""

import secrets

from system_apis import Demo


def demo() -> Demo:
    """An API key."""
    key = secrets.token_hex(24)
    return Demo(options={"key": key}, values={"DESKLY_KEY": key})
