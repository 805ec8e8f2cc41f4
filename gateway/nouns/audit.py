"""`audit: none | metadata | bodies`: what is recorded of a call. A refusal is recorded whatever is said.

`data_classes` in platform.yaml says what a body may show: each field by its `x-data-class`, an unclassified one never.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from canonical.classes import KEY
from canonical.ports import Raw
from foundation.api import PageOperation
from foundation.masking import Rule as Mask
from foundation.schemas import schema_of
from gateway.audit import REFUSALS, About, Bodies, Entry
from gateway.call import Call, Ending
from gateway.noun import Noun, Rule, Site, nouns

Keep = Literal["none", "metadata", "bodies"]


class Record(Rule):
    """One operation's record."""

    def __init__(self, where: str, site: Site, keep: Keep) -> None:
        super().__init__(where)
        self._keep = keep
        self._operation = site.operation
        self._about = _about(site)
        self._refusals = msgspec.structs.replace(self._about, retention=REFUSALS)
        self.keeps_answer = keep == "bodies" and not isinstance(site.operation, PageOperation)

    def settle(self, call: Call, ending: Ending) -> None:
        trail = call.services.trail
        if trail is None or (self._keep == "none" and not ending.refused_at):
            return
        # In front of a tier elsewhere, what reached it is in the tier's record.
        if not call.served_here and not ending.refused_at:
            return
        refused_by, http = call.refused_by, call.http
        trail.add(
            Entry(
                at=call.services.clock(),
                about=self._refusals if ending.refused_at else self._about,
                caller=call.caller,
                arguments=call.arguments,
                status=ending.status,
                reason=ending.reason,
                policy=ending.refused_at,
                stage=refused_by.stage if refused_by is not None else "",
                rule=refused_by.noun if refused_by is not None else "",
                limit=ending.limit,
                shadowed=call.shadowed,
                product=call.product.name if call.product is not None else "",
                asked=http.headers.get("api-version", "") or http.headers.get("api-date", "") if http else "",
                address=http.address if http else "",
                size=len(call.body),
                request_id=call.request_id,
                traceparent=call.traceparent,
                took=ending.took,
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


def _about(site: Site) -> About:
    """What every record of the operation says alike."""
    operation = site.operation
    known = () if isinstance(operation, PageOperation) else operation.parameters
    in_path = tuple(p for p in known if p.place == "path")
    classes = {p.name: found for p in in_path if (found := schema_of(p.type).get(KEY))}
    looked_at = [_words(site, "object").values(), _words(site, "claims")]
    return About(
        api=site.api.name,
        version=f"v{site.api.major}",
        layer=site.api.layer,
        operation=site.operation.id,
        in_path=tuple(p.name for p in in_path),
        classes=classes,
        claims=tuple(dict.fromkeys(str(claim) for claims in looked_at for claim in claims)),
        limits=tuple(site.said("limits") or ()),
    )


def _words(site: Site, noun: str) -> Mapping[str, Any]:
    """What another noun says at the operation, where it is a table of names."""
    said = site.said(noun) if noun in {found.name for found in nouns()} else None
    return said if isinstance(said, Mapping) else {}


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
