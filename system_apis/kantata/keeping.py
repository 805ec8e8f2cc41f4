"""Stories kept under our references: each there once, whatever was lost on the way."""

from collections.abc import Sequence

import msgspec

from system_apis.kantata import mapping, wire
from system_apis.kantata.records import Records
from system_apis.kantata.wire import STORIES, USERS


class Keeping:
    """One account's records, and the stories of its workspaces."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def _ensure_stories(
        self,
        of: wire.Workspace,
        key: str,
        wanted: dict[str, tuple[wire.StoryWrite, str]],
        references: dict[str, wire.Reference],
        opened: bool | None = None,
    ) -> tuple[int, int]:
        """Every story there once: by our key, else by its title; how many were made, and how many left alone.

        `opened`: whether new ones take time.
        """
        present = await self._records.all(STORIES, workspace_id=of.id)
        by_id = {story.id: story for story in present}
        taken = {held.subject_id for held in references.values()}
        by_title = {(story.story_type, story.title): story for story in present if story.id not in taken}
        ids = {model: held.subject_id for model, held in references.items() if held.subject_id in by_id}
        made = left = 0
        for model, (story, parent) in wanted.items():
            written = msgspec.structs.replace(story, parent_id=ids[parent] if parent else None)
            held = references.get(model)
            if held is not None and held.subject_id not in by_id:
                ids[model] = held.subject_id  # made once, and removed or hidden by its owners since: not made again
                left += 1
                continue
            found = by_id[held.subject_id] if held else by_title.get((str(story.story_type), str(story.title)))
            made += found is None
            if found is None and opened is not None:
                written = msgspec.structs.replace(written, time_trackable=opened)
            ids[model] = await self._ensure_story(of, mapping.reference(key, model), written, found, held)
        return made, left

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

    async def _people(self, of: Sequence[wire.TimeEntry | wire.Expense]) -> dict[str, str]:
        """E-mail addresses by user id."""
        ids = sorted({each.user_id for each in of if each.user_id})
        if not ids:
            return {}
        return {each.id: each.email_address for each in await self._records.all(USERS, only=",".join(ids))}
