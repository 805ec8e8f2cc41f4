"""Bad input at the running intake: each is refused or kept with its reason, and what comes after is taken."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx

from tests.platform.known import delivery
from tests.processes import Client
from tiergate.embedded import credentials

WHERE = "/intake/v1/notifications/salesforce"


def signed(platform: Client, body: bytes, *, age: int = 0, name: str = "asked-at-the-edge") -> dict[str, str]:
    """Headers as Salesforce would send them, by the standard."""
    at, secret = (
        str(int(time.time()) - age),
        credentials(platform.state / "sandboxes")["salesforce"].notification_secret,
    )
    digest = hmac.digest(
        base64.b64decode(secret.removeprefix("whsec_")), f"{name}.{at}.".encode() + body, hashlib.sha256
    )
    signature = "v1," + base64.b64encode(digest).decode()
    return {"webhook-id": name, "webhook-timestamp": at, "webhook-signature": signature}


def post(platform: Client, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return platform.ask("POST", WHERE, content=body, headers=headers | {"content-type": "application/json"})


def kept(platform: Client) -> list[dict[str, Any]]:
    answer = platform.ask("GET", "/events/v1/quarantine?limit=200", platform.token("scenario"))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_bad_input_is_refused_or_kept_and_what_comes_after_is_taken(platform: Client) -> None:
    good_headers, text = delivery(platform)
    good, before = text.encode(), len(kept(platform))

    forged = post(platform, good, signed(platform, good) | {"webhook-signature": "v1,AAAA"})
    replayed = post(platform, good, signed(platform, good, age=301))
    large = post(platform, b" " * 20_000_000, {"webhook-id": "large", "connection": "close"})
    assert [each.status_code for each in (forged, replayed, large)] == [401, 401, 413]
    assert "does not fit" in forged.json()["detail"]
    assert "too old" in replayed.json()["detail"]
    assert len(kept(platform)) == before, "what nobody has signed is not kept"

    unknown = good.replace(b"opportunity.changed", b"account.exploded")
    shapeless = json.dumps({"type": "opportunity.changed", "data": {"id": 7}}).encode()
    for number, body in enumerate((b'{"type": "opportunity.', unknown, shapeless)):
        headers = signed(platform, body, name=f"bad-{number}")
        for taken in (post(platform, body, headers), post(platform, body, headers)):  # told twice, kept once
            assert (taken.status_code, taken.json()) == (200, {"stored": 0, "known": 0, "quarantined": 1}), taken.text
    found = kept(platform)[before:]
    assert [each["state"] for each in found] == ["waiting"] * 3
    assert ["truncated" in found[0]["reason"], "account.exploded" in found[1]["reason"]] == [True, True]

    still = platform.ask("POST", f"/events/v1/quarantine/{found[0]['number']}/release", platform.token("scenario"))
    assert still.status_code == 409, still.text
    after = post(platform, good, good_headers)
    assert (after.status_code, after.json()["stored"] + after.json()["known"]) == (200, 1), after.text
