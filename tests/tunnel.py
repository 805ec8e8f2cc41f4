"""A proxy that leads every address to one sandbox: a client then needs no address but the vendor's own.

It takes CONNECT only (RFC 9110 section 9.3.6), which a client asks of the proxy that `HTTPS_PROXY` names, and passes
the bytes on unread: TLS ends in the sandbox, whose certificate is for the vendor's hosts as well (`Sandbox.hosts`).
"""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from foundation.sandbox.server import HOST, Address


@contextmanager
def tunnel(to: Address) -> Iterator[dict[str, str]]:
    """What a client's environment must say, for a block."""
    port = urlsplit(to.tls_url).port

    class Connect(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            with socket.create_connection((HOST, port or 0)) as inside:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_passed, args=(inside, self.connection), daemon=True)
                back.start()
                _passed(self.connection, inside)
                back.join()

    with socketserver.ThreadingTCPServer((HOST, 0), Connect) as proxy:
        proxy.daemon_threads = True
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        where = f"http://{HOST}:{proxy.server_address[1]}"
        yield {"HTTPS_PROXY": where, "REQUESTS_CA_BUNDLE": to.ca, "SSL_CERT_FILE": to.ca, "NO_PROXY": HOST}
        proxy.shutdown()


def _passed(source: socket.socket, target: socket.socket) -> None:
    """Every byte until the source has no more; then the target is told so."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
