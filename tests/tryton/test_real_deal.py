"""Opportunity to project with Salesforce and Kantata as sandboxes and a real Tryton: by bindings alone.

What came of it is read back by proteus, Tryton's own client, in a process and an environment of its own.
"""

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from canonical.dates import business_date, now
from canonical.faults import Conflict
from canonical.money import Money
from canonical.objects import InvoiceLine
from foundation.connections import Connection
from foundation.sandbox import Box
from foundation.sandbox.firm import ENTITIES
from system_apis import Demo
from system_apis.tryton.adapter import Tryton
from tests.ports import objects
from tests.process.world import BINDINGS, World, boxes_of, credentials, world
from tests.tryton import real_server
from tests.tryton.real_world import BILLED, BY_US, RealBox, Server

pytestmark = pytest.mark.real
READ_BACK = Path(__file__).with_name("read_back.py")
BOUND = BINDINGS | {"erp": {entity.code: "tryton" for entity in ENTITIES}}
"""What `policies/bindings.yaml` says where Tryton is the ERP of every legal entity."""


async def test_a_won_deal_becomes_a_project_in_a_real_tryton(
    folder: Path, real_connection: Connection, server: Server, tmp_path: Path
) -> None:
    server.forget()
    known = credentials() | {"tryton": real_credentials()}
    boxes: dict[str, Box] = boxes_of(known)
    boxes["tryton"] = RealBox(server, real_connection.url)  # type: ignore[assignment]  # it is asked for no more
    async with world(f"sqlite:///{tmp_path / 'tiergate.sqlite'}", known, boxes, bindings=BOUND) as firm:
        done = await firm.played("D02")
        assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.detail
        assert [field.field for field in done.agreement if not field.agree] == []
        assert firm.duplicates() == []
        again = await firm.finished((await firm.start("D02")).id)
        assert again.run.id == done.run.id
        _is_what_was_sold(
            firm, real_server.ask_proteus(folder, READ_BACK, done.run.project_code), done.run.project_code
        )


async def test_hours_on_a_project_of_ours_are_billed_and_posted_by_tryton_itself(
    folder: Path, real_erp: Tryton, server: Server
) -> None:
    """People say the price, somebody books, and Tryton's own buttons bill it: nothing we left out is in the way."""
    server.forget()
    customer = await real_erp.upsert_customer(BILLED, objects.customer())
    project = objects.project(account_id=customer.id, code="DE-27-HOURS", billing_method="tm")
    id = int((await real_erp.upsert_project(BILLED, project)).id)
    context = {"company": int((await real_erp.legal_entity("ACME-DE")).id)}
    (service,) = server.ask("product.product.search", [["code", "=", "TG-SERVICE"]], 0, None, None)
    price = {"product": service, "list_price": {"__class__": "Decimal", "decimal": "120.50"}}
    server.ask("project.work.write", [id], price, **context)
    hours = objects.time_entry(project_id=str(id), worked_on=now().date(), hours=Decimal("7.5"), minutes=450)
    await real_erp.upsert_time_posting(BILLED, hours)
    server.ask("project.work.invoice", [id], **context)
    (draft,) = (await real_erp.invoices(customer_id=customer.id)).items
    assert (draft.status, draft.number, draft.net) == ("draft", "", Money.of("903.75", "EUR"))
    await real_erp.post_invoice(draft.id)
    billed = await real_erp.time_posting_by_key(BILLED)
    assert (billed.status, billed.invoice_id) == ("billed", draft.id)
    await real_erp.upsert_time_posting(BILLED, hours)
    with pytest.raises(Conflict):
        await real_erp.upsert_time_posting(BILLED, msgspec.structs.replace(hours, minutes=480))
    found = real_server.ask_proteus(folder, READ_BACK, "DE-27-HOURS")
    (invoice,) = found["invoices"]
    assert (invoice["state"], invoice["company"], invoice["moved"]) == ("posted", "ACME-DE", True)
    assert invoice["number"]
    assert (invoice["net"], invoice["currency"]) == ("903.75", "EUR")
    assert invoice["open"] == invoice["gross"]
    assert [(line[1], line[3]) for line in invoice["lines"]] == [(7.5, "903.75")]
    (hours,) = found["project"]["hours"]
    assert (hours["who"], hours["seconds"], hours["billed"]) == ("Katrin Behrens", 27000.0, True)
    assert (found["project"]["invoiced"], found["project"]["to_invoice"]) == ("903.75", "0.00")


