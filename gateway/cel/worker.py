"""Rules over large bodies, in a process of its own: CEL holds the interpreter while it runs, and cannot be interrupted.

One process a gateway, started when it is first needed; one body at a time. What does not answer in time is ended, and
the next body has a new one.
"""

import atexit
import contextlib
import resource
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import IO, Any, Final

import msgspec

from gateway.cel.expressions import Asked

_MEMORY: Final = 1 << 30
"""Bytes of address space: an expression that makes text without end fails there."""
_HEAD: Final = 4
_STARTS: Final = 20.0
"""Seconds the process may take to begin, on a busy machine."""
_KEPT: Final = 200
"""Sets of rules the process keeps compiled."""


class Undecided(Exception):  # noqa: N818 - it is told apart by what it says, not that it is an error
    """The rules were not decided in time, or their process died of them."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One body and the rules that are asked of it."""

    expressions: list[str]
    values: dict[str, Any]


class Worker:
    """The process. Safe to be asked from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, expressions: list[str], values: Mapping[str, Any], seconds: float) -> list[str | None]:
        """Like `Asked.broken`, within so much time, waiting for one's turn included. Raises `Undecided`."""
        until = time.monotonic() + seconds
        sent = msgspec.msgpack.encode(Question(expressions=expressions, values=dict(values)))
        if not self._lock.acquire(timeout=seconds):
            raise Undecided("others were in front of it")
        try:
            if self._process is None:
                self._start()
                until = time.monotonic() + seconds
            return self._asked(sent, until)
        except (OSError, EOFError) as died:
            self.close()
            raise Undecided("it took too much memory, or too long") from died
        finally:
            self._lock.release()

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _start(self) -> None:
        """Begin a process, and wait until it can be asked."""
        command = [sys.executable, "-m", "gateway.cel.worker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - ourselves
        atexit.register(self.close)
        self._asked(msgspec.msgpack.encode(Question(expressions=[], values={})), time.monotonic() + _STARTS)

    def _asked(self, sent: bytes, until: float) -> list[str | None]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(len(sent).to_bytes(_HEAD, "big") + sent)
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise TimeoutError
        return msgspec.msgpack.decode(_whole(process.stdout), type=list[str | None])


def _whole(pipe: IO[bytes]) -> bytes:
    """One message. Raises `EOFError` when the other side is gone."""
    head = pipe.read(_HEAD)
    size = int.from_bytes(head, "big")
    found = pipe.read(size) if len(head) == _HEAD else b""
    if len(head) < _HEAD or len(found) < size:
        raise EOFError
    return found


def _serve(asked: IO[bytes], told: IO[bytes]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    known: dict[tuple[str, ...], Asked] = {}
    while True:
        try:
            question = msgspec.msgpack.decode(_whole(asked), type=Question)
        except EOFError:
            return
        key = (*question.expressions, *question.values)
        if len(known) >= _KEPT:
            known.clear()
        found = known.get(key)
        if found is None:
            found = known[key] = Asked(question.expressions, list(question.values))
        answer = msgspec.msgpack.encode(found.broken(question.values))
        told.write(len(answer).to_bytes(_HEAD, "big") + answer)
        told.flush()


if __name__ == "__main__":
    _serve(sys.stdin.buffer, sys.stdout.buffer)
