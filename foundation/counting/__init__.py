"""What was spent of every limit, in this process or in a Redis that several share: one algorithm, two places.

draws        what may be spent (a steady rate, a quota, places at once, a pause) and what one call wants of it
in_process   the counters of one process
on_redis     the same in Redis: take.lua decides, all decisions of one turn of the event loop in one round trip
counters     what a gateway and a vendor's client ask; what happens while the store is away
"""

from foundation.counting.counters import Counters, Sharing, WhenAway, counters_at
from foundation.counting.draws import Decision, Draw, Pause, Places, Quota, Reading, Steady, StoreAway
from foundation.counting.windows import Window

__all__ = [
    "Counters",
    "Decision",
    "Draw",
    "Pause",
    "Places",
    "Quota",
    "Reading",
    "Sharing",
    "Steady",
    "StoreAway",
    "WhenAway",
    "Window",
    "counters_at",
]
