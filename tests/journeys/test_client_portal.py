"""Nina of Harbor Logistics, through a program that signs her in (code flow with PKCE): her own project only."""

import pytest

from tests.journeys.guests import House
from tests.journeys.systems import deal_with, run_of

# The platform started for the journeys in a browser serves these, too.
pytestmark = pytest.mark.real("chromium")


def test_nina_sees_her_project_with_milestones_and_billing(house: House) -> None:
    platform, mine = house.platform, deal_with("Harbor Logistics")
    token = platform.person()
    found = platform.ask("GET", "/client-portal/v1/projects", token)
    assert found.status_code == 200
    assert [card["name"] for card in found.json()] == [mine.name]
    whole = platform.ask("GET", f"/client-portal/v1/projects/{found.json()[0]['code']}", token)
    assert whole.status_code == 200
    assert whole.json()["project"]["value"] == {"amount": str(mine.amount), "currency": mine.currency}
    assert whole.json()["billing"]["dates"]


def test_anothers_project_is_answered_as_one_that_does_not_exist(house: House) -> None:
    platform = house.platform
    theirs = run_of(platform, deal_with("Kestrel Energy"))["project_code"]
    token = platform.person()
    real, invented = (
        platform.ask("GET", f"/client-portal/v1/projects/{code}", token) for code in (theirs, "PRJ-99999")
    )
    assert (real.status_code, invented.status_code) == (404, 404)
    assert real.json()["detail"].replace(theirs, "PRJ-99999") == invented.json()["detail"]


def test_her_token_opens_no_other_door(house: House) -> None:
    platform = house.platform
    answer = platform.ask("GET", "/service-desk/v1/overview", platform.person())
    assert (answer.status_code, answer.json()["reason"]) == (403, "not_in_product")
