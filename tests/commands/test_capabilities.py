"""`tiergate capabilities` prints what each system can."""

import json

from canonical.ports import operations
from system_apis import discover
from tests.commands.conftest import Tiergate


def test_every_operation_of_every_system_is_there_as_json(tiergate: Tiergate) -> None:
    said = tiergate("capabilities", "--json")
    assert said.code == 0
    told = {(each["system"], each["operation"]) for each in json.loads(said.out)}
    for name, system in discover().items():
        assert {(name, each.id) for port in system.ports for each in operations(port)} <= told
    reads = {(each["system"], each["operation"]): each for each in json.loads(said.out)}
    late = reads["kantata", "upsertProject"]
    assert (late["consistency"], late["lag_seconds"], late["verified"]) == ("eventual", 30, False)
    assert reads["tryton", "customerByKey"]["consistency"] == "strong"
    assert reads["kantata", "whoami"]["consistency"] == "strong"
    assert reads["dataverse", "readNotification"]["consistency"] is None


def test_a_person_reads_a_table_with_the_systems_as_columns(tiergate: Tiergate) -> None:
    said = tiergate("capabilities", "kantata", "netsuite")
    lines = said.out.splitlines()
    assert lines[0].split() == ["KA", "NS"]
    assert next(line for line in lines if line.strip().startswith("upsertProject")).split() == [
        "upsertProject",
        "yes",
        "yes",
    ]
    assert next(line for line in lines if line.strip().startswith("postMessage")).split()[:3] == [
        "postMessage",
        "yes",
        ".",
    ]
    assert "NS  NetSuite (erp)" in lines
    late = [line.partition(". ")[0] for line in lines[lines.index("A read finds what was written:") + 1 :]]
    assert late[0] == "KA  within 30 s (not verified)"
    assert "NS  at once (not verified)" in late
    assert late[-1] == "    by a poll: within 600 s (not verified)"


def test_a_system_nobody_knows_is_said_with_what_is_near(tiergate: Tiergate) -> None:
    said = tiergate("capabilities", "netsuit")
    assert (said.code, said.out) == (2, "")
    assert "no system is called 'netsuit'; did you mean 'netsuite'?" in said.err
