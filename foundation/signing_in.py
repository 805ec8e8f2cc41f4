"""What every sign-in that asks a vendor for a token shares: a time limit, and that nothing was done when it fails.

A token call rides on the client of the call that waits for it and within that call's time limits. While one call signs
in the others wait for its token, each no longer than its own limit: a token endpoint that hangs holds nobody for the
sum of all waits before it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import httpx

from canonical.faults import VendorSignIn

_MARK: Final = "tiergate.signs_in"


def token_call(
    instead_of: httpx.Request, url: httpx.URL | str, form: Mapping[str, str], **headers: str
) -> httpx.Request:
    """The call for a token, within the time limits of the call that waits for it."""
    marked = {**instead_of.extensions, _MARK: True}
    asked = {"Accept": "application/json", **headers}
    return httpx.Request("POST", url, data=dict(form), headers=asked, extensions=marked)


def login_call(instead_of: httpx.Request, url: httpx.URL | str, body: bytes) -> httpx.Request:
    """The same, where a session is asked for in JSON."""
    marked = {**instead_of.extensions, _MARK: True}
    asked = {"Accept": "application/json", "Content-Type": "application/json"}
    return httpx.Request("POST", url, content=body, headers=asked, extensions=marked)


def session_call(instead_of: httpx.Request, url: httpx.URL | str) -> httpx.Request:
    """The call that opens a session before a write, likewise: it changes nothing, and has no body to be cut."""
    marked = {**instead_of.extensions, _MARK: True}
    return httpx.Request("HEAD", url, headers={"Accept": "application/json"}, extensions=marked)


def was_signing_in(lost: httpx.TransportError) -> bool:
    """Whether it was the call for a token or a session that failed, so that what waited for it was never sent."""
    try:
        return _MARK in lost.request.extensions
    except RuntimeError:  # httpx: nobody said which request it was
        return False


def not_granted(answer: httpx.Response, why: str, *, system: str) -> VendorSignIn:
    """The fault of a sign-in that gave no token; `why` is what it said.

    Where nobody signs in at that address, the fact `endpoint` is `missing`: an address is wrong, and no secret.
    """
    if answer.is_redirect or answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED):
        return VendorSignIn(f"{why}: nobody signs in at that address", system=system, endpoint="missing")
    return VendorSignIn(why, system=system)


@asynccontextmanager
async def turn(lock: asyncio.Lock, request: httpx.Request) -> AsyncIterator[None]:
    """Hold the lock of a sign-in. Raises `httpx.PoolTimeout` when the request's time is over before it is free."""
    seconds = request.extensions.get("timeout", {}).get("pool")
    try:
        async with asyncio.timeout(seconds):
            await lock.acquire()
    except TimeoutError as over:
        raise httpx.PoolTimeout("another call's sign-in took too long", request=request) from over
    try:
        yield
    finally:
        lock.release()
