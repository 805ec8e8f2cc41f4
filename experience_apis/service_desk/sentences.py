"""A row of the console's tables of words."""

import msgspec


class Sentences(msgspec.Struct, frozen=True):
    """What happened, what settles it, and what it costs; no cost: that of any refusal of its workflow."""

    what: str
    do: str
    cost: str = ""
