"""What a vendor said to each operation, so that it can be said again, a little changed.

Two sources: every exchange on file, which is composed from the vendor's documents; and what the sandbox answered when
the operation was asked of a system that holds one of everything.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

import system_apis
from canonical.money import Money
from canonical.objects import ProjectSetup
from canonical.ports import lists, operations, orders, people, receivables, setups
from canonical.ports import systems as ports
from foundation.sandbox import decode, encode
from foundation.signing_in import was_signing_in
from tests import batches
from tests.ports import objects
from tests.ports.kept import KEPT
from tests.ports.listed import LISTED
from tests.ports.test_reading import deal, plant
from tests.ports.world import SYSTEMS, World

MOST_CALLS: Final = 200


class Reply(msgspec.Struct, frozen=True):
    """One answer of a vendor."""

    method: str
    path: str
    status: int
    headers: dict[str, str]
    content: bytes
    also: tuple[int, ...] = ()
    """Other statuses that mean the same, where its exchange says so."""
    verb: str = ""
    """What was called, where all calls go to one address (JSON-RPC)."""

    def response(self, content: bytes | None = None) -> httpx.Response:
        kept = {name: value for name, value in self.headers.items() if name.lower() != "content-length"}
        return httpx.Response(self.status, headers=kept, content=self.content if content is None else content)


class Conversation(msgspec.Struct, frozen=True):
    """An operation, what it was asked with, and what the vendor said meanwhile."""

    source: str
    attribute: str
    arguments: dict[str, Any]
    returns: Any
    replies: list[Reply]
    """Those that a mutation may change: JSON, and not of the sign-in."""
    options: dict[str, str] = {}
    """Of the connection."""


class EndlessError(AssertionError):
    """An adapter that asks and asks."""


def _undated(headers: dict[str, str]) -> dict[str, str]:
    """Said again later, its date would be that of a clock that is off."""
    return {name: value for name, value in headers.items() if name.lower() != "date"}


class Replaying(httpx.AsyncBaseTransport):
    """Says again what was said: one reply changed, each once; what nobody said before, the sandbox answers."""

    def __init__(self, replies: list[Reply], changed: int, content: bytes, behind: httpx.AsyncBaseTransport) -> None:
        self._left = list(enumerate(replies))
        self._changed = changed
        self._content = content
        self._behind = behind
        self.calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        if self.calls > MOST_CALLS:
            raise EndlessError(f"{self.calls} calls, and no end: {request.method} {request.url}")
        path, verb = request.url.raw_path.decode(), verb_of(request.content)
        signs_in = was_signing_in(httpx.TransportError("", request=request))
        for place, (number, reply) in enumerate(self._left if not signs_in else []):
            if (reply.method, _alike(reply.path), reply.verb) == (request.method, _alike(path), verb):
                del self._left[place]
                return reply.response(self._content if number == self._changed else None)
        return await self._behind.handle_async_request(request)


def verb_of(body: bytes) -> str:
    """The method that a JSON-RPC call names; empty for any other body."""
    try:
        said = json.loads(body)
    except ValueError:
        return ""
    return str(said["method"]) if isinstance(said, dict) and {"method", "params"} <= said.keys() else ""


def _alike(path: str) -> tuple[str, list[tuple[str, str]]]:
    """An address, however its query is ordered and escaped."""
    url = httpx.URL(f"http://vendor{path}")
    return url.path, sorted(url.params.multi_items())


async def filled(name: str) -> World:
    """A system that holds one of everything."""
    world = World(name)
    for kept in KEPT:
        if kept.port in world.system.ports:
            await kept.put(world, await kept.make(world))
    return world


async def recorded(world: World) -> list[Conversation]:
    """Every operation asked once of a filled system."""
    found = []
    for attribute, ask in (await _questions(world)).items():
        before = len(world.heard)
        arguments = ask
        await getattr(world.adapter, attribute)(**arguments)
        replies = [
            Reply(each.method, each.path, each.status, _undated(each.headers), each.content, verb=verb_of(each.sent))
            for each in world.heard[before:]
            if not each.signs_in and _is_json(each.content)
        ]
        found.append(Conversation(f"sandbox:{attribute}", attribute, arguments, _returns(world, attribute), replies))
    return found


async def _questions(world: World) -> dict[str, dict[str, Any]]:
    """Operation -> arguments it answers to."""
    asked: dict[str, dict[str, Any]] = {"whoami": {}}
    last: dict[str, dict[str, Any]] = {}
    for kept in KEPT:
        if kept.port not in world.system.ports:
            continue
        sent = await kept.make(world)
        native = (await kept.put(world, sent)).id
        if kept.port is ports.Workspaces:
            continue
        asked[kept.write] = {"key": kept.key, "data": sent}
        if kept.by_key:
            asked[kept.by_key] = {"key": kept.key}
        if kept.by_id:
            asked[kept.by_id] = {f"{kept.by_id}_id": native}
        if kept.port is ports.Projects:
            asked["set_project_stage"] = {"project_id": native, "data": ports.StageChange(stage="active")}
            last = _of_a_setup(native)  # it closes the project: no hours are posted on it from then on
        if kept.port is ports.ResourceDemands:
            asked["resource_demands"] = {"project_id": sent.project_id}
            asked["post_message"] = {"project_id": sent.project_id, "data": objects.message()}
    if ports.LegalEntities in world.system.ports:
        asked["legal_entity"] = {"code": world.suite.entity}
    if ports.Customers in world.system.ports:
        asked["tax_profile"] = {"key": objects.CUSTOMER}
    if ports.Opportunities in world.system.ports:
        asked |= _of_a_deal(world)
    asked |= await _of_lists(world) | await _of_states(world) | last
    return {attribute: given for attribute, given in asked.items() if _offered(world, attribute)}


async def _of_states(world: World) -> dict[str, dict[str, Any]]:
    """What is posted, credited, closed, approved and cancelled; and a person that is changed."""
    asked: dict[str, dict[str, Any]] = {}
    if receivables.Invoices in world.system.ports:
        native = (await world.adapter.invoice_by_key(objects.INVOICE)).id
        asked["post_invoice"] = {"invoice_id": native}
        asked["credit_invoice"] = {
            "key": objects.CREDIT,
            "data": world.fit(objects.credit_note(native, account_id="1")),
        }
    if people.CustomerPeople in world.system.ports:
        seen = await world.adapter.person_by_key(objects.PERSON)
        moved = people.PersonUpdate(fields=["phone"], person=msgspec.structs.replace(seen, phone="+49 431 555 77"))
        asked["update_person"] = {"person_id": seen.id, "data": moved}
    if orders.SalesOrders in world.system.ports:
        native = (await world.adapter.order_by_key(objects.ORDER)).id
        asked["approve_order"] = asked["cancel_order"] = {"order_id": native}
    if lists.CustomerList in world.system.ports:
        native = (await world.adapter.customer_by_key(objects.CUSTOMER)).id
        asked["set_customer_lifecycle"] = {"customer_id": native, "data": objects.REOPENED}
    return asked


def _of_a_setup(project_id: str) -> dict[str, dict[str, Any]]:
    closed = ProjectSetup(open_for_time=False, budget=Money.of("48200.50", "EUR"))
    return {
        "set_project_setup": {"project_id": project_id, "data": closed},
        "project_setup": {"project_id": project_id},
        "upsert_tasks": {"project_id": project_id, "data": objects.TASKS},
        "project_tasks": {"project_id": project_id},
        "remove_tasks": {"project_id": project_id, "data": setups.TaskRefs(refs=["dock"])},
    }


async def _of_lists(world: World) -> dict[str, dict[str, Any]]:
    asked: dict[str, dict[str, Any]] = {}
    for listed in LISTED:
        if listed.port not in world.system.ports:
            continue
        native = await listed.make(world, 1)
        asked[listed.all] = {"limit": 3}
        if listed.changed:
            asked[listed.changed] = {"since": "", "limit": 3}
        if listed.one:
            one = next(each for each in _known(world.name) if each.attribute == listed.one)
            asked[listed.one] = {one.parameters[0].name: native}
    if "order" in asked:
        asked["mark_order"] = {**asked["order"], "data": objects.MARKED}
    return asked


def _of_a_deal(world: World) -> dict[str, dict[str, Any]]:
    account = plant(world, objects.customer())
    opportunity = deal(world, account_id=account)
    asked: dict[str, dict[str, Any]] = {
        "opportunity": {"opportunity_id": opportunity},
        "account": {"account_id": account},
        "link_project": {"opportunity_id": opportunity, "data": ports.ProjectLink(project_code="DE-27-0077")},
        "changes": {"since": "", "limit": 5},
    }
    for attribute, make in _RESTS_ON.items():
        if world.can(ports.Opportunities, attribute):
            native = plant(world, make(account, opportunity))
            asked[attribute] = {f"{attribute.removesuffix('s')}_id": native}
    if "contacts" in asked:
        asked["contacts"] = {"account_id": account}
    return asked


_RESTS_ON: Final[dict[str, Callable[[str, str], Any]]] = {
    "contacts": lambda account, _: objects.contact(account),
    "quote": lambda _, opportunity: objects.quote(opportunity),
    "contract": lambda account, _: objects.contract(account_id=account),
}


def on_file(name: str) -> list[Conversation]:
    """Every exchange of a system's folder, in either of the two forms: what of it a mutation may change."""
    found = []
    for path in files(name):
        told = conversation(name, path)
        found.append(msgspec.structs.replace(told, replies=[each for each in told.replies if _is_json(each.content)]))
    return [each for each in found if each.replies]


