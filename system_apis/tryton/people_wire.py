"""People as Tryton has them: parties who are a contact of another party."""

from msgspec import field

from system_apis.tryton.wire import Contact, Flag, Identifier, Instant, Name, Row, Wire


class Relation(Wire, frozen=True, kw_only=True):
    """What a party is to another one; those that have ended are not told."""

    id: int
    to: int
    type: Name = field(name="type.")


class Person(Row, frozen=True, kw_only=True):
    """A party as a person."""

    name: str | None = None
    active: Flag
    timestamp: str = field(name="_timestamp")
    last_modified_at: Instant | None = None
    identifiers: list[Identifier] = field(name="identifiers.")
    contact_mechanisms: list[Contact] = field(name="contact_mechanisms.")
    relations: list[Relation] = field(name="relations.")


class Related(Wire, frozen=True, kw_only=True):
    """Whose relation it is."""

    from_: int


class Known(Row, frozen=True, kw_only=True):
    """Under what keys of ours a party is known, and in what version."""

    code: str
    timestamp: str = field(name="_timestamp")
    identifiers: list[Identifier] = field(name="identifiers.")
