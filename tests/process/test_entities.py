"""Each legal entity has its own CRM, ERP and PSA, in one platform: by `policies/bindings.yaml` alone.

ACME-US  Salesforce,         NetSuite,         Kantata
ACME-DE  Dynamics 365 Sales, Business Central, Certinia      an acquired company, which kept its systems
ACME-IN  Salesforce,         SAP S/4HANA,      Kantata
"""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import yaml

import system_apis
from canonical.faults import Conflict, Invalid, NotBound
from canonical.ports.deal_runs import DealReference, StartRun
from canonical.ports.processes import StartOpportunityToProject
from foundation.context import fresh, use
from foundation.sandbox import Box
from gateway.ownership import read_ownership
from process_apis.events.intake import poll_once, work_off
from process_apis.opportunity_to_project.runs import OperatingDealRuns
from system_apis import Demo
from tests.process.test_accounts_in_systems import owners
from tests.process.world import PRIYA, World, world
from tests.reconcile.asking import reconciled
from tiergate import configuration

TRIPLES: Final = {
    "ACME-US": ("salesforce", "netsuite", "kantata"),
    "ACME-DE": ("dataverse", "business_central", "certinia"),
    "ACME-IN": ("salesforce", "sap_s4hana", "kantata"),
}
DEALS: Final = {"ACME-US": "D01", "ACME-DE": "D03", "ACME-IN": "D05"}
ROLES: Final = ("crm", "erp", "psa")


def written(triples: dict[str, tuple[str, str, str]]) -> str:
    """The file as somebody writes it."""
    table = {role: {entity: names[place] for entity, names in triples.items()} for place, role in enumerate(ROLES)}
    return yaml.safe_dump({**table, "itsm": "servicenow"}, sort_keys=False)


@pytest.fixture
async def firm(tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path) -> AsyncIterator[World]:
    shutil.copy(empty, tmp_path / "tiergate.sqlite")
    (tmp_path / "bindings.yaml").write_text(written(TRIPLES))
    bindings = configuration.bindings(tmp_path, system_apis.discover(), {})
    async with world(f"sqlite:///{tmp_path / 'tiergate.sqlite'}", known, boxes, bindings=bindings) as made:
        yield made


async def made_in(firm: World, entity: str) -> str:
    """A deal of this entity becomes a project in its systems and in no other; its key."""
    crm, erp, psa = (
        firm.platform.systems.name("crm", entity),
        *(firm.platform.systems.name(role, entity) for role in ("erp", "psa")),
    )
    before = {name: len(firm.writes(name)) for name in firm.boxes}
    code = DEALS[entity]
    deal, done = firm.deal(code), await firm.played(code)
    key = f"{crm}:{firm.native(code)}"
    assert (done.run.status, done.run.verified, done.run.business_key) == ("succeeded", True, key), done.run.detail
    assert [each.field for each in done.agreement if not each.agree] == []
    for system in (erp, psa):
        project = await firm.adapters[system].project_by_key(key)
        assert (project.name, project.start, project.end) == (deal.name, deal.start, deal.end)
    touched = {name for name, count in before.items() if len(firm.writes(name)) > count}
    assert touched - {crm} == {erp, psa}, "its own systems, and nobody else's"
    return key


