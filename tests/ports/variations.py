"""The same answer, otherwise written: what a vendor may do to its replies without saying anything else.

    order     keys in another order, other white space, letters escaped, fractions with more digits or an exponent
    unknown   fields nobody has heard of, in every object
    missing   fields gone that nobody reads, or whose absence means what they said
    pages     one record a page, where it is the vendor who chooses how long a page is
    status    another status of the same meaning; for a refusal, those its exchange names under `also`
    parts     of a batch: another boundary, lines that end otherwise, headers nobody has heard of, text around it all,
              the parts of a change set in another order, each saying what it answers

What may be missing is read from the Structs a reply is decoded into: whatever they do not name, and what they have a
default for, where the reply says just that.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from random import Random
from typing import Any, Final

import msgspec
from msgspec import inspect as mi

from foundation.sandbox import decode, encode
from tests.ports.conversations import Reply

Path = tuple[str | int, ...]
Kinds = list[Any]
"""The types a reply was decoded into; several, where a refusal is read twice."""
Variation = Callable[[Reply, Kinds, Random], list[Reply]]

NAMES: Final = ("addedLater", "x_added__c", "@Vendor.added", "added-later", "_added", "Added Later")
VALUES: Final[tuple[Any, ...]] = (None, "", "later", 7, 0.5, True, [], {}, [{"id": "1"}], {"value": "x", "id": "2"})
SUCCESSES: Final[Mapping[int, tuple[int, ...]]] = {200: (201,), 201: (200,), 204: (200, 201)}
"""Of a write. What has no body is 200 or 201 without one."""
FAILURES: Final = (500, 502, 503, 504)
"""Of a server that says no more than that."""


def order(reply: Reply, _: Kinds, draw: Random) -> list[Reply]:
    """Every object's keys shuffled; more white space; letters outside of ASCII escaped; `0.5` as `0.50` or `5E-1`."""
    body = _body(reply)
    if body is None:
        return [reply]
    text = msgspec.json.format(encode(_shuffled(body, draw)), indent=draw.choice((1, 4)))
    return [_saying(reply, "".join(each if ord(each) < 128 else json.dumps(each)[1:-1] for each in text))]


def unknown(reply: Reply, kinds: Kinds, draw: Random) -> list[Reply]:
    """One or two fields more in every object that has fields; a map from ids to records has none."""
    body = _body(reply)
    if body is None:
        return [reply]
    for each, _ in _objects(body, _info(kinds[0]) if kinds else None):
        for name in draw.sample(NAMES, draw.randint(1, 2)):
            each[name] = draw.choice(VALUES)
    return [_saying(reply, encode(body))]


def missing(reply: Reply, kinds: Kinds, draw: Random) -> list[Reply]:
    """Without any field that every reading of it can do without."""
    body = _body(reply)
    if body is None or not kinds:
        return [reply]
    dispensable = set.intersection(*(set(_dispensable(body, _info(kind), ())) for kind in kinds))
    for path in sorted(dispensable, key=len, reverse=True):
        _taken(body, path)
    return [_saying(reply, encode(body))]


def pages(reply: Reply, _: Kinds, draw: Random) -> list[Reply]:
    """As many pages as it has records, each leading to the next as this vendor's do."""
    body = _body(reply)
    if reply.method != "GET" or not isinstance(body, dict) or "top=" in reply.path:
        return [reply]
    for split in _PAGINGS:
        if found := split(reply, body, draw):
            return found
    return [reply]


def status(reply: Reply, _: Kinds, draw: Random) -> list[Reply]:
    """Another status."""
    likewise: tuple[int, ...] = tuple(reply.also)
    if reply.method not in ("GET", "HEAD"):
        likewise += SUCCESSES.get(reply.status, ())
    if reply.status in FAILURES and _body(reply) is None:
        likewise += tuple(each for each in FAILURES if each != reply.status)
    return [msgspec.structs.replace(reply, status=draw.choice(likewise))] if likewise else [reply]


