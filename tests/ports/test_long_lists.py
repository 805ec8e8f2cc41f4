"""A long list is read page by page and let go of: memory does not grow with it, over real HTTP in processes apart."""

import pytest

from bench import listing
from system_apis import discover

MANY = 3000
KEPT_MB = 2.0
"""2,400 customers held, at some three kilobytes each, would be seven."""


@pytest.mark.real
@pytest.mark.parametrize("name", [name for name in discover() if name in listing.measurable()])
def test_three_thousand_customers_are_listed_and_not_held(name: str) -> None:
    found = listing.measure(name, MANY)
    assert found["records"] >= MANY
    assert found["grown_mb"] <= KEPT_MB
    assert found["mapped_to_decoded"] > 1, "mapping is decoding, and more"


def test_every_system_that_lists_customers_is_measured() -> None:
    assert listing.measurable() == {name for name, system in discover().items() if listing.operation_of(system)}
