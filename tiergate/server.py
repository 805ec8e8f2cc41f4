"""Serving an app in this process: granian, one event loop, a port that is really ours."""

import asyncio
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, TypeVar

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server

from tiergate.settings import WrongSetting

_HEAD_MAX: Final = 64 * 1024
"""Bytes of a request's head that the server holds before it answers 431 by itself; what is taken is half of that."""
T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run it to its end on the loop that serves fastest, where there is one for this machine."""
    with asyncio.Runner(loop_factory=_loop) as runner:
        return runner.run(main)


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # none is made for Windows
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def probe(host: str, port: int, setting: str = "TIERGATE_PORT") -> int:
    """The port to listen on (a free one for 0). `WrongSetting` when it is taken.

    The server sets SO_REUSEPORT: on a taken port it would start without a word and steal every other request.
    """
    with socket.socket() as bound:
        # What lingers of connections that are closed must not keep a stopped Tiergate from starting again at once.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
        except OSError as taken:
            raise WrongSetting(
                f"Port {port} of {host} is in use, perhaps by another Tiergate: stop that, or set {setting}."
            ) from taken
        found: int = bound.getsockname()[1]
        return found


class Serving:
    """One app on one port, until told to stop.

    It speaks HTTP/1.1 and 1.0 only: TLS, and with it HTTP/2, ends in front of it, and a second protocol on the same
    port would be a second way to read a request. A request's head has `slow_seconds` to come and `_HEAD_MAX` bytes.
    """

    def __init__(self, app: Any, host: str, port: int, slow_seconds: float = 30.0) -> None:
        self._host, self._port = host, port
        self._server = Server(
            app,
            address=host,
            port=port,
            interface=Interfaces.ASGINL,
            log_enabled=False,
            websockets=False,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(
                header_read_timeout=int(slow_seconds * 1000), max_buffer_size=_HEAD_MAX, pipeline_flush=False
            ),
            backlog=1024,
        )
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen; returns when connections are taken."""
        self._task = asyncio.create_task(self._server.serve())
        async with asyncio.timeout(20):
            while True:
                if self._task.done():
                    self._task.result()
                try:
                    _, writer = await asyncio.open_connection(self._host, self._port)
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                return

    async def stop(self) -> None:
        """Take no more connections and let those open end."""
        self._server.stop()  # type: ignore[no-untyped-call]  # granian leaves it so
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)


def settle() -> None:
    """All is loaded that will be: the garbage collector need not walk through it again and again while calls come.

    It looks less often, too, since a call leaves next to no cycles. Some 5 us a call, and no pause of 50 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


async def until_told_to_stop(look: Callable[[], Awaitable[object]]) -> None:
    """Wait for Ctrl-C or SIGTERM; on SIGHUP, `look` at the policies again. Everything is loaded by then."""
    if (task := asyncio.current_task()) is not None and task.cancelling():
        raise asyncio.CancelledError  # Ctrl-C while it started, lost by what was awaited just then
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, told.set)
    looking: set[asyncio.Future[object]] = set()  # a task nobody holds may be forgotten before it ends

    def again() -> None:
        task = asyncio.ensure_future(look())
        looking.add(task)
        task.add_done_callback(looking.discard)

    loop.add_signal_handler(signal.SIGHUP, again)
    settle()  # takes a while, in which a Ctrl-C must be heard already
    await told.wait()