@pytest.mark.parametrize("entity", ["ACME-DE"])
async def test_an_acquired_company_with_another_crm_is_a_binding(firm: World, entity: str, tmp_path: Path) -> None:
    """And so is what stands on it: who may start what, what is polled, and what is compared."""
    await made_in(firm, entity)
    current = OperatingDealRuns(firm.workflow)
    with use(fresh(caller=PRIYA)):
        with pytest.raises(Invalid) as vague:
            await current.start_run(StartRun(opportunity=DealReference(id=firm.native("D01"))))
        with pytest.raises(Invalid) as nobodys:
            await current.start_run(StartRun(opportunity=DealReference(system="hubspot", id="1")))
        await firm.edit("Opportunity", firm.deal("D01").id, Legal_Entity__c="ACME-DE")
        with pytest.raises(Conflict, match="a deal of ACME-DE, which sells with dataverse and not with salesforce"):
            await firm.workflow.start_run(StartOpportunityToProject(opportunity_id=firm.deal("D01").id), "salesforce")
    assert vague.value.errors[0].detail == "must say which: 'salesforce' or 'dataverse'"
    assert "it is 'salesforce' or 'dataverse'" in nobodys.value.errors[0].detail
    with pytest.raises(NotBound, match="no CRM bound"):
        firm.platform.systems.name("crm")
    for crm in firm.platform.systems.playing("crm"):
        await poll_once(firm.platform, crm)
    await firm.win("D04")
    await poll_once(firm.platform, "dataverse")
    await work_off(firm.platform)
    heard = await firm.finished(f"o2p:dataverse:{firm.native('D04')}:1")
    assert heard.run.status == "succeeded"
    firm.platform.ownership = read_ownership(owners(tmp_path))
    told = await reconciled(firm.platform, "project", "outcome")
    pairs = [(part.object, part.left.system, part.right.system, part.state) for part in told.report.parts]
    assert ("project", "business_central", "certinia", "agrees") in pairs
    assert ("outcome", "dataverse", "business_central", "agrees") in pairs
    assert {part.matched for part in told.report.parts if part.left.system == "dataverse"} == {2}


@pytest.mark.real
async def test_three_legal_entities_each_on_its_own_systems_in_one_platform(firm: World) -> None:
    keys = [await made_in(firm, entity) for entity in TRIPLES]
    assert [key.partition(":")[0] for key in keys] == ["salesforce", "dataverse", "salesforce"]
    told = await reconciled(firm.platform, "project", "outcome")
    assert {part.state for part in told.report.parts} == {"agrees"}
    assert sum(part.matched for part in told.report.parts if part.object == "outcome") == 3
    assert firm.duplicates() == []


async def test_the_erp_of_one_legal_entity_is_swapped_in_its_line_of_the_bindings(
    tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path
) -> None:
    """The deal before is a project in NetSuite and stays one; the next one is in SAP. No other entity notices."""
    shutil.copy(empty, tmp_path / "tiergate.sqlite")
    database, one = f"sqlite:///{tmp_path / 'tiergate.sqlite'}", ("salesforce", "netsuite", "kantata")
    file = tmp_path / "bindings.yaml"
    file.write_text(written({"ACME-US": one, "ACME-IN": one}))
    before = configuration.bindings(tmp_path, system_apis.discover(), {})
    async with world(database, known, boxes, bindings=before) as firm:
        assert (await firm.played("D05")).run.verified
    file.write_text(file.read_text().replace("ACME-IN: netsuite", "ACME-IN: sap_s4hana"))
    after = configuration.bindings(tmp_path, system_apis.discover(), {})
    async with world(database, known, boxes, bindings=after) as firm:
        untouched = firm.writes("netsuite")
        done = await firm.played("D07")
        assert (done.run.status, done.run.verified) == ("succeeded", True), done.run.detail
        assert firm.writes("netsuite") == untouched
        sold = await firm.adapters["sap_s4hana"].project_by_key(f"salesforce:{firm.native('D07')}")
        assert sold.code == done.run.project_code
        kept = await firm.adapters["netsuite"].project_by_key(f"salesforce:{firm.native('D05')}")
        assert kept.stage == "active"
        assert (await firm.played("D01")).run.verified, "ACME-US is still in NetSuite"
        assert firm.writes("netsuite") != untouched
        told = await reconciled(firm.platform, "project", "outcome")
        parts = {(part.object, part.left.system, part.right.system): part for part in told.report.parts}
        assert {part.state for part in parts.values()} == {"agrees"}, "what was made before is not looked for in SAP"
        assert parts["project", "sap_s4hana", "kantata"].matched == 1
