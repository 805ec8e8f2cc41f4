"""What differs between staging and production: addresses of issuers, limits of plans, how counters are shared.

A file `environments/<name>.yaml` replaces values of platform.yaml that are there already, each by its name; it adds
nothing, merges nothing, and cannot say anything of an operation. So who may call what is read in one place, and is the
same in every environment.
"""

from pathlib import Path
from typing import Any

import msgspec

from gateway.conversion import convert, did_you_mean
from gateway.loader import Node


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where an issuer of platform.yaml is found here. What it may vouch for stays as platform.yaml says."""

    issuer: str | None = None
    """The exact `iss` of its tokens."""
    jwks: str | None = None
    """Address of its keys."""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """The values of platform.yaml that are others in one environment."""

    issuers: dict[str, Addresses] = {}
    """By the names of platform.yaml."""
    plans: dict[str, dict[str, Any]] = {}
    """By plan and limit: the whole limit, as it would stand in platform.yaml."""
    counters: dict[str, Any] | None = None
    """All of `counters`, as it would stand in platform.yaml."""


def path_of(folder: Path, environment: str) -> Path:
    """Its file, which need not be there."""
    return folder / "environments" / f"{environment}.yaml"


def put_in_force(said: Node, platform: Node, problems: list[str]) -> None:
    """Replace in `platform` what the environment's file says; what it may not say is added to `problems`."""
    found: Environment | None = convert(said, Environment, problems, "")
    if found is None:
        return
    for issuer in found.issuers:
        target = _there(said.at("issuers", issuer), platform.get("issuers"), issuer, "issuer", problems)
        for key, node in said.at("issuers", issuer).value.items():
            if target is not None:
                target.value[key] = node
    for plan, limits in found.plans.items():
        target = _there(said.at("plans", plan), platform.get("plans"), plan, "plan", problems)
        for limit in limits if target is not None else ():
            node = said.at("plans", plan, limit)
            if _there(node, target, limit, f"limit of the plan {plan}", problems) is not None and target is not None:
                target.value[limit] = node
    if found.counters is not None and isinstance(platform.value, dict):
        platform.value["counters"] = said.at("counters")


def _there(node: Node, known: Node | None, name: str, what: str, problems: list[str]) -> Node | None:
    """The node of platform.yaml that is replaced, which must be there: an environment adds nothing."""
    found = known.get(name) if known is not None else None
    if found is None or (what in ("issuer", "plan") and not isinstance(found.value, dict)):
        found = None
        names = known.value if known is not None and isinstance(known.value, dict) else {}
        problems.append(f"{node.where}: platform.yaml has no {what} {name!r} to replace{did_you_mean(name, names)}")
    return found
