"""Standard Webhooks: what a delivery is signed with, for whoever sends one and whoever believes one.

https://www.standardwebhooks.com
"""

import base64
import hmac
from typing import Final

PREFIX: Final = "whsec_"
"""Before the base64 of a secret."""


def key_of(secret: str) -> bytes:
    """The key of a secret. Raises `ValueError` (`binascii.Error`) where what follows the prefix is no base64."""
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """`v1,` and the base64 of the HMAC-SHA256 of id, timestamp and body."""
    made = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    return "v1," + base64.b64encode(made).decode()
