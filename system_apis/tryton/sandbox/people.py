"""What parties are to each other: relations of a type, from a day and until one. It keeps one side of each."""

from typing import Final

from foundation.sandbox import Box, Record
from system_apis.tryton.sandbox.domains import comparable
from system_apis.tryton.sandbox.schema import Field, Model, chars, fields, to

RELATION: Final = "party.relation.all"
RELATIONS: Final = (
    Model(
        name="party.relation.type",
        title="Party Relation Type",
        fields=fields(*chars("name", required=True), to("reverse", "party.relation.type")),
        needed_by=((RELATION, "type"),),
    ),
    Model(
        name=RELATION,
        title="Party Relation All",
        fields=fields(
            to("from_", "party.party", required=True),
            to("to", "party.party", required=True),
            to("type", "party.relation.type", required=True),
            Field(name="start_date", type="date"),
            Field(name="end_date", type="date"),
            Field(name="active", type="boolean", readonly=True, computed=True),
        ),
    ),
)


def stands(box: Box, relation: Record) -> bool:
    """Whether a relation holds today."""
    today = box.now().date()
    at, first, last = (today.year, today.month, today.day), relation["start_date"], relation["end_date"]
    return (first is None or comparable(first) <= at) and (last is None or comparable(last) >= at)
