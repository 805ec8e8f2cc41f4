"""`on_store_failure: local | allow | deny`: what happens to an API's calls while the shared counters cannot be had.

Every API with limits says it; nothing is implied.

local  each process counts for itself, and admits its part of every limit (`counters: {processes: ...}`)
allow  all pass, and nothing is counted
deny   all are refused with 503 and a Retry-After
"""

from foundation.counting import WhenAway
from gateway.noun import Noun, Rule, Site


def build(site: Site) -> Rule | None:
    """The limits heed it."""
    return None


NOUN = Noun(name="on_store_failure", stage="limits", build=build, api=WhenAway)
