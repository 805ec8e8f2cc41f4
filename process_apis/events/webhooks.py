"""Standard Webhooks, as a sender: the secret, the signature, when to try again, and where we do not call at all.

A delivery is `POST` with `webhook-id`, `webhook-timestamp` and `webhook-signature`, one signature for each secret that
holds. https://www.standardwebhooks.com
"""

import asyncio
import base64
import hmac
import ipaddress
import socket
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from foundation.standard_webhooks import PREFIX, key_of, signature

OVERLAP: Final = timedelta(days=1)
"""How long the secret before this one still signs too."""
WAITS: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before each further attempt: over three days in all, then a delivery is parked."""


def secret(key: bytes, subscription_id: str, number: int) -> str:
    """The `number`th secret of a subscription, made from the platform's key: it is stored nowhere."""
    made = hmac.digest(key, f"webhook|{subscription_id}|{number}".encode(), "sha256")
    return PREFIX + base64.b64encode(made).decode()


def headers(secrets: list[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of one attempt."""
    stamp = str(int(at.timestamp()))
    return {
        "content-type": "application/cloudevents+json",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signature(key_of(each), message_id, stamp, body) for each in secrets),
    }


def wrong_address(url: str, *, anywhere: bool) -> str:
    """Why events are not told there; empty where they may be. `anywhere`: a sandbox also calls itself, without TLS."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - it raises where it is no number
    except ValueError:
        return "is not an address"
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return "is not an address that begins with https://"
    if parts.username is not None or parts.password is not None:
        return "carries a password; deliveries are signed instead"
    if parts.fragment:
        return "carries a fragment, which is never sent"
    if not anywhere and parts.scheme != "https":
        return "must begin with https://"
    return ""


async def not_public(url: str) -> str:
    """Why a host's addresses are none of the public internet; empty where all are.

    Asked again before every attempt: who owns a name decides where it leads (OWASP, server-side request forgery).
    """
    host = urlsplit(url).hostname or ""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return f"{host} is not found"
    inner = [each[4][0] for each in found if not ipaddress.ip_address(each[4][0]).is_global]
    return f"{host} leads to {inner[0]}, which is no address of the public internet" if inner else ""
