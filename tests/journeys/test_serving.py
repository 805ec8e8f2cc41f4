"""Stopping and starting again at once, as people do."""

import socket

import pytest

from tiergate.server import probe
from tiergate.settings import WrongSetting

HOST = "127.0.0.1"


def test_a_port_whose_old_connections_linger_can_be_taken_again_at_once() -> None:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, 0))
        listening.listen()
        port = listening.getsockname()[1]
        with socket.create_connection((HOST, port)) as client:
            accepted, _ = listening.accept()
            accepted.close()  # who closes first keeps the port in TIME_WAIT
            client.recv(1)
    assert probe(HOST, port) == port


def test_a_port_somebody_listens_on_is_refused_though_the_server_would_share_it() -> None:
    with socket.socket() as listening:
        for option in (socket.SO_REUSEPORT, socket.SO_REUSEADDR):
            listening.setsockopt(socket.SOL_SOCKET, option, 1)
        listening.bind((HOST, 0))
        listening.listen()
        with pytest.raises(WrongSetting, match=r"in use.*TIERGATE_PORT"):
            probe(HOST, listening.getsockname()[1])
