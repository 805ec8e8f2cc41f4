"""pysnow, a client made for the real thing, runs unmodified against the sandbox."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from foundation.sandbox.server import ADDRESSES, Address, serve
from system_apis.servicenow.sandbox import SANDBOX

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[str]:
    ready, stop = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(serve([SANDBOX], tmp_path, ready=ready, stop=stop))
    await asyncio.wait_for(ready.wait(), 20)
    addresses = msgspec.json.decode((tmp_path / ADDRESSES).read_bytes(), type=dict[str, Address])
    yield urlsplit(addresses["servicenow"].url).netloc
    stop.set()
    await serving


def story(host: str) -> dict[str, Any]:
    """What a user of pysnow does in a day."""
    import pysnow

    client = pysnow.Client(host=host, user="tiergate.integration", password="sandbox", use_ssl=False)
    incidents = client.resource(api_path="/table/incident")
    told: dict[str, Any] = {}
    for number in range(7):
        incidents.create(payload={"short_description": f"Billing {number}", "correlation_id": f"p-{number}"})
    told["one"] = incidents.get(query={"correlation_id": "p-3"}).one()["short_description"]
    built = pysnow.QueryBuilder().field("correlation_id").starts_with("p-").AND().field("state").equals("1")
    built = built.AND().field("correlation_id").order_descending()
    told["built"] = [row["correlation_id"] for row in incidents.get(query=built, limit=2).all()]
    stream = incidents.get(query="correlation_idSTARTSWITHp-^ORDERBYcorrelation_id", stream=True)
    told["streamed"] = [row["correlation_id"] for row in stream.all()]
    pages = [incidents.get(query="ORDERBYcorrelation_id", limit=3, offset=at) for at in (0, 3, 6)]
    told["paged"] = [row["correlation_id"] for page in pages for row in page.all()]
    told["total"] = pages[0].headers["X-Total-Count"]
    told["fields"] = incidents.get(query={"correlation_id": "p-1"}, fields=["number", "opened_by.name"]).one()
    updated = incidents.update(query={"correlation_id": "p-3"}, payload={"urgency": "1", "impact": "1"})
    told["priority"] = updated.one()["priority"]
    told["deleted"] = incidents.delete(query={"correlation_id": "p-4"})
    told["gone"] = incidents.get(query={"correlation_id": "p-4"}).one_or_none()
    incidents.parameters.display_value = True
    told["shown"] = incidents.get(query={"correlation_id": "p-3"}).one()["state"]
    try:
        client.resource(api_path="/table/nope").get(query={}).all()
    except Exception as refusal:  # noqa: BLE001 - whatever pysnow raises is the answer
        told["refused"] = str(refusal)
    return told


def signed_in_with_a_token(host: str) -> str:
    import pysnow

    client = pysnow.OAuthClient(client_id="tiergate", client_secret="sandbox", host=host, use_ssl=False)
    client.set_token(client.generate_token("tiergate.integration", "sandbox"))
    users = client.resource(api_path="/table/sys_user")
    return str(users.get(query={"user_name": "desk.lead"}).one()["name"])


async def test_pysnow_creates_queries_pages_updates_and_deletes(host: str) -> None:
    told = await asyncio.to_thread(story, host)
    assert told["one"] == "Billing 3"
    assert told["built"] == ["p-6", "p-5"]
    assert told["streamed"] == [f"p-{number}" for number in range(7)]
    assert told["paged"] == [f"p-{number}" for number in range(7)]
    assert told["total"] == "7"
    assert told["fields"] == {"number": "INC0010002", "opened_by.name": "Tiergate"}
    assert told["priority"] == "1"
    assert told["deleted"] == {"status": "record deleted"}
    assert told["gone"] is None
    assert told["shown"] == "New"
    assert "400" in told["refused"]


async def test_pysnow_signs_in_by_oauth(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # oauthlib's own switch for plain http on loopback
    assert await asyncio.to_thread(signed_in_with_a_token, host) == "Dara Quill"
