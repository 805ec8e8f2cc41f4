"""A partner subscribes at the running platform and is called, over the network, by what it can believe."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook

from tests.platform.known import KEY
from tests.processes import Client

PATIENCE = 20.0


class Taking(HTTPServer):
    """A partner's server; `came` when it has taken one."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.came = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Taking

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()
        self.server.came.set()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def taking() -> Iterator[Taking]:
    server = Taking()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_partner_is_told_what_happened_by_what_it_can_believe(platform: Client) -> None:
    partner = platform.token("partner-demo")
    with taking() as server:
        url = f"http://127.0.0.1:{server.server_port}/tiergate"
        asked = {"url": url, "types": ["com.tiergate.project.activated.v1"]}
        made = platform.ask("POST", "/events/v1/subscriptions", partner, json=asked)
        assert made.status_code == 201, made.text
        mine = f"/events/v1/subscriptions/{made.json()['id']}"
        told = platform.ask("POST", f"{mine}/replay", partner, json={"subject": KEY}).json()
        assert told["count"] == 1
        assert server.came.wait(PATIENCE)
        headers, body = server.taken[0]
        event = Webhook(made.json()["secret"]).verify(body, headers)
        assert (event["subject"], event["id"]) == (KEY, told["events"][0]["id"])
        assert platform.ask("DELETE", mine, partner).status_code == 204
    assert platform.ask("GET", mine, partner).status_code == 404


def test_a_subscription_that_cannot_be_is_refused_by_its_fields(platform: Client) -> None:
    asked = {"url": "https://who:s3cret@partner.example/", "types": ["com.tiergate.project.activted.v1"]}
    answer = platform.ask("POST", "/events/v1/subscriptions", platform.token("partner-demo"), json=asked)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/url", "/types/0"]
    assert "s3cret" not in answer.text, "a password is not repeated"
