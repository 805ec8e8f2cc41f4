"""A moment says its offset, in every contract and in every body that is taken."""

from typing import Any

import msgspec
import msgspec.inspect as mi
import pytest

from canonical.faults import Invalid
from canonical.ports.events import ChangesAgain
from foundation.schemas import convert_parameter, decode, schema_of
from tiergate import catalogue


def moments(kind: Any, seen: set[Any], at: str = "") -> list[tuple[str, mi.DateTimeType]]:
    """Every moment in a type, with where it is."""
    match kind:
        case mi.DateTimeType():
            return [(at, kind)]
        case mi.StructType() if kind.cls not in seen:
            seen.add(kind.cls)
            return [
                found
                for field in kind.fields
                for found in moments(field.type, seen, f"{kind.cls.__name__}.{field.name}")
            ]
        case mi.Metadata():
            return moments(kind.type, seen, at)
        case mi.UnionType():
            return [found for each in kind.types for found in moments(each, seen, at)]
        case mi.ListType():
            return moments(kind.item_type, seen, at)
        case mi.DictType():
            return moments(kind.value_type, seen, at)
        case _:
            return []


def test_no_operation_takes_or_gives_a_moment_without_its_offset() -> None:
    asked = {
        each: f"{api.key} {operation.id}"
        for api in catalogue.apis()
        for operation in api.operations()
        for each in (operation.body, operation.returns, *(parameter.type for parameter in operation.parameters))
        if each is not None
    }
    seen: set[Any] = set()
    found = [moment for kind, at in asked.items() for moment in moments(msgspec.inspect.type_info(kind), seen, at)]
    assert len(found) > 30
    assert [at for at, moment in found if not moment.tz] == []


@pytest.mark.parametrize(("said", "good"), [("2027-01-04T09:30:00Z", True), ("2027-01-04T09:30:00", False)])
def test_one_without_is_refused_by_its_field_and_its_contract_says_so(said: str, *, good: bool) -> None:
    assert {"type": "string", "format": "date-time"} in schema_of(ChangesAgain)["$defs"]["ChangesAgain"]["properties"][
        "since"
    ]["anyOf"]
    kind = ChangesAgain.__annotations__["since"]
    body = msgspec.json.encode({"since": said})
    if good:
        assert decode(body, ChangesAgain).since == convert_parameter(said, kind, "query:since")
        return
    with pytest.raises(Invalid) as refused:
        decode(body, ChangesAgain)
    assert [each.pointer for each in refused.value.errors] == ["/since"]
    with pytest.raises(Invalid):
        convert_parameter(said, kind, "query:since")
