"""What stands beside the pages: the API, the assets, the comparison of systems."""

import re

import pytest

from canonical.ports.processes import SystemView
from experience_apis.service_desk.comparing import side_by_side
from tests.faces.firm import World
from tests.faces.visitor import Visitor


@pytest.fixture
def world() -> World:
    return World()


async def test_an_asset_is_named_by_its_content_kept_a_year_and_zipped(world: World) -> None:
    visitor = Visitor(world)
    page = (await visitor.get("/desk")).text
    names = re.findall(r'"(/desk/static/[^"]+)"', page)
    assert len(set(names)) == 5
    for name in names:
        asset = await visitor.get(name)
        assert asset.status_code == 200
        assert "immutable" in asset.headers["Cache-Control"]
        assert re.search(r"\.[0-9a-f]{12}\.", name)
    style = await visitor.get(next(name for name in names if name.endswith(".css")))
    assert style.headers["Content-Encoding"] == "gzip"
    font = re.search(r'url\("([^"]+)"\)', style.text)
    assert font is not None
    assert (await visitor.get(f"/desk/static/{font[1]}")).content[:4] == b"wOF2"
    assert (await visitor.get("/desk/static/other.css")).status_code == 404


async def test_the_api_answers_the_same_as_the_pages_show(world: World) -> None:
    visitor = Visitor(world)
    now = (await visitor.get("/service-desk/v1/overview")).json()
    assert now["overview"]["open_cases"] == 3
    assert [case["id"] for case in now["first"]] == ["CASE-4", "CASE-3", "CASE-2"]
    case = (await visitor.get("/service-desk/v1/cases/CASE-2")).json()
    assert case["advice"]["do"].startswith("Legal gets it signed")
    assert [other["id"] for other in case["same_cause"]] == ["CASE-2"]
    assert (await visitor.get("/service-desk/v1/cases?limit=0")).status_code == 422
    assert (await visitor.get("/service-desk/v1/traces/unknown")).status_code == 404
    assert len((await visitor.get("/service-desk/v1/runs?status=running")).json()["items"]) == 1
    assert len((await visitor.get("/service-desk/v1/connections")).json()) == 4


def test_a_record_that_is_not_there_is_no_difference() -> None:
    crm = SystemView(system="crm", title="CRM", found=True, fields={"customer": "Harbor", "stage": "won"})
    erp = SystemView(system="erp", title="ERP", found=True, fields={"customer": "not created yet"})
    psa = SystemView(system="psa", title="PSA", found=False)
    down = SystemView(system="hr", title="HR", found=False, unreachable="it is not answering")
    rows = side_by_side([crm, erp, psa, down])
    assert not any(row.differs for row in rows)
    assert [cell.text for cell in rows[0].cells] == ["Harbor", "not created yet", "not created yet", "not known"]
    assert rows[1].cells[1].text == "not kept there"
