"""What the gateway adds to published contracts, metrics, the shipped policies, and a noun that is only a new file."""

import shutil
import subprocess
import sys
from pathlib import Path

from prometheus_client import Counter

import experience_apis
import process_apis
import system_apis
from canonical.ports import operations
from foundation.api import Api
from foundation.openapi import document
from gateway.metrics import CALLS, REFUSALS
from gateway.plan import load
from gateway.published import listed, scopes_of, statuses
from tests.gateway.notes import CABINET, NOTES, NOTES_2, VALUES, Notes, World, plan_of, token

ROOT = Path(__file__).parents[2]


def test_a_contract_documents_what_its_policies_can_refuse_with(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    paths = document(NOTES, statuses(plan, NOTES))["paths"]
    upsert = paths["/notes/v1/notes/by-key/{key}"]["put"]
    assert {"400", "401", "403", "410", "413", "415", "422", "429"} <= set(upsert["responses"])
    assert upsert["security"] == [{"bearer": ["notes:read", "notes:write"]}]
    hook = paths["/notes/v1/hooks/{name}"]["post"]
    assert hook["security"] == []
    assert not {"401", "403"} & set(hook["responses"])
    assert 410 not in statuses(plan, NOTES_2)(operations(Notes)[0])


def test_what_nobody_listed_is_not_published(tmp_path: Path) -> None:
    assert "deleteNote" not in listed(plan_of(tmp_path), NOTES)


def test_a_workloads_scopes_are_those_of_the_tier_below(tmp_path: Path) -> None:
    assert scopes_of(plan_of(tmp_path), CABINET.layer) == {"cabinet:read", "cabinet:write"}


async def test_calls_and_refusals_are_counted_by_names_of_ours(world: World) -> None:
    def counted(metric: Counter, **labels: str) -> float:
        samples = next(iter(metric.collect())).samples
        return sum(s.value for s in samples if s.name.endswith("_total") and labels.items() <= s.labels.items())

    refusal = {"api": "notes-v2", "operation": "note", "reason": "missing_scope"}
    before = counted(CALLS, api="notes-v2", operation="note"), counted(REFUSALS, **refusal)
    await world.ask("GET", "/notes/v2/notes/n1", token())
    await world.ask("GET", "/notes/v2/notes/n1", token("other"))
    assert counted(CALLS, api="notes-v2", operation="note") == before[0] + 2
    assert counted(REFUSALS, **refusal) == before[1] + 1


def test_the_policies_we_ship_list_every_operation_and_page_we_serve() -> None:
    systems = system_apis.discover().values()
    apis = [Api(name=s.name, layer="system", title=s.title, ports=s.ports) for s in systems]
    apis += [found.api for found in process_apis.discover().values()]
    apis += [found.api for found in experience_apis.discover().values()]
    plan = load(ROOT / "policies", apis, VALUES)
    for api in apis:
        served = [operation.id for operation in api.operations()] + [page.id for page in api.pages]
        assert [name for name in served if plan.governed(api, name) is None] == [], api.key


def test_a_new_noun_is_a_new_file_and_nothing_else(tmp_path: Path) -> None:
    for package in ("canonical", "foundation", "gateway"):
        skip = shutil.ignore_patterns("__pycache__", "sandbox", "identity")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=skip)
    (tmp_path / "tests").mkdir()
    shutil.copytree(ROOT / "tests" / "gateway", tmp_path / "tests" / "gateway")
    (tmp_path / "gateway" / "nouns" / "closed.py").write_text(NEW_NOUN)
    (tmp_path / "use.py").write_text(USE_IT)
    ran = subprocess.run([sys.executable, "use.py"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.stdout == "closed on Sundays, at policies/apis/face.yaml:7\n", ran.stderr


NEW_NOUN = '''
"""`closed: Sundays`: when an operation is shut."""

from canonical.faults import Conflict
from gateway.call import Call
from gateway.noun import Noun, Rule, Site


class Closed(Rule):
    def __init__(self, where: str, days: str) -> None:
        super().__init__(where)
        self._days = days

    def admit(self, call: Call) -> None:
        raise Conflict(f"closed on {self._days}")


def build(site: Site) -> Rule | None:
    return Closed(site.where("closed"), site.said("closed")) if site.said("closed") else None


NOUN = Noun(name="closed", stage="validate", build=build, operation=str)
'''
USE_IT = """
import asyncio
from pathlib import Path
from canonical.faults import Conflict
from gateway.governor import Governor
from tests.gateway.notes import FACE, FACE_FILE, plan_of
from foundation.context import Caller

plan = plan_of(Path("p"), face=FACE_FILE.replace("scopes: [notes:read]", "scopes: [notes:read], closed: Sundays"))
who = Caller(subject="priya", client="console", scopes=frozenset({"notes:read"}))
try:
    asyncio.run(Governor(plan).call(FACE, "note", who, {"note_id": "n1"}, None))
except Conflict as said:
    print(f"{said.detail}, at {said.facts['policy']}")
"""
