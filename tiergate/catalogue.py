"""Every API of every tier, discovered."""

from collections.abc import Mapping
from functools import cache

import experience_apis
import process_apis
import system_apis
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