def files(name: str) -> list[Path]:
    """The exchanges of a system's folder in which the vendor says something."""
    folder = Path(system_apis.__file__).parent / name / "exchanges"
    return [path for path in sorted(folder.glob("*.json")) if "sent" in decode(path.read_bytes())]


def conversation(name: str, path: Path) -> Conversation:
    """One exchange, with all that the vendor says in it."""
    exchange = decode(path.read_bytes())
    attribute, arguments = _asked(exchange["asked"])
    operation = next(each for each in _known(name) if each.attribute == attribute)
    if "data" in arguments:
        arguments["data"] = msgspec.convert(arguments["data"], operation.body, strict=False)
    replies = [_reply(each["sent"], each["replied"]) for each in (*exchange.get("before", []), exchange)]
    options = exchange.get("options", {})
    return Conversation(path.stem, attribute, arguments, operation.returns, replies, options)


def _asked(said: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    if "operation" in said:
        return said["operation"], {key: value for key, value in said.items() if key != "operation"}
    ((attribute, arguments),) = said.items()
    return attribute, dict(arguments)


def _reply(sent: dict[str, Any], replied: dict[str, Any]) -> Reply:
    content, headers = batches.said(replied)
    also = tuple(replied.get("also", ()))
    verb = verb_of(encode(sent.get("body")).encode())
    return Reply(sent["method"], sent["path"], replied["status"], headers, content, also, verb)


def _known(name: str) -> list[Any]:
    return [each for port in SYSTEMS[name].ports for each in operations(port)]


def _returns(world: World, attribute: str) -> Any:
    return next(each.returns for each in _known(world.name) if each.attribute == attribute)


def _offered(world: World, attribute: str) -> bool:
    return any(world.can(port, attribute) for port in world.system.ports)


def _is_json(content: bytes) -> bool:
    """Or a batch, whose parts are."""
    if content.startswith(b"--"):
        return True
    try:
        return isinstance(json.loads(content), dict | list)
    except ValueError:
        return False
