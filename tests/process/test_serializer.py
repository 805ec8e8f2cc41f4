"""What crosses the engine's store comes back the very type it left as."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from dbos._error import DBOSAwaitedWorkflowCancelledError, DBOSMaxStepRetriesExceeded

from canonical.faults import Broken, Fault, FieldError, GuardsFailed
from process_apis.opportunity_to_project.objects import Keys, Made
from process_apis.serializer import RegisteredTypes
from tests.process.world import World

STORE = RegisteredTypes()


def there_and_back(value: Any) -> Any:
    return STORE.deserialize(STORE.serialize(value))


PLAIN = [
    None,
    True,
    0,
    -7,
    1.5,
    "",
    "text with “quotes” and 世界",
    Decimal("0.10"),
    Decimal("123456789012345678901234567890.000000001"),
    Decimal("1E+3"),
    date(2026, 11, 22),
    datetime(2026, 11, 22, 23, 59, 59, 123456, tzinfo=UTC),
    (),
    (1, Decimal(2), (date(2026, 1, 1),)),
    [Decimal("1.10"), None, {"a": (1,)}],
    {"$": "decimal", "v": "1"},
    {"args": ("006",), "kwargs": {}},
]


@pytest.mark.parametrize("value", PLAIN, ids=[repr(value)[:40] for value in PLAIN])
def test_a_plain_value_keeps_its_type(value: Any) -> None:
    found = there_and_back(value)
    assert found == value
    assert type(found) is type(value)
    assert repr(found) == repr(value)


@pytest.mark.parametrize("kind", sorted(Fault.kinds))
def test_every_fault_comes_back_as_itself(kind: str) -> None:
    errors = [FieldError(rule="tax_profile", detail="none", owner="Account owner")]
    fault = Fault.kinds[kind]("what happened", system="netsuite", errors=errors, retry_after="3")
    found = there_and_back(fault)
    assert type(found) is type(fault)
    assert (found.detail, found.system, found.errors, found.facts) == (
        fault.detail,
        fault.system,
        fault.errors,
        fault.facts,
    )


async def test_everything_the_steps_of_a_run_answered_comes_back_as_it_was(firm: World) -> None:
    """Read from the engine's own table: whatever a recovered run would be handed."""
    done = await firm.played("D02")
    outputs = sa.table("operation_outputs", sa.column("workflow_uuid"), sa.column("function_id"), sa.column("output"))
    query = sa.select(outputs.c.output).where(outputs.c.workflow_uuid == done.run.id).order_by(outputs.c.function_id)
    rows = await firm.platform.database.run(lambda c: list(c.scalars(query)))
    values = [STORE.deserialize(row) for row in rows if row]
    assert {"Deal", "Party", "Plan"} <= {type(value).__name__ for value in values}
    assert [there_and_back(value) for value in values] == values
    deal = next(value for value in values if type(value).__name__ == "Deal")
    assert isinstance(deal.opportunity.amount.amount, Decimal)
    assert isinstance(deal.opportunity.close_date, date)
    assert deal.quote.lines[0].net.amount == there_and_back(deal).quote.lines[0].net.amount
    plan = next(value for value in values if type(value).__name__ == "Plan")
    keys = Keys(project="p", account="a", contract="c")
    made = Made(deal=deal, keys=keys, plan=plan, customer_id="1", code="PRJ-1")
    assert there_and_back(made) == made


def test_what_an_older_release_wrote_is_read_where_its_type_lives_now() -> None:
    keys = Keys(project="p", account="a", contract="c")
    written = STORE.serialize(keys)
    older = written.replace(
        "process_apis.opportunity_to_project.objects", "process_apis.opportunity_to_project_objects"
    )
    assert older != written
    assert STORE.deserialize(older) == keys


async def test_a_refusal_read_back_from_the_store_still_takes_the_branch_of_a_refusal(firm: World) -> None:
    refused = await firm.played("D09")
    outputs = sa.table("operation_outputs", sa.column("workflow_uuid"), sa.column("function_name"), sa.column("error"))
    query = sa.select(outputs.c.error).where(
        outputs.c.workflow_uuid == refused.run.id, outputs.c.function_name == "03-guard"
    )
    error = STORE.deserialize(await firm.platform.database.run(lambda c: c.scalar(query)))
    assert isinstance(error, GuardsFailed)
    assert [e.rule for e in error.errors] == ["tax_profile", "currency"]


def test_the_engines_own_errors_come_back_too() -> None:
    gone = there_and_back(DBOSAwaitedWorkflowCancelledError("o2p:1"))
    assert isinstance(gone, DBOSAwaitedWorkflowCancelledError)
    spent = there_and_back(DBOSMaxStepRetriesExceeded("08-erp_project", 3, [Broken("no")]))
    assert isinstance(spent, DBOSMaxStepRetriesExceeded)


def test_an_error_that_cannot_be_written_down_says_at_least_what_it_was() -> None:
    class Unspeakable(Exception):  # noqa: N818 - local, so that pickle cannot find it
        pass

    found = there_and_back(Unspeakable("secret"))
    assert isinstance(found, Broken)
    assert found.detail == "an error that cannot be stored: Unspeakable"


@pytest.mark.parametrize("value", [object(), {1: "a"}, {"set"}, b"bytes"])
def test_what_is_not_registered_is_refused_at_once(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot cross"):
        STORE.serialize(value)


def test_a_name_in_the_store_loads_no_type_that_is_not_ours() -> None:
    with pytest.raises(TypeError, match="not a type of ours"):
        STORE.deserialize('{"$":"subprocess:Popen","v":{}}')


def test_its_name_never_changes() -> None:
    """It is stored with every row."""
    assert STORE.name() == "tiergate_json_1"
