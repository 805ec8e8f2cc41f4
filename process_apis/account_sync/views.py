"""The case of an account or a person at the desk: what each system holds of it just now, field by owned field."""

import asyncio
from typing import Any

import msgspec

from canonical.faults import Fault, NotFound
from canonical.ports.processes import Run, SystemView
from process_apis import projections
from process_apis.account_sync.records import Kind, role_of
from process_apis.account_sync.sync import read
from process_apis.cross_references import xrefs
from process_apis.cross_references.xrefs import Place
from process_apis.platform import Platform


async def side_by_side(platform: Platform, run: Run, *, kind: Kind) -> list[SystemView]:
    """Every record of it; a system that does not answer says so."""

    def places(c: Any) -> list[Place]:
        owner = xrefs.resolve(c, run.business_key)
        return xrefs.places_of(c, [owner])[owner]

    found = await platform.database.run(places)
    bound = [place for place in found if role_of(platform.systems, place)]
    return await asyncio.gather(*(_view(platform, kind, place) for place in bound))


async def _view(platform: Platform, kind: Kind, place: Place) -> SystemView:
    title = f"{platform.systems.title(place.system)} {place.native_id}"
    try:
        record = await read(platform, kind, place)
    except NotFound:
        return SystemView(system=place.system, title=title, found=False)
    except Fault as fault:
        return SystemView(system=place.system, title=title, found=False, unreachable=str(fault))
    fields = {name: in_a_line(value) for name, value in record.said.items() if not projections.empty(value)}
    return SystemView(system=place.system, title=title, found=True, fields=fields)


def in_a_line(value: Any) -> str:
    """A value in a line of text: what a list of records says, without the names of its fields."""
    if isinstance(value, list):
        return "; ".join(in_a_line(each) for each in value)
    if isinstance(value, dict):
        return " ".join(said for said in map(in_a_line, value.values()) if said)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
