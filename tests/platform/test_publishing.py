"""What the running platform publishes without a token: its catalogue, and every contract as it stands in `openapi/`."""

import json
from pathlib import Path

import pytest

from tests.processes import ROOT, Client

CATALOG = "/.well-known/api-catalog"
OFFERED = {
    "account-sync-v1": "process",
    "client-portal-v1": "experience",
    "contract-sync-v1": "process",
    "cross-references-v1": "process",
    "events-v1": "process",
    "intake-v1": "process",
    "opportunity-to-project-v1": "process",
    "opportunity-to-project-v2": "process",
    "project-setup-v1": "process",
    "reconcile-v1": "process",
    "quote-to-order-v1": "process",
    "service-desk-v1": "experience",
    "staffing-v1": "process",
}


def test_the_catalogue_lists_what_partners_faces_and_vendors_may_call_and_no_system(platform: Client) -> None:
    answer = platform.ask("GET", CATALOG)
    assert answer.headers["content-type"] == (
        'application/linkset+json; profile="https://www.rfc-editor.org/info/rfc9727"'
    )
    contexts = {context["anchor"]: context for context in answer.json()["linkset"]}
    catalogue = contexts.pop(platform.url + CATALOG)
    assert {item["href"] for item in catalogue["item"]} == set(contexts)
    described = {context["service-desc"][0]["href"] for context in contexts.values()}
    assert described == {f"{platform.url}/apis/{key}/openapi.json" for key in OFFERED}


def test_head_of_the_catalogue_points_to_it(platform: Client) -> None:
    answer = platform.ask("HEAD", CATALOG)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.links["api-catalog"]["url"] == platform.url + CATALOG


@pytest.mark.parametrize("key", OFFERED)
def test_a_contract_is_served_as_it_is_published_and_its_status_is_true(platform: Client, key: str) -> None:
    served = platform.ask("GET", f"/apis/{key}/openapi.json")
    assert served.content == (ROOT / "openapi" / f"{key}.json").read_bytes()
    assert platform.ask("GET", f"/apis/{key}/status").json()["serving"] is True
    page = platform.ask("GET", f"/apis/{key}")
    assert f"<h1>{json.loads(served.content)['info']['title']} v{key[-1]}</h1>" in page.text


@pytest.mark.parametrize("file", sorted((ROOT / "openapi").glob("*.json")), ids=lambda file: file.stem)
def test_no_other_contract_is_served(platform: Client, file: Path) -> None:
    key = file.stem
    answer = platform.ask("GET", f"/apis/{key}/openapi.json")
    assert answer.status_code == (200 if key in OFFERED else 404)
