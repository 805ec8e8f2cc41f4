"""From a method and a path to a governed operation: one look-up a path segment, literal segments before parameters."""

import re
from collections.abc import Iterable
from sys import intern
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import unquote_to_bytes

from canonical.faults import Malformed

if TYPE_CHECKING:
    from gateway.plan import Governed

_REST: Final = ":path}"
_PLAIN: Final = re.compile(rb"(?:/(?!\.)[A-Za-z0-9._~!$&'()*+,;=:@-]*)+")
"""A path that needs no second look: nothing encoded, and no segment that begins with a dot (RFC 3986 section 3.3)."""
_SEGMENT: Final = re.compile(rb"(?!\.)[A-Za-z0-9._~!$&'()*+,;=:@-]+")
"""One segment of such a path, and not an empty one."""
_BARE_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NOTHING: Final = (None, ())
_UNSAFE: Final = re.compile(r"[/\\\x00-\x1f\x7f]")


class Chooser(Protocol):
    """What stands at an address where only the request's headers tell which operation is meant."""

    def pick(self, headers: Iterable[tuple[bytes, bytes]], now: float) -> "Governed":
        """The operation. `now` is in seconds since the epoch. Raises the fault it is refused with."""

    def any(self) -> "Governed":
        """One of the operations, where any will do."""

    def address(self, governed: "Governed", raw_path: bytes) -> bytes:
        """The address of its own that the operation is sent on to."""


class _Branch:
    __slots__ = ("allowed", "literal", "methods", "parameter", "rest")

    def __init__(self) -> None:
        self.literal: dict[str, _Branch] = {}
        self.parameter: _Branch | None = None
        self.rest: _Branch | None = None
        self.methods: dict[str, tuple[Governed | Chooser, tuple[str, ...]]] = {}
        self.allowed: tuple[str, ...] = ()
        """What `Allow` says of them."""


class Router:
    """All offered operations of all APIs, by their full path templates."""

    def __init__(self) -> None:
        self._root = _Branch()
        self.offers: dict[str, dict[str, Governed | Chooser]] = {}
        """What stands at each path template, by method."""
        self._literal: dict[bytes, _Branch] = {}
        """Where a whole path leads that has no parameter and is plain: it comes before every other reading of it."""
        self._parameter_last: dict[bytes, _Branch] = {}
        """Where a path leads whose last segment is its only parameter, by what stands before it, which is plain: it
        comes next."""

    def add(self, method: str, template: str, governed: "Governed | Chooser") -> None:
        """Offer an operation at `/a/{b}`; `{rest:path}`, at the end only, takes all that is left."""
        branch, names = self._root, []
        for part in template.strip("/").split("/"):
            if part.startswith("{"):
                names.append(intern(part.strip("{}").split(":")[0]))
                if part.endswith(_REST):
                    branch.rest = branch = branch.rest or _Branch()
                else:
                    branch.parameter = branch = branch.parameter or _Branch()
            else:
                branch = branch.literal.setdefault(part, _Branch())
        branch.methods[method] = (governed, tuple(names))
        whole = "/" + template.strip("/")
        before, _, last = whole.rpartition("/")
        if not names and _is_plain(whole):
            self._literal[whole.encode()] = branch
        elif "{" not in before and last.startswith("{") and not last.endswith(_REST) and _is_plain(before):
            self._parameter_last[before.encode()] = branch
        branch.allowed = tuple(sorted({*branch.methods, "HEAD"} if "GET" in branch.methods else branch.methods))
        self.offers.setdefault(template, {})[method] = governed

    def lead(self, method: str, raw_path: bytes) -> tuple["Governed | Chooser | None", dict[str, str], tuple[str, ...]]:
        """As `find`, from the path as it was sent. Raises `Malformed` for one that can be read in two ways."""
        branch = self._literal.get(raw_path)
        if branch is not None:
            return branch.methods.get("GET" if method == "HEAD" else method, _NOTHING)[0], {}, branch.allowed
        before, _, last = raw_path.rpartition(b"/")
        branch = self._parameter_last.get(before)
        if branch is not None and _SEGMENT.fullmatch(last):
            governed, names = branch.methods.get("GET" if method == "HEAD" else method, _NOTHING)
            return governed, {names[0]: last.decode("ascii")} if names else {}, branch.allowed
        return self.find(method, segments_of(raw_path))

    def find(
        self, method: str, segments: list[str]
    ) -> tuple["Governed | Chooser | None", dict[str, str], tuple[str, ...]]:
        """The operation, its path parameters, and the methods the path has (empty where nothing is offered).

        What has GET has HEAD: the same operation, asked for its header fields only (RFC 9110 section 9.3.2).
        """
        found = _walk(self._root, segments, 0, [])
        if found is None:
            return None, {}, ()
        branch, values = found
        governed, names = branch.methods.get("GET" if method == "HEAD" else method, _NOTHING)
        return governed, dict(zip(names, values, strict=False)), branch.allowed


def _is_plain(path: str) -> bool:
    return not path or _PLAIN.fullmatch(path.encode()) is not None


def segments_of(raw_path: bytes) -> list[str]:
    """The decoded segments of a path.

    Raises `Malformed` for a path that two readers could read in two ways: an encoded slash or backslash, dot segments,
    a control character, a percent sign that encodes nothing, or bytes that are not UTF-8.
    """
    if _PLAIN.fullmatch(raw_path):
        return raw_path[1:].decode("ascii").split("/")
    found = []
    if not raw_path:
        raise Malformed("The request names no path.")
    if _BARE_PERCENT.search(raw_path):
        raise Malformed("A percent sign in the path encodes nothing; one that is meant is written %25.")
    for part in raw_path.removeprefix(b"/").split(b"/"):
        try:
            text = unquote_to_bytes(part).decode("utf-8") if b"%" in part else part.decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed("The path is not UTF-8.") from None
        if text in (".", "..") or _UNSAFE.search(text):
            raise Malformed("The path can be read in more than one way: no encoded slashes, dots or control bytes.")
        found.append(text)
    return found


def _walk(branch: _Branch, segments: list[str], at: int, values: list[str]) -> tuple[_Branch, list[str]] | None:
    """Where a path leads. It comes back only to a segment that could be read in two ways."""
    for here in range(at, len(segments)):
        part = segments[here]
        literal, parameter, rest = branch.literal.get(part), branch.parameter, branch.rest
        if literal is not None and parameter is None and rest is None:
            branch = literal
        elif literal is None and rest is None and parameter is not None and part:
            values, branch = [*values, part], parameter
        else:
            return _either(branch, segments, here, values)
    return (branch, values) if branch.methods else None


def _either(branch: _Branch, segments: list[str], at: int, values: list[str]) -> tuple[_Branch, list[str]] | None:
    """The first way that leads somewhere: the literal segment, the parameter, all that is left."""
    part = segments[at]
    literal = branch.literal.get(part)
    if literal is not None and (found := _walk(literal, segments, at + 1, values)) is not None:
        return found
    if branch.parameter is not None and part:
        found = _walk(branch.parameter, segments, at + 1, [*values, part])
        if found is not None:
            return found
    if branch.rest is not None and part:
        return branch.rest, [*values, "/".join(segments[at:])]
    return None
