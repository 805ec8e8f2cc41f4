"""A real Tryton is asked what the sandbox is asked: the port suite's cases, every call of `calls.yaml`, and its fields.

Where the two differ the sandbox is wrong, and the difference is named.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from decimal import Decimal
from typing import Any, Final

import httpx
import msgspec
import pytest

from canonical.dates import now
from canonical.faults import Fault, VendorSignIn, VendorStale
from canonical.money import Money
from canonical.objects import Customer, InvoiceLine, TaxRegistration
from canonical.ports import Written
from foundation.connections import Connection
from foundation.sandbox import firm
from system_apis.tryton import SYSTEM_API, connect
from system_apis.tryton.adapter import Tryton
from system_apis.tryton.auth import sign_in
from system_apis.tryton.sandbox.billing_schema import MODELS
from tests.ports import objects, test_keeping, test_reading, test_sign_in
from tests.ports.kept import KEPT, Kept
from tests.tryton import real_server
from tests.tryton.asking import CALLS, Call, asked, outcome
from tests.tryton.real_world import RealWorld, Server
from tiergate.connections import checked

pytestmark = pytest.mark.real
KINDS: Final = [kept for kept in KEPT if kept.port in SYSTEM_API.ports]
YEN: Final = InvoiceLine(seq=1, description="Dock planning", net=Money.of("98000001", "JPY"))
Case = Callable[..., Awaitable[None]]


@pytest.fixture
async def world(real_connection: Connection, server: Server) -> AsyncIterator[RealWorld]:
    made = RealWorld(real_connection, server)
    yield made
    await made.close()


def cases() -> Iterator[Any]:
    """The suite's cases: each a test of `tests/ports`, and what it is asked with."""
    of_each: list[Case] = [
        test_keeping.test_what_was_written_is_read_back,
        test_keeping.test_written_twice_is_there_once,
        test_keeping.test_a_change_is_kept_and_makes_no_second_one,
        test_keeping.test_two_keys_are_two_records,
        test_keeping.test_an_unknown_key_is_not_found,
    ]
    for kept in KINDS:
        for case in of_each:
            yield _case(case, kept=kept)
        for script in test_keeping.SCRIPTS if kept.kind is Customer else ():
            yield _case(test_keeping.test_a_name_survives_in_every_script, kept=kept, script=script)
        for currency in test_keeping.AMOUNTS if kept.money else ():
            yield _case(test_keeping.test_an_amount_survives_whatever_its_decimals, kept=kept, currency=currency)
        for wrong in ("999999999", "no such id") if kept.by_id else ():
            yield _case(test_keeping.test_an_unknown_id_is_not_found_and_reaches_nothing_else, kept=kept, wrong=wrong)
    for stage in ("active", "on_hold", "closed", "cancelled", "planned"):
        yield _case(test_keeping.test_a_project_goes_to_every_stage_and_stays_there, stage=stage)
    yield _case(test_reading.test_a_legal_entity_has_its_periods_and_an_unknown_one_is_not_found)
    yield _case(test_sign_in.test_a_system_says_as_whom_we_are_signed_in)


def _case(case: Case, **given: Any) -> Any:
    shown = "-".join(each.kind.__name__ if isinstance(each, Kept) else str(each) for each in given.values())
    return pytest.param(case, given, id=f"{case.__name__.removeprefix('test_')}-{shown}")


@pytest.mark.parametrize(("case", "given"), list(cases()))
async def test_the_port_suite_holds_at_a_real_server(world: RealWorld, case: Case, given: dict[str, Any]) -> None:
    await case(world, **given)


@pytest.mark.parametrize("call", CALLS, ids=[call.name for call in CALLS])
async def test_a_real_server_answers_as_the_sandbox_does(call: Call, real_connection: Connection) -> None:
    async with httpx.AsyncClient(
        base_url=real_connection.url, auth=sign_in(real_connection), timeout=30, trust_env=False
    ) as http:
        assert outcome(await asked(http, call)) == call.answers


