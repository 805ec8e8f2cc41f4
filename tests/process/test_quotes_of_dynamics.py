"""Quote to order where Dynamics is the CRM, of the whole firm or of one legal entity: by binding alone."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from canonical.faults import Conflict, Invalid
from canonical.money import Money
from canonical.ports.quote_runs import QuoteReference, QuoteRunDetail, StartQuoteRun
from foundation.context import fresh, use
from foundation.sandbox import Box
from process_apis.bindings import Bindings
from system_apis import Demo
from system_apis.dataverse.sandbox import org
from system_apis.dataverse.sandbox.schema import TABLES
from system_apis.dataverse.sandbox.seed import deal_id
from tests.process.ordering import Ordering, rules
from tests.process.world import BINDINGS, PRIYA, World, world

WHOLE: Bindings = BINDINGS | {"crm": "dataverse"}
APART: Bindings = BINDINGS | {"crm": {"ACME-US": "dataverse", "ACME-DE": "salesforce", "ACME-IN": "salesforce"}}


class Dynamics:
    """The deal desk's work in Dynamics."""

    def __init__(self, firm: World) -> None:
        self.firm, self.desk, self.box = firm, Ordering(firm), firm.boxes["dataverse"]

    def quote(self, code: str = "D01") -> str:
        (found,) = self.box.store.find("quote", opportunityid=deal_id(self.firm.deal(code)))
        return str(found["quoteid"])

    def kept(self, quote: str) -> tuple[int, int, bool, str | None]:
        row = self.box.store.get("quote", quote) or {}
        return row["statecode"], row["statuscode"], row["tg_frozen"], row["tg_erpordernumber"]

    async def played(self, quote: str, system: str = "dataverse") -> QuoteRunDetail:
        with use(fresh(caller=PRIYA)):
            started = await self.desk.runs.start_run(StartQuoteRun(quote=QuoteReference(id=quote, system=system)))
        return await self.desk.ended(started.id)


@pytest.fixture(params=["whole", "apart"])
async def dynamics(
    request: pytest.FixtureRequest, tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path
) -> AsyncIterator[Dynamics]:
    path = tmp_path / "tiergate.sqlite"
    shutil.copy(empty, path)
    bindings = APART if request.param == "apart" else WHOLE
    async with world(f"sqlite:///{path}", known, boxes, bindings=bindings) as firm:
        yield Dynamics(firm)


async def test_a_won_quote_is_ordered_frozen_and_let_go_when_the_order_is_cancelled(dynamics: Dynamics) -> None:
    quote = dynamics.quote("D01")
    done = await dynamics.played(quote)
    assert (done.run.status, done.run.verified, rules(done)) == ("succeeded", True, [])
    assert done.run.id == f"q2o:dataverse:{quote}:r1"
    order = await dynamics.desk.order(done.run.id)
    assert (order.status, order.total()) == ("open", Money.of("240000.00", "USD"))
    assert [(line.code, line.qty) for line in order.lines] == [
        ("SVC-DELIVERY-LEAD", 400),
        ("SVC-ENGINEER", 800),
        ("SVC-ANALYST", 400),
    ]
    assert dynamics.kept(quote) == (2, 4, True, order.number)
    again = await dynamics.played(quote)
    assert (again.run.id, len(dynamics.desk.orders())) == (done.run.id, 1)
    await dynamics.desk.runs.cancel_run(done.run.id)
    assert (await dynamics.desk.ended(done.run.id)).run.status == "cancelled"
    assert dynamics.kept(quote) == (2, 4, False, None)


async def test_the_order_of_an_older_revision_is_cancelled_by_the_newer_one(dynamics: Dynamics) -> None:
    quote = dynamics.quote("D01")
    first = await dynamics.played(quote)
    newer = org.revise(dynamics.box, quote)["quoteid"]
    won = {"statecode": 2, "statuscode": 4, "tg_signedon": dynamics.box.now().date().isoformat()}
    org.update(dynamics.box, TABLES["quote"], newer, won)
    second = await dynamics.played(newer)
    assert (second.run.status, second.run.verified, second.run.quote.revision) == ("succeeded", True, 2)
    assert (await dynamics.desk.order(first.run.id)).status == "cancelled"
    assert dynamics.kept(quote)[:2] == (3, 7)


async def test_a_quote_edited_while_it_is_read_is_not_frozen_blindly(dynamics: Dynamics) -> None:
    dynamics.firm.fault("dataverse", "stale_version", method="PATCH", path="/quotes", times=1)
    done = await dynamics.played(dynamics.quote("D01"))
    assert (done.run.status, done.run.verified) == ("succeeded", True)


@pytest.mark.parametrize("dynamics", ["apart"], indirect=True)
async def test_each_entity_orders_what_its_own_crm_sold(dynamics: Dynamics) -> None:
    """ACME-US sells with Dynamics, the others with Salesforce."""
    firm, desk = dynamics.firm, dynamics.desk
    theirs = next(code for code, deal in firm.deals.items() if deal.entity == "ACME-DE")
    done = await dynamics.played(desk.quote(theirs), "salesforce")
    assert (done.run.status, done.run.id.split(":")[1]) == ("succeeded", "salesforce")
    with use(fresh(caller=PRIYA)):
        with pytest.raises(Invalid) as unsaid:
            await desk.runs.start_run(StartQuoteRun(quote=QuoteReference(id=dynamics.quote("D01"))))
        with pytest.raises(Invalid) as unknown:
            await desk.runs.start_run(StartQuoteRun(quote=QuoteReference(id="1", system="hubspot")))
        with pytest.raises(Conflict, match="sells with dataverse and not with salesforce"):
            await desk.runs.start_run(StartQuoteRun(quote=QuoteReference(id=desk.quote("D01"), system="salesforce")))
    assert [each.value.errors[0].pointer for each in (unsaid, unknown)] == ["/quote/system"] * 2
    ours = await dynamics.played(dynamics.quote("D01"))
    assert (ours.run.status, ours.run.verified) == ("succeeded", True)
