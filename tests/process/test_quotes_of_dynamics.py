"""Quote to order where Dynamics is the CRM, of the whole firm or of one legal entity: by binding alone."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from canonical.faults import Conflict, Invalid
from canonical.ports.quote_runs import QuoteReference, StartQuoteRun
from foundation.context import fresh, use
from foundation.sandbox import Box
from process_apis.bindings import Bindings
from system_apis import Demo
from tests.process.ordering import Ordering
from tests.process.world import BINDINGS, PRIYA, world

WHOLE: Bindings = BINDINGS | {"crm": "dataverse"}
APART: Bindings = BINDINGS | {"crm": {"ACME-US": "dataverse", "ACME-DE": "salesforce", "ACME-IN": "salesforce"}}


@pytest.fixture(params=["whole", "apart"])
async def desk(
    request: pytest.FixtureRequest, tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path
) -> AsyncIterator[Ordering]:
    path = tmp_path / "tiergate.sqlite"
    shutil.copy(empty, path)
    bindings = APART if request.param == "apart" else WHOLE
    async with world(f"sqlite:///{path}", known, boxes, bindings=bindings) as firm:
        yield Ordering(firm, "dataverse")


async def test_a_quote_edited_while_it_is_read_is_not_frozen_blindly(desk: Ordering) -> None:
    desk.firm.fault("dataverse", "stale_version", method="PATCH", path="/quotes", times=1)
    done = await desk.played(desk.quote("D01"))
    assert (done.run.status, done.run.verified) == ("succeeded", True)


@pytest.mark.parametrize("desk", ["apart"], indirect=True)
async def test_each_entity_orders_what_its_own_crm_sold(desk: Ordering) -> None:
    """ACME-US sells with Dynamics, the others with Salesforce."""
    firm, other = desk.firm, Ordering(desk.firm, "salesforce")
    theirs = next(code for code, deal in firm.deals.items() if deal.entity == "ACME-DE")
    done = await other.played(other.quote(theirs))
    assert (done.run.status, done.run.id.split(":")[1]) == ("succeeded", "salesforce")
    elsewhere = QuoteReference(id=other.offers.quote(firm.deal("D01").id), system="salesforce")
    with use(fresh(caller=PRIYA)):
        with pytest.raises(Invalid) as unsaid:
            await desk.runs.start_run(StartQuoteRun(quote=QuoteReference(id=desk.quote("D01"))))
        with pytest.raises(Invalid) as unknown:
            await desk.runs.start_run(StartQuoteRun(quote=QuoteReference(id="1", system="hubspot")))
        with pytest.raises(Conflict, match="sells with dataverse and not with salesforce"):
            await desk.runs.start_run(StartQuoteRun(quote=elsewhere))
    assert [each.value.errors[0].pointer for each in (unsaid, unknown)] == ["/quote/system"] * 2
    ours = await desk.played(desk.quote("D01"))
    assert (ours.run.status, ours.run.verified) == ("succeeded", True)
