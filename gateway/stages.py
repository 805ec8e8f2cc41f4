"""The order in which the nouns of a call are asked. Fixed here, and nowhere else; no policy changes it.

A refused caller never spends another's budget, so limits stand behind scopes; nothing is validated for a caller who
may not call. Two nouns of one stage may be asked in either order: they must not depend on each other.
"""

from typing import Final, Literal, get_args

Stage = Literal[
    "load",
    "size",
    "version",
    "authenticate",
    "layer",
    "product",
    "address",
    "scopes",
    "roles",
    "claims",
    "object",
    "limits",
    "validate",
    "rules",
    "once",
    "cache",
    "upstream",
    "audit",
]

STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
