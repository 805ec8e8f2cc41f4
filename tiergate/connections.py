"""The connections as they are configured, asked one after the other whether they do what we need."""

from collections.abc import Mapping, Sequence

import httpx
import msgspec

from canonical.ports.systems import LegalEntities
from foundation.checking import Report, check
from foundation.connections import Connection
from foundation.sandbox.server import addresses
from foundation.vendor_http import http_client
from process_apis.bindings import Systems
from system_apis import SystemApi, discover
from tiergate import configuration, embedded
from tiergate.settings import Settings


def chosen(settings: Settings, names: Sequence[str]) -> list[tuple[SystemApi, Connection]]:
    """The systems named, or all that are bound, with their connections. `PolicyError` for what cannot be read."""
    known, values = discover(), values_of(settings)
    bound = configuration.bindings(settings.policies, known, values)
    wanted = list(names) or sorted(Systems(bound, None).roles())  # type: ignore[arg-type]  # nobody is asked here
    found = configuration.connections(settings.policies, wanted, values)
    configuration.kept_there(bound, found)
    return [(known[name], found[name]) for name in wanted]


def values_of(settings: Settings) -> Mapping[str, str]:
    """What `${NAME}` stands for: the environment; where sandboxes run on this state folder, theirs below it."""
    folder = settings.state / embedded.FOLDER
    where = addresses(folder)
    if not where:
        return settings.values
    made = embedded.credentials(folder)
    theirs = {name: value for demo in made.values() for name, value in demo.values.items()}
    theirs |= {f"{name.upper()}_URL": address.url for name, address in where.items()}
    return {**theirs, **settings.values}


async def checked(
    system: SystemApi, connection: Connection, transport: httpx.AsyncBaseTransport | None = None
) -> Report:
    """One system, asked. `PolicyError` where its sign-in cannot even be tried."""
    adapter = configuration.adapter(system, connection, transport)
    unpaid = msgspec.structs.replace(connection, budget=None)  # a look at its clock is no call of its API
    plain = http_client(unpaid, transport=transport)
    try:
        async with plain:
            keeps = connection.legal_entities if LegalEntities in system.ports else ()
            return await check(system.title, connection, adapter, system.checks, plain, keeps)  # type: ignore[arg-type]  # has checks
    finally:
        await adapter.close()
