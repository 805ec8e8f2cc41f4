"""What a client of Tryton that is not ours meets at the sandbox; `test_real.py` asks the real one the same."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from foundation.sandbox import Box, Record
from system_apis.tryton.sandbox import records
from tests.tryton.asking import CALLS, Call, asked, outcome


@pytest.mark.parametrize("call", CALLS, ids=[call.name for call in CALLS])
async def test_a_call_is_answered_as_it_says(call: Call, http: httpx.AsyncClient) -> None:
    assert outcome(await asked(http, call)) == call.answers


async def test_what_is_refused_was_not_half_done(http: httpx.AsyncClient, box: Box) -> None:
    before = box.store.contents()
    good, bad = {"name": "Good"}, {"name": "Bad", "identifiers": [["create", [{"type": "de_vat", "code": "DE1"}]]]}
    told = await rpc(http, "model.party.party.create", [good, bad])
    assert told["error"][0] == "UserError"
    assert box.store.contents() == before


async def test_a_record_that_is_gone_takes_what_is_below_it(http: httpx.AsyncClient, box: Box) -> None:
    party = (await rpc(http, "model.party.party.create", [{"name": "X", "addresses": [["create", [{"city": "Y"}]]]}]))[
        "result"
    ]
    await rpc(http, "model.party.party.delete", party)
    assert box.store.find("party.address", party=party[0]) == []


async def test_a_field_or_model_that_is_hidden_is_not_there(http: httpx.AsyncClient, box: Box) -> None:
    box.store.set_setting("hidden_fields", ["party.party.customer_currency"])
    box.store.set_setting("denied_models", ["sale.sale"])
    told = await rpc(http, "model.party.party.fields_get", [])
    assert "customer_currency" not in told["result"]
    assert (await rpc(http, "model.party.party.read", [1], ["customer_currency"]))["error"] == [
        "'customer_currency'",
        "",
    ]
    refused = (await rpc(http, "model.sale.sale.search", [], 0, None, None))["error"]
    assert refused[1][0] == 'You are not allowed to access "Sale".'


async def test_a_page_by_id_reads_no_more_than_it_holds(
    http: httpx.AsyncClient, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(600):
        records.create(box, "party.category", {"name": f"Category {number}"})
    taken, walk = [], box.store.walk

    def counting(*place: Any, **how: Any) -> Iterator[Record]:
        for record in walk(*place, **how):
            taken.append(record["id"])
            yield record

    monkeypatch.setattr(box.store, "walk", counting)
    told = await rpc(http, "model.party.category.search", [["id", ">", 20]], 0, 5, [["id", "ASC"]])
    assert told["result"] == taken == [21, 22, 23, 24, 25]
    by_name = await rpc(http, "model.party.category.search", [], 0, 1, [["name", "DESC"]])
    assert by_name["result"] == [1], "'Intercompany' comes after every 'Category'"


async def test_who_signs_out_is_out(http: httpx.AsyncClient, box: Box) -> None:
    await rpc(http, "model.res.user.get_preferences", True)
    (session,) = box.store.all("_session")
    await http.post("/erp/rpc/", json={"id": 1, "method": "common.db.logout", "params": []})
    assert box.store.get("_session", session["id"]) is None


async def rpc(http: httpx.AsyncClient, method: str, *params: Any) -> dict[str, Any]:
    body = {"id": 1, "method": method, "params": [*params, {"company": 2, "language": "en"}]}
    told: dict[str, Any] = json.loads((await http.post("/erp/rpc/", json=body)).content)
    return told
