"""Tiergate as its users run it: commands in processes of their own, and a client that knows who may ask what."""

import base64
import hashlib
import html
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

from foundation.acting import claims_of
from foundation.sandbox.faults import FaultRule
from foundation.sandbox.server import Address, addresses
from gateway.identity.demo import PORTAL_LOGIN, read_demo
from gateway.identity.exchange import ACCESS_TOKEN, ASSERTION, GRANT

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 60.0
PRIYAS = "priya@acme.example@console"
_VERIFIER = "v" * 64
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts in the background deaf to Ctrl-C, and what we start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def environment(state: Path, **more: str) -> dict[str, str]:
    """This process's environment without any setting of Tiergate, then the given ones."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TIERGATE_")}
    return clean | {"TIERGATE_STATE": str(state), "PYTHONUNBUFFERED": "1"} | more


class Command:
    """One `tiergate ...` process, its output kept in files of `folder`."""

    def __init__(self, folder: Path, *arguments: str, **settings: str) -> None:
        name = "-".join(word.strip("-") for word in arguments)
        self.out, self.log = folder / f"{name}.out", folder / f"{name}.log"
        folder.mkdir(parents=True, exist_ok=True)
        with self.out.open("wb") as out, self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tiergate", *arguments],
                cwd=ROOT,
                env=environment(folder / "state", **settings),
                stdout=out,
                stderr=log,
            )

    def until(self, pattern: str, seconds: float = START_SECONDS) -> re.Match[str]:
        """Wait until it printed something that matches; fails with its log when it ends or stays silent."""
        deadline = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None
            if found := re.search(pattern, self.out.read_text()):
                return found
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"no {pattern!r} from {self.process.args}:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.1)

    def stop(self) -> int:
        """Ctrl-C; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


class Client:
    """Asks a running platform, as a program of the demonstration or as one of its people."""

    def __init__(self, url: str, state: Path) -> None:
        self.url, self.state = url, state
        self.demo = read_demo(state)
        self.http = httpx.Client(base_url=url, timeout=40, trust_env=False)
        self._tokens: dict[tuple[str, str], tuple[float, str]] = {}
        """By whom they speak for and the scope: until when they are good enough, and themselves."""

    def token(self, client: str, scope: str = "") -> str:
        """An access token of a program; with fewer scopes than it may have where `scope` says which.

        The process tier's is for Priya at the console: on nobody's behalf it reaches nothing.
        """
        return self.acting(client, PRIYAS, scope) if client == "process-tier" else self.own_token(client, scope)

    def own_token(self, client: str, scope: str = "") -> str:
        """A program's own access token, on nobody's behalf."""
        return self._token(client, scope, {"grant_type": "client_credentials"})

    def acting(self, client: str, subject: str, scope: str = "") -> str:
        """A tier's token, acting for whom an access token speaks for; the process tier's also for `subject@client`."""
        shown = subject.count(".") == 2 and "@" not in subject
        form = {
            "grant_type": GRANT,
            "subject_token": subject if shown else self._assertion(client, subject),
            "subject_token_type": ACCESS_TOKEN if shown else ASSERTION,
        }
        return self._token(client, scope, form, subject)

    def _assertion(self, client: str, chain: str) -> str:
        said = {"iss": client, "aud": f"{self.url}/identity", "iat": int(time.time())}
        key = OctKey.import_key(hashlib.sha256(self.demo.clients[client].encode()).hexdigest())
        return jwt.encode({"alg": "HS256"}, said | claims_of(chain.split(), client), key, algorithms=["HS256"])

    def _token(self, client: str, scope: str, form: dict[str, str], subject: str = "") -> str:
        def ask() -> Any:
            asked = form | ({"scope": scope} if scope else {})
            answer = self.http.post("/identity/token", data=asked, auth=(client, self.demo.clients[client]))
            assert answer.status_code == 200, answer.text
            return answer.json()

        return self._kept(client + subject, scope, ask)

    def _kept(self, who: str, scope: str, ask: Callable[[], Any]) -> str:
        """A token asked for before, while it is good for a minute more; else a new one."""
        until, token = self._tokens.get((who, scope), (0.0, ""))
        if time.monotonic() < until:
            return token
        said = ask()
        self._tokens[who, scope] = time.monotonic() + said["expires_in"] - 60, said["access_token"]
        return str(said["access_token"])

    def person(self, login: str = PORTAL_LOGIN, client: str = "client-portal", scope: str = "portal:read") -> str:
        """An access token of somebody who signed in on the issuer's pages (authorization code with PKCE)."""
        return self._kept(f"{client}:{login}", scope, lambda: self._sign_in(login, client, scope))

    def ask(self, method: str, path: str, token: str = "", **options: Any) -> httpx.Response:
        """One call."""
        headers = dict(options.pop("headers", {}))
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self.http.request(method, path, headers=headers, **options)

    def close(self) -> None:
        """Let go of the connections."""
        self.http.close()

    @property
    def sandboxes(self) -> dict[str, Address]:
        """Where the vendors' stand-ins answer."""
        return addresses(self.state / "sandboxes")

    @contextmanager
    def fault(self, system: str, **rule: Any) -> Iterator[None]:
        """A vendor with a fault, for a block."""
        base = f"{self.sandboxes[system].url}/_sandbox/faults"
        planned = FaultRule(**rule)
        httpx.post(base, json={name: getattr(planned, name) for name in planned.__struct_fields__}).raise_for_status()
        try:
            yield
        finally:
            httpx.delete(base).raise_for_status()

    def _sign_in(self, login: str, client: str, scope: str) -> Any:
        back = f"{self.url}/client-portal/callback" if client == "client-portal" else f"{self.url}/desk/callback"
        digest = hashlib.sha256(_VERIFIER.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": back,
            "scope": scope,
            "state": "st4te",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        with httpx.Client(base_url=self.url, trust_env=False) as browser:
            page = browser.get(browser.get("/identity/authorize", params=query).headers["location"])
            hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text)
            form = {name: html.unescape(value) for name, value in hidden}
            form |= {"login": login, "password": self.demo.people[login]}
            sent = browser.get(browser.post("/identity/login", data=form).headers["location"])
            code = parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": _VERIFIER}
        secret = self.demo.clients.get(client)
        who = {"auth": (client, secret)} if secret else {}
        form |= {} if secret else {"client_id": client}
        answer = self.http.post("/identity/token", data=form, **who)
        assert answer.status_code == 200, answer.text
        return answer.json()
