"""New policies without a restart: the folder is watched, and read again when a file changes or somebody says so.

The new plan is compiled beside the old one, in a thread, and put in force between two calls; calls under way end on
the plan they began on. Files that cannot be used change nothing: the last good plan stays, and what is wrong is said
in the log, in `/ready` and in the metrics. Files that say what they said before are not read at all.
"""

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec
import structlog
from prometheus_client import Counter
from watchfiles import Change, awatch

from gateway.governor import Governor
from gateway.loader import PolicyError
from gateway.plan import Plan

RELOADS: Final = Counter("tiergate_policy_reloads", "Changes of the policy folder, by what came of them.", ("outcome",))
_SETTLED_MS: Final = 50
"""A change counts when the folder was quiet for so long: an editor writes a file in several steps."""
log = structlog.get_logger("tiergate.policies")


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one look at the folder."""

    outcome: Literal["in force", "unchanged", "refused"]
    problems: tuple[str, ...] = ()
    """Why it was refused, each as `file:line: sentence`."""

    @property
    def says(self) -> str:
        """For whoever asks whether all is well, who need not know what the files say."""
        count = len(self.problems)
        return f"the last good ones: the folder has {count} problem{'s' * (count > 1)}" if count else "as in the folder"


class Reloading:
    """Keeps one governor's plan as the folder says.

    `read` makes the plan of the folder, raising `PolicyError`; `then` is told of each plan that came into force;
    `said` is what the folder said (`fingerprint`) when the plan in force was read.
    """

    def __init__(
        self,
        governor: Governor,
        folder: Path,
        read: Callable[[], Plan],
        then: Callable[[Plan], None] = lambda plan: None,
        *,
        said: str,
    ) -> None:
        self._governor, self._folder, self._read, self._then = governor, folder, read, then
        self._said = said
        self._turn = asyncio.Lock()
        self._stop = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self._first: asyncio.Task[Outcome] | None = None
        self.last = Outcome(outcome="in force")
        """Of the last look that found something new."""

    def start(self) -> None:
        """Watch the folder from now on, and look at what changed since the plan was read."""
        self._watching = asyncio.create_task(self._watch())
        # Tasks begin in order: when this one does the watch stands, so nothing falls between the two.
        self._first = asyncio.create_task(self.look())

    async def stop(self) -> None:
        """Watch no more."""
        self._stop.set()
        started = [task for task in (self._watching, self._first) if task is not None]
        await asyncio.gather(*started, return_exceptions=True)

    async def look(self) -> Outcome:
        """Read the folder now, and put its plan in force unless it says nothing new or cannot be used."""
        async with self._turn:
            said = await asyncio.to_thread(fingerprint, self._folder)
            if said == self._said:
                return Outcome(outcome="unchanged")
            self.last = await self._take()
            self._said = said
        RELOADS.labels(self.last.outcome).inc()
        return self.last

    async def _take(self) -> Outcome:
        try:
            plan = await asyncio.to_thread(self._read)
        except PolicyError as refused:
            log.warning("the changed policies cannot be used; the last good ones stay", problems=refused.problems)
            return Outcome(outcome="refused", problems=tuple(refused.problems))
        self._governor.swap(plan)
        self._then(plan)
        log.info("new policies are in force", operations=len(plan.operations))
        return Outcome(outcome="in force")

    async def _watch(self) -> None:
        try:
            async for _ in awatch(
                self._folder, watch_filter=_of_policies, debounce=1600, step=_SETTLED_MS, stop_event=self._stop
            ):
                await self.look()
        except Exception:
            # A folder that went away, or a machine out of watches: the plan in force stays, SIGHUP still works.
            log.exception("the policy folder is watched no more; SIGHUP reads it again")


def _of_policies(_: Change, path: str) -> bool:
    return path.endswith(".yaml")


def fingerprint(folder: Path) -> str:
    """What all policy files say, as one digest. Taken before they are read, it misses nothing."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        try:
            text = path.read_bytes()
        except OSError:
            continue  # it went away between the two looks
        digest.update(b"%s\0%d\0" % (str(path.relative_to(folder)).encode(), len(text)) + text)
    return digest.hexdigest()
