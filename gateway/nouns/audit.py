"""`audit: none | metadata | bodies`: what is recorded of a call. A refusal is recorded whatever is said.

`data_classes` in platform.yaml says what a body may show: each field by its `x-data-class`, an unclassified one never.
"""

from typing import Literal

import msgspec

from canonical.ports import Raw
from foundation.api import PageOperation
from foundation.context import trace_id
from foundation.masking import Rule as Mask
from gateway.audit import Bodies, Entry
from gateway.call import Call, Ending
from gateway.noun import Noun, Rule, Site

Keep = Literal["none", "metadata", "bodies"]


class Record(Rule):
    """One operation's record."""

    def __init__(self, where: str, site: Site, keep: Keep) -> None:
        super().__init__(where)
        self._keep = keep
        self._api = site.api
        self._operation = site.operation
        self.keeps_answer = keep == "bodies" and not isinstance(site.operation, PageOperation)

    def settle(self, call: Call, ending: Ending) -> None:
        trail = call.services.trail
        if trail is None or (self._keep == "none" and not ending.refused_at):
            return
        # In front of a tier elsewhere, what reached it is in the tier's record.
        if not call.served_here and not ending.refused_at:
            return
        caller = call.caller
        trail.add(
            Entry(
                at=call.services.clock(),
                api=self._api.name,
                version=f"v{self._api.major}",
                layer=self._api.layer,
                operation=self._operation.id,
                subject=caller.subject if caller else "",
                client=caller.client if caller else "",
                acted_for=" ".join(caller.acted_for) if caller else "",
                key=_business_key(call),
                status=ending.status,
                reason=ending.reason,
                policy=ending.refused_at,
                request_id=call.request_id,
                trace=trace_id(call.traceparent),
                took_ms=int(ending.took * 1000),
            ),
            # What was refused was not read, or not to be: there is nothing to keep of it.
            self._said(call, ending) if self.keeps_answer and not ending.refused_at else None,
        )

    def _said(self, call: Call, ending: Ending) -> Bodies:
        assert not isinstance(self._operation, PageOperation)
        direct = call.http is None
        return Bodies(
            request=call.arguments.get("data") if direct else call.body,
            request_type=None if self._operation.body is Raw else self._operation.body,
            answer=ending.answer if ending.status < 400 else None,
            answer_type=self._operation.returns,
        )


def _business_key(call: Call) -> str:
    """What the call is about: the path parameter `key`, else the last one."""
    path = [call.arguments[name] for name in call.governed.in_path if name in call.arguments]
    return str(call.arguments.get("key") or (path[-1] if path else ""))


def build(site: Site) -> Rule | None:
    """Where nothing is said: metadata."""
    return Record(site.where("audit"), site, site.said("audit") or "metadata")


class DataClasses(msgspec.Struct, frozen=True, kw_only=True):
    """What a record may show of a field, by its data class."""

    public: Mask
    pii: Mask
    financial: Mask
    secret: Mask
    unclassified: Mask


NOUN = Noun(
    name="audit", stage="audit", build=build, operation=Keep, platform={"data_classes": DataClasses}, default="metadata"
)
