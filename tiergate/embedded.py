"""Embedded defaults: the vendor sandboxes in a process of their own, and the credentials that let us in.

The credentials are made at first run and kept in the state folder, readable by their owner only. The sandboxes keep
their own state there too, so that a killed demonstration goes on where it was.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

import system_apis
from foundation.sandbox.server import ADDRESSES, Address, CannotServe, addresses, held
from system_apis import Demo
from tiergate.settings import Settings, WrongSetting

FOLDER: Final = "sandboxes"
_FILE: Final = "vendors.json"
_READY_SECONDS: Final = 30.0
_LET_GO_SECONDS: Final = 5.0
"""How long sandboxes whose platform was killed may take to notice it."""


def sandboxed() -> list[str]:
    """The systems that have a sandbox."""
    return [name for name, system in system_apis.discover().items() if system.sandbox and system.demo]


def refuse_in_production(settings: Settings) -> None:
    """`WrongSetting` where stand-ins must never start."""
    if settings.environment == "production":
        raise WrongSetting("TIERGATE_ENVIRONMENT is production: sandboxes and the embedded issuer do not start there.")


async def serve(settings: Settings, ports: Mapping[str, int] | None = None, *, with_stdin: bool = False) -> None:
    """Serve every sandbox in this process until told to stop; `with_stdin`, until standard input ends too."""
    from foundation.sandbox.server import serve as serve_sandboxes

    refuse_in_production(settings)
    made = [sandbox() for system in system_apis.discover().values() if (sandbox := system.sandbox)]
    await serve_sandboxes(made, settings.state / FOLDER, ports=ports, with_stdin=with_stdin)


class Sandboxes:
    """The sandboxes' process, as its parent sees it."""

    def __init__(self, settings: Settings) -> None:
        refuse_in_production(settings)
        self._settings = settings
        self._folder = settings.state / FOLDER
        self._process: subprocess.Popen[bytes] | None = None
        self.addresses: dict[str, Address] = {}

    async def start(self) -> None:
        """Start it and wait until every sandbox answers. `CannotServe` says why it would not."""
        await self.begin()
        await self.ready()

    async def begin(self) -> None:
        """Start it, and do not wait.

        It ends with this process, even where this one is killed: a pipe that nobody writes to tells it so.
        """
        self._settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.mkdir(exist_ok=True)
        await self._take_over()
        with (self._folder / "log.txt").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
                [sys.executable, "-m", "tiergate", "serve", "sandboxes", "--with-stdin"],
                stdin=subprocess.PIPE,
                env={**self._settings.values, "TIERGATE_STATE": str(self._settings.state)},
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the platform; it ends the sandboxes itself, last
            )

    async def ready(self) -> None:
        """Wait until every sandbox answers."""
        deadline = time.monotonic() + _READY_SECONDS
        while not (found := addresses(self._folder)):
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                raise CannotServe(f"the sandboxes did not start; {self._folder / 'log.txt'} says why")
            await asyncio.sleep(0.05)
        self.addresses = found

    async def _take_over(self) -> None:
        """Make sure nobody else's run on this folder, and forget where the last ones were."""
        deadline = time.monotonic() + _LET_GO_SECONDS
        while True:
            try:
                with held(self._folder):
                    (self._folder / ADDRESSES).unlink(missing_ok=True)
                    return
            except CannotServe:
                if time.monotonic() > deadline:
                    raise
            await asyncio.sleep(0.05)

    async def introduce(self, public_url: str) -> dict[str, str]:
        """Register our credentials with every sandbox; what the connections' `${NAME}`s stand for."""
        return await introduce(self._settings.state, public_url)

    def stop(self) -> None:
        """End it; its state stays."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()


async def introduce(state: Path, public_url: str) -> dict[str, str]:
    """Make the running sandboxes of a state folder know us. Raises `httpx.TransportError` when one does not answer."""
    values: dict[str, str] = {}
    where = addresses(state / FOLDER)
    async with httpx.AsyncClient(timeout=10) as http:
        for name, demo in credentials(state / FOLDER).items():
            url = where[name].url
            options: dict[str, Any] = dict(demo.options)
            if demo.notifies:
                target = f"{public_url}/intake/v1/notifications/{name}"
                options[demo.notifies] = {"url": target, "secret": demo.notification_secret}
            for option, value in options.items():
                (await http.put(f"{url}/_sandbox/options/{option}", json=value)).raise_for_status()
            values |= demo.values | {f"{name.upper()}_URL": url}
    return values


def credentials(folder: Path) -> dict[str, Demo]:
    """The credentials of a state folder, made now for systems that have none yet."""
    path = folder / _FILE
    known = msgspec.json.decode(path.read_bytes(), type=dict[str, Demo]) if path.exists() else {}
    missing = {
        name: make() for name in sandboxed() if name not in known and (make := system_apis.discover()[name].demo)
    }
    if missing:
        known |= missing
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(msgspec.json.encode(known))
    return {name: known[name] for name in sandboxed()}
