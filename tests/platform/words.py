"""Cross-references and events: what the platform under test holds of them, so that each operation goes well."""

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

from canonical.dates import now
from tests.platform.contracts import BY_KEY
from tests.processes import Client

Asked = tuple[str, Any]
PATIENCE = 30.0
_NOWHERE = "http://127.0.0.1:9/told"


def referred(platform: Client, good: Callable[..., None], customers: list[str]) -> dict[str, Asked]:
    """The calls of cross-references, of the first of these customers; and those its state forbids."""
    mine, other = (_id_of(platform, native) for native in customers[:2])
    record = {"system": "kantata", "native_id": "asked-in-a-test"}
    why = {"why": "asked in a test"}
    good("cross-references.lookUp", None, f"?word={customers[0]}")
    good("cross-references.crossReference", canonical_id=mine)
    good("cross-references.crossReferenceHistory", canonical_id=mine)
    good("cross-references.linkRecord", {"record": record} | why, canonical_id=mine)
    good("cross-references.mergeInto", {"into": mine} | why, canonical_id=other)
    good("cross-references.unlinkRecord", record | why, canonical_id=mine)
    nobodys = {"system": "no-such-system", "native_id": "1"}
    return {
        "cross-references.linkRecord": (
            BY_KEY["cross-references.linkRecord"].at(canonical_id=mine),
            {"record": nobodys} | why,
        ),
        "cross-references.unlinkRecord": (BY_KEY["cross-references.unlinkRecord"].at(canonical_id=mine), nobodys | why),
    }


def synced(platform: Client, good: Callable[..., None]) -> None:
    """The calls of account sync: somebody whom the books were told of is taken back."""
    token, listed = platform.token("experience-tier"), BY_KEY["account-sync.syncs"]
    deadline = time.monotonic() + PATIENCE
    made: list[str] = []
    while not made:
        assert time.monotonic() < deadline, "no person of the scenario's customers comes to the books"
        answer = platform.ask("GET", f"{listed.at()}?limit=200", token)
        assert answer.status_code == 200, answer.text
        found = answer.json()["items"]
        made = [each["id"] for each in found if any(record["made"] for record in each["records"])]
        time.sleep(0.2)
    good("account-sync.syncs", None, "?limit=1")
    good("account-sync.sync", sync_id=made[0])
    good("account-sync.undoSync", sync_id=made[0])


def _id_of(platform: Client, native_id: str) -> str:
    token = platform.token("experience-tier")
    answer = platform.ask("GET", f"{BY_KEY['cross-references.lookUp'].at()}?word={native_id}&object=customer", token)
    assert answer.status_code == 200, answer.text
    return str(answer.json()[0]["id"])


def told(platform: Client, good: Callable[..., None], subject: str) -> dict[str, Asked]:
    """The calls of events and subscriptions; and those their state forbids."""
    wish = {"url": _NOWHERE, "types": ["com.tiergate.project.activated.v1"]}
    kept, ended = _subscribed(platform, wish), _subscribed(platform, wish)
    _ask(platform, "events.replay", {"subject": subject}, subscription_id=kept)
    number = _parked(platform, kept)
    good("events.events")
    good("events.subscriptions")
    good("events.subscribe", wish)
    good("events.subscription", subscription_id=kept)
    good("events.unsubscribe", subscription_id=ended)
    good("events.renewSecret", subscription_id=kept)
    good("events.deliveries", subscription_id=kept)
    good("events.retryDelivery", subscription_id=kept, number=str(number))
    good("events.replay", {"subject": subject}, subscription_id=kept)
    return {}


def kept_apart(platform: Client, good: Callable[..., None], delivery: tuple[dict[str, str], str]) -> dict[str, Asked]:
    """The calls about what came in and went no further: one delivery can be read by now, the others never."""
    numbers, (headers, text) = [], delivery
    with closing(sqlite3.connect(platform.state / "tiergate.sqlite", timeout=10)) as database, database:
        for body in (text, "never", "of no use"):
            came = now().strftime("%Y-%m-%d %H:%M:%S.%f")
            row = ("salesforce", body[:60], came, "in a test", "waiting", json.dumps(headers), body)
            fields = "system, digest, received_at, reason, state, headers, body"
            database.execute(f"INSERT INTO quarantine ({fields}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            numbers.append(database.execute("SELECT max(number) FROM quarantine").fetchone()[0])
    good("events.quarantine")
    good("events.releaseQuarantined", number=str(numbers[0]))
    good("events.dismissQuarantined", {"why": "a test"}, number=str(numbers[2]))
    good("events.parkedChanges")
    good("events.replayChanges", {"system": "salesforce", "native_id": "nobody", "dry_run": True})
    at = BY_KEY["events.releaseQuarantined"].at(number=str(numbers[1]))
    settled = BY_KEY["events.dismissQuarantined"].at(number=str(numbers[0]))
    return {"events.releaseQuarantined": (at, None), "events.dismissQuarantined": (settled, {"why": "a test"})}


def _subscribed(platform: Client, wish: dict[str, Any]) -> str:
    return str(_ask(platform, "events.subscribe", wish)["id"])


def _parked(platform: Client, subscription: str) -> int:
    """A delivery that nobody took for days, which nobody here has."""
    with closing(sqlite3.connect(platform.state / "tiergate.sqlite", timeout=10)) as database, database:
        row = database.execute(
            "SELECT min(number) FROM deliveries WHERE subscription_id = ?", (subscription,)
        ).fetchone()
        database.execute("UPDATE deliveries SET state = 'parked' WHERE number = ?", row)
    return int(row[0])


def _ask(platform: Client, name: str, body: Any, **values: str) -> Any:
    operation = BY_KEY[name]
    answer = platform.ask(operation.method, operation.at(**values), platform.token("experience-tier"), json=body)
    assert answer.is_success, (name, answer.text)
    return answer.json()