def test_every_field_of_the_sandbox_is_so_at_a_real_server(server: Server) -> None:
    differing = []
    for model in MODELS.values():
        real = server.ask(f"{model.name}.fields_get", [])
        for field in model.fields.values():
            said = real.get(field.name)
            if said is None:
                differing.append(f"{model.name}.{field.name} is not there")
                continue
            ours = {"type": field.type, "required": field.required, "relation": field.relation or None}
            theirs = {"type": said["type"], "required": said["required"], "relation": said.get("relation")}
            if isinstance(said.get("selection"), list) and field.selection:
                ours["selection"] = set(field.selection)
                theirs["selection"] = {word for word, _ in said["selection"] if word}
                if not field.required and ours["selection"] < theirs["selection"] and field.name == "type":
                    theirs["selection"] = ours["selection"]  # of the types of identifiers it keeps some
            if not field.computed and said["readonly"] != field.readonly:
                ours["readonly"], theirs["readonly"] = field.readonly, said["readonly"]
            if ours != theirs:
                differing.append(f"{model.name}.{field.name}: {ours} here, {theirs} there")
    assert differing == []


async def test_what_is_written_and_refused_comes_to_the_same_at_both(world: RealWorld, erp: Tryton) -> None:
    """The same calls in the same order: what each gives is equal but for ids and stamps, what it refuses is too."""
    sandbox, real = [await told(adapter) for adapter in (erp, world.adapter)]
    differing = {name: (said, real[name]) for name, said in sandbox.items() if said != real[name]}
    assert differing == {}


async def told(erp: Tryton) -> dict[str, Any]:
    """What comes of a story, call by call."""
    found: dict[str, Any] = {}

    async def ask(name: str, asking: Awaitable[Any]) -> Any:
        try:
            given = await asking
        except Fault as fault:
            found[name] = (fault.reason, [error.pointer for error in fault.errors])
            return None
        found[name] = _bare(given)
        return given

    number = TaxRegistration(country="DE", scheme="USt-IdNr", number="DE12")
    customer = await ask("customer", erp.upsert_customer(objects.CUSTOMER, objects.customer()))
    wrong = objects.customer(tax_registrations=[number])
    await ask("a tax number that is none", erp.upsert_customer("salesforce:other", wrong))
    await ask("no such terms", erp.upsert_customer("salesforce:other", objects.customer(payment_terms="Net 99")))
    await ask("no such currency", erp.upsert_customer("salesforce:other", objects.customer(default_currency="XXX")))
    await ask("nothing was made", erp.customer_by_key("salesforce:other"))
    await ask("taxed", erp.tax_profile(objects.CUSTOMER))
    contract = objects.contract(account_id=customer.id)
    await ask("contract", erp.upsert_contract(objects.DEAL, contract))
    too_fine = msgspec.structs.replace(contract, value=Money.of("1.23456", "EUR"))
    await ask("a price too fine", erp.upsert_contract(objects.DEAL, too_fine))
    await ask("of nobody", erp.upsert_contract("x:1", msgspec.structs.replace(contract, account_id="99999")))
    in_yen = msgspec.structs.replace(contract, currency="JPY", value=Money.of("98000001", "JPY"))
    await ask("in yen", erp.upsert_contract("x:yen", in_yen))
    await ask("read in yen", erp.contract_by_key("x:yen"))
    await ask("cancelled", erp.upsert_contract(objects.DEAL, msgspec.structs.replace(contract, status="cancelled")))
    await ask("read cancelled", erp.contract_by_key(objects.DEAL))
    await ask("opened again", erp.upsert_contract(objects.DEAL, contract))
    await ask("read again", erp.contract_by_key(objects.DEAL))
    project = await ask("project", erp.upsert_project(objects.DEAL, objects.project(account_id=customer.id)))
    await ask("a code there is", erp.upsert_project("x:1", objects.project(account_id=customer.id)))
    await ask("read project", erp.project(project.id))
    plan = objects.billing_schedule(project_id=project.id)
    await ask("plan", erp.upsert_billing_schedule(objects.DEAL, plan))
    shorter = msgspec.structs.replace(plan, lines=plan.lines[1:])
    await ask("shorter plan", erp.upsert_billing_schedule(objects.DEAL, shorter))
    await ask("read plan", erp.billing_schedule_by_key(objects.DEAL))
    hours = objects.time_entry(project_id=project.id)
    await ask("hours", erp.upsert_time_posting(objects.TIME, hours))
    later = msgspec.structs.replace(hours, hours=Decimal("7.75"), minutes=465, notes="Walked\nthe dock", billable=False)
    await ask("other hours", erp.upsert_time_posting(objects.TIME, later))
    await ask("read hours", erp.time_posting_by_key(objects.TIME))
    strange = msgspec.structs.replace(hours, resource="x@acme.example")
    await ask("hours of nobody", erp.upsert_time_posting("te:1", strange))
    bill = objects.invoice(account_id=customer.id, project_id=project.id)
    await ask("invoice", erp.upsert_invoice(objects.INVOICE, bill))
    less = msgspec.structs.replace(bill, lines=bill.lines[:1])
    await ask("shorter invoice", erp.upsert_invoice(objects.INVOICE, less))
    draft = await ask("read invoice", erp.invoice_by_key(objects.INVOICE))
    await ask("not yet", erp.post_invoice(draft.id))
    closed = msgspec.structs.replace(bill, issued_on=bill.issued_on.replace(year=now().year - 1, month=1))
    await ask("too late", erp.upsert_invoice(objects.INVOICE, closed))
    await ask("too late to post", erp.post_invoice(draft.id))
    yen = objects.invoice(account_id=customer.id, currency="JPY", lines=[YEN])
    await ask("invoice in yen", erp.upsert_invoice("x:yen", yen))
    await ask("read invoice in yen", erp.invoice_by_key("x:yen"))
    await ask("yen no more", erp.upsert_invoice("x:yen", bill))
    await ask("closed", erp.set_customer_lifecycle(customer.id, objects.CLOSED))
    await ask("read closed", erp.customer(customer.id))
    await ask("open", erp.set_customer_lifecycle(customer.id, objects.REOPENED))
    await ask("of no project", erp.upsert_billing_schedule("x:1", objects.billing_schedule(project_id="99999")))
    for entity in firm.ENTITIES:
        await ask(entity.code, erp.legal_entity(entity.code))
    return found


