"""The AsyncAPI document of what an API tells its subscribers, of the same types as its OpenAPI contract's webhooks.

https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

from typing import Any, Final

from canonical.events import told
from foundation.api import Api
from foundation.openapi import SIGNED
from foundation.schemas import schemas_of

VERSION: Final = "3.0.0"


def document(api: Api) -> dict[str, Any]:
    """One channel, its address given by each subscription; one message a type of event."""
    schemas, components = schemas_of(tuple(told(event) for event in api.events))
    messages = {event.type(): _message(event, schema) for event, schema in zip(api.events, schemas, strict=True)}
    named = [{"$ref": f"#/channels/subscription/messages/{name}"} for name in messages]
    return {
        "asyncapi": VERSION,
        "info": {"title": api.title, "version": f"{api.major}.0.0", "description": api.description},
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            "subscription": {
                "address": None,
                "description": "The address a subscription names. Events of one subject come in their order.",
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


def _message(event: Any, schema: dict[str, Any]) -> dict[str, Any]:
    said = " ".join((event.__doc__ or "").split())
    headers = {name: {"type": "string", "description": meaning} for name, meaning in SIGNED.items()}
    return {
        "name": event.type(),
        "title": said.partition(".")[0],
        "summary": said,
        "contentType": "application/cloudevents+json",
        "headers": {"type": "object", "properties": headers, "required": list(SIGNED)},
        "payload": schema,
    }
