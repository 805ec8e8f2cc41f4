"""Writes as asynchronous jobs: NetSuite takes a request under a key, works on it in its own time, keeps the answer.

    submit with a key -> 202 and the job -> has it ended? -> its task -> its result

The key is one write's: drawn when it is first sent, sent again with it for as long as nobody knows whether it arrived,
and forgotten when the job's end was read. So a lost answer is no unknown outcome, nothing is done twice, and the same
write asked for again later is another one. Until its end is known a record is not written otherwise.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4
from weakref import WeakValueDictionary

import httpx
import msgspec

from canonical.faults import Drifted, Fault, NotFound, OutcomeUnknown, VendorDuplicate, VendorRefused, VendorSignIn
from foundation.vendor_http import send
from system_apis.netsuite import faults
from system_apis.netsuite.jobs_wire import Progress, Tasks

KEY: Final = "X-NetSuite-Idempotency-Key"
PATIENCE_SECONDS: Final = 45.0
"""How long a call waits for its job: less than the tiers wait for each other."""
FIRST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 5.0
"""Seconds between two looks at a job: doubled each time, up to there."""
T = TypeVar("T")


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """One request that changes a record."""

    method: str
    path: str
    params: Mapping[str, str]
    content: bytes
    headers: Mapping[str, str]

    def digest(self) -> bytes:
        """What is asked for, in short."""
        return hashlib.sha256(msgspec.json.encode([self.method, self.params, self.content])).digest()


class _Sent(msgspec.Struct):
    """A write whose end nobody has read."""

    key: str
    digest: bytes
    """Of the write the job works on."""
    job: str = ""
    """Its path; empty while it is not known to have arrived."""
    lost: bool = False
    """An answer to it never came."""


class Jobs:
    """The jobs of one account, as far as this process submitted them."""

    def __init__(self, http: httpx.AsyncClient, *, patience: float = PATIENCE_SECONDS) -> None:
        self._http = http
        self._patience = patience
        self._open: dict[str, _Sent] = {}
        """Path of a record -> the last write of it."""
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def write(self, write: Write) -> httpx.Response:
        """What the write would have been answered at once, a refusal included.

        `OutcomeUnknown` when patience is over before the job. Whoever writes the same again then goes on waiting for
        that job; whoever writes something else to the record waits for it first.
        """
        turn = self._turns.setdefault(write.path, asyncio.Lock())
        async with turn:
            until, ours = asyncio.get_running_loop().time() + self._patience, write.digest()
            while True:
                sent = self._open.setdefault(write.path, _Sent(key=str(uuid4()), digest=ours))
                if not sent.job and (done := await self._submitted(write, sent, until)):
                    self._open.pop(write.path)
                    return done
                task, ended = await self._ended(write.path, sent, until)
                if sent.digest == ours:
                    return await self._result(write.path, task, ended, until)
                self._open.pop(write.path)  # an earlier one, over now, whatever came of it: ours comes after it

    async def _submitted(self, write: Write, sent: _Sent, until: float) -> httpx.Response | None:
        """Bring it there, with the same key however often that takes. Its answer, should it be done at once."""

        async def once() -> httpx.Response | None:
            try:
                answer: httpx.Response = await send(
                    self._http,
                    write.method,
                    write.path,
                    params=write.params,
                    content=write.content,
                    headers={**write.headers, "Prefer": "respond-async", KEY: sent.key},
                    system="netsuite",
                    faults=faults.read,
                )
            except VendorDuplicate as known:
                if "job" not in known.facts:
                    raise
                sent.job = _path(known.facts["job"])
                return None
            if answer.status_code != httpx.codes.ACCEPTED:
                return answer
            sent.job, sent.digest = _path(answer.headers.get("Location", "")), write.digest()
            return None

        def passes(fault: Fault) -> bool:
            sent.lost = sent.lost or isinstance(fault, OutcomeUnknown)
            return sent.lost and (fault.retry or isinstance(fault, OutcomeUnknown))

        try:
            return await self._patiently(once, passes, until)
        except Fault as refused:
            if not (refused.retry or sent.lost):
                self._open.pop(write.path)  # it was not taken, and nobody will send it so again
            raise

    async def _ended(self, path: str, sent: _Sent, until: float) -> tuple[str, str]:
        """The path of the job's one task, and how that ended."""

        async def look() -> tuple[str, str]:
            if not (await self._get(sent.job, Progress)).completed:
                raise OutcomeUnknown("its job is under way", system="netsuite")
            tasks = await self._get(f"{sent.job}/task", Tasks)
            found = [link.href for task in tasks.items for link in task.links if link.rel == "self"]
            if len(found) != 1:
                raise Drifted(f"a job of one request has {len(found)} tasks", system="netsuite")
            ended = await self._get(task := _path(found[0]), Progress)
            if not ended.completed:
                raise OutcomeUnknown("its task is under way", system="netsuite")
            if ended.progress not in ("succeeded", "failed"):
                raise Drifted(f"a job ended as {ended.progress!r}", system="netsuite")
            return task, ended.progress

        try:
            return await self._patiently(look, _may_pass, until)
        except NotFound as gone:
            self._open.pop(path)
            raise OutcomeUnknown("its job is not there any more", system="netsuite") from gone
        except Fault as fault:
            if not isinstance(fault, OutcomeUnknown | VendorSignIn):
                self._open.pop(path)  # this job will never be understood: the next write shall not wait for it
            raise

    async def _result(self, path: str, task: str, ended: str, until: float) -> httpx.Response:
        address = f"{task}/result"
        if ended == "succeeded":
            found: httpx.Response = await self._patiently(lambda: self._get(address), _may_pass, until)
            self._open.pop(path)
            return found
        self._open.pop(path)  # nothing was done: the next one is a write of its own
        answer = await self._get(address)
        told = faults.read(answer) if answer.content else None
        said = told or VendorRefused("its job failed and does not say why")
        said.system = "netsuite"
        raise said

    async def _get(self, path: str, returns: Any = None) -> Any:
        return await send(self._http, "GET", path, returns, system="netsuite", faults=faults.read)

    async def _patiently(self, ask: Callable[[], Awaitable[T]], passes: Callable[[Fault], bool], until: float) -> T:
        """What it answers in the end, asked again while its fault may pass. `OutcomeUnknown` if that takes too long."""
        clock, wait = asyncio.get_running_loop().time, FIRST_WAIT
        while True:
            try:
                return await ask()
            except Fault as fault:
                if not passes(fault):
                    raise
                if clock() + wait > until:
                    raise OutcomeUnknown(
                        f"what became of it is not known: {fault.detail}", system="netsuite"
                    ) from fault
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)


def _may_pass(fault: Fault) -> bool:
    return fault.retry or isinstance(fault, OutcomeUnknown)


def _path(address: str) -> str:
    """Without the host, and of a job: an answer does not choose where our sign-in goes."""
    try:
        path = urlsplit(address).path.rstrip("/")
    except ValueError:
        path = ""
    if not path.startswith("/services/rest/async/v1/job/"):
        raise Drifted(f"the address of a job is {address!r:.80}", system="netsuite")
    return path
