"""The adapter: projects as workspaces with stories, demands as unnamed resources, messages as posts.

Every create looks twice: for our key, an external reference, and for the thing itself, since a create can be kept while
its reference, or its answer, is lost. What is made of several records gets its reference last, so that a look-up by key
finds only what is whole, and a repeated write completes the rest without a twin.
"""

from collections.abc import AsyncIterator

import httpx
import msgspec

from canonical.faults import Conflict, NotFound
from canonical.objects import Booking, Project, ResourceDemand, TimeEntry
from canonical.ports import Page, Written
from canonical.ports.effort import TimeEntries
from canonical.ports.lists import PAGE, ProjectList, RecordChange
from canonical.ports.systems import (
    Account,
    Bookings,
    Connection,
    Message,
    Projects,
    ResourceDemands,
    StageChange,
    Workspaces,
)
from foundation.checking import Described
from foundation.marks import Mark, read_on
from system_apis.kantata import effort, mapping, staffing, wire
from system_apis.kantata.bills import Bills
from system_apis.kantata.mapping import PROJECT, SYSTEM
from system_apis.kantata.places import Places
from system_apis.kantata.records import Records
from system_apis.kantata.setups import Setups
from system_apis.kantata.spending import Spending
from system_apis.kantata.staffing import DEMAND
from system_apis.kantata.wire import (
    ALLOCATIONS,
    POSTS,
    RESOURCES,
    STORIES,
    TIME_ENTRIES,
    USERS,
    WORKSPACES,
    Kind,
    T,
)


