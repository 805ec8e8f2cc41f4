"""`object: {account_id: account_id}`: a path parameter must be what a claim of the token says.

Someone else's object answers 404, whether it exists or not: a 403 would say that it does (OWASP API1).
"""

from canonical.faults import NotFound
from foundation.api import PageOperation
from gateway.call import Call
from gateway.conversion import did_you_mean
from gateway.noun import Noun, Rule, Site


class ObjectRule(Rule):
    """Binds path parameters to claims."""

    refuses = (NotFound,)

    def __init__(self, where: str, bound: dict[str, str]) -> None:
        super().__init__(where)
        self._bound = tuple(bound.items())

    def admit(self, call: Call) -> None:
        claims = call.caller.claims if call.caller else {}
        for parameter, claim in self._bound:
            if claims.get(claim) is None or str(claims[claim]) != call.arguments.get(parameter):
                raise NotFound("There is no such thing for this caller.")


def build(site: Site) -> Rule | None:
    """Each parameter must be one of the operation's path."""
    said: dict[str, str] | None = site.said("object")
    if not said:
        return None
    operation = site.operation
    known = [] if isinstance(operation, PageOperation) else [p.name for p in operation.parameters if p.place == "path"]
    for parameter in said:
        if parameter not in known:
            site.problem("object", f"{parameter!r} is not in its path{did_you_mean(parameter, known)}")
    return ObjectRule(site.where("object"), said)


NOUN = Noun(name="object", stage="object", build=build, operation=dict[str, str])
