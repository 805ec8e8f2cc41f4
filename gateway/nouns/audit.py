"""`audit: none | metadata | bodies`: what is recorded of a call. A refusal is recorded whatever is said.

In full `audit: {keep: bodies, durable: true, retain: money}`. A record is written up to a fifth of a second after the
answer: a crash loses those of that time. A durable call begins, and is answered, only when that is on disk; it waits
for the disk twice. `data_classes` in platform.yaml says what a body may show: each field by its `x-data-class`, an
unclassified one never; `retention` there, how long each class is kept; `anchors`, where the record's anchors also go.
"""

from collections.abc import Awaitable, Mapping
from typing import Any, Final, Literal

import msgspec

from canonical.classes import KEY
from canonical.ports import Raw
from foundation.api import PageOperation
from foundation.context import current
from foundation.masking import Rule as Mask
from foundation.schemas import schema_of
from gateway.audit import REFUSALS, STANDARD, About, Bodies, Entry, Span
from gateway.call import Call, Ending
from gateway.conversion import did_you_mean
from gateway.noun import Noun, Rule, Site, nouns
from gateway.recorded import begun, not_begun
from gateway.refusals import AuditUnavailable

Keep = Literal["none", "metadata", "bodies"]


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """What is recorded of a call, how surely, and for how long."""

    keep: Keep = "metadata"
    durable: bool = False
    """No call without its record: it is refused with 503 while the record cannot be written, begins when it is on
    disk that it does, and is answered when its end is."""
    retain: str = ""
    """A class of `retention` in platform.yaml, for refusals too; `standard` and `refusals` when not said."""

    def __post_init__(self) -> None:
        if self.durable and self.keep == "none":
            raise ValueError("durable makes sure of a record, and keep: none keeps none")


class Record(Rule):
    """One operation's record."""

    def __init__(self, where: str, site: Site, said: Audit) -> None:
        super().__init__(where)
        self._keep = said.keep
        self._operation = site.operation
        self._about = _about(site, said.retain)
        self._refusals = msgspec.structs.replace(self._about, retention=said.retain or REFUSALS)
        self.keeps_answer = said.keep == "bodies" and not isinstance(site.operation, PageOperation)

    def settle(self, call: Call, ending: Ending) -> None:
        trail = call.services.trail
        if trail is None or (self._keep == "none" and not ending.refused_at):
            return
        # In front of a tier elsewhere, what reached it is in the tier's record.
        if not call.served_here and not ending.refused_at:
            return
        # What was refused was not read, or not to be: there is nothing to keep of it.
        said = self._said(call, ending) if self.keeps_answer and not ending.refused_at else None
        if self.durable and not ending.refused_at:
            call.recorded = trail.add_durable(self._entry(call, ending), said)
        else:
            trail.add(self._entry(call, ending), said)

    def _entry(self, call: Call, ending: Ending) -> Entry:
        refused_by, http = call.refused_by, call.http
        entry = Entry(
            at=call.services.clock(),
            about=self._about,
            caller=call.caller,
            arguments=call.arguments,
            status=ending.status,
            reason=ending.reason,
            shadowed=call.shadowed,
            warned=call.warned,
            product=call.product.name if call.product is not None else "",
            asked=http.headers.get("api-version", "") or http.headers.get("api-date", "") if http else "",
            address=(http.came_from or http.address) if http else "",
            size=len(call.body) or call.streamed,
            tool=current().tool,
            request_id=call.request_id,
            traceparent=call.traceparent,
            took=ending.took,
        )
        if not (ending.refused_at or ending.limit or call.broken) and refused_by is None:
            return entry
        return msgspec.structs.replace(
            entry,
            about=self._refusals if ending.refused_at else self._about,
            policy=ending.refused_at,
            stage=refused_by.stage if refused_by is not None else "",
            rule=refused_by.noun if refused_by is not None else "",
            limit=ending.limit,
            broken=call.broken,
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


class Durable(Record):
    """One operation's record, without which nothing is done."""

    refuses = (AuditUnavailable,)
    durable = True

    def admit(self, call: Call) -> Awaitable[None] | None:
        trail = call.services.trail
        if trail is None or not call.served_here:
            return None
        if trail.failing:
            raise not_begun()
        return begun(trail.add_durable(self._entry(call, _BEGUN)))


_BEGUN: Final = Ending(status=0, reason="begun")


def _about(site: Site, retain: str) -> About:
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
        retention=retain or STANDARD,
    )


def _words(site: Site, noun: str) -> Mapping[str, Any]:
    """What another noun says at the operation, where it is a table of names."""
    said = site.said(noun) if noun in {found.name for found in nouns()} else None
    return said if isinstance(said, Mapping) else {}


def build(site: Site) -> Rule | None:
    """Where nothing is said: metadata."""
    written: Keep | Audit = site.said("audit") or "metadata"
    said = written if isinstance(written, Audit) else Audit(keep=written)
    classes = {STANDARD, REFUSALS, *(site.platform["retention"] or {})}
    if said.retain and said.retain not in classes:
        hint = did_you_mean(said.retain, classes)
        site.problem("audit", f"no class of retention in platform.yaml is called {said.retain!r}{hint}")
    return (Durable if said.durable else Record)(site.where("audit"), site, said)


class DataClasses(msgspec.Struct, frozen=True, kw_only=True):
    """What a record may show of a field, by its data class."""

    public: Mask
    pii: Mask
    financial: Mask
    secret: Mask
    unclassified: Mask


NOUN = Noun(
    name="audit",
    stage="audit",
    build=build,
    operation=Keep | Audit,
    platform={"data_classes": DataClasses, "retention": dict[str, Span] | None, "anchors": str | None},
    default="metadata",
)
