"""Every API of every tier, discovered."""

from collections.abc import Mapping
from functools import cache

import experience_apis
import process_apis
import system_apis
from canonical.faults import NotBound
from foundation.api import Api


def system_api(system: "system_apis.SystemApi") -> Api:
    """A system as an API of the system tier."""
    return Api(
        name=system.name,
        layer="system",
        title=system.title,
        description=f"{system.title} behind canonical objects.",
        ports=system.ports,
        detects_changes=system.detects_changes,
    )


def offering(systems: Mapping[str, "system_apis.SystemApi"], name: str, port: type) -> "system_apis.SystemApi":
    """The system of a name, if it offers a port; `NotBound` where there is none, or with why it does not."""
    if name not in systems:
        raise NotBound(f"no system is called {name!r}")
    if port not in systems[name].ports:
        raise NotBound(lacking(systems[name], port))
    return systems[name]


def lacking(system: "system_apis.SystemApi", port: type) -> str:
    """Why a system is not asked for a port, in its own words where it has some."""
    return system.lacks.get(port) or f"{system.title} has no {port.__name__.lower()}"


def said_of(
    systems: Mapping[str, "system_apis.SystemApi"],
) -> tuple[dict[str, str], dict[str, str], dict[str, dict[str, float]]]:
    """By name: what people call it, the letters of its badge, and how far its reads are behind."""
    return (
        {name: each.title for name, each in systems.items()},
        {name: each.abbreviation for name, each in systems.items()},
        {name: each.lags() for name, each in systems.items()},
    )


@cache
def apis() -> tuple[Api, ...]:
    """All of them, by tier and name."""
    systems = [system_api(system) for system in system_apis.discover().values()]
    processes = [process.api for process in process_apis.discover().values()]
    faces = [face.api for face in experience_apis.discover().values()]
    return (*systems, *processes, *faces)


def by_port() -> Mapping[type, Api]:
    """The process API that offers a port."""
    return {port: process.api for process in process_apis.discover().values() for port in process.api.ports}
