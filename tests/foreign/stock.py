"""An API that is not ours, for these tests: a warehouse's inventory, its owner's document, and its policy."""

import json
from pathlib import Path
from typing import Any, Final, Self

import httpx

from foundation.masking import Masker
from gateway.asgi import Gateway
from gateway.audit import Trail
from gateway.governor import Governor
from gateway.plan import Plan, load
from tests.gateway.notes import APIS, DESK_FILE, KEY, NOW, PLATFORM, VALUES, KnownKeys, token, write_policies
from tests.gateway.test_proxy import Served

SPEC: Final = """\
openapi: 3.0.3
info: {title: Inventory, version: 1.4.0, description: What lies in which warehouse.}
servers: [{url: "https://warehouse.example/api"}]
security: [{warehouse: [stock]}]
paths:
  /items:
    get:
      operationId: listItems
      summary: Items, by name
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
        - {$ref: "#/components/parameters/Kind"}
      responses:
        200:
          description: Items
          content:
            application/json:
              schema: {type: array, items: {$ref: "#/components/schemas/Item"}}
    post:
      operationId: addItem
      summary: Put an item into stock
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}
      responses:
        201:
          description: It is there
          content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}
  /owners/{owner}/items/{item-id}:
    parameters:
      - {name: owner, in: path, required: true, schema: {type: string, x-data-class: pii}}
      - {name: item-id, in: path, required: true, schema: {type: string}}
    get:
      operationId: ownItem
      responses:
        200:
          description: An item
          content: {application/json: {schema: {$ref: "#/components/schemas/Item"}}}
        404:
          description: There is none
          content: {text/plain: {schema: {type: string}}}
    delete:
      operationId: removeItem
      responses: {204: {description: Gone}}
  /items/export:
    get:
      operationId: exportItems
      responses: {200: {description: A table, content: {text/csv: {schema: {type: string}}}}}
components:
  parameters:
    Kind: {name: kind, in: query, schema: {type: string, enum: [part, tool]}}
  schemas:
    Thing:
      type: object
      required: [name, count]
      properties:
        name: {type: string, minLength: 1, x-data-class: public}
        count: {type: integer, minimum: 0, exclusiveMinimum: false, x-data-class: public}
        price: {type: string, nullable: true, x-data-class: financial}
        holder: {type: string, x-data-class: pii}
        remark: {type: string}
    Item:
      allOf:
        - {$ref: "#/components/schemas/Thing"}
        - type: object
          required: [id]
          properties: {id: {type: string, x-data-class: public}}
  securitySchemes:
    warehouse:
      type: oauth2
      flows: {clientCredentials: {tokenUrl: "https://warehouse.example/token", scopes: {stock: Stock}}}
"""
UPSTREAMS: Final = """\
upstreams:
  warehouse:
    url: "http://127.0.0.1:PORT/api"
    send: {Authorization: "Bearer ${WAREHOUSE_TOKEN}"}
"""
POLICY: Final = """\
api: inventory
layer: process
owner: warehouse@firm.example
upstream: warehouse
versions:
  v1: {spec: specs/inventory.yaml}
access: {issuers: [embedded], audience: "${TIERGATE_AUDIENCE}"}
limits:
  adding: {rate: 2/min, per: user}
defaults:
  body_max: 4KB
operations:
  listItems: {scopes: [stock:read]}
  addItem: {scopes: [stock:write], limits: [adding], audit: bodies, tool: {title: Put an item into stock}}
  ownItem: {scopes: [stock:read], object: {owner: sub}}
  exportItems: {scopes: [stock:read]}
on_store_failure: local
"""
PRODUCT: Final = DESK_FILE + "  inventory@v1: [listItems, addItem, ownItem, exportItems]\n"
ALL: Final = VALUES | {"WAREHOUSE_TOKEN": "the-warehouses-own"}
SCOPES: Final = "stock:read stock:write"


def write(
    folder: Path,
    *,
    spec: str = SPEC,
    policy: str = POLICY,
    product: str = PRODUCT,
    upstreams: str = UPSTREAMS,
    port: int = 1,
    **more: str,
) -> Path:
    """A policy folder with the inventory in it; `more` are further files of `specs/`, by stem."""
    policies = write_policies(folder, platform=PLATFORM + upstreams.replace("PORT", str(port)), desk=product)
    (policies / "specs").mkdir(exist_ok=True)
    for name, text in {"inventory": spec, **more}.items():
        (policies / "specs" / f"{name}.yaml").write_text(text)
    (policies / "apis" / "inventory.yaml").write_text(policy)
    return policies


def plan_of(folder: Path, **changed: Any) -> Plan:
    """Its plan. Raises `PolicyError`."""
    return load(write(folder, **changed), APIS, ALL)


class Warehouse:
    """The owner's server: it remembers what it was asked, and answers as it is told."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.status = 200
        self.media = "application/json"
        self.answer: bytes = json.dumps({"id": "i1", "name": "bolt", "count": 3}).encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        asked = {"method": scope["method"], "path": scope["raw_path"].decode(), "query": scope["query_string"].decode()}
        self.asked.append({**asked, "headers": headers, "body": body})
        await send(
            {"type": "http.response.start", "status": self.status, "headers": [(b"content-type", self.media.encode())]}
        )
        await send({"type": "http.response.body", "body": self.answer})


class Stock:
    """A gateway with the inventory behind it, its clock in the test's hand."""

    def __init__(self, folder: Path, **changed: Any) -> None:
        self.now = NOW
        self.warehouse = Warehouse()
        self.served = Served(self.warehouse)
        self.trail = Trail(folder / "audit.db", Masker(b"key"))
        self.plan = plan_of(folder, port=self.served.port, **changed)
        self.governor = Governor(self.plan, trail=self.trail, keys=KnownKeys(KEY), clock=lambda: self.now)
        self.gateway = Gateway(self.governor, {})
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.gateway), base_url="http://gw")

    async def __aenter__(self) -> Self:
        await self.served.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()
        self.trail.close()
        await self.served.__aexit__()

    async def ask(self, method: str, path: str, scopes: str = SCOPES, **rest: Any) -> httpx.Response:
        """As the console, for priya."""
        headers = rest.pop("headers", {}) | {"Authorization": f"Bearer {token(scopes)}"}
        return await self.http.request(method, f"/inventory/v1{path}", headers=headers, **rest)
