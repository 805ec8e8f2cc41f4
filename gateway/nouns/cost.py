"""`cost`: how many units one call of an operation spends of every rate and quota it is limited by; 1 when not said.

operations:
  exportTimesheets: {scopes: [engagements:read], cost: 20}
"""

from gateway.noun import Noun, Rule, Site


def build(site: Site) -> Rule | None:
    """The limits spend it; here it is only seen to that it can be."""
    cost = site.said("cost")
    if cost is not None and cost < 1:
        site.problem("cost", f"a call costs at least 1, not {cost}")
    return None


NOUN = Noun(name="cost", stage="limits", build=build, operation=int)
