"""What every event is, and the envelope it is told in (CloudEvents 1.0)."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Literal, get_type_hints

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.dates import Instant

PREFIX: Final = "com.tiergate"
TYPES: Final[dict[str, type["Event"]]] = {}
"""Every event by its type."""


class Event(Value, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What an event says. A subclass names its `kind`, and its `major` where that is not the first.

    A reader takes fields it does not know yet.
    """

    kind: ClassVar[str] = ""
    major: ClassVar[int] = 1

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.major > 1 and "lifted" not in vars(cls):
            raise TypeError(f"{cls.type()} does not say how an event of v{cls.major - 1} is lifted to it")
        TYPES[cls.type()] = cls

    @classmethod
    def lifted(cls, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """What an event of the major before says, in this one's words: each major after the first has its own."""
        raise NotImplementedError(f"{cls.type()} is the first")

    @classmethod
    def lowered(cls, said: Mapping[str, Any]) -> Mapping[str, Any]:
        """What it says in the words of the major before. A major that has none is not told in those any more."""
        raise NotImplementedError(f"{cls.type()} is told as it is")

    @classmethod
    def type(cls) -> str:
        """Its CloudEvents type."""
        return f"{PREFIX}.{cls.kind}.v{cls.major}"


class EventEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """One event as it is told: CloudEvents 1.0 in its JSON format, with our own extensions."""

    specversion: Annotated[str, PUBLIC, msgspec.Meta(examples=["1.0"])] = "1.0"
    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["01M8HCKY792KWYGWF045NK5TBW"])]
    """The same however often it is told: whoever has seen it, has seen it."""
    source: Annotated[str, PUBLIC, msgspec.Meta(examples=["/tiergate/process"])]
    type: Annotated[str, PUBLIC, msgspec.Meta(examples=["com.tiergate.project.activated.v1"])]
    subject: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce:006Tg0000000001IAA"])]
    """The business key. Events of one subject are told in their order, one after the other."""
    time: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    datacontenttype: Annotated[str, PUBLIC] = "application/json"
    sequence: Annotated[str, PUBLIC, msgspec.Meta(examples=["00000000000000000042"])]
    """Comparable as text within one subject."""
    partitionkey: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce:006Tg0000000001IAA"])]
    correlationid: Annotated[str, PUBLIC, msgspec.Meta(examples=["o2p:salesforce:006Tg0000000001IAA:1"])]
    """The run that told it."""
    traceparent: Annotated[str, PUBLIC] = ""
    legalentity: Annotated[str, PUBLIC] = ""
    data: Annotated[dict[str, Any], PUBLIC]
    """What it says: the schema of its type."""


@cache
def told(event: type[Event]) -> type[EventEnvelope]:
    """The envelope of one type of event, for contracts: its `type` is that one, its `data` what it says."""
    fields: list[Any] = []
    own = {"type": Annotated[Literal[event.type()], PUBLIC], "data": event}
    hints = get_type_hints(EventEnvelope, include_extras=True)
    for field in msgspec.structs.fields(EventEnvelope):
        kind = own.get(field.name, hints[field.name])
        fields.append((field.name, kind) if field.required else (field.name, kind, field.default))
    made = msgspec.defstruct(f"{event.__name__}Event", fields, kw_only=True, frozen=True)
    made.__doc__ = event.__doc__
    return made  # type: ignore[return-value]  # of its shape, with one field narrower
