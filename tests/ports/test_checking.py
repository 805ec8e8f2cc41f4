"""A connection is checked: signed in, one record of each object read, every field we map looked for, each gap named."""

from datetime import timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest

from canonical.faults import Fault
from canonical.objects import Lead, ProjectSetup
from canonical.ports.receivables import Invoices
from canonical.ports.setups import ProjectSetups, WorkBreakdowns
from canonical.ports.systems import LegalEntities
from foundation.checking import Finding, Report
from foundation.connections import Connection
from foundation.explaining import Explained
from gateway.loader import PolicyError
from tests.ports import objects
from tests.ports.kept import KEPT, every_system, offering, project_id
from tests.ports.listed import LISTED
from tests.ports.test_reading import plant
from tests.ports.world import SYSTEMS, World, demo_of, resolved, suite_of
from tiergate.connections import checked


async def look(world: World, **changes: Any) -> Report:
    connection = msgspec.structs.replace(world.connection, where="policies/connections.yaml:12", **changes)
    return await checked(world.system, connection, world.box.transport())


async def fill(world: World) -> None:
    """One of everything its ports keep, and of what they list."""
    for kept in KEPT:
        if kept.port in world.system.ports:
            await kept.put(world, await kept.make(world))
    for listed in LISTED:
        if world.can(listed.port, listed.all):
            await listed.make(world, 1)
    if world.can(WorkBreakdowns, "upsert_tasks"):
        await world.adapter.upsert_tasks(await project_id(world), objects.TASKS)
    if world.can(ProjectSetups, "set_project_setup"):
        await world.adapter.set_project_setup(await project_id(world), ProjectSetup(open_for_time=False))
    if Lead in world.suite.plant:
        plant(world, objects.lead())
    if Invoices in world.system.ports:
        owed = (await world.adapter.invoice_by_key(objects.INVOICE)).account_id
        native = (await world.adapter.invoice_by_key(objects.INVOICE)).id
        await world.adapter.post_invoice(native)
        if world.can(Invoices, "credit_invoice"):
            await world.adapter.credit_invoice(objects.CREDIT, world.fit(objects.credit_note(native, account_id=owed)))


def only(report: Report) -> Finding:
    (finding,) = report.findings
    assert finding.system == report.system
    assert finding.mend.endswith("."), "what to change is a sentence"
    return finding


@every_system()
async def test_a_system_as_it_must_be_has_nothing_to_say(world: World) -> None:
    await fill(world)
    report = await look(world)
    assert report.findings == []
    assert report.user
    assert set(report.fields) == {each.object for each in world.system.checks}
    assert report.unread == []


@every_system()
async def test_wrong_credentials_say_where_they_stand_and_nothing_of_them(world: World) -> None:
    others = demo_of(world.name, 1).values
    report = await look(world, sign_in=resolved(world.suite.sign_in, others))
    finding = only(report)
    assert "sign-in is refused" in finding.says
    assert f"`sign_in` of {world.name} in policies/connections.yaml" in finding.mend
    assert [value for value in others.values() if len(value) > 12 and value in str(finding)] == []
    assert report.user == ""


@every_system()
async def test_an_address_where_nothing_answers_is_named(world: World) -> None:
    connection = msgspec.structs.replace(world.connection, url="http://127.0.0.1:9", connect_timeout=0.5)
    finding = only(await checked(world.system, connection))
    assert "http://127.0.0.1:9 cannot be reached" in finding.says
    assert f"Correct `url` of {world.name}" in finding.mend


@every_system()
async def test_an_address_where_something_else_answers_is_named(world: World) -> None:
    def stranger(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="<html>It works!</html>")

    finding = only(await checked(world.system, world.connection, httpx.MockTransport(stranger)))
    assert f"Correct `url` of {world.name}" in finding.mend or "`sign_in`" in finding.mend


@every_system()
async def test_an_address_too_long_is_no_matter_of_credentials(world: World) -> None:
    finding = only(await look(world, url=f"{world.suite.url}/nowhere"))
    assert f"Correct `url` of {world.name} in policies/connections.yaml" in finding.mend


@every_system()
async def test_a_missing_right_to_one_object_names_the_object(world: World) -> None:
    switch = world.suite.denied
    assert switch is not None, f"system_apis/{world.name}/suite.py does not say how a right is taken away"
    await fill(world)
    world.box.store.set_setting(switch.option, switch.value)
    report = await look(world)
    finding = next(each for each in report.findings if each.object == switch.object)
    assert "right to" in finding.mend
    assert switch.object in finding.mend
    assert ".." not in str(finding), "a vendor's sentence has its full stop"
    assert {each.object for each in report.findings} == {switch.object}


