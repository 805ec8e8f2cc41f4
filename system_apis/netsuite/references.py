"""Codes for NetSuite's internal ids: its references are account-specific numbers, ours are codes that mean something.

Read once by SuiteQL and kept; an unknown one is looked for once more before it is called unknown.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from canonical.faults import Drifted, FieldError, Invalid
from system_apis.netsuite import wire

Query = Callable[[str], Awaitable[list[wire.CodeRow]]]

_SUBSIDIARIES: Final = "SELECT id, custrecord_tg_code AS code FROM subsidiary ORDER BY id"
_CURRENCIES: Final = "SELECT id, symbol AS code FROM currency ORDER BY id"
_EMPLOYEES: Final = "SELECT id, email AS code FROM employee ORDER BY id"
_CATEGORIES: Final = "SELECT id, name AS code FROM expensecategory ORDER BY id"
_TERMS: Final = "SELECT id, name AS code FROM term ORDER BY id"


class CodeTable:
    """One table of ids and codes."""

    def __init__(self, query: Query, text: str, what: str, pointer: str) -> None:
        self._query = query
        self._text = text
        self._what = what
        self._pointer = pointer
        self._codes: dict[str, str] = {}

    async def code(self, native_id: str) -> str:
        """The code of an id that NetSuite gave us; `Drifted` when it has none."""
        if native_id not in self._codes:
            await self._load()
        try:
            return self._codes[native_id]
        except KeyError as unknown:
            raise Drifted(f"{self._what} {native_id!r} has no code we know", system="netsuite") from unknown

    async def id(self, code: str) -> str:
        """The id of a code a caller gave us; `Invalid` when NetSuite has no such thing."""
        if code not in self._codes.values():
            await self._load()
        found = next((native_id for native_id, known in self._codes.items() if known == code), None)
        if found is None:
            error = FieldError(detail=f"NetSuite has no {self._what} {code!r}", pointer=self._pointer)
            raise Invalid(system="netsuite", errors=[error])
        return found

    async def _load(self) -> None:
        self._codes = {row.id: row.code for row in await self._query(self._text) if row.code}


class References:
    """The tables this adapter needs."""

    def __init__(self, query: Query) -> None:
        self.subsidiaries = CodeTable(query, _SUBSIDIARIES, "subsidiary", "/legal_entity_id")
        self.currencies = CodeTable(query, _CURRENCIES, "currency", "/currency")
        self.employees = CodeTable(query, _EMPLOYEES, "employee", "/resource")
        self.categories = CodeTable(query, _CATEGORIES, "expense category", "/lines")
        self.terms = CodeTable(query, _TERMS, "payment terms", "/payment_terms")
