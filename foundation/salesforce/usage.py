"""How much of the org's daily API calls is used up: every answer says so, and near the end somebody should know."""

import re
from typing import Final

import httpx
import structlog

WARN_AT: Final = 0.8
_USAGE: Final = re.compile(r"^api-usage=(\d+)/(\d+)")
"""Only the prefix: some orgs add `; per-app-api-usage=...`."""

log = structlog.get_logger("tiergate.vendor")


def usage_of(response: httpx.Response) -> tuple[int, int] | None:
    """The org's calls of the last 24 hours, used and allowed, as an answer says them; None where it does not."""
    said = _USAGE.match(response.headers.get("Sforce-Limit-Info", ""))
    return (int(said[1]), int(said[2])) if said else None


class Usage:
    """The org's calls of the last 24 hours, as last heard."""

    def __init__(self, system: str) -> None:
        self._system = system
        self.used = 0
        self.allowed = 0
        self._warned = False

    async def note(self, response: httpx.Response) -> None:
        """Read the `Sforce-Limit-Info` of an answer; warns once each time usage passes the mark."""
        said = usage_of(response)
        if said is None:
            return
        self.used, self.allowed = said
        near = self.used >= self.allowed * WARN_AT
        if near and not self._warned:
            log.warning(
                "most of the org's daily API calls are used", system=self._system, used=self.used, allowed=self.allowed
            )
        self._warned = near
