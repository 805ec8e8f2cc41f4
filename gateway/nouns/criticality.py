"""`criticality: T0 | T1 | T2 | T3`: in which order calls are refused when this process has too much to do, T3 first.

T0 is for money and what the law asks for, T1 for the firm's daily work, T3 for what only informs. An API says it once,
an operation may differ. From when on a class is refused stands in platform.yaml; where it does not, none ever is.

    shedding:
      T3: {lag: 100ms, in_flight: 200}
      T2: {lag: 400ms, in_flight: 400}

What a call is for goes on with it: to the tiers behind, through a workflow's runs (by what the workflow says), and to
a vendor's budget, of which each class may use a part (`budget` in connections.yaml).
"""

import math
from collections.abc import Mapping

from foundation.context import Criticality
from gateway.call import Call, Ending
from gateway.load import Shedding
from gateway.noun import Noun, Rule, Site
from gateway.refusals import Shed


class CriticalityRule(Rule):
    """What one operation's calls are for."""

    def __init__(self, where: str, criticality: Criticality, shedding: Shedding | None, shed_at: str) -> None:
        super().__init__(where)
        self.refuses = (Shed,) if shedding is not None and getattr(shedding, criticality, None) is not None else ()
        self._criticality = criticality
        self._retry_after = str(math.ceil(shedding.retry_after)) if shedding is not None else ""
        self._shed_at = shed_at

    def admit(self, call: Call) -> None:
        call.criticality = self._criticality
        # A tier in this process calls on behalf of a call that was let in: to refuse half of it would save nothing.
        if call.http is None:
            return
        load = call.services.load
        load.enter()
        if self._retry_after and load.refuses(self._criticality):
            raise Shed(
                f"Too much is asked of this process just now, and calls of class {self._criticality} wait first.",
                criticality=self._criticality,
                retry_after=self._retry_after,
                policy=self._shed_at,
            )

    def settle(self, call: Call, ending: Ending) -> None:
        if call.http is not None:
            call.services.load.leave()


def build(site: Site) -> Rule:
    """T2 where nothing is said."""
    said: Criticality = site.said("criticality") or site.policy.get("criticality") or "T2"
    platform: Mapping[str, Shedding | None] = site.platform
    shedding = platform["shedding"]
    return CriticalityRule(site.where("criticality"), said, shedding, site.where_platform("shedding"))


NOUN = Noun(
    name="criticality",
    stage="load",
    build=build,
    operation=Criticality,
    api=Criticality,
    platform={"shedding": Shedding | None},
    default="T2",
)
