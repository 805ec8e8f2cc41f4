"""`layer`: experience -> process -> system, and no other way.

caller \\ API     experience   process   system
external         yes          yes       no
experience       no           yes       no
process          no           no        yes, with the chain of whom it acts for (RFC 8693 `act`)
system           no           no        no
"""

from typing import Final

from foundation.context import Layer
from gateway.call import Call
from gateway.noun import Noun, Rule, Site
from gateway.refusals import LayerRefused

MAY_CALL: Final[dict[Layer, frozenset[Layer]]] = {
    "external": frozenset({"experience", "process"}),
    "experience": frozenset({"process"}),
    "process": frozenset({"system"}),
    "system": frozenset(),
}


class LayerRule(Rule):
    """One API's place in the order of the tiers."""

    refuses = (LayerRefused,)

    def __init__(self, where: str, layer: Layer) -> None:
        super().__init__(where)
        self._layer = layer

    def admit(self, call: Call) -> None:
        caller = call.caller
        if caller is None or self._layer not in MAY_CALL[caller.layer]:
            whom = f"The {caller.layer} tier" if caller and caller.layer != "external" else "A caller from outside"
            raise LayerRefused(f"{whom} may not call {_article(self._layer)} {self._layer} API.")
        if self._layer == "system" and not caller.acted_for:
            raise LayerRefused("A process tier that calls a system API says for whom: act in its token (RFC 8693).")


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def build(site: Site) -> Rule | None:
    """Nothing for a public operation, which nobody in particular calls."""
    said = site.policy["layer"]
    if said != site.api.layer:
        sentence = (
            f"{site.api.name} is served by the {site.api.layer} tier, not {said!r}: write layer: {site.api.layer}"
        )
        site.api_problem("layer", sentence=sentence)
    if site.said("public"):
        return None
    return site.once(("layer", site.api.key), lambda: LayerRule(site.where_api("layer"), site.api.layer))


NOUN = Noun(name="layer", stage="layer", build=build, api=Layer, required=True)
