"""The scenario, played a second time on the same database."""

from pathlib import Path

import httpx
import pytest

from tiergate import settings
from tiergate.demonstration import firm_of
from tiergate.running import running


@pytest.mark.real
@pytest.mark.alone
async def test_a_second_play_changes_nothing_in_any_system(tmp_path: Path) -> None:
    """The deals are closed again through the same unmodified client; nothing is made, changed or said twice."""
    known = settings.read({"TIERGATE_STATE": str(tmp_path), "TIERGATE_PORT": "0", "TIERGATE_POLL_SECONDS": "1"})
    async with running(known) as (served, sandboxes), httpx.AsyncClient() as http:

        async def contents() -> dict[str, object]:
            found = {}
            for name, address in sandboxes.addresses.items():
                found[name] = (await http.get(f"{address.url}/_sandbox/contents")).json()
            return found

        firm = firm_of(served.settings, sandboxes.addresses, lambda _line: None)
        first = await firm.play()
        before = await contents()
        second = await firm.play()
        after = await contents()
    assert (first.ok, second.ok) == (True, True)
    assert after == before
    assert [(d.key, d.outcome, d.ids) for d in second.deals] == [(d.key, d.outcome, d.ids) for d in first.deals]
    assert second.duplicates == []
