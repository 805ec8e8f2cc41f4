"""`versions`: which versions an API has, and how long each lives. Dates, not flags.

draft       reachable by nobody
active      in force
deprecated  works; says so in `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link` (RFC 8288)
retired     410, also by itself once `sunset_on` is reached
"""

from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Literal

import msgspec

from gateway.call import Call
from gateway.noun import Noun, Rule, Site
from gateway.refusals import NotOffered, VersionRetired

State = Literal["draft", "active", "deprecated", "retired"]


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One major version's life."""

    state: State = "active"
    deprecated_on: date | None = None
    sunset_on: date | None = None
    successor: str = ""
    """The version to move to, e.g. `v2`."""
    guide: str = ""
    """Address of the text that says how."""

    def __post_init__(self) -> None:
        if self.state == "deprecated" and self.deprecated_on is None:
            raise ValueError("a deprecated version says since when: deprecated_on")
        if self.sunset_on and self.deprecated_on and self.sunset_on < self.deprecated_on:
            raise ValueError("sunset_on is before deprecated_on (RFC 8594)")


class Lifecycle(Rule):
    """What one version's life means for a call."""

    refuses = (VersionRetired,)

    def __init__(self, where: str, name: str, api: str, version: Version) -> None:
        super().__init__(where)
        self._name = name
        self._api = api
        self.version = version
        self._sunset = _midnight(version.sunset_on) if version.sunset_on else None
        self._deprecated = _midnight(version.deprecated_on) if version.deprecated_on else None
        self._headers = _headers(api, version)

    def state(self, now: float) -> State:
        """Where in its life the version stands at `now`, in Unix seconds: its dates come true by themselves."""
        said = self.version.state
        if said in ("draft", "retired"):
            return said
        if self._sunset is not None and now >= self._sunset:
            return "retired"
        if self._deprecated is not None:
            return "deprecated" if now >= self._deprecated else "active"
        return said

    def admit(self, call: Call) -> None:
        state = self.state(call.services.clock())
        if state == "draft":
            raise NotOffered(f"{self._name} of {self._api} is not published yet.")
        call.headers.extend(self._headers)
        if state == "retired":
            successor = self.version.successor
            hint = f" Use {successor}." if successor else ""
            raise VersionRetired(f"{self._name} of {self._api} is retired.{hint}", successor=successor)


def _headers(api: str, version: Version) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    links = []
    if version.deprecated_on is not None:
        found.append((b"deprecation", b"@%d" % int(_midnight(version.deprecated_on))))
    if version.sunset_on is not None:
        moment = datetime.fromtimestamp(_midnight(version.sunset_on), UTC)
        found.append((b"sunset", format_datetime(moment, usegmt=True).encode()))
    if version.successor:
        links.append(f'</{api}/{version.successor}/>; rel="successor-version"')
    if version.guide:
        links.append(f'<{version.guide}>; rel="deprecation"; type="text/html"')
    if links:
        found.append((b"link", ", ".join(links).encode()))
    return found


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def build(site: Site) -> Rule | None:
    """Nothing while a version is simply active."""
    name = f"v{site.api.major}"
    versions: dict[str, Version] = site.policy["versions"]
    version = versions.get(name, Version())
    where = site.where_api("versions", name)
    if version.successor and version.successor not in versions:
        site.api_problem("versions", name, sentence=f"its successor {version.successor!r} is not a version of it")
    if version == Version():
        return None
    return Lifecycle(where, name, site.api.name, version)


NOUN = Noun(name="versions", stage="version", build=build, operation=list[str], api=dict[str, Version], required=True)
