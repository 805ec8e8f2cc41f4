"""A contract of somebody else's, with what such contracts have in them."""

import copy
from typing import Any, Final

from gateway.contracts import Checks, Contract

PETS: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "paths": {
        "/pets/{petId}": {
            "parameters": [{"$ref": "#/components/parameters/PetId"}],
            "get": {
                "operationId": "pet",
                "parameters": [
                    {
                        "name": "fields",
                        "in": "query",
                        "explode": False,
                        "schema": {"$ref": "#/components/schemas/Names"},
                    },
                    {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 50}},
                    {"name": "tag", "in": "query", "schema": {"type": "array", "items": {"enum": ["a", "b"]}}},
                    {"name": "since", "in": "query", "schema": {"type": "string", "format": "date"}},
                    {"name": "alive", "in": "query", "schema": {"type": "boolean"}},
                    {
                        "name": "filter",
                        "in": "query",
                        "style": "deepObject",
                        "explode": True,
                        "schema": {
                            "type": "object",
                            "additionalProperties": False,
                            "properties": {"kind": {"type": "string"}, "age": {"type": "integer"}},
                        },
                    },
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string", "format": "uuid"}},
                    {"name": "X-Tags", "in": "header", "schema": {"type": "array", "items": {"type": "integer"}}},
                    {"name": "where", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
                ],
                "responses": {
                    "200": {
                        "headers": {"X-Left": {"required": True, "schema": {"type": "integer"}}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}},
                    },
                    "4XX": {"content": {"application/problem+json": {"schema": {"type": "object"}}}},
                    "204": {},
                },
            },
            "put": {
                "operationId": "keepPet",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Pet"}},
                        "application/x-www-form-urlencoded": {
                            "schema": {
                                "type": "object",
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "age": {"type": "integer"},
                                    "tags": {"type": "array", "items": {"type": "string"}},
                                },
                            }
                        },
                        "text/plain": {"schema": {"type": "string", "maxLength": 5}},
                        "image/*": {"schema": {"type": "string"}},
                    },
                },
                "responses": {"default": {"content": {"application/json": {"schema": {}}}}},
            },
        }
    },
    "components": {
        "parameters": {
            "PetId": {"name": "petId", "in": "path", "required": True, "schema": {"type": "integer", "format": "int32"}}
        },
        "schemas": {
            "Names": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}},
            "Pet": {
                "type": "object",
                "additionalProperties": False,
                "required": ["id", "name", "kind"],
                "properties": {
                    "id": {"type": "integer", "readOnly": True},
                    "name": {"type": "string", "minLength": 2},
                    "kind": {"enum": ["cat", "dog"]},
                    "born": {"type": "string", "format": "date"},
                    "worth": {"type": "number", "multipleOf": 0.01, "minimum": 0},
                    "secret": {"type": "string", "writeOnly": True},
                    "a/b": {"type": "boolean"},
                    "parents": {"type": "array", "maxItems": 2, "items": {"$ref": "#/components/schemas/Pet"}},
                    "home": {
                        "oneOf": [
                            {
                                "type": "object",
                                "required": ["where"],
                                "properties": {"where": {"const": "house"}, "rooms": {"type": "integer"}},
                            },
                            {
                                "type": "object",
                                "required": ["where"],
                                "properties": {"where": {"const": "kennel"}, "number": {"type": "string"}},
                            },
                        ],
                        "discriminator": {"propertyName": "where"},
                    },
                },
            },
        },
    },
}


def edited(edits: dict[str, Any]) -> dict[str, Any]:
    """The contract with other things at some JSON Pointers; None removes."""
    document = copy.deepcopy(PETS)
    for pointer, value in edits.items():
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.lstrip("/").split("/")]
        place: Any = document
        for part in parents:
            place = place[int(part)] if isinstance(place, list) else place[part]
        if value is None:
            del place[int(last) if isinstance(place, list) else last]
        elif isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value
    return document


def checks(operation: str, **edits: Any) -> Checks:
    """One operation's checks."""
    return Contract(edited(edits)).operation(operation)
