"""`versions`: which versions an API has, and how long each lives. Dates, not flags.

draft       reachable by nobody
active      in force
deprecated  works; says so in `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link` (RFC 8288)
retired     410, also by itself once `sunset_on` is reached
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Literal

import msgspec

from gateway.call import Call
from gateway.conversion import did_you_mean
from gateway.noun import Noun, Rule, Site
from gateway.refusals import NotOffered, VersionRetired

State = Literal["draft", "active", "deprecated", "retired"]


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One major version's life."""

    spec: str = ""
    """Of an API that is not ours: its OpenAPI file (3.1 or 3.0, YAML or JSON), from the policy folder on."""
    state: State = "active"
    active_on: date | None = None
    """Since when it is in force; before that day it is a draft."""
    deprecated_on: date | None = None
    """Since when callers are told to move on; a day to come is announced."""
    sunset_on: date | None = None
    """The day from which it is retired, by itself."""
    successor: str = ""
    """The version to move to, e.g. `v2`."""
    guide: str = ""
    """Address of the text that says how."""
    retire_anyway: str = ""
    """Why it may be retired though somebody still calls it: `tiergate policy check` then says so, and lets it pass."""

    def __post_init__(self) -> None:
        if self.state == "deprecated" and self.deprecated_on is None:
            raise ValueError("a deprecated version says since when: deprecated_on")
        if self.sunset_on and self.deprecated_on and self.sunset_on < self.deprecated_on:
            raise ValueError("sunset_on is before deprecated_on (RFC 8594)")
        if self.active_on and self.deprecated_on and self.deprecated_on < self.active_on:
            raise ValueError("deprecated_on is before active_on")
        if self.guide and not self.deprecated_on and not self.sunset_on:
            raise ValueError("guide says how to move on; say since when: deprecated_on")


class Lifecycle(Rule):
    """What one version's life means for a call."""

    refuses = (VersionRetired,)

    def __init__(self, where: str, site: Site, version: Version, listed: Sequence[str] | None) -> None:
        """`listed`: the versions that have the operation, where it says so."""
        super().__init__(where)
        self._api = site.api.name
        self._name = f"v{site.api.major}"
        self.version = version
        self._active = _midnight(version.active_on) if version.active_on else None
        self._deprecated = _midnight(version.deprecated_on) if version.deprecated_on else None
        self._sunset = _midnight(version.sunset_on) if version.sunset_on else None
        self.headers = _headers(version)
        """What every answer says of its end."""
        self._prefix = site.api.prefix.encode()
        self._goes_on = listed is None or version.successor in listed
        self._successor = f"/{site.api.name}/{version.successor}".encode() if version.successor else b""

    def state(self, now: float) -> State:
        """Where in its life the version stands at `now`, in Unix seconds: its dates come true by themselves."""
        said = self.version.state
        if said in ("draft", "retired"):
            return said
        if self._active is not None and now < self._active:
            return "draft"
        if self._sunset is not None and now >= self._sunset:
            return "retired"
        if self._deprecated is not None:
            return "deprecated" if now >= self._deprecated else "active"
        return said

    def admit(self, call: Call) -> None:
        state = self.state(call.services.clock())
        if state == "draft":
            raise NotOffered(f"{self._name} of {self._api} is not published yet.")
        call.headers.extend(self.headers)
        if self._successor and call.http is not None:
            call.headers.append((b"link", b'<%b>; rel="successor-version"' % self.moved(call.http.raw_path)))
        if state == "retired":
            successor = self.version.successor
            hint = f" Use {successor}." if successor else ""
            raise VersionRetired(f"{self._name} of {self._api} is retired.{hint}", successor=successor)

    def moved(self, raw_path: bytes) -> bytes:
        """The same thing in the successor (RFC 5829 section 3.5), where that has it; else the successor itself."""
        return self._successor + (raw_path.removeprefix(self._prefix) if self._goes_on else b"/")


def _headers(version: Version) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    if version.deprecated_on is not None:
        found.append((b"deprecation", b"@%d" % int(_midnight(version.deprecated_on))))
    if version.sunset_on is not None:
        moment = datetime.fromtimestamp(_midnight(version.sunset_on), UTC)
        found.append((b"sunset", format_datetime(moment, usegmt=True).encode()))
    if version.guide:
        links = [f'<{version.guide}>; rel="deprecation"; type="text/html"'] if version.deprecated_on else []
        links += [f'<{version.guide}>; rel="sunset"; type="text/html"'] if version.sunset_on else []
        found.append((b"link", ", ".join(links).encode()))
    return found


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def build(site: Site) -> Rule | None:
    """Nothing while a version is simply active."""
    name = f"v{site.api.major}"
    versions: dict[str, Version] = site.policy["versions"]
    version = msgspec.structs.replace(versions.get(name, Version()), spec="")  # which says nothing of a life
    where = site.where_api("versions", name)
    if wrong := _wrong_successor(name, versions):
        site.api_problem("versions", name, sentence=wrong)
    if version == Version():
        return None
    listed = site.own("versions")
    key = ("versions", site.api.key, None if listed is None else tuple(listed))
    return site.once(key, lambda: Lifecycle(where, site, version, listed))


def _wrong_successor(name: str, versions: dict[str, Version]) -> str:
    """Why a version's callers cannot be sent to its successor; empty when they can."""
    successor, passed = versions[name].successor if name in versions else "", [name]
    if successor and successor not in versions:
        return f"its successor {successor!r} is not a version of it{did_you_mean(successor, versions)}"
    if successor and versions[successor].state in ("draft", "retired"):
        return f"its successor {successor!r} is {versions[successor].state}: nobody can move there"
    while successor and successor in versions:
        if successor in passed:
            return f"its successors lead back to {successor!r}: {' -> '.join([*passed, successor])}"
        passed.append(successor)
        successor = versions[successor].successor
    return ""


NOUN = Noun(name="versions", stage="version", build=build, operation=list[str], api=dict[str, Version], required=True)
