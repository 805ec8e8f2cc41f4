"""What people type and what systems say in their own words stands in no record: it may name somebody."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from canonical.base import Xref
from canonical.classes import KEY
from canonical.faults import FieldError
from canonical.money import Money
from canonical.objects import Contact, Contract, ContractLine, Customer, Ticket
from canonical.objects.customer import Credit
from canonical.ports import operations
from canonical.ports.cross_references import LinkRecord, SystemRecord, UnlinkRecord
from canonical.ports.deal_runs import RunProblem
from canonical.ports.events import Dismissal
from canonical.ports.processes import Resolve
from foundation.masking import Masker
from foundation.schemas import schema_of
from tiergate.catalogue import apis

NINA: Final = "Nina Okafor"
MASKER: Final = Masker(b"a key of these tests")
WORDS: Final = {
    "detail",
    "note",
    "why",
    "description",
    "close_notes",
    "text",
    "comment",
    "memo",
    "notes",
    "last_detail",
}
"""What a field of free text is called."""
SAID: Final = f"{NINA} of Harbor called"
BODIES: Final = [
    Resolve(note=SAID),
    Dismissal(why=SAID),
    LinkRecord(record=SystemRecord(system="netsuite", native_id="1402"), why=SAID),
    UnlinkRecord(system="netsuite", native_id="1402", why=SAID),
    Ticket(correlation="CASE-0007", summary=SAID, description=SAID, close_notes=SAID),
    RunProblem(reason="vendor_refused", detail=SAID, errors=[FieldError(detail=SAID, rule="project_manager_active")]),
    Customer(legal_name="Harbor", credit=Credit(hold=True, reason=SAID)),
    Contract(
        number="C-1",
        account_id="1",
        currency="USD",
        lines=[ContractLine(seq=1, description=SAID, amount=Money.of(1, "USD"))],
    ),
    Contact(family="Okafor", given="Nina", xrefs=[Xref(system="dataverse", native_id="7")]),
    Contact(family="", extensions={"dataverse": {"fullname": NINA}}),
    Contact(family="", extensions={NINA: {NINA: "a field that somebody named so"}}),
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_a_name_in_free_text_is_in_no_record_of_a_body(body: Any) -> None:
    kept = msgspec.json.encode(MASKER.mask(body, type(body))).decode()
    assert msgspec.json.encode(body) != kept.encode()
    for secret in (NINA, "Nina", "Okafor", "Harbor called"):
        assert secret not in kept


def test_an_id_in_an_open_object_keeps_its_name_and_equal_ones_are_hidden_alike() -> None:
    told = MASKER.mask(Contact(family="", extensions={"dataverse": {"tg_region": "EMEA"}}), Contact)
    assert list(told["extensions"]) == ["dataverse"]
    assert list(told["extensions"]["dataverse"]) == ["tg_region"]
    first, second = (MASKER.mask({name: "x"}, dict[str, str]) for name in (NINA, NINA))
    assert first == second


def kept_fields(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every field of text that a record shows as it is, with the type it is of."""
    for name, part in (schema.get("$defs") or {"": schema}).items():
        for field, said in part.get("properties", {}).items():
            inner = [said, *said.get("anyOf", ()), said.get("items") or {}]
            texts = any(each.get("type") == "string" and not {"enum", "format"} & {*each} for each in inner)
            if texts and said.get(KEY) == "public":
                yield name, field


def test_no_operation_has_a_field_of_free_text_that_a_record_would_show() -> None:
    shown = {
        f"{name}.{field}"
        for api in apis()
        for port in api.ports
        for operation in operations(port)
        for kind in (operation.body, operation.returns)
        if kind is not None
        for name, field in kept_fields(schema_of(kind))
        if field in WORDS
    }
    assert shown == set()
    assert "Customer.legal_name" in {f"{name}.{field}" for name, field in kept_fields(schema_of(list[Customer]))}, (
        "what is looked for is found where it is"
    )
