"""Schemathesis, at length: good and bad data over every published operation, through the running gateway.

No server error, nothing undocumented, and no body or parameter that the contract forbids is accepted. Limits are lifted
a thousandfold, for a call that is refused for a limit has shown nothing; what is sent is fixed by a seed.
"""

import re
import shutil
from collections import Counter
from collections.abc import Iterator

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, assume, given, seed
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS

from tests.platform.contracts import OPERATIONS, Published
from tests.platform.known import token_for
from tests.platform.test_contracts import CHECKED, contract
from tests.processes import ROOT, Client, Command

pytestmark = pytest.mark.real

SEED = 20261128
EXAMPLES = 15
"""Of each mode, an operation."""
CHECKED_AT_LENGTH = (*CHECKED, "unsupported_method", "use_after_free", "ensure_resource_availability")
"""The last two look at what one call made and another finds. Not among them: `positive_data_acceptance`, since a
vendor's own rules refuse what a schema allows; `missing_required_header` and `ignored_auth`, which call without the
token: tests/platform/test_refusals.py asks that of every operation by its problem."""


@pytest.fixture(scope="module")
def lifted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The platform after its scenario, with limits nobody reaches."""
    folder = tmp_path_factory.mktemp("lifted")
    shutil.copytree(ROOT / "policies", folder / "policies")
    for file in (folder / "policies").rglob("*.yaml"):
        file.write_text(re.sub(r"\b(rate|burst): (\d+)", lambda said: f"{said[1]}: {said[2]}000", file.read_text()))
    command = Command(folder, "run", TIERGATE_PORT="0", TIERGATE_POLICIES=str(folder / "policies"))
    try:
        command.until("Ctrl-C stops", 150)
        client = Client(command.until(r"Console\s+(http://\S+)/desk").group(1), folder / "state")
        yield client
        client.close()
    finally:
        command.stop()


def as_generated(case: Case) -> bool:
    """Whether every query parameter that was made up also goes out.

    An empty list and None vanish on the way into the address, and what is left may well be good.
    """
    return all(value not in ([], None) for value in (case.query or {}).values())


def takes_anything(operation: Published) -> bool:
    """Whether its contract forbids nothing: any text in the path, and any body, for what counts is its signature."""
    asked = [parameter["schema"] for parameter in operation.document.get("parameters", ())]
    if operation.has_body:
        asked += [media.get("schema", {}) for media in operation.document["requestBody"]["content"].values()]
    return all(schema.items() <= {"type": "string"}.items() for schema in asked)


@pytest.mark.parametrize("mode", [GenerationMode.NEGATIVE, GenerationMode.POSITIVE], ids=["bad", "good"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.key for operation in OPERATIONS])
def test_whatever_is_sent_the_answer_is_a_documented_one(
    lifted: Client, operation: Published, mode: GenerationMode
) -> None:
    described = contract(operation.file)[operation.path][operation.method]
    token = token_for(lifted, operation)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    seen: Counter[int] = Counter()

    @seed(SEED)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described.as_strategy(generation_mode=mode))
    def holds(case: Case) -> None:
        assume(as_generated(case))
        answer = case.call_and_validate(lifted.url, headers=headers, checks=CHECKS.get_by_names(CHECKED_AT_LENGTH))
        seen[answer.status_code] += 1

    try:
        holds()
    except hypothesis.errors.Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE
        assert takes_anything(operation), "nothing that its contract forbids could be made up"
        return
    assert seen[429] * 10 <= seen.total(), f"it was not asked, but refused for a limit: {seen}"
