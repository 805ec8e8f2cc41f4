"""Which system plays which role, by legal entity: `policies/bindings.yaml` as a table.

A workflow says "the ERP of ACME-DE"; only this knows that it is NetSuite.
"""

from typing import Any, Protocol, TypeVar

import msgspec

from canonical.faults import NotBound

P = TypeVar("P")
Bindings = dict[str, str | dict[str, str]]
"""Role to system, or role to legal entity to system."""

ROLE_TITLES = {
    "crm": "CRM",
    "erp": "ERP",
    "psa": "PSA",
    "itsm": "service desk",
    "hr": "HR system",
    "chat": "chat",
    "screening": "screening service",
    "rates": "rate card source",
}


class Ask(Protocol):
    """Gives the port of one system, bound through its policies; in this process or apart."""

    def __call__(self, system: str, port: type[P]) -> P: ...


class Systems(msgspec.Struct, frozen=True):
    """Systems by role."""

    bindings: Bindings
    ask: Ask
    titles: dict[str, str] = {}
    """Name to what people call it."""
    abbreviations: dict[str, str] = {}
    """Name to the two letters of its badge."""

    def name(self, role: str, entity: str = "") -> str:
        """The system bound to a role (for one legal entity, where that matters). Raises `NotBound`."""
        bound = self.bindings.get(role)
        if isinstance(bound, dict):
            bound = bound.get(entity)
        if not bound:
            whom = f" of {entity}" if entity and isinstance(self.bindings.get(role), dict) else ""
            raise NotBound(f"no {ROLE_TITLES.get(role, role)} bound{whom}")
        return bound

    def plays(self, role: str, entity: str = "") -> bool:
        """Whether any system is bound to a role."""
        try:
            return bool(self.name(role, entity))
        except NotBound:
            return False

    def of(self, role: str, port: type[P], entity: str = "") -> P:
        """The port of the system that plays `role`."""
        return self.ask(self.name(role, entity), port)

    def roles(self) -> dict[str, list[str]]:
        """Every bound system with the roles it plays."""
        found: dict[str, list[str]] = {}
        for role, bound in self.bindings.items():
            for system in sorted({*bound.values()} if isinstance(bound, dict) else {bound}):
                found.setdefault(system, []).append(role)
        return found

    def title(self, name: str) -> str:
        """What people call a system."""
        return self.titles.get(name, name)

    def abbreviation(self, name: str) -> str:
        """Two letters for where a title has no room."""
        return self.abbreviations.get(name) or self.title(name)[:2].upper()


def problems(bindings: Any, known: set[str]) -> list[str]:
    """What is wrong with a bindings table, in sentences; empty when nothing is."""
    if not isinstance(bindings, dict):
        return ["bindings must map roles to systems"]
    wrong = [f"unknown role {role!r}: one of {', '.join(ROLE_TITLES)}" for role in bindings if role not in ROLE_TITLES]
    for role, bound in bindings.items():
        names = bound.values() if isinstance(bound, dict) else [bound]
        wrong += [
            f"{role}: no system is called {name!r}: one of {', '.join(sorted(known))}"
            for name in names
            if name not in known
        ]
    return wrong
