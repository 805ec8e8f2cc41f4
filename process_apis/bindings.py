"""Which system plays which role, by legal entity: `policies/bindings.yaml` as a table.

A workflow says "the ERP of ACME-DE"; only this knows that it is NetSuite.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from canonical.faults import NotBound
from canonical.ports import Operation
from process_apis.engine import run_at_hand

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
    lags: Mapping[str, Mapping[str, float]] = {}
    """Name to those of its operations, by their methods' names, whose reads are so many seconds behind writes."""

    def name(self, role: str, entity: str = "") -> str:
        """The system bound to a role (for one legal entity, where that matters). Raises `NotBound`.

        Where each entity has its own and none is said, it is the one that the run at hand is about: a deal's run names
        its CRM in its id.
        """
        bound = self.bindings.get(role)
        if isinstance(bound, dict):
            bound = bound.get(entity) if entity else _only(named_in(run_at_hand(), bound.values()), bound)
        if not bound:
            whom = f" of {entity}" if entity and isinstance(self.bindings.get(role), dict) else ""
            raise NotBound(f"no {ROLE_TITLES.get(role, role)} bound{whom}")
        return bound

    def playing(self, role: str) -> list[str]:
        """Every system bound to a role, for whatever legal entity, in the order of the bindings."""
        bound = self.bindings.get(role)
        return list(dict.fromkeys(bound.values())) if isinstance(bound, dict) else [bound] if bound else []

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

    def entities(self) -> list[str]:
        """Every legal entity that some role is bound for, in the order of the bindings."""
        by_entity = [bound for bound in self.bindings.values() if isinstance(bound, dict)]
        return list(dict.fromkeys(entity for bound in by_entity for entity in bound))

    def title(self, name: str) -> str:
        """What people call a system."""
        return self.titles.get(name, name)

    def lag(self, name: str, operation: Operation) -> float:
        """Seconds that may pass until this operation finds what was just written; 0 where it does at once."""
        return self.lags.get(name, {}).get(operation.attribute, 0.0)

    def abbreviation(self, name: str) -> str:
        """Two letters for where a title has no room."""
        return self.abbreviations.get(name) or self.title(name)[:2].upper()


def named_in(run_id: str, systems: Iterable[str]) -> str:
    """The one of these systems that the id of a run names, `o2p:salesforce:006Tg...:1`; empty where it names none."""
    return next((part for part in run_id.split(":") if part in systems), "")


def _only(named: str, bound: Mapping[str, str]) -> str:
    """What the run names; else the one system that all entities have."""
    systems = set(bound.values())
    return named or (systems.pop() if len(systems) == 1 else "")


def problems(bindings: Any, plays: Mapping[str, Collection[str]]) -> list[tuple[tuple[str, ...], str]]:
    """What is wrong with a bindings table: where, as keys, and a sentence; `plays` gives each system its roles."""
    if not isinstance(bindings, dict):
        return [((), "bindings must map roles to systems")]
    wrong: list[tuple[tuple[str, ...], str]] = []
    for role, bound in bindings.items():
        if role not in ROLE_TITLES:
            wrong.append(((role,), f"unknown role {role!r}: one of {', '.join(ROLE_TITLES)}"))
            continue
        named = (
            {(role, entity): name for entity, name in bound.items()} if isinstance(bound, dict) else {(role,): bound}
        )
        wrong += [(where, said) for where, name in named.items() if (said := _misfit(role, name, plays))]
    return wrong


def _misfit(role: str, name: Any, plays: Mapping[str, Collection[str]]) -> str:
    """Why a system cannot be bound to a role; empty where it can."""
    if name not in plays:
        return f"{role}: no system is called {name!r}: one of {', '.join(sorted(plays))}"
    if role in plays[name]:
        return ""
    able = sorted(each for each, roles in plays.items() if role in roles)
    could = f"one of {', '.join(able)}" if able else "no system that is there does"
    return f"{role}: {name} plays {', '.join(plays[name]) or 'no role'}, not the {ROLE_TITLES[role]}: {could}"
