"""`tiergate mcp serve`: a gateway's tools for a program that starts its MCP servers itself, over standard input."""

import argparse
import asyncio
from typing import Final

from tiergate.settings import Settings, WrongSetting
from tiergate.stdio import Forwarding, Identity

SAYS: Final = "speak MCP on standard input and output, passing each message on to a gateway"
EXAMPLES: Final = """\
  tiergate mcp serve --url https://api.firm.example   what a desktop program has in its list of MCP servers
  TIERGATE_MCP_TOKEN=eyJ... tiergate mcp serve        with an access token; or TIERGATE_MCP_CLIENT, TIERGATE_MCP_SECRET
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Which gateway."""
    command.add_argument("--url", metavar="URL", default="", help="the gateway (default: TIERGATE_PUBLIC_URL)")


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """Until standard input ends. Only messages are printed; what goes wrong is an answer, or on standard error."""
    url = (asked.url or settings.address).rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise WrongSetting(f"--url is {url!r}; it must be an address that begins with http:// or https://.")
    asyncio.run(Forwarding(url, _identity(settings, url)).run())
    return 0


def _identity(settings: Settings, url: str) -> Identity:
    given = settings.values
    token, client = given.get("TIERGATE_MCP_TOKEN", ""), given.get("TIERGATE_MCP_CLIENT", "")
    secret = given.get("TIERGATE_MCP_SECRET", "")
    if not token and not (client and secret):
        raise WrongSetting("Nobody is calling: set TIERGATE_MCP_TOKEN, or TIERGATE_MCP_CLIENT and TIERGATE_MCP_SECRET.")
    # Never the issuer that the gateway would name: whoever answers there must not choose who gets the secret.
    issuer = given.get("TIERGATE_ISSUER", f"{url}/identity")
    return Identity(token=token, client=client, secret=secret, issuer=issuer)
