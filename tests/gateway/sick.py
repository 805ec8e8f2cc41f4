"""An upstream that behaves as it is told, as a process: `python -m tests.gateway.sick` says its port, and serves.

`/set/hang` and so on choose what happens to every call that follows; `/counts` tells what came, by method, and how many
connections were let go of before they were answered.
"""

import asyncio
import json
import socket
import struct
from collections import Counter
from contextlib import suppress

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n" + b'{"title":"t"}'
COUNTS: Counter[str] = Counter()
MODE = ["well"]


async def one(method: str, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Answer one call; whether the connection stays."""
    if path.startswith("/set/"):
        MODE[0] = path.removeprefix("/set/")
        COUNTS.clear()
    elif path == "/counts":
        body = json.dumps(COUNTS).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        return True
    else:
        COUNTS[method] += 1
        return await as_told(reader, writer)
    writer.write(GOOD)
    return True


async def as_told(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Be well, or sick."""
    mode = MODE[0]
    if mode == "well":
        writer.write(GOOD)
        return True
    if mode == "hang":
        if await reader.read(1) == b"":
            COUNTS["let go"] += 1
    elif mode == "reset":
        told = writer.get_extra_info("socket")
        told.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif mode == "garbage":
        writer.write(b"SSH-2.0-OpenSSH_9.6 <secret words>\r\n\r\n")
    elif mode == "cut":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
    elif mode == "trickle":
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
        with suppress(OSError):
            while not reader.at_eof():
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.05)
            COUNTS["let go"] += 1
    with suppress(OSError):
        await writer.drain()
    return False


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection."""
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, path, _ = head.split(" ", 2)
            fields = [line.partition(":") for line in head.split("\r\n")[1:]]
            length = next((int(value) for name, _, value in fields if name.lower() == "content-length"), 0)
            await reader.readexactly(length)
            if not await one(method, path, reader, writer):
                break
            await writer.drain()
    writer.close()


async def main() -> None:
    """Serve until killed."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - whoever started it reads the port
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
