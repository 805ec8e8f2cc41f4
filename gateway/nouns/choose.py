"""`choose: {by: header}`: how a caller says which version it means, at an address that names none.

path     `/notes/v2/...`, and no other way; what holds where nothing is said
header   `/notes/...` with `Api-Version: v2`
date     `/notes/...` with `Api-Date: 2026-09-01`: the newest version in force on that day (`active_on`), so that a
         caller who names the day it was written keeps what it was written for

The address that names a version stays, and says the same; a header that contradicts it is refused. Every answer says
in `Api-Version` which version it is of.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from foundation.api import PageOperation
from gateway.call import Call
from gateway.noun import Noun, Rule, Site
from gateway.refusals import NotOffered, VersionUnclear

if TYPE_CHECKING:
    from gateway.plan import Governed
    from gateway.router import Chooser


class Choose(msgspec.Struct, frozen=True, kw_only=True):
    """How a version is chosen."""

    by: Literal["path", "header", "date"] = "path"
    header: str = ""
    """The name of the header; `Api-Version` or `Api-Date` when not said."""
    when_missing: str = "reject"
    """The version of a call that names none, or `reject`."""

    @property
    def field(self) -> str:
        """The header's name."""
        return self.header or {"path": "", "header": "Api-Version", "date": "Api-Date"}[self.by]


class Chosen(Rule):
    """Says which version serves, and refuses a header that wants another than the address."""

    refuses = (VersionUnclear,)

    def __init__(self, where: str, choose: Choose, version: str) -> None:
        super().__init__(where)
        self._version = version
        self._asks = choose.field.lower() if choose.by == "header" else ""
        self.headers = [(b"api-version", version.encode()), (b"vary", choose.field.encode())]
        """What every answer says of it."""

    def admit(self, call: Call) -> None:
        if call.http is None:
            return
        call.headers.extend(self.headers)
        said = call.http.headers.get(self._asks, self._version).strip() if self._asks else self._version
        if said != self._version:
            raise VersionUnclear(f"The address means {self._version}, the header {said[:32]!r}: which one is it?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The versions of one operation at one address that names none."""

    api: str
    choose: Choose
    where: str
    """The policy line that says how it is chosen."""
    offered: Mapping[str, "Governed"]
    """The operation, by the versions that have it."""
    versions: Mapping[str, Any]
    """All of the API, as the noun `versions` has them."""

    def pick(self, headers: Iterable[tuple[bytes, bytes]], now: float) -> "Governed":
        """The operation in the version that is meant. `now` is in seconds since the epoch.

        Raises `VersionUnclear`, or `NotOffered` where that version does not have it.
        """
        name = self.choose.field.lower().encode()
        said = [value.decode("latin-1").strip() for key, value in headers if key == name]
        version = self._version(said, datetime.fromtimestamp(now, UTC).date())
        if version not in self.offered:
            raise NotOffered(f"{version} of {self.api} does not have this; {_listed(self.offered)} does.")
        return self.offered[version]

    def any(self) -> "Governed":
        """The operation in one of its versions."""
        return next(iter(self.offered.values()))

    def address(self, governed: "Governed", raw_path: bytes) -> bytes:
        """The address that names the version."""
        return governed.api.prefix.encode() + raw_path.removeprefix(f"/{self.api}".encode())

    def _version(self, said: list[str], today: date) -> str:
        field, known = self.choose.field, _listed(self.versions)
        if len(said) > 1:
            raise VersionUnclear(f"{field} stands in the request twice.", policy=self.where)
        if not said:
            if self.choose.when_missing == "reject":
                example = "a date like 2026-09-01" if self.choose.by == "date" else f"one of {known}"
                raise VersionUnclear(f"Say which version is meant: {field}: {example}.", policy=self.where)
            return self.choose.when_missing
        if self.choose.by == "date":
            return self._on(said[0], today)
        if said[0] not in self.versions:
            raise VersionUnclear(f"{self.api} has no version {said[0][:32]!r}; it has {known}.", policy=self.where)
        return said[0]

    def _on(self, said: str, today: date) -> str:
        """The newest version that was in force on a day; of a day to come, the one that is today."""
        try:
            day = min(date.fromisoformat(said), today)
        except ValueError:
            problem = f"{self.choose.field} is {said[:32]!r}; write a date like 2026-09-01."
            raise VersionUnclear(problem, policy=self.where) from None
        begun = {name: since for name, version in self.versions.items() if (since := version.active_on) is not None}
        in_force = [name for name, since in begun.items() if since <= day]
        if not in_force:
            first = min(begun.values())
            raise VersionUnclear(f"{self.api} had no version on {day}; its first is of {first}.", policy=self.where)
        return max(in_force, key=lambda name: begun[name])


def build(site: Site) -> Rule | None:
    """Nothing where the address alone decides."""
    choose: Choose | None = site.policy["choose"]
    if choose is None or choose.by == "path":
        if choose is not None and (choose.header or choose.when_missing != "reject"):
            site.api_problem("choose", sentence="by the path there is no header to choose by, and nothing is missing")
        return None
    _check(site, choose)
    return Chosen(site.where_api("choose"), choose, f"v{site.api.major}")


def _check(site: Site, choose: Choose) -> None:
    versions: dict[str, Any] = site.policy["versions"]
    if choose.when_missing != "reject" and choose.when_missing not in versions:
        known = ", ".join(versions)
        site.api_problem(
            "choose", "when_missing", sentence=f"{choose.when_missing!r} is not a version (known: {known}, or reject)"
        )
    if not all(c.isascii() and (c.isalnum() or c == "-") for c in choose.field):
        site.api_problem("choose", "header", sentence=f"{choose.field!r} is not the name of a header")
    for name, version in versions.items():
        since: date | None = version.active_on
        if choose.by == "date" and since is None:
            site.api_problem("versions", name, sentence=f"{name} is chosen by date, and needs active_on: since when")


def addresses(
    said: Mapping[str, Any], where: str, operations: Mapping[str, "Governed"]
) -> Iterator[tuple[str, str, "Chooser"]]:
    """Method, path template and choice of every address of an API that names no version."""
    choose: Choose | None = said["choose"]
    if choose is None or choose.by == "path":
        return
    found: dict[tuple[str, str], dict[str, Governed]] = {}
    for governed in operations.values():
        operation = governed.operation
        if governed.api.name == said["api"] and not isinstance(operation, PageOperation):
            at = (operation.method, f"/{governed.api.name}{operation.path}")
            found.setdefault(at, {})[f"v{governed.api.major}"] = governed
    for (method, path), offered in found.items():
        yield (
            method,
            path,
            Choice(api=said["api"], choose=choose, where=where, offered=offered, versions=said["versions"]),
        )


def _listed(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))


NOUN = Noun(name="choose", stage="version", build=build, api=Choose, addresses=addresses)
