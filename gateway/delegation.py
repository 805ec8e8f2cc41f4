"""For whom a tier calls: the chain in its token (RFC 8693), or in its header where the issuer cannot say it.

A token that carries a chain is made for one tier (`aud` is the API's audience with the tier after it), so that nobody
below or beside can use it again.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from foundation.acting import chain_of
from foundation.context import Caller, Layer
from gateway.refusals import TokenRefused

HEADER = "tiergate-acted-for"


def with_chain(caller: Caller, claims: Mapping[str, Any]) -> Caller:
    """The tier of a verified workload token, acting for those its `act` names; unchanged where there is none.

    Raises `TokenRefused` for an `act` that is not a chain, is too long, or whose actor is not the token's client.
    """
    if "act" not in claims:
        return caller
    try:
        chain, actor = chain_of(claims)
    except ValueError as wrong:
        raise TokenRefused(f"The token does not say rightly for whom it acts: {wrong}.") from None
    if actor != caller.client:
        raise TokenRefused("The token's act names another than its client.")
    return msgspec.structs.replace(caller, subject=actor, acted_for=chain)


def check_audience(caller: Caller, audience: frozenset[str], wanted: str, layer: Layer) -> None:
    """Raises `TokenRefused` unless the token is for `wanted`, and one with a chain for that tier alone."""
    if caller.acted_for:
        wanted = f"{wanted.rstrip('/')}/{layer}"
    if wanted not in audience:
        raise TokenRefused(f"The token is not made for {wanted}.")


def by_header(caller: Caller, headers: Mapping[str, str]) -> Caller:
    """A workload of an issuer that cannot exchange tokens says for whom it acts beside its token."""
    chain = headers.get(HEADER, "")
    return msgspec.structs.replace(caller, acted_for=tuple(chain.split())) if chain else caller
