"""What a field must hold, parsed and never searched.

A field is demanded as one of these:
    text                                  exactly that
    {any: true}                           it is there
    {challenges: [{scheme: Bearer, error: invalid_token}]}   RFC 9110 section 11.6.1: these, with these parameters
    {list: [[name, {q: 3, t: [1, 60]}]]}  RFC 9651 List: its members in order; two numbers are a range
    {sf-date: 2026-09-01}                 RFC 9651 Date
    {http-date: 2027-03-01}               IMF-fixdate, RFC 9110 section 5.6.7
    {seconds: [1, 60]}                    delay-seconds within a range
    {tokens: [GET, PUT]}                  a comma list, in any order
    {links: [{href: /x, rel: successor-version}]}   RFC 8288: these links, by relation, with these parameters
    {pattern: text}                       a regular expression for all of it
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Final

import http_sf

_PAIR: Final = re.compile(
    r'\s*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([!#$%&\'*+.^_`|~0-9A-Za-z-]+))\s*'
)
_SCHEME: Final = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s+|$|(?=,))")
_LINK: Final = re.compile(r'\s*<([^>]*)>((?:\s*;\s*[\w*-]+(?:=(?:"[^"]*"|[^",;\s]+))?)*)\s*(?:,|$)')
_LINK_PARAMETER: Final = re.compile(r';\s*([\w*-]+)(?:=(?:"([^"]*)"|([^",;\s]+)))?')


def held_to(found: str, wanted: Any) -> Iterator[str]:
    """What is wrong with a field's value, as sentences."""
    if isinstance(wanted, str):
        if found != wanted:
            yield f"is {found!r}, not {wanted!r}"
        return
    ((kind, demand),) = wanted.items()
    yield from DEMANDS[kind](found, demand)


def _challenges(found: str, wanted: list[dict[str, Any]]) -> Iterator[str]:
    challenges = challenges_of(found)
    if [one["scheme"] for one in challenges] != [one["scheme"] for one in wanted]:
        yield f"has the schemes of {found!r}, not {[one['scheme'] for one in wanted]}"
        return
    for had, demanded in zip(challenges, wanted, strict=True):
        if had.keys() != demanded.keys():
            yield f"{had['scheme']} has the parameters {sorted(had)}, not {sorted(demanded)}"
        for name in had.keys() & demanded.keys():
            if demanded[name] != {"any": True} and had[name] != demanded[name]:
                yield f"{name} is {had[name]!r}, not {demanded[name]!r}"


def challenges_of(field: str) -> list[dict[str, str]]:
    """The challenges of `WWW-Authenticate` (RFC 9110 section 11.6.1). `ValueError` for what is not by its grammar."""
    found: list[dict[str, str]] = []
    at = 0
    while at < len(field):
        pair = _PAIR.match(field, at)
        if pair is not None and found and (pair.end() == len(field) or field[pair.end()] == ","):
            name = pair[1].lower()
            if name in found[-1]:
                raise ValueError(f"the parameter {name} stands in one challenge twice: {field!r}")
            found[-1][name] = re.sub(r"\\(.)", r"\1", pair[2]) if pair[2] is not None else pair[3]
            at = pair.end() + 1
            continue
        scheme = _SCHEME.match(field, at)
        if scheme is None:
            raise ValueError(f"not a challenge at {at}: {field!r}")
        found.append({"scheme": scheme[1]})
        at = scheme.end() + (field[scheme.end() : scheme.end() + 1] == ",")
    return found


def _list(found: str, wanted: list[Any]) -> Iterator[str]:
    members = _parsed(found, "list")
    if len(members) != len(wanted):
        yield f"has {len(members)} members, not {len(wanted)}: {found!r}"
        return
    for had, (name, parameters) in zip(members, wanted, strict=True):
        value, said = had if isinstance(had, tuple) else (had, {})
        if type(value) is not str or value != name:
            yield f"has the member {value!r}, not the String {name!r}"
        if said.keys() != parameters.keys():
            yield f"{name} has the parameters {sorted(said)}, not {sorted(parameters)}"
        for key in said.keys() & parameters.keys():
            if not _within(said[key], parameters[key]):
                yield f"{name}: {key} is {said[key]!r}, not {parameters[key]!r}"


def _within(had: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return isinstance(had, int) and not isinstance(had, bool) and wanted[0] <= had <= wanted[1]
    if isinstance(wanted, dict):
        return wanted == {"any": True}
    return type(had) is type(wanted) and had == wanted


def same_list(found: str, wanted: str) -> Iterator[str]:
    """What is wrong with a List that must be `wanted`, each bare item of the same type."""
    if not found or http_sf.ser(_parsed(found, "list")) != http_sf.ser(_parsed(wanted, "list")):
        yield f"is {found!r}, not {wanted!r}"


def _parsed(found: str, kind: str) -> Any:
    """By the structured-fields library, which is not ours. `ValueError` for what is not a structured field."""
    return http_sf.parse(found.encode("latin-1"), tltype=kind)


def _links(found: str, wanted: list[dict[str, str]]) -> Iterator[str]:
    links, end = [], 0
    for match in _LINK.finditer(found):
        if match.start() != end:
            break
        end = match.end()
        parameters = {name: quoted or plain for name, quoted, plain in _LINK_PARAMETER.findall(match[2])}
        links.append({"href": match[1], **parameters})
    if end != len(found):
        yield f"is not by the grammar of RFC 8288: {found!r}"
    elif sorted(map(_in_order, links)) != sorted(map(_in_order, wanted)):
        yield f"has the links {links}, not {wanted}"


def _in_order(link: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(link.items())


def _date(found: str, day: str) -> Iterator[str]:
    if _parsed(found, "item")[0] != _midnight(day):
        yield f"is {found!r}, which is not the Date {day}"


def _http_date(found: str, day: str) -> Iterator[str]:
    if found != format_datetime(_midnight(day), usegmt=True):
        yield f"is {found!r}, which is not {day}"


def _seconds(found: str, within: list[int]) -> Iterator[str]:
    if not found.isdigit() or not within[0] <= int(found) <= within[1]:
        yield f"is {found!r}, not from {within[0]} to {within[1]} seconds"


def _tokens(found: str, wanted: list[str]) -> Iterator[str]:
    if sorted(part.strip() for part in found.split(",")) != sorted(wanted):
        yield f"is {found!r}, not {', '.join(wanted)}"


def _pattern(found: str, pattern: str) -> Iterator[str]:
    if re.fullmatch(pattern, found) is None:
        yield f"is {found!r}, which does not match {pattern}"


def _midnight(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


DEMANDS: Final[dict[str, Callable[[str, Any], Iterator[str]]]] = {
    "any": lambda _, __: iter(()),
    "challenges": _challenges,
    "list": _list,
    "sf-date": _date,
    "http-date": _http_date,
    "seconds": _seconds,
    "tokens": _tokens,
    "links": _links,
    "pattern": _pattern,
}
