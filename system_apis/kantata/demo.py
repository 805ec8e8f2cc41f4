"""Credentials that let the platform into Kantata's sandbox."""

import secrets

from system_apis import Demo


def demo() -> Demo:
    """A bearer token, as an administrator's approval gives one."""
    token = secrets.token_hex(32)
    return Demo(options={"token": token}, values={"KANTATA_TOKEN": token})
