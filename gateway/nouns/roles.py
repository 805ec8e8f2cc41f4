"""`roles: [service_desk]`: what people may do by the part they play. One of the roles listed is enough.

Who has which role stands in `policies/roles.yaml`: by the token's `sub`, by its claim `groups`, or because its claim
`roles` says so; all three of believed issuers only. `roles: {steward_of: customers, entity: legal_entity}` is for those
whose role is steward of that class of objects for what this path parameter names: a legal entity, or whatever else
parts them, such as the guard whose exception is approved (`{steward_of: exceptions, entity: rule}`). Where a tier
calls, the roles are those of the person it acts for. A program has a role like a person, by its `sub`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

import msgspec

from foundation.api import PageOperation
from foundation.context import Caller
from gateway.call import Call
from gateway.conversion import did_you_mean
from gateway.issuers import Issuer
from gateway.noun import Noun, Rule, Site
from gateway.refusals import RoleMissing

ALL: Final = "all"
"""Said of a steward: for every legal entity, or every part."""


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A part that people play, and who plays it."""

    says: str = ""
    """What it is for, in a sentence."""
    subjects: list[str] = []
    """Those who have it, by the `sub` of their token."""
    groups: list[str] = []
    """Groups whose members have it, as the token's claim `groups` names them."""
    steward_of: dict[str, list[str]] = {}
    """Classes of objects it answers for, each with its legal entities (or what else parts it), or `[all]`."""


class RolesFile(msgspec.Struct, frozen=True, kw_only=True):
    """`roles.yaml`: the roles of the firm, and who has them."""

    believe: list[str]
    """Issuers of platform.yaml whose people these are: their `sub`, `groups` and `roles` are believed here."""
    roles: dict[str, Role]
    """By name."""


class Steward(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever answers for a class of objects, for the part of it that is asked about: mostly a legal entity."""

    steward_of: str
    """The class of objects, as roles.yaml names it."""
    entity: str
    """The path parameter that names the legal entity, or the part."""


Roles = list[str] | Steward


class Holders(msgspec.Struct, frozen=True):
    """Who has one of some roles."""

    names: frozenset[str]
    subjects: frozenset[str]
    groups: frozenset[str]

    @classmethod
    def of(cls, roles: Mapping[str, Role]) -> Self:
        """Those of these roles."""
        return cls(
            frozenset(roles),
            frozenset(subject for role in roles.values() for subject in role.subjects),
            frozenset(group for role in roles.values() for group in role.groups),
        )

    def has(self, caller: Caller, subject: Any) -> bool:
        """Whether a caller of a believed issuer is one of them."""
        if not self.names.isdisjoint(caller.roles) or subject in self.subjects:
            return True
        groups = caller.claims.get("groups") if self.groups else None
        return isinstance(groups, list) and any(isinstance(each, str) and each in self.groups for each in groups)


class RolesRule(Rule):
    """One operation's roles."""

    refuses = (RoleMissing,)

    def __init__(self, where: str, believed: frozenset[str], holders: Holders) -> None:
        super().__init__(where)
        self._believed = believed
        self._holders = holders
        self._names = ", ".join(sorted(holders.names))

    def admit(self, call: Call) -> None:
        if not _is_one(call.caller, self._believed, self._holders):
            raise RoleMissing(f"This is for the role {self._names.replace(', ', ' or ')}.", role=self._names)


class StewardRule(Rule):
    """One operation whose object has a steward."""

    refuses = (RoleMissing,)

    def __init__(self, where: str, believed: frozenset[str], said: Steward, roles: Mapping[str, Role]) -> None:
        super().__init__(where)
        self._believed = believed
        self._said = said
        entities = {entity for role in roles.values() for entity in role.steward_of.get(said.steward_of, ())}
        self._by_entity = {entity: Holders.of(_stewards(roles, said.steward_of, entity)) for entity in entities}
        self._of_all = self._by_entity.get(ALL, Holders.of({}))

    def admit(self, call: Call) -> None:
        entity = str(call.arguments.get(self._said.entity, ""))
        if not _is_one(call.caller, self._believed, self._by_entity.get(entity, self._of_all)):
            needed = f"steward of {self._said.steward_of} of {entity}"
            raise RoleMissing(f"This is for the {needed}.", role=needed)


def _is_one(caller: Caller | None, believed: frozenset[str], holders: Holders) -> bool:
    if caller is None:
        return False
    external = caller.layer == "external"
    issuer = caller.issuer if external else caller.claims.get("iss")
    subject = caller.subject if external else caller.claims.get("sub")
    return issuer in believed and holders.has(caller, subject)


def _stewards(roles: Mapping[str, Role], kind: str, entity: str) -> dict[str, Role]:
    return {
        name: role
        for name, role in roles.items()
        if entity in (listed := role.steward_of.get(kind, [])) or ALL in listed
    }


def build(site: Site) -> Rule | None:
    """Nothing where no role is asked for."""
    file = site.file("roles")
    believed = _believed(site, file) if file is not None else frozenset()
    said: Roles | None = site.said("roles")
    if said is None:
        return None
    if site.said("public"):
        site.problem("roles", "is public and asks for roles; without a token nobody has one")
    if site.api.layer == "system":
        site.problem(
            "roles", "a system API is called by runs that outlive their person's sign-in; ask at the tier above"
        )
    if file is None:
        site.problem("roles", "there is no roles.yaml that says who has which role")
        return None
    roles: Mapping[str, Role] = file["roles"]
    if isinstance(said, Steward):
        return _steward(site, said, believed, roles)
    if not said:
        site.problem("roles", "roles lists none; leave it out, or name one")
    for name in said:
        if name not in roles:
            site.problem("roles", f"no role is called {name!r}{did_you_mean(name, roles)}")
    holders = Holders.of({name: roles[name] for name in said if name in roles})
    return RolesRule(site.where("roles"), believed, holders)


def _steward(site: Site, said: Steward, believed: frozenset[str], roles: Mapping[str, Role]) -> Rule:
    kinds = {kind for role in roles.values() for kind in role.steward_of}
    if said.steward_of not in kinds:
        hint = did_you_mean(said.steward_of, kinds)
        site.problem("roles", f"roles.yaml has no steward of {said.steward_of!r}{hint}")
    operation = site.operation
    known = [] if isinstance(operation, PageOperation) else [p.name for p in operation.parameters if p.place == "path"]
    if said.entity not in known:
        site.problem("roles", f"{said.entity!r} is not in its path{did_you_mean(said.entity, known)}")
    return StewardRule(site.where("roles"), believed, said, roles)


def _believed(site: Site, file: Mapping[str, Any]) -> frozenset[str]:
    issuers: Mapping[str, Issuer] = site.platform["issuers"]
    believe: Iterable[str] = file["believe"]
    for name in believe:
        if name not in issuers:
            hint = did_you_mean(name, issuers)
            site.file_problem("roles", "believe", sentence=f"no issuer is called {name!r}{hint}")
    return frozenset(issuers[name].issuer for name in believe if name in issuers)


NOUN = Noun(name="roles", stage="roles", build=build, operation=Roles, file=RolesFile)
