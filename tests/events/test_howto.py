"""What the how-to shows is what believes our deliveries."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from canonical.dates import now
from process_apis.events import webhooks
from tests.processes import ROOT

PAGE = (ROOT / "docs" / "howto" / "be-told-of-events.md").read_text()
SECRET, ANOTHER = (webhooks.secret(b"k" * 32, "sub_1", number) for number in (1, 2))


def shown() -> Callable[[str, dict[str, str], bytes], bool]:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    found: Callable[[str, dict[str, str], bytes], bool] = names["believed"]
    return found


def test_its_receiver_believes_what_is_ours_and_of_now_and_nothing_else() -> None:
    believed, body = shown(), b'{"id": "1"}'
    headers = webhooks.headers([SECRET], "evt_1", now(), body)
    assert believed(SECRET, headers, body)
    assert believed(SECRET, webhooks.headers([ANOTHER, SECRET], "evt_1", now(), body), body)
    assert not believed(ANOTHER, headers, body)
    assert not believed(SECRET, headers, body + b" ")
    assert not believed(SECRET, headers | {"webhook-id": "evt_2"}, body)
    old = now() - timedelta(minutes=6)
    assert not believed(SECRET, webhooks.headers([SECRET], "evt_1", old, body), body)


def test_its_waits_are_those_we_wait() -> None:
    (row,) = [line for line in PAGE.splitlines() if "told again after" in line]
    units = {"s": 1, "min": 60, "h": 3600}
    said = [int(number) * units[unit] for number, unit in re.findall(r"(\d+) (s|min|h)\b", row)]
    assert [*said, 86_400] == list(webhooks.WAITS)
