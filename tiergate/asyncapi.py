"""The AsyncAPI document of what an API tells its subscribers, of the same types as its OpenAPI contract's webhooks.

https://www.asyncapi.com/docs/reference/specification/v3.0.0

Whose an event is, and how much hangs on it, is said in the policies of the API whose operations tell it (`x-owner`,
`x-tier`); of what no operation tells, in those of the API that is subscribed to. How long it is kept and told again is
`x-retention`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from canonical.events import told
from foundation.api import Api
from foundation.openapi import SIGNED
from foundation.schemas import schemas_of
from process_apis.events.webhooks import WAITS

VERSION: Final = "3.0.0"
RETENTION: Final = {
    "events": "as long as the runs they tell of",
    "attempts": len(WAITS) + 1,
    "hours": round(sum(WAITS) / 3600),
}
"""An event can be read and replayed as long as it is kept; a delivery is tried so often, over so many hours, and then
parked."""


class Answering(NamedTuple):
    """What the policies of an API say of it."""

    owner: str
    tier: str


def document(api: Api, others: Sequence[Api], answering: Mapping[str, Answering]) -> dict[str, Any]:
    """One channel, its address given by each subscription; one message a type of event.

    `others` are all APIs, some of whose operations tell events; `answering` is who answers for each, by its name.
    """
    by = {event: each.name for each in others for operation in each.operations() for event in operation.tells}
    schemas, components = schemas_of(tuple(told(event) for event in api.events))
    messages = {
        event.type(): _message(event, schema, answering[by.get(event, api.name)])
        for event, schema in zip(api.events, schemas, strict=True)
    }
    named = [{"$ref": f"#/channels/subscription/messages/{name}"} for name in messages]
    return {
        "asyncapi": VERSION,
        "info": {"title": api.title, "version": f"{api.major}.0.0", "description": api.description},
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "subscription": {
                "address": None,
                "description": "The address a subscription names. Events of one subject come in their order.",
                **_answered(answering[api.name]),
                "x-retention": RETENTION,
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
            }
        },
        "operations": {
            "tell": {
                "action": "send",
                "channel": {"$ref": "#/channels/subscription"},
                "summary": "An event is posted, again until it is taken",
                "messages": named,
            }
        },
        "components": {"messages": messages, "schemas": dict(sorted(components.items()))},
    }


def _answered(by: Answering) -> dict[str, str]:
    return {"x-owner": by.owner, "x-tier": by.tier}


def _message(event: Any, schema: dict[str, Any], by: Answering) -> dict[str, Any]:
    said = " ".join((event.__doc__ or "").split())
    headers = {name: {"type": "string", "description": meaning} for name, meaning in SIGNED.items()}
    return {
        "name": event.type(),
        "title": said.partition(".")[0],
        "summary": said,
        "contentType": "application/cloudevents+json",
        "headers": {"type": "object", "properties": headers, "required": list(SIGNED)},
        "payload": schema,
        **_answered(by),
    }
