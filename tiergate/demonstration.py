"""What a person needs to use a running demonstration, and serving tiers for good."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

import httpx
import msgspec

from foundation.context import Layer
from foundation.sandbox.server import Address
from foundation.sandbox.server import addresses as sandbox_addresses
from gateway.identity.demo import FILE as DEMO_FILE
from gateway.identity.demo import read_demo
from tiergate import embedded
from tiergate.assembly import Served
from tiergate.running import with_demo
from tiergate.scenario import Firm, Say
from tiergate.server import Serving, probe, until_told_to_stop
from tiergate.settings import TIERS, Settings, WrongSetting

_FACES: Final = {"priya@acme.example": "service desk, may act", "dana@acme.example": "finance, may approve"}
GATEWAY_SECONDS: Final = 30.0
"""How long a tier that starts before the gateway waits for the secrets that one makes at its first start."""


def firm_of(settings: Settings, where: Mapping[str, Address], say: Say) -> Firm:
    """The scenario's way in. `WrongSetting` when the state folder is not of a running demonstration."""
    try:
        secret = read_demo(settings.state).clients["experience-tier"]
    except FileNotFoundError:
        raise WrongSetting(f"TIERGATE_STATE is {settings.state}, where no demonstration was ever started.") from None
    if not where:
        raise WrongSetting(f"No sandboxes run on {settings.state}; start them with: tiergate serve sandboxes.")
    return Firm(settings.address, secret, where, embedded.credentials(settings.state / embedded.FOLDER), say)


def addresses(served: Served) -> str:
    """Where to look, and who to be. Passwords are shown on the first run only."""
    settings = served.settings
    lines = [
        f"Console         {settings.address}/desk",
        f"Client portal   {settings.address}/client-portal/v1/projects (API)",
        f"Metrics         {settings.address}/metrics",
    ]
    if served.demo is not None:
        lines.append("")
        lines += [
            f"Sign in as      {login:<34} {password}   {_FACES.get(login, 'client portal')}"
            for login, password in served.demo.people.items()
        ]
    else:
        lines.append(f"Sign in         as shown at the first run; also in {settings.state / 'demo.json'}")
    lines += ["", "Ctrl-C stops."]
    return "\n".join(lines)


async def serve(settings: Settings, what: str) -> int:
    """Serve until told to stop: everything, the gateway, or one tier."""
    if what not in ("all", "gateway") and not settings.port:
        raise WrongSetting("TIERGATE_PORT is 0; a tier apart needs a port others can be told.")
    tiers: tuple[Layer, ...] = TIERS if what == "all" else () if what == "gateway" else (what,)  # type: ignore[assignment]  # argparse
    settings = msgspec.structs.replace(settings, port=probe(settings.host, settings.port))
    if what not in ("all", "gateway") and not settings.public_url:
        raise WrongSetting(
            "TIERGATE_PUBLIC_URL is missing: a tier apart must know the gateway's address, whose issuer signs."
        )
    _finds_the_next(settings, what)
    await _may_sign_in(settings, what)
    values = await _introduced(settings)
    served = Served(msgspec.structs.replace(settings, values=values), tiers, gateway=what in ("all", "gateway"))
    await served.start()
    serving = Serving(served.app, settings.host, settings.port, settings.slow_seconds)
    await serving.start()
    print(f"Serving {what} at http://{settings.host}:{settings.port}", flush=True)
    if served.demo is not None:
        print(addresses(served), flush=True)
    await until_told_to_stop(served.policies.look)
    await serving.stop()
    await served.stop()
    return 0


def _finds_the_next(settings: Settings, what: str) -> None:
    """A tier apart cannot do anything without the tier it asks, a gateway not without the tiers it stands before."""
    asked = {"process": ("system",), "experience": ("process",), "gateway": TIERS}.get(what, ())
    missing = [f"TIERGATE_{tier.upper()}_URL" for tier in asked if tier not in settings.tier_urls]
    if missing:
        raise WrongSetting(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing: {what} apart must know where"
            f" {' and '.join(tier for tier in asked if tier not in settings.tier_urls)} can be asked."
        )


async def _may_sign_in(settings: Settings, what: str) -> None:
    """A tier that asks another signs in for it: with a secret it is given, or that the gateway made on this folder."""
    workload = {"process": "process-tier", "experience": "experience-tier"}.get(what)
    if workload is None or settings.client_secret:
        return
    made, patience = settings.state / DEMO_FILE, 0.0 if settings.environment == "production" else GATEWAY_SECONDS
    if not made.exists() and patience:
        print(f"Waiting for the gateway to make the secret of {workload} in {settings.state}.", flush=True)
    deadline = time.monotonic() + patience
    while not made.exists():
        if time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            continue
        raise WrongSetting(
            f"TIERGATE_CLIENT_SECRET is missing: {what} apart signs in to the issuer as {workload}, and no gateway with"
            f" the embedded issuer has made its secret in TIERGATE_STATE ({settings.state})."
        )


async def _introduced(settings: Settings) -> dict[str, str]:
    """The environment; where sandboxes run on our state folder, with our credentials for them."""
    if settings.environment == "production" or not sandbox_addresses(settings.state / embedded.FOLDER):
        return dict(settings.values)
    values = with_demo(settings)
    try:
        return values | await embedded.introduce(settings.state, settings.address)
    except httpx.TransportError:
        return values  # left-over addresses of sandboxes that are gone: the connections then say what is missing