def _bare(given: Any) -> Any:
    """Without what one database calls it and when it was written."""
    if isinstance(given, Written):
        return given.created
    names: dict[str, Any] = {"id": "", "source": None, "resource_id": ""}
    names |= dict.fromkeys(("number", "account_id", "project_id"), "")
    bare = msgspec.structs.replace(given, **{name: names[name] for name in names if hasattr(given, name)})
    return msgspec.structs.replace(bare, xrefs=[msgspec.structs.replace(each, native_id="") for each in bare.xrefs])


async def test_a_stale_version_is_refused(real_connection: Connection, server: Server) -> None:
    world = RealWorld(real_connection, server)
    await world.adapter.upsert_customer(objects.CUSTOMER, objects.customer())
    (party,) = server.ours()["party.party"]

    class Between(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if b"party.party.write" in request.content:
                server.ask("party.party.write", [party["id"]], {"name": "Somebody else's"})
            return await super().handle_async_request(request)

    between = connect(real_connection, Between())
    with pytest.raises(VendorStale):
        await between.upsert_customer(objects.CUSTOMER, objects.customer(email="other@sturmvogel.example"))
    assert (await between.customer_by_key(objects.CUSTOMER)).legal_name == "Somebody else's"
    await between.close()
    await world.close()


async def test_who_owes_more_than_it_may_is_held(world: RealWorld) -> None:
    held = next(account for account in firm.ACCOUNTS if account.credit_hold)
    found: Customer = await world.adapter.customer_by_key(held.key)
    assert (found.credit.hold, found.credit.limit) == (True, Money.of(25000, "USD"))


async def test_a_connection_to_it_is_sound(world: RealWorld) -> None:
    for kept in KINDS:
        await kept.put(world, await kept.make(world))
    report = await checked(SYSTEM_API, world.connection)
    assert report.findings == []
    assert report.unread == []


async def test_a_session_that_ended_is_renewed_and_a_wrong_password_is_refused(real_connection: Connection) -> None:
    erp = connect(real_connection)
    await erp.whoami()
    auth: Any = erp._http.auth
    auth._header = "Session dGllcmdhdGU6MTpnb25l"  # a session nobody has
    assert (await erp.whoami()).user == real_server.USER
    await erp.close()
    wrong = msgspec.structs.replace(real_connection, sign_in={**real_connection.sign_in, "password": "wrong"})
    erp = connect(wrong)
    with pytest.raises(VendorSignIn):
        await erp.whoami()
    await erp.close()
