"""The contract that an owner's document is, compiled once for all who ask for it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gateway.contracts.contract import Contract


def contract_at(document: Mapping[str, Any]) -> Contract:
    """The contract of a document, however many of its operations are listed."""
    return _contract(_Same(document))


@lru_cache(maxsize=256)
def _contract(document: "_Same") -> Contract:
    return Contract(document.said)


class _Same:
    """A document, known again by being the same object."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said = said

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.said is self.said

    def __hash__(self) -> int:
        return id(self.said)
