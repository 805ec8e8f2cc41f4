"""A partner on version 1 and one on version 2 call the same workflow, over HTTP, through the gateway."""

import http_sf

from tests.platform.known import DEAL
from tests.processes import Client

V1, V2 = "/opportunity-to-project/v1/runs", "/opportunity-to-project/v2/runs"


def test_a_partner_on_each_version_gets_the_same_run(platform: Client) -> None:
    partner = platform.token("partner-demo")
    old = platform.ask("POST", V1, partner, json={"opportunity_id": DEAL})
    new = platform.ask("POST", V2, partner, json={"opportunity": {"system": "salesforce", "id": DEAL}})
    assert (old.status_code, new.status_code) == (202, 202)
    assert old.json()["id"] == new.json()["id"]
    for version, accepted in ((V1, old), (V2, new)):
        assert accepted.headers["location"] == f"{version}/{old.json()['id']}"
        assert platform.ask("GET", accepted.headers["location"], partner).json()["run"]["id"] == old.json()["id"]
    assert old.json()["amount"] == new.json()["deal"]["value"]
    detail = platform.ask("GET", f"{V2}/{old.json()['id']}", partner).json()
    assert (detail["run"]["verified"], detail["run"]["problem"]) == (True, None)
    assert detail["run"]["progress"]["step"] == detail["run"]["progress"]["of"] == 15
    assert platform.ask("GET", f"{V1}/{old.json()['id']}", partner).json()["steps"] == detail["steps"]


def test_only_version_1_says_that_it_goes(platform: Client) -> None:
    partner = platform.token("partner-demo")
    old, new = (platform.ask("GET", where, partner) for where in (V1, V2))
    deprecated = http_sf.parse(old.headers["deprecation"].encode(), tltype="item")
    assert int(deprecated[0].timestamp() if hasattr(deprecated[0], "timestamp") else deprecated[0]) == 1795824000
    assert old.headers["sunset"] == "Mon, 31 May 2027 00:00:00 GMT"
    assert {"deprecation", "sunset"} & set(new.headers) == set()


def test_a_version_1_body_is_refused_by_version_2_by_field(platform: Client) -> None:
    partner = platform.token("partner-demo")
    refused = platform.ask("POST", V2, partner, json={"opportunity_id": DEAL})
    assert refused.status_code == 422
    assert refused.json()["errors"]
    other = platform.ask("POST", V2, partner, json={"opportunity": {"system": "dynamics", "id": DEAL}})
    assert [error["pointer"] for error in other.json()["errors"]] == ["/opportunity/system"]