async def test_time_becomes_an_invoice_and_a_part_of_it_is_taken_back_all_by_our_ports(
    folder: Path, real_erp: Tryton, server: Server
) -> None:
    server.forget()
    today = business_date(now(), (await real_erp.legal_entity("ACME-DE")).time_zone)
    customer = await real_erp.upsert_customer(BY_US, objects.customer())
    project = objects.project(account_id=customer.id, code="DE-27-OURS", billing_method="tm")
    id = (await real_erp.upsert_project(BY_US, project)).id
    hours = objects.time_entry(project_id=id, worked_on=today, hours=Decimal("7.5"), minutes=450)
    await real_erp.upsert_time_posting(BY_US, hours)
    line = InvoiceLine(
        seq=1,
        kind="time",
        description="Data Engineer",
        quantity=Decimal("7.5"),
        unit="HUR",
        unit_price=Money.of("120.50", "EUR"),
        net=Money.of("903.75", "EUR"),
        source_refs=[BY_US],
    )
    bill = objects.invoice(account_id=customer.id, project_id=id, issued_on=today, due_on=today, lines=[line])
    made = await real_erp.upsert_invoice(BY_US, bill)
    assert (await real_erp.post_invoice(made.id)).id == made.id
    assert (await real_erp.post_invoice(made.id)).id == made.id
    posted = await real_erp.invoice_by_key(BY_US)
    assert (posted.status, posted.lines, posted.due_on) == ("posted", [line], today)
    assert (posted.tax, posted.balance) == (Money.of("171.71", "EUR"), Money.of("1075.46", "EUR"))
    note = objects.credit_note(made.id, "100.00", account_id=customer.id, issued_on=today)
    for _ in range(2):
        credit = await real_erp.credit_invoice(f"{BY_US}-credit", note)
    assert (await real_erp.invoice(credit.id)).balance == Money.of("0.00", "EUR")
    assert (await real_erp.invoice(made.id)).status == "part_paid"
    assert {each.id for each in (await real_erp.invoices(customer_id=customer.id)).items} == {made.id, credit.id}
    assert {made.id, credit.id} <= {each.native_id for each in (await real_erp.invoice_changes("")).items}
    found = real_server.ask_proteus(folder, READ_BACK, "DE-27-OURS")
    told = [[each[name] for name in ("state", "net", "tax", "open", "moved")] for each in found["invoices"]]
    assert told == [["posted", "903.75", "171.71", "956.46", True], ["posted", "-100.00", "-19.00", "-119.00", True]]
    assert found["invoices"][0]["lines"] == [["Data Engineer", 7.5, "120.50", "903.75"]]
    (worked,) = found["project"]["hours"]
    assert (worked["who"], worked["seconds"]) == ("Katrin Behrens", 27000.0)
    assert (found["project"]["bills"], found["project"]["to_invoice"]) == ("manual", "0.00"), "nobody bills it twice"


def _is_what_was_sold(firm: World, found: dict[str, object], code: str) -> None:
    deal = firm.deal("D02")
    account = deal.account
    assert found["customer"] == {
        "name": account.legal_name,
        "identifiers": [[None, f"tiergate:{account.key}"], ["us_ein", account.tax.number if account.tax else ""]],
        "city": account.city,
        "country": "US",
        "terms": "Net 30",
        "currency": "USD",
    }
    project = msgspec.convert(found["project"], dict)
    comment = project.pop("comment")
    assert project == {
        "name": deal.name,
        "type": "project",
        "status": "Active",
        "company": "ACME-US",
        "bills": "manual",
        "takes_hours": True,
        "hours": [],
        "invoiced": "0.00",
        "to_invoice": "0.00",
    }
    assert f"tiergate.code: {code}" in comment
    assert f"tiergate.start: {deal.start.isoformat()}" in comment
    assert f"tiergate.end: {deal.end.isoformat()}" in comment
    contract, plan = msgspec.convert(found["sales"], list)
    assert contract["lines"] == [[deal.name, str(deal.amount)]]
    assert (contract["state"], contract["reference"], contract["net"]) == ("draft", deal.po_number, str(deal.amount))
    assert (plan["state"], plan["net"], plan["currency"]) == ("draft", str(deal.amount), "USD")
    assert len(plan["lines"]) > 1
    assert found["invoices"] == []


def real_credentials() -> Demo:
    said = {"DATABASE": real_server.DATABASE, "USER": real_server.USER, "PASSWORD": real_server.PASSWORD}
    return Demo(options={}, values={f"TRYTON_{name}": value for name, value in said.items()})
