"""Whom a tier acts for, as claims of its token: `sub`, `azp` and the nested `act` of RFC 8693 section 4.1.

    acted_for ("priya@console", "experience-tier@experience-tier"), said by process-tier
    {"sub": "priya", "azp": "console",
     "act": {"sub": "process-tier", "client_id": "process-tier",
             "act": {"sub": "experience-tier", "client_id": "experience-tier"}}}

The person is `sub`, through the client `azp`; the outermost `act` is who calls now, those within it came before.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

DEEPEST: Final = 4
"""So many may act for one another; a longer chain is nobody's."""


def claims_of(chain: Sequence[str], actor: str) -> dict[str, Any]:
    """The claims of `actor` acting for `chain` (outermost first, each `subject@client`). Raises `ValueError`."""
    if not 0 < len(chain) <= DEEPEST or not actor:
        raise ValueError(f"a chain has 1 to {DEEPEST} links, not {len(chain)}")
    links = [_parts(link) for link in chain]
    act: dict[str, Any] | None = None
    for subject, client in [*links[1:], (actor, actor)]:
        act = {"sub": subject, "client_id": client} | ({"act": act} if act is not None else {})
    return {"sub": links[0][0], "azp": links[0][1], "act": act}


def chain_of(claims: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """For whom, and who acts now: what `claims_of` made these claims of. `ValueError` for any other `act`."""
    links: list[tuple[str, str]] = []
    act = claims.get("act")
    while act is not None:
        if not isinstance(act, dict) or len(links) > DEEPEST:
            raise ValueError("act is not a chain, or a longer one than is believed")
        links.append((_text(act, "sub"), _text(act, "client_id")))
        act = act.get("act")
    if not links:
        raise ValueError("nobody acts")
    before = [f"{subject}@{client}" for subject, client in reversed(links[1:])]
    chain = (f"{_text(claims, 'sub')}@{_text(claims, 'azp')}", *before)
    if len(chain) > DEEPEST:
        raise ValueError("act is a longer chain than is believed")
    return chain, links[0][0]


def _parts(link: str) -> tuple[str, str]:
    subject, _, client = link.rpartition("@")
    if not subject or not client or " " in link:
        raise ValueError(f"{link!r} is not subject@client")
    return subject, client


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str) or not found or " " in found:
        raise ValueError(f"{name} is not one word")
    return found