class Kantata(Setups, Bills, Spending):
    """One Kantata account. `http` carries the base address, the token and the timeouts."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        super().__init__(Records(http))
        self._instance = http.base_url.host
        self._places = Places(self._records)

    async def close(self) -> None:
        """Close the connection's client."""
        await self._records.close()

    async def project(self, project_id: str) -> Project:
        found = await self._records.get(WORKSPACES, project_id)
        key = await self._records.key_of(found.external_reference_ids, PROJECT)
        stories = await self._records.all(STORIES, workspace_id=project_id)
        return mapping.project(found, stories, await self._records.references(key) if key else {}, key)

    async def projects(self, cursor: str = "", limit: int = PAGE) -> Page[Project]:
        found, following = await self._records.page(WORKSPACES, cursor, limit)
        ids = [id for each in found for id in each.external_reference_ids]
        keys = await self._records.keys_of(ids, PROJECT)
        items = [mapping.project(each, [], {}, keys.get(each.id, "")) for each in found]
        return Page(items=items, next=following)

    async def project_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        mark = Mark.read(since)
        found = self._records.since(WORKSPACES, mark.stamp, limit + 1)
        changes = (mapping.change(each) async for each in found)
        return await read_on(mark, changes, limit)

    async def time_entry(self, time_entry_id: str) -> TimeEntry:
        found = await self._records.get(TIME_ENTRIES, time_entry_id)
        return effort.time_entry(found, (await self._people([found])).get(found.user_id or "", ""))

    async def time_entries(self, cursor: str = "", limit: int = PAGE, project_id: str = "") -> Page[TimeEntry]:
        where = {"workspace_id": project_id} if project_id else {}
        found, following = await self._records.page(TIME_ENTRIES, cursor, limit, **where)
        people = await self._people(found)
        items = [effort.time_entry(each, people.get(each.user_id or "", "")) for each in found]
        return Page(items=items, next=following)

    async def approved_time(self, since: str, limit: int = PAGE) -> Page[TimeEntry]:
        found, following = await self._approved(since, limit)
        people = await self._people(found)
        items = [effort.time_entry(each, people.get(each.user_id or "", "")) for each in found]
        return Page(items=items, next=following)

    async def project_by_key(self, key: str) -> Project:
        references = await self._records.references(key)
        if PROJECT not in references:
            raise NotFound(f"no workspace has the key {key}", system=SYSTEM)
        found = await self._records.get(WORKSPACES, references[PROJECT].subject_id)
        stories = await self._records.all(STORIES, workspace_id=found.id)
        return mapping.project(found, stories, references, key)

    async def upsert_project(self, key: str, data: Project) -> Written:
        stories = mapping.stories(data)
        references = await self._records.references(key)
        held = references.get(PROJECT)
        found = await self._referred(WORKSPACES, held) or await self._workspace_of(data.code, key)
        created = found is None
        if found is None:
            made = msgspec.structs.replace(mapping.workspace(data), creator_role="maven", archived=msgspec.UNSET)
            found = await self._records.create(WORKSPACES, made)
        found = await self._change(found, mapping.workspace(data, found.description or ""))
        mapping.check_money(found, data)
        await self._ensure_stories(found, key, stories, references)
        await self._records.refer(held, mapping.subject(mapping.reference(key, PROJECT), WORKSPACES, found.id))
        return Written(id=found.id, created=created, version=found.updated_at)

    async def set_project_stage(self, project_id: str, data: StageChange) -> Written:
        found = await self._records.get(WORKSPACES, project_id)
        found = await self._change(found, mapping.stage(data.stage))
        return Written(id=found.id, created=False, version=found.updated_at)

    async def resource_demands(self, project_id: str) -> list[ResourceDemand]:
        await self._records.get(WORKSPACES, project_id)
        resources = await self._records.all(RESOURCES, workspace_id=project_id)
        allocations = await self._records.all(ALLOCATIONS, workspace_id=project_id)
        places = {resource.id: resource for resource in resources}
        held = [each for each in allocations if each.workspace_resource_id in places]
        return [staffing.demand(each, places[each.workspace_resource_id]) for each in held]

    async def upsert_resource_demand(self, key: str, data: ResourceDemand) -> Written:
        reference = mapping.reference(key, DEMAND)
        held = (await self._records.references(key)).get(DEMAND)
        found = await self._referred(ALLOCATIONS, held)
        resource = await self._place_of(data.project_id, staffing.label(key, data), found)
        found = found or await self._allocation_of(resource)
        if data.status == "cancelled":
            return await self._withdraw(found, resource, data)
        created = found is None
        if found is None:
            if resource is None:
                place = wire.ResourceWrite(workspace_id=data.project_id, label=staffing.label(key, data))
                resource = await self._records.create(RESOURCES, place)
            made = staffing.placed(staffing.allocation(data), resource, None if held else reference)
            found = await self._records.create(ALLOCATIONS, made)
        elif changed := mapping.changes(staffing.allocation_as_written(found), staffing.allocation(data)):
            found = await self._records.update(ALLOCATIONS, found.id, changed)
        if resource is not None and (renamed := staffing.relabelled(resource, key, data)):
            await self._records.update(RESOURCES, resource.id, renamed)
        if held is not None or not found.external_reference_ids:
            await self._records.refer(held, mapping.subject(reference, ALLOCATIONS, found.id))
        return Written(id=found.id, created=created)

    async def booking_by_key(self, key: str) -> Booking:
        return await self._places.booking(key)

    async def upsert_booking(self, key: str, data: Booking) -> Written:
        return await self._places.book(key, data)

    async def post_message(self, project_id: str, data: Message) -> Written:
        await self._records.get(WORKSPACES, project_id)
        for post in await self._records.all(POSTS, workspace_id=project_id):
            if staffing.carries(post, data.key):
                return Written(id=post.id, created=False)
        made = await self._records.create(POSTS, wire.PostWrite(workspace_id=project_id, message=staffing.signed(data)))
        return Written(id=made.id, created=True)

    async def whoami(self) -> Account:
        me = await self._records.get(USERS, "me")
        return Account(system=SYSTEM, instance=self._instance, user=me.email_address or me.full_name)

    async def described(self, kind: str) -> Described | None:
        """The fields of a record there is, since nothing else tells them."""
        fields = await self._records.fields(kind)
        return None if fields is None else Described(fields=fields)

    async def sample(self, kind: str) -> bool:
        """Read one record of a kind; a workspace as the project it is."""
        found = await self._records.newest(wire.KINDS[kind])
        if found is not None and kind == WORKSPACES.plural:
            await self.project(found.id)
        return found is not None

    async def _approved(self, since: str, limit: int) -> tuple[list[wire.TimeEntry], str]:
        """Time that is approved, billed or not, and changed since a watermark; and the next watermark."""
        mark, kept = Mark.read(since), dict[str, wire.TimeEntry]()

        async def told() -> AsyncIterator[RecordChange]:
            async for each in self._records.since(TIME_ENTRIES, mark.stamp, limit + 1):
                if each.approved or each.is_invoiced:
                    kept[each.id] = each
                    yield effort.change(each)

        page = await read_on(mark, told(), limit)
        return [kept[each.native_id] for each in page.items], page.next

    async def _referred(self, kind: Kind[T], held: wire.Reference | None) -> T | None:
        """The record a reference points to; None without one, or when the record is gone."""
        if held is None:
            return None
        try:
            return await self._records.get(kind, held.subject_id)
        except NotFound:
            return None

    async def _workspace_of(self, code: str, key: str) -> wire.Workspace | None:
        """The workspace whose title carries a project code.

        The search may not know yet what was made a moment ago, so the newest ones are read first. `Conflict` when it
        belongs to another key: a code is given to one project only.
        """
        newest = await self._records.all(WORKSPACES, pages=1, order="created_at:desc")
        for found in (*newest, *await self._records.all(WORKSPACES, search=code)):
            if mapping.marked(found.title, code):
                owner = await self._records.key_of(found.external_reference_ids, PROJECT)
                if owner not in ("", key):
                    raise Conflict(f"project code {code} belongs to {owner}", system=SYSTEM)
                return found
        return None

    async def _change(self, found: wire.Workspace, wanted: wire.WorkspaceWrite) -> wire.Workspace:
        changed = mapping.changes(mapping.as_written(found), wanted)
        return found if changed is None else await self._records.update(WORKSPACES, found.id, changed)

    async def _place_of(self, workspace_id: str, label: str, held: wire.Allocation | None) -> wire.Resource | None:
        """The place whose hours we hold, whatever it is called by now; else the one with our label."""
        for each in await self._records.all(RESOURCES, workspace_id=workspace_id):
            if each.id == held.workspace_resource_id if held else each.label == label:
                return each
        return None

    async def _allocation_of(self, resource: wire.Resource | None) -> wire.Allocation | None:
        if resource is None:
            return None
        allocations = await self._records.all(ALLOCATIONS, workspace_id=resource.workspace_id)
        return next((each for each in allocations if each.workspace_resource_id == resource.id), None)

    async def _withdraw(
        self, found: wire.Allocation | None, resource: wire.Resource | None, data: ResourceDemand
    ) -> Written:
        """Take the hours back, and the place too unless a person has it."""
        if found is not None:
            await self._records.delete(ALLOCATIONS, found.id)
        if resource is not None and resource.user_id is None:
            await self._records.delete(RESOURCES, resource.id)
        return Written(id=found.id if found else data.id, created=False)


_projects: type[Projects] = Kantata  # the type checker holds us to the ports
_lists: type[ProjectList] = Kantata
_effort: type[TimeEntries] = Kantata
_demands: tuple[type[ResourceDemands], type[Bookings]] = (Kantata, Kantata)
_workspaces: type[Workspaces] = Kantata
_connection: type[Connection] = Kantata
