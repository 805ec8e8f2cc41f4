"""Each of the ten edges of a workflow has a test that bears its number."""

import re
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
WHERE: Final = {
    "opportunity-to-project": (
        "process/test_edges.py",
        "process/test_one_contract.py",
        "process/test_standing_down.py",
    ),
    "contract sync": ("process/test_contract_edges.py",),
    "quote-to-order": ("process/test_quote_to_order.py", "process/test_order_lines.py"),
    "project setup": ("process/test_setup_edges.py", "process/test_setup_guards.py"),
    "staffing": ("staffing/test_edges.py", "process/test_staffing.py"),
}


@pytest.mark.parametrize("workflow", WHERE)
def test_every_edge_of_a_workflow_is_a_named_test(workflow: str) -> None:
    named = set()
    for path in WHERE[workflow]:
        for numbers in re.findall(r"def test_edges?_((?:\d+_(?:and_)?)+)", (TESTS / path).read_text()):
            named |= {int(number) for number in re.findall(r"\d+", numbers)}
    assert named >= set(range(1, 11))
