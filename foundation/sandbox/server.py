"""Serving sandboxes: all of them in one process, each on its own port, with their state in one folder.

The folder holds `<name>.sqlite` for each sandbox, `addresses.json`, `lock` (held while they run), and for TLS `ca.pem`
(what a client must trust) and `tls.pem` (certificate and key, readable by the owner only).
"""

import asyncio
import fcntl
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
import trustme
from granian.constants import Interfaces
from granian.server.embed import Server

from canonical.dates import now
from foundation.sandbox.kit import Box, Sandbox

HOST: Final = "127.0.0.1"
ADDRESSES: Final = "addresses.json"
LOCK: Final = "lock"
READY_SECONDS: Final = 20.0


class CannotServe(Exception):  # noqa: N818 - one plain sentence for whoever started it
    """The sandboxes cannot be started; the text says why."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where one sandbox answers."""

    url: str
    tls_url: str = ""
    ca: str = ""
    """Path of the CA certificate for `tls_url`."""


async def serve(
    sandboxes: Sequence[Sandbox],
    state: Path,
    *,
    ports: Mapping[str, int] | None = None,
    tls_ports: Mapping[str, int] | None = None,
    ready: asyncio.Event | None = None,
    stop: asyncio.Event | None = None,
    with_stdin: bool = False,
    clock: Callable[[], datetime] = now,
) -> None:
    """Serve until `stop` is set, or, where none is given, until SIGTERM or SIGINT; `with_stdin`, until that ends too.

    A port not given is chosen; `state/addresses.json` says which once all of them answer.
    `CannotServe` under production settings (`TIERGATE_ENVIRONMENT=production`), for a port in use, and where sandboxes
    run on the state folder already.
    """
    if os.environ.get("TIERGATE_ENVIRONMENT", "").lower() == "production":
        raise CannotServe("TIERGATE_ENVIRONMENT is production: sandboxes are stand-ins and do not start there")
    stop = stop or _stop_on_signals()
    if with_stdin:
        _stop_with_stdin(stop)
    with held(state):
        boxes = [Box(sandbox, state / f"{sandbox.name}.sqlite", clock) for sandbox in sandboxes]
        try:
            await _serve(boxes, state, ports or {}, tls_ports or {}, ready, stop)
        finally:
            for box in boxes:
                box.store.close()


async def _serve(
    boxes: Sequence[Box],
    state: Path,
    ports: Mapping[str, int],
    tls_ports: Mapping[str, int],
    ready: asyncio.Event | None,
    stop: asyncio.Event,
) -> None:
    (state / ADDRESSES).unlink(missing_ok=True)
    taken: set[int] = set()
    servers, addresses, listening = [], {}, []
    for box in boxes:
        sandbox = box.sandbox
        port = _free_port(ports.get(sandbox.name, 0), sandbox.name, taken)
        servers.append(_server(box, port))
        listening.append(port)
        tls_url = ""
        if sandbox.tls:
            certificate = _certificate(state, [host for each in boxes for host in each.sandbox.hosts])
            secure = _free_port(tls_ports.get(sandbox.name, 0), f"{sandbox.name} (TLS)", taken)
            # The outbox belongs to the plain port; this one only answers.
            servers.append(_server(box, secure, certificate))
            listening.append(secure)
            tls_url = f"https://{HOST}:{secure}"
        ca = str(state / "ca.pem") if tls_url else ""
        addresses[sandbox.name] = Address(url=f"http://{HOST}:{port}", tls_url=tls_url, ca=ca)
    tasks = [asyncio.create_task(server.serve()) for server in servers]
    try:
        await _listening(listening, tasks)
        _write(state / ADDRESSES, msgspec.json.encode(addresses))
        if ready:
            ready.set()
        stopping = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        for failed in done - {stopping}:
            failed.result()
            raise CannotServe("a sandbox stopped by itself")
    finally:
        for server in servers:
            server.stop()  # type: ignore[no-untyped-call]  # granian leaves it so
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def held(state: Path) -> Iterator[None]:
    """Hold the state folder: two processes on one would send every webhook twice and take calls from each other.

    `CannotServe` when another process holds it. The system lets go of it with the process, however that ends.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotServe(
                f"Sandboxes run on {state} already, perhaps of another Tiergate: stop that, or set TIERGATE_STATE."
            ) from None
        yield


def addresses(state: Path) -> dict[str, Address]:
    """Where the sandboxes of a state folder answer; empty while none is up."""
    try:
        return msgspec.json.decode((state / ADDRESSES).read_bytes(), type=dict[str, Address])
    except FileNotFoundError:
        return {}


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    return stop


def _stop_with_stdin(stop: asyncio.Event) -> None:
    """A pipe ends with the process at its other end, however that dies: what it started does not outlive it."""
    loop, stdin = asyncio.get_running_loop(), sys.stdin.fileno()

    def read() -> None:
        if not os.read(stdin, 1024):
            loop.remove_reader(stdin)
            stop.set()

    loop.add_reader(stdin, read)


def _server(box: Box, port: int, certificate: Path | None = None) -> Server:
    return Server(
        box.app,
        address=HOST,
        port=port,
        # Without lifespan on the TLS port, so that one outbox sends and not two.
        interface=Interfaces.ASGINL if certificate else Interfaces.ASGI,
        log_enabled=False,
        websockets=False,
        ssl_cert=certificate,
        ssl_key=certificate,
    )


def _free_port(wanted: int, name: str, taken: set[int]) -> int:
    """Probe with a plain bind first: the server itself would share a taken port and steal its calls."""
    while True:
        with socket.socket() as probe:
            # What lingers of connections that are closed must not keep a stopped sandbox from starting again at once.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, wanted))
            except OSError as busy:
                raise CannotServe(f"port {wanted}, meant for the {name} sandbox, is in use") from busy
            port: int = probe.getsockname()[1]
        if port not in taken:
            taken.add(port)
            return port
        if wanted:
            raise CannotServe(f"port {wanted} is given to two sandboxes, {name} being the second")


def _certificate(state: Path, hosts: Sequence[str]) -> Path:
    """A certificate for this machine and the vendors' own hosts, made once, signed by a CA nobody else trusts."""
    certificate, authority = state / "tls.pem", state / "ca.pem"
    if not certificate.exists():
        ca = trustme.CA(organization_name="Tiergate sandboxes")
        issued = ca.issue_cert(HOST, "localhost", *hosts)
        authority.write_bytes(ca.cert_pem.bytes())
        _write(certificate, issued.private_key_and_cert_chain_pem.bytes())
    return certificate


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, and for the owner's eyes."""
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_bytes(content)
    part.replace(path)


async def _listening(ports: Sequence[int], tasks: Sequence[asyncio.Task[None]]) -> None:
    async with asyncio.timeout(READY_SECONDS):
        for port in ports:
            while True:
                for task in tasks:
                    if task.done():
                        task.result()
                try:
                    _, writer = await asyncio.open_connection(HOST, port)
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                await writer.wait_closed()
                break