def parts(reply: Reply, _: Kinds, draw: Random) -> list[Reply]:
    """A batch with another frame around what it says."""
    if not reply.content.startswith(b"--b\r\n"):
        return [reply]
    told = _OF_A_SET.sub(lambda found: _mixed_up(found[1], draw), reply.content.decode())
    whole, inner = (f"batchresponse_{draw.randrange(10**9)}-{name}" for name in "bc")
    for name, other in (("b", whole), ("c", inner)):
        told = re.sub(rf"(?m)^--{name}\b", f"--{other}", told).replace(f"boundary={name}\r", f"boundary={other}\r")
    told = told.replace("\r\n\r\nHTTP/1.1", "\r\nX-Added-Later: 7\r\n\r\nHTTP/1.1")
    told = told.replace(" .\r\n", " .\r\nadded-later:\r\n")
    text = f"before it\r\n{told}behind it\r\n".replace("\r\n", draw.choice(("\r\n", "\n")))
    headers = reply.headers | {"Content-Type": f'multipart/mixed; charset=utf-8; boundary="{whole}"'}
    return [msgspec.structs.replace(reply, content=text.encode(), headers=headers)]


_OF_A_SET: Final = re.compile(r"--c\r\n(.*?)--c--", re.DOTALL)


def _mixed_up(inside: str, draw: Random) -> str:
    each = inside.split("--c\r\n")
    draw.shuffle(each)
    return "".join(f"--c\r\n{one}" for one in each) + "--c--"


VARIATIONS: Final[Mapping[str, Variation]] = {
    "order": order,
    "unknown": unknown,
    "missing": missing,
    "pages": pages,
    "status": status,
    "parts": parts,
}


def varied(sort: str, reply: Reply, kinds: Kinds, draw: Random) -> list[Reply]:
    """One reply as `sort` would have it; `all` is each in turn."""
    if sort != "all":
        return VARIATIONS[sort](reply, kinds, draw)
    found = [reply]
    for variation in (missing, pages, unknown, order, status, parts):
        found = [made for each in found for made in variation(each, kinds, draw)]
    return found


def _saying(reply: Reply, text: str) -> Reply:
    return msgspec.structs.replace(reply, content=text.encode())


