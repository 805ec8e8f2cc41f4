"""Whichever systems play the roles, a won deal becomes a project: by bindings alone, no line of code knows which."""

import shutil
from collections.abc import Sequence
from itertools import combinations, product
from pathlib import Path

import pytest

import system_apis
from canonical.ports.roles import Role
from foundation.sandbox import Box
from foundation.sandbox.firm import ENTITIES
from process_apis.bindings import Bindings
from system_apis import Demo
from tests.process.world import BINDINGS, world

Mix = tuple[str, ...]


def playing(role: Role) -> list[str]:
    """The systems that can play a role."""
    return [name for name, system in system_apis.discover().items() if role in system.roles]


def pairwise(mixes: Sequence[Mix]) -> list[Mix]:
    """Mixes enough that any two systems of different roles meet in one of them."""
    missing = {pair for mix in mixes for pair in combinations(enumerate(mix), 2)}
    chosen: list[Mix] = []
    while missing:
        best = max(mixes, key=lambda mix: len(missing & {*combinations(enumerate(mix), 2)}))
        missing -= {*combinations(enumerate(best), 2)}
        chosen.append(best)
    return chosen


MIXES = list(product(playing("crm"), playing("erp"), playing("psa")))
PAIRWISE = pairwise(MIXES)


def bound(mix: Mix) -> Bindings:
    crm, erp, psa = mix
    return BINDINGS | {"crm": crm, "erp": {entity.code: erp for entity in ENTITIES}, "psa": psa}


async def played(mix: Mix, path: Path, known: dict[str, Demo], boxes: dict[str, Box]) -> None:
    crm, erp, psa = mix
    async with world(f"sqlite:///{path}", known, boxes, bindings=bound(mix)) as firm:
        deal = firm.deal("D02")
        done = await firm.played("D02")
        key = f"{crm}:{firm.native('D02')}"
        assert (done.run.status, done.run.verified, done.run.business_key) == ("succeeded", True, key)
        assert [field.field for field in done.agreement if not field.agree] == []

        sold = await firm.adapters[crm].opportunity(firm.native("D02"))
        assert sold.project_code == done.run.project_code
        for system in (erp, psa):
            project = await firm.adapters[system].project_by_key(key)
            assert (project.name, project.start, project.end) == (deal.name, deal.start, deal.end)
        contract = await firm.adapters[erp].contract_by_key(f"{crm}:{sold.contract_id}")
        assert contract.value is not None
        assert (contract.value.amount, contract.value.currency) == (deal.amount, deal.currency)
        others = set(boxes) - {crm, erp, psa, "servicenow"}
        assert firm.writes(*others) == [], "a system nobody bound was written to"
        assert firm.duplicates() == []


@pytest.mark.parametrize("mix", PAIRWISE, ids="-".join)
async def test_any_two_systems_work_together(
    mix: Mix, tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path
) -> None:
    shutil.copy(empty, tmp_path / "tiergate.sqlite")
    await played(mix, tmp_path / "tiergate.sqlite", known, boxes)


@pytest.mark.real
@pytest.mark.parametrize("mix", [mix for mix in MIXES if mix not in PAIRWISE], ids="-".join)
async def test_every_mix_works(
    mix: Mix, tmp_path: Path, known: dict[str, Demo], boxes: dict[str, Box], empty: Path
) -> None:
    shutil.copy(empty, tmp_path / "tiergate.sqlite")
    await played(mix, tmp_path / "tiergate.sqlite", known, boxes)
