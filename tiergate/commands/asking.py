"""Asking a running platform from the command line: its gateway, as a program with a token of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import msgspec

from gateway.identity.demo import FILE, read_demo
from tiergate.settings import Settings, WrongSetting


@contextmanager
def gateway(settings: Settings, url: str, variable: str, scopes: str) -> Iterator[httpx.Client]:
    """A client of the gateway at `url`, or where the settings say. `variable` names the token; on embedded defaults
    the demonstration's `scenario` asks, for these scopes. `WrongSetting` where nobody answers or nobody asks."""
    base = (url or settings.address).rstrip("/")
    if not base.startswith(("http://", "https://")):
        raise WrongSetting(f"--url is {base!r}; it must be an address that begins with http:// or https://.")
    try:
        with httpx.Client(base_url=base, timeout=60, trust_env=False) as http:
            http.headers["Authorization"] = f"Bearer {_token(settings, http, variable, scopes)}"
            yield http
    except httpx.TransportError as silent:
        raise WrongSetting(
            f"The gateway at {base} does not answer ({type(silent).__name__}): start it, or say with --url where it is."
        ) from silent


def _token(settings: Settings, http: httpx.Client, variable: str, scopes: str) -> str:
    if token := settings.values.get(variable, ""):
        return token
    if not (settings.state / FILE).exists():
        raise WrongSetting(f"Nobody is asking: set {variable} to an access token.")
    secret = read_demo(settings.state).clients["scenario"]
    form = {"grant_type": "client_credentials", "scope": scopes}
    answer = http.post("/identity/token", data=form, auth=("scenario", secret))
    if answer.status_code != httpx.codes.OK:
        raise WrongSetting(f"The gateway gives us no token (status {answer.status_code}).")
    return str(answer.json()["access_token"])


def posted(http: httpx.Client, path: str, body: Any, kind: Any) -> Any:
    """What the gateway answers to a body, as a `kind`. `WrongSetting` with its words where it refuses."""
    headers = {"Content-Type": "application/json"}
    return answered(http.post(path, content=msgspec.json.encode(body), headers=headers), kind)


def answered(answer: httpx.Response, kind: Any) -> Any:
    """An answer as a `kind`. `WrongSetting` with the gateway's words where it refuses."""
    if answer.is_success:
        return msgspec.json.decode(answer.content, type=kind)
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    errors = "; ".join(each.get("detail", "") for each in problem.get("errors", ()))
    detail = errors or problem.get("detail") or problem.get("title") or answer.reason_phrase
    raise WrongSetting(f"The gateway refuses: {detail} (status {answer.status_code}).")
