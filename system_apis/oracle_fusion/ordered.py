"""One sales order by its external key, in its latest version.

A transaction is fifty characters there, fewer than our keys may have: what is longer is cut, with a digest of the whole
for the rest. The whole key stands in a segment of ours.
"""

from hashlib import sha256
from typing import Final

from system_apis.oracle_fusion import orders_wire as there
from system_apis.oracle_fusion.codes import SOURCE
from system_apis.oracle_fusion.lengths import TRANSACTION
from system_apis.oracle_fusion.rest import Rest, quoted

_DIGEST: Final = 24
"""Hexadecimal digits: 96 bits, which no two keys share."""


def transaction(key: str) -> str:
    """Our key as a source's transaction."""
    if len(key) <= TRANSACTION:
        return key
    return f"{key[: TRANSACTION - _DIGEST - 1]}~{sha256(key.encode()).hexdigest()[:_DIGEST]}"


async def order_under(pod: Rest, key: str) -> there.Order | None:
    """The order under our key, None for none."""
    return await order_at(pod, SOURCE, transaction(key))


async def order_at(pod: Rest, source: str, name: str) -> there.Order | None:
    """The order a source calls so. A query finds older versions too; the one with all changes counts."""
    wanted = f"SourceTransactionSystem={quoted(source)} and SourceTransactionId={quoted(name)}"
    found = await pod.all(there.ORDERS, there.Order, {"q": wanted} | there.ORDER_WITH, "HeaderId:asc")
    return max(found, key=lambda each: each.change_version_number or 0, default=None)
