"""`tiergate audit`: asking the record, and keeping it, from the command line."""

import json
import time
from hashlib import sha256
from pathlib import Path

import pytest

from foundation.masking import Masker
from gateway.audit import Place, Trail
from gateway.identity.sealing import key_file
from tests.audit.conftest import BODIES, Ground, entry
from tests.audit.test_whole import changed
from tests.commands.conftest import Tiergate, change


@pytest.fixture
async def ground(tmp_path: Path) -> Ground:
    state = tmp_path / "state"
    masker = Masker(sha256(key_file(state / "masks.key")).digest())
    trail = Trail(state / "audit.sqlite", masker)
    now = time.time()
    trail.add(entry(1, when=now - 40 * 86_400, who="priya"), BODIES)
    await trail.flush()
    trail.add(entry(2, when=now, who="dana"), BODIES)
    trail.add(entry(3, of="refusals", when=now, who="dana", status=403, reason="missing_scope", policy="a.yaml:3"))
    await trail.flush()
    trail.close()
    return Ground(Place.beside(state / "audit.sqlite"))


async def test_calls_are_found_by_each_word(ground: Ground, tiergate: Tiergate) -> None:
    def keys(*words: str) -> list[str]:
        return [kept["record"]["key"] for kept in json.loads(tiergate("audit", "query", "--json", *words).out)]

    assert keys() == ["n3", "n2", "n1"] or keys() == ["n2", "n3", "n1"]
    assert keys("--subject", "priya") == ["n1"]
    assert keys("--key", "n2") == ["n2"]
    assert keys("--status", "4xx") == keys("--status", "403") == ["n3"]
    assert keys("--until", "24h") == ["n1"]
    assert keys("--client", "console", "--operation", "note", "--request", "r2") == ["n2"]
    said = tiergate("audit", "query", "--subject", "priya")
    assert (said.code, "200  notes-v1.note  n1  priya with console  r1" in said.out) == (0, True)
    none = tiergate("audit", "query", "--subject", "nobody")
    assert (none.code, none.out.startswith("No call like that is on record in ")) == (1, True)


async def test_words_that_cannot_be_are_refused_with_what_can(
    ground: Ground, tiergate: Tiergate, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, said in (
        (("--since", "yesterday"), "'yesterday' is not an instant: write it like 2026-11-01"),
        (("--status", "40x"), "'40x' is not a status: write it like 403 or 4xx"),
    ):
        with pytest.raises(SystemExit) as refused:
            tiergate("audit", "query", *words)
        assert (refused.value.code, said in capsys.readouterr().err) == (2, True)


async def test_the_record_is_verified_and_what_is_wrong_is_a_finding(ground: Ground, tiergate: Tiergate) -> None:
    said = tiergate("audit", "verify")
    assert (said.code, said.out) == (0, f"The record in {ground.place.store} is whole.\n")
    changed({2: {"status": 500}})(ground)
    said = tiergate("audit", "verify", "--json")
    told = json.loads(said.out)
    assert (said.code, told["whole"], told["findings"][0]["problem"]) == (1, False, "was changed")


async def test_a_sweep_keeps_what_the_policies_keep(ground: Ground, tiergate: Tiergate, policies: Path) -> None:
    said = tiergate("audit", "sweep")
    assert (said.code, said.out) == (0, "Removed 0 records, 1 bodies and 0 names.\n")
    assert json.loads(tiergate("audit", "sweep", "--json").out) == {"records": 0, "bodies": 0, "names": 0}
    assert tiergate("audit", "verify").code == 0
    platform = policies / "platform.yaml"
    change(platform, "standard: {records: 400d, bodies: 30d}", "standard: {records: 35d}")
    assert tiergate("audit", "sweep").out.startswith("Removed 1 records")
    assert tiergate("audit", "verify").code == 0


async def test_a_person_is_erased_once(ground: Ground, tiergate: Tiergate) -> None:
    said = tiergate("audit", "erase", "--subject", "priya", "--reason", "request 7", "--json")
    told = json.loads(said.out)
    assert (said.code, told["bodies"], told["names"]) == (0, 1, 1)
    assert tiergate("audit", "query", "--subject", "priya").code == 1
    assert tiergate("audit", "verify").code == 0
    assert tiergate("audit", "erase", "--subject", "priya", "--reason", "request 7").code == 1


async def test_the_record_is_exported_to_a_file_and_to_standard_output(
    ground: Ground, tiergate: Tiergate, tmp_path: Path
) -> None:
    said = tiergate("audit", "export", "--out", str(tmp_path / "calls.jsonl"))
    assert (said.code, said.out) == (0, f"3 events are in {tmp_path / 'calls.jsonl'}.\n")
    lines = tiergate("audit", "export", "--key", "n2", "--names").out.splitlines()
    assert [json.loads(line)["data"]["subject"] for line in lines] == ["dana"]


def test_without_a_record_that_is_said(tiergate: Tiergate) -> None:
    for action in (("query",), ("verify",), ("export",), ("sweep",), ("erase", "--subject", "a", "--reason", "b")):
        said = tiergate("audit", *action)
        assert (said.code, said.err.startswith("tiergate: There is no record at ")) == (2, True)
