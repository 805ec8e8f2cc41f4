"""The adapter: projects as workspaces with stories, demands as unnamed resources, messages as posts.

Every create looks twice: for our key, an external reference, and for the thing itself, since a create can be kept while
its reference, or its answer, is lost. What is made of several records gets its reference last, so that a look-up by key
finds only what is whole, and a repeated write completes the rest without a twin.
"""

import httpx
import msgspec

from canonical.faults import Conflict, NotFound
from canonical.objects import Project, ResourceDemand
from canonical.ports import Written
from canonical.ports.systems import (
    Account,
    Connection,
    Message,
    Projects,
    ResourceDemands,
    StageChange,
    Workspaces,
)
from foundation.checking import Described
from system_apis.kantata import mapping, staffing, wire
from system_apis.kantata.mapping import PROJECT, SYSTEM
from system_apis.kantata.records import Records
from system_apis.kantata.staffing import DEMAND
from system_apis.kantata.wire import ALLOCATIONS, POSTS, RESOURCES, STORIES, USERS, WORKSPACES, Kind, T


class Kantata:
    """One Kantata account. `http` carries the base address, the token and the timeouts."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._instance = http.base_url.host
        self._records = Records(http)

    async def close(self) -> None:
        """Close the connection's client."""
        await self._records.close()

    async def project(self, project_id: str) -> Project:
        found = await self._records.get(WORKSPACES, project_id)
        key = await self._records.key_of(found.external_reference_ids, PROJECT)
        stories = await self._records.all(STORIES, workspace_id=project_id)
        return mapping.project(found, stories, await self._records.references(key) if key else {}, key)

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

    async def _ensure_stories(
        self,
        of: wire.Workspace,
        key: str,
        wanted: dict[str, tuple[wire.StoryWrite, str]],
        references: dict[str, wire.Reference],
    ) -> None:
        """Every story there once: by our key, else by its title."""
        present = await self._records.all(STORIES, workspace_id=of.id)
        by_id = {story.id: story for story in present}
        taken = {held.subject_id for held in references.values()}
        by_title = {(story.story_type, story.title): story for story in present if story.id not in taken}
        ids: dict[str, str] = {}
        for model, (story, parent) in wanted.items():
            written = msgspec.structs.replace(story, parent_id=ids[parent] if parent else None)
            held = references.get(model)
            if held is not None and held.subject_id not in by_id:
                ids[model] = held.subject_id  # made once, and removed or hidden by its owners since: not made again
                continue
            found = by_id[held.subject_id] if held else by_title.get((str(story.story_type), str(story.title)))
            ids[model] = await self._ensure_story(of, mapping.reference(key, model), written, found, held)

    async def _ensure_story(
        self,
        of: wire.Workspace,
        reference: wire.ReferenceWrite,
        written: wire.StoryWrite,
        found: wire.Story | None,
        held: wire.Reference | None,
    ) -> str:
        if found is None:
            made = msgspec.structs.replace(written, workspace_id=of.id, external_reference=reference)
            found = await self._records.create(STORIES, made)
            if found.external_reference_ids:  # the nested reference was taken
                return found.id
        elif changed := mapping.changes(mapping.story_as_written(found), written):
            await self._records.update(STORIES, found.id, changed)
        await self._records.refer(held, mapping.subject(reference, STORIES, found.id))
        return found.id

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
_demands: type[ResourceDemands] = Kantata
_workspaces: type[Workspaces] = Kantata
_connection: type[Connection] = Kantata
