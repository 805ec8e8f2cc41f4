"""A token that was revoked at the gateway's issuer is refused by a tier in another process, which asks nobody."""

import time
from pathlib import Path

import httpx
import pytest

from gateway.identity.granted import REREAD_SECONDS
from tests.processes import Client
from tests.split.apart import apart

pytestmark = pytest.mark.real

RUNS = "/opportunity-to-project/v1/runs"


def test_what_was_revoked_at_the_gateway_is_refused_at_a_tier_apart_within_seconds(tmp_path: Path) -> None:
    with apart(tmp_path) as urls:
        client = Client(urls["gateway"], tmp_path / "state")
        bearer = client.token("partner-demo")

        def at_the_tier() -> httpx.Response:
            said = {"Authorization": f"Bearer {bearer}"}
            return httpx.get(urls["process"] + RUNS, headers=said, timeout=20, trust_env=False)

        assert at_the_tier().status_code == 200
        secret = client.demo.clients["partner-demo"]
        revoked = client.http.post("/identity/revoke", data={"token": bearer}, auth=("partner-demo", secret))
        assert revoked.status_code == 200
        time.sleep(REREAD_SECONDS + 0.5)
        refused = at_the_tier()
        client.close()
    assert (refused.status_code, refused.json()["reason"]) == (401, "token_refused")
    assert refused.json()["detail"] == "The token was revoked."