def _body(reply: Reply) -> Any:
    """What it says in JSON; None where it says nothing so."""
    try:
        body = decode(reply.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return body if isinstance(body, dict | list) else None


def _shuffled(value: Any, draw: Random) -> Any:
    if isinstance(value, dict):
        names = list(value)
        draw.shuffle(names)
        return {name: _shuffled(value[name], draw) for name in names}
    if isinstance(value, Decimal):
        return draw.choice((value, value.normalize(), Decimal(f"{value:f}0") if "." in f"{value:f}" else value))
    return [_shuffled(each, draw) for each in value] if isinstance(value, list) else value


def _info(kind: Any) -> mi.Type:
    return mi.type_info(kind)


def _narrowed(info: mi.Type | None, value: Any) -> mi.Type | None:
    """Of a type that allows several, the one this value is of."""
    if not isinstance(info, mi.UnionType):
        return info
    wanted = (mi.StructType, mi.DictType) if isinstance(value, dict) else (mi.ListType,)
    return next((each for each in info.types if isinstance(each, wanted)), None)


def _inside(value: Any, info: mi.Type | None) -> Iterator[tuple[str | int, Any, mi.Type | None]]:
    """What is in an object or a list, each with its type; None for what nobody reads."""
    if isinstance(value, list):
        item = info.item_type if isinstance(info, mi.ListType) else None
        yield from ((place, each, item) for place, each in enumerate(value))
    elif isinstance(value, dict) and isinstance(info, mi.DictType):
        yield from ((name, each, info.value_type) for name, each in value.items())
    elif isinstance(value, dict):
        known = _fields(info)
        yield from ((name, each, known[name].type if name in known else None) for name, each in value.items())


def _fields(info: mi.Type | None) -> dict[str, mi.Field]:
    return {each.encode_name: each for each in info.fields} if isinstance(info, mi.StructType) else {}


def _is_map(value: dict[str, Any], info: mi.Type | None) -> bool:
    """From ids to records: its keys are no names of fields."""
    return isinstance(info, mi.DictType) or (bool(value) and all(name.isdigit() for name in value))


def _objects(value: Any, info: mi.Type | None) -> Iterator[tuple[dict[str, Any], mi.Type | None]]:
    info = _narrowed(info, value)
    for _, each, kind in list(_inside(value, info)):
        yield from _objects(each, kind)
    if isinstance(value, dict) and not _is_map(value, info):
        yield value, info


def _dispensable(value: Any, info: mi.Type | None, path: Path) -> Iterator[Path]:
    info = _narrowed(info, value)
    known = _fields(info)
    for name, each, kind in _inside(value, info):
        here = (*path, name)
        if known and (name not in known or _says_its_default(known[str(name)], each)):
            yield here
        elif kind is not None:
            yield from _dispensable(each, kind, here)


def _says_its_default(field: mi.Field, value: Any) -> bool:
    if field.required:
        return False
    default = field.default if field.default_factory is mi.NODEFAULT else field.default_factory()
    if default is mi.NODEFAULT:
        return False  # it is unset: no value says that
    return bool(msgspec.to_builtins(default) == value)


def _taken(body: Any, path: Path) -> None:
    for step in path[:-1]:
        body = body[step]
    del body[path[-1]]


def _chained(reply: Reply, bodies: list[dict[str, Any]], link: Callable[[int], str]) -> list[Reply]:
    """The pages as replies; the first under the address that was asked, each other under the link to it."""
    return [
        msgspec.structs.replace(reply, path=link(number) if number else reply.path, content=encode(body).encode())
        for number, body in enumerate(bodies)
    ]


def _of_soql(reply: Reply, body: dict[str, Any], draw: Random) -> list[Reply]:
    if "done" not in body or len(body.get("records", [])) < 2:
        return []
    cursor = draw.randrange(10**9)
    base = reply.path.partition("/query")[0]

    def link(number: int) -> str:
        return f"{base}/query/01g{cursor:012}AAA-{number}"

    each = [body | {"records": [record]} for record in body["records"]]
    more = [page | {"done": False, "nextRecordsUrl": link(number)} for number, page in enumerate(each[:-1], 1)]
    return _chained(reply, [*more, each[-1]], link)


def _of_odata4(reply: Reply, body: dict[str, Any], draw: Random) -> list[Reply]:
    if not isinstance(body.get("value"), list) or len(body["value"]) < 2:
        return []
    link = _skipping(reply, draw)
    each = [body | {"value": [record]} for record in body["value"]]
    more = [page | {"@odata.nextLink": f"https://vendor{link(number)}"} for number, page in enumerate(each[:-1], 1)]
    return _chained(reply, [*more, each[-1]], link)


def _of_odata2(reply: Reply, body: dict[str, Any], draw: Random) -> list[Reply]:
    if not isinstance(body.get("d"), dict) or len(body["d"].get("results", [])) < 2:
        return []
    link = _skipping(reply, draw)
    each = [body["d"] | {"results": [record]} for record in body["d"]["results"]]
    more = [page | {"__next": f"https://vendor{link(number)}"} for number, page in enumerate(each[:-1], 1)]
    return _chained(reply, [{"d": page} for page in (*more, each[-1])], link)


def _of_kantata(reply: Reply, body: dict[str, Any], _: Random) -> list[Reply]:
    """Its pages have numbers, and how many there are is in `meta`."""
    if body.get("meta", {}).get("page_count") != 1 or "&page=1&" not in reply.path or len(body["results"]) < 2:
        return []
    number_of = {"page_count": len(body["results"]), "page_size": 1}
    each = [
        body | {"results": [result], "meta": body["meta"] | number_of | {"page_number": number}}
        for number, result in enumerate(body["results"], 1)
    ]
    return _chained(reply, each, lambda number: reply.path.replace("&page=1&", f"&page={number + 1}&"))


def _of_adf(reply: Reply, body: dict[str, Any], _: Random) -> list[Reply]:
    """Oracle Fusion's server gives as few as it likes: whoever asks says where the next page begins, by an offset here.

    A poll says it by a stamp, and none of its pages follows from another.
    """
    by_offset = "offset=0" in reply.path and "LastUpdateDate" not in reply.path
    if body.get("hasMore") is not False or not by_offset or len(body.get("items", [])) < 2:
        return []
    each = [body | {"items": [item], "count": 1, "limit": 1, "offset": at} for at, item in enumerate(body["items"])]
    more = [page | {"hasMore": True} for page in each[:-1]]
    return _chained(reply, [*more, each[-1]], lambda number: reply.path.replace("offset=0", f"offset={number}"))


def _skipping(reply: Reply, draw: Random) -> Callable[[int], str]:
    token = draw.randrange(10**9)
    joined = "&" if "?" in reply.path else "?"
    return lambda number: f"{reply.path}{joined}$skiptoken='{token}-{number}'"


_PAGINGS: Final = (_of_soql, _of_odata4, _of_odata2, _of_kantata, _of_adf)