@pytest.mark.parametrize("name", [name for name in sorted(SYSTEMS) if suite_of(name).hidden])
async def test_a_field_that_is_gone_or_renamed_is_named(world: World) -> None:
    switch = world.suite.hidden
    assert switch is not None
    await fill(world)
    world.box.store.set_setting(switch.option, switch.value)
    finding = next(each for each in (await look(world)).findings if each.field == switch.field)
    assert finding.object == switch.object
    assert "it is not there, or hidden from us" in finding.says
    assert "QUIRKS.md" in finding.mend


@offering(LegalEntities)
async def test_a_legal_entity_that_is_not_there_is_named_with_the_line_that_says_it(world: World) -> None:
    report = await look(world, legal_entities=(world.suite.entity, "ACME-XX"), region="eu")
    finding = only(report)
    assert "the legal entity ACME-XX is not there" in finding.says
    assert f"`legal_entities` of {world.name} in policies/connections.yaml (" in finding.mend
    assert report.region == "eu"


@every_system()
async def test_a_clock_that_is_off_is_said_first(world: World) -> None:
    world.clock.ahead = timedelta(minutes=20)
    report = await look(world)
    assert "its clock is 1" in report.findings[0].says
    assert "ahead of ours" in report.findings[0].says
    assert "NTP" in report.findings[0].mend
    assert all(each.mend.startswith("Set the time first") for each in report.findings[1:])


MORE: Final[dict[str, tuple[str, Any]]] = {
    "business_central": ("project.status", ["Lapsed"]),
    "certinia": ("pse__Proj__c.pse__Stage__c", ["Lapsed"]),
    "dataverse": ("opportunity.tg_contracttype", {"100000099": "Lapsed"}),
    "salesforce": ("Contract.Status", ["Lapsed"]),
    "tryton": ("account.invoice.state", ["lapsed"]),
}
"""A word more on a list, of those systems whose metadata tell what a list holds."""


@pytest.mark.parametrize("name", sorted(MORE))
async def test_a_list_with_a_word_we_do_not_know_is_named_before_a_record_has_it(world: World) -> None:
    field, words = MORE[world.name]
    world.box.store.set_setting("more_values", {field: words})
    finding = only(await look(world))
    assert f"{finding.object}.{finding.field}" == field
    assert f"{next(iter(words))!r}, for which we have no word" in finding.says
    assert "Take it off the list" in finding.mend


@pytest.mark.parametrize("name", ["salesforce"])
async def test_a_renamed_field_is_recognised(world: World) -> None:
    world.box.store.set_setting("hidden_fields", ["Opportunity.Delivery_Entities__c"])
    world.system = msgspec.structs.replace(
        world.system, checks=(msgspec.structs.replace(world.system.checks[0], fields=("Id", "Practices__c")),)
    )
    assert "is it 'Practice__c' now?" in only(await look(world)).says


NEEDED: Final = {
    "business_central": "displayName",
    "certinia": "Customer_Key__c",
    "dataverse": "tg_practice",
    "oracle_fusion": "PartyNumber",
    "salesforce": "Practice__c",
    "sap_s4hana": "SalesContract",
    "servicenow": "state",
    "tryton": "customer_currency",
}
"""A field without which a record cannot be read. NetSuite leaves out any that is empty, and so it says the same."""


@pytest.mark.parametrize("name", [name for name in SYSTEMS if name in NEEDED])
async def test_a_fault_says_at_run_time_which_field_is_not_there_any_more(world: World) -> None:
    await fill(world)
    hidden = world.suite.hidden
    assert hidden is not None
    field = NEEDED[world.name]
    world.box.store.set_setting(hidden.option, [each.replace(hidden.field, field) for each in hidden.value])
    adapter = Explained(world.name, world.system.title, world.adapter, world.system.checks, ["sample"])
    with pytest.raises(Fault) as said:
        await adapter.sample(hidden.object)
    assert f"{world.name}: {hidden.object}.{field}: it is not there, or hidden from us" in said.value.detail


@pytest.mark.parametrize("name", ["salesforce"])
async def test_what_the_metadata_says_of_a_fault_is_asked_once(world: World) -> None:
    await fill(world)
    world.box.store.set_setting("hidden_fields", ["Opportunity.Practice__c"])
    adapter = Explained(world.name, world.system.title, world.adapter, world.system.checks, ["sample"])
    for _ in range(2):
        with pytest.raises(Fault) as said:
            await adapter.sample("Opportunity")
        assert "salesforce: Opportunity.Practice__c: it is not there" in said.value.detail
    described = [each for each in world.heard if "/describe" in each.path]
    assert len(described) == len(world.system.checks), "it is asked once for both"


@every_system()
async def test_a_sign_in_that_cannot_be_tried_is_a_mistake_of_its_line(world: World) -> None:
    lacking = Connection(name=world.name, url=world.suite.url, sign_in={}, where="policies/connections.yaml:12")
    with pytest.raises(PolicyError) as wrong:
        await checked(world.system, lacking)
    assert f"policies/connections.yaml:12: {world.name} cannot be connected: sign_in." in wrong.value.problems[0]
