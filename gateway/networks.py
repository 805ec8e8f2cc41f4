"""Whence a call comes, and whether that is one of the networks a policy lists.

The address is the peer's, unless the peer is a proxy that policy trusts to say who is behind it (RFC 7239, or the older
`X-Forwarded-For`). What such proxies say is read from the last to the first, as far as the one that says it is trusted:
anybody can send the rest. An IPv4 address that comes as IPv6 (`::ffff:203.0.113.7`) is the IPv4 one.
"""

import re
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import Any, Final, Literal, cast

import msgspec

from canonical.faults import Forbidden

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
UNKNOWN: Final = "unknown"
"""The address of a caller behind a trusted proxy that does not say it: in no network."""


class AddressRefused(Forbidden):
    """The call comes from a network that the client's product, or the operation, does not list.

    Mend: call from one of the networks that were agreed on. If it is one, whoever runs Tiergate looks at the line in
    `facts.policy`, and at `proxies` in platform.yaml: where a proxy stands in front, it must be listed there and say
    for whom it calls.
    """

    title = "Not from this network"


class Proxies(msgspec.Struct, frozen=True, kw_only=True):
    """Who is believed to say from where a call comes: `{peers: [10.0.0.0/24]}`."""

    peers: list[str]
    """Addresses or networks of the proxies in front; of a gateway too, for a tier behind it."""
    header: Literal["Forwarded", "X-Forwarded-For"] = "Forwarded"
    """The header they write; the other one is never read."""

    def __post_init__(self) -> None:
        networks(self.peers)

    def trusts(self, address: Address) -> bool:
        """Whether this address is one of the proxies."""
        return within(address, _networks(tuple(self.peers)))


def networks(said: Sequence[str]) -> tuple[Network, ...]:
    """The networks of a policy's list. Raises `ValueError` with a sentence for its author."""
    if not said:
        raise ValueError("lists no network, so nobody could call: leave it out, or list one like 203.0.113.0/24")
    return _networks(tuple(said))


def within(address: Address | None, listed: Iterable[Network]) -> bool:
    """Whether an address is in one of the networks; an unknown one is in none."""
    return address is not None and any(address.version == network.version and address in network for network in listed)


def read(said: str) -> Address | None:
    """An address as a peer, or a proxy, has it: with or without brackets and a port; None where it is none."""
    text = said.strip()
    if text.startswith("["):
        text, closed, rest = text[1:].partition("]")
        if not closed or (rest and not _is_port(rest)):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _is_port(f":{port}"):
            return None
    try:
        found = ip_address(text)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        return None if found.scope_id else found.ipv4_mapped or found
    return found


def origin(peer: str, headers: Sequence[tuple[bytes, bytes]], proxies: Proxies) -> str:
    """The address a call comes from; `unknown` where a trusted proxy does not say it so that it can be read."""
    name = proxies.header.lower().encode()
    lines = [value.decode("latin-1") for said, value in headers if said.lower() == name]
    hops = _forwarded(lines) if proxies.header == "Forwarded" else [hop for line in lines for hop in line.split(",")]
    found = read(peer)
    while hops and found is not None and proxies.trusts(found):
        found = read(hops.pop())
    return str(found) if found is not None else UNKNOWN


def whence(scope: MutableMapping[str, Any], peer: str, proxies: Proxies | None) -> str:
    """The address a request comes from, which from now on is the client's of its ASGI scope: a tier elsewhere is told
    it. Empty where no proxy is trusted, and the peer's own counts."""
    if proxies is None:
        return ""
    found = origin(peer, scope["headers"], proxies)
    scope["client"] = (found, 0)
    return found


def common(one: Sequence[Network] | None, other: Sequence[Network] | None) -> list[Network] | None:
    """What is in both lists; None is everywhere."""
    if one is None or other is None:
        kept = one if other is None else other
        return None if kept is None else _collapsed(kept)
    both = [a if _in(a, b) else b for a in one for b in other if _in(a, b) or _in(b, a)]
    return _collapsed(both)


def beyond(new: Sequence[Network] | None, old: Sequence[Network] | None) -> list[Network] | None:
    """Those of `new` that are not wholly in `old`; None where `new` is everywhere and `old` is not."""
    if old is None:
        return []
    if new is None:
        return None
    known = _collapsed(old)
    return [network for network in new if not any(_in(network, other) for other in known)]


def _in(one: Network, other: Network) -> bool:
    return one.version == other.version and one.subnet_of(cast("IPv4Network", other))  # type: ignore[arg-type]  # of one version


def _collapsed(listed: Sequence[Network]) -> list[Network]:
    fours = [each for each in listed if isinstance(each, IPv4Network)]
    sixes = [each for each in listed if isinstance(each, IPv6Network)]
    return [*collapse_addresses(fours), *collapse_addresses(sixes)]


@lru_cache(maxsize=256)
def _networks(said: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(_network(each) for each in said)


def _network(said: str) -> Network:
    try:
        found = ip_network(said, strict=False)
    except ValueError:
        raise ValueError(f"{said!r} is no address and no network like 203.0.113.0/24 or 2001:db8::/32") from None
    if "/" in said and ip_address(said.partition("/")[0]) != found.network_address:
        raise ValueError(f"{said!r} names an address within its network: write {found}")
    if isinstance(found, IPv6Network) and found.network_address.ipv4_mapped is not None:
        raise ValueError(f"{said!r} is an IPv4 address in IPv6: write it as IPv4")
    return found


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isascii() and text[1:].isdigit()


def _forwarded(lines: Sequence[str]) -> list[str]:
    """What each element of `Forwarded` says as `for`, in order; empty where it says none that can be read."""
    found = []
    for line in lines:
        for element in _split(line, ","):
            pairs = [pair.partition("=") for pair in _split(element, ";")]
            said = [value.strip() for name, _, value in pairs if name.strip().lower() == "for"]
            found.append(_unquoted(said[0]) if len(said) == 1 else "")
    return found


def _split(text: str, at: str) -> Iterator[str]:
    """The parts of a text between separators that stand in no quotes."""
    part: list[str] = []
    quoted = escaped = False
    for char in text:
        if char == at and not quoted:
            yield "".join(part)
            part = []
            continue
        part.append(char)
        quoted ^= char == '"' and not escaped
        escaped = quoted and char == "\\" and not escaped
    yield "".join(part) if not quoted else ""


def _unquoted(said: str) -> str:
    if said.startswith('"') and said.endswith('"') and len(said) > 1:
        return said[1:-1].replace("\\", "")
    return said if _TOKEN.fullmatch(said) else ""
