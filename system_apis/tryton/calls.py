"""The calls every part of the adapter makes: records by id, writes in the version read, whom a caller names."""

import re
from typing import Any, Final, TypeVar

import httpx

from canonical.faults import FieldError, Invalid, NotFound
from canonical.objects import Credit, Customer, Project
from canonical.ports.operation import Written
from foundation.vendor_values import money
from system_apis.tryton import mapping, wire
from system_apis.tryton.auth import SYSTEM
from system_apis.tryton.references import References
from system_apis.tryton.rpc import Rpc

PARTY: Final = "party.party"
WORK: Final = "project.work"
_ID: Final = re.compile(r"[1-9][0-9]{0,8}")
T = TypeVar("T")


class Calls:
    """One database. `http` carries the address, the sign-in and the time limits; `user` is whom we sign in as."""

    def __init__(self, http: httpx.AsyncClient, database: str = "erp", user: str = "") -> None:
        self._http = http
        self._rpc = Rpc(http, database)
        self._known = References(self._rpc)
        self._database = database
        self._user = user

    async def _customer(self, found: wire.Party) -> Customer:
        """A party with its credit: the company it owes too much, or else the first that has a limit."""
        trusted = Credit()
        for company, limit in mapping.limits(found).items():
            owed = await self._rpc.read(wire.Owed, PARTY, found.id, company)
            bound = money(limit, await self._known.currency_of(company), system=SYSTEM)
            said = mapping.credit(await self._known.companies.code(company), bound, mapping.decimal(owed.credit_amount))
            trusted = said if said.hold or trusted.limit is None else trusted
            if trusted.hold:
                break
        return mapping.customer(found, trusted)

    async def _project(self, found: wire.Work) -> Project:
        entity, books = await self._known.companies.code(found.company), await self._known.currency_of(found.company)
        return mapping.project(found, entity=entity, books=books)

    async def _work(self, project_id: str) -> wire.Work:
        found = await self._rpc.read(wire.Work, WORK, native(project_id))
        if found.type != "project":
            raise NotFound(f"{found.id} is a task, and no project", system=SYSTEM)
        return found

    async def _within(self, project_id: str) -> wire.Work:
        """The project a caller names; `Invalid` where there is none, or it is nobody's."""
        try:
            found = await self._work(project_id)
        except NotFound as none:
            raise refused(none.detail, "/project_id") from none
        if found.party is None:
            raise refused("this project has no customer", "/project_id")
        return found

    async def _customer_id(self, account_id: str) -> int:
        return (await self._addressed(account_id)).id

    async def _addressed(self, account_id: str) -> wire.PartyAddresses:
        """The party a caller names, with its addresses; `Invalid` where there is none."""
        try:
            return await self._rpc.read(wire.PartyAddresses, PARTY, native(account_id))
        except NotFound as none:
            raise refused(none.detail, "/account_id") from none

    async def _optional(self, table: Any, code: str, pointer: str) -> int | None:
        found: int | None = await table.id(code, pointer) if code else None
        return found

    async def _put(self, model: str, known: Any, values: dict[str, Any], company: int | None) -> Written:
        """Create a record, or change the one that is there in the version it was read at."""
        if known is None:
            return Written(id=str(await self._rpc.create(model, values, company)), created=True)
        await self._rpc.write(model, known.id, values, company, known.timestamp)
        return Written(id=str(known.id), created=False)


def refused(detail: str, pointer: str) -> Invalid:
    """What a caller said that Tryton cannot have."""
    return Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer=pointer)])


def native(id: str) -> int:
    """An id as Tryton counts; `NotFound` for what cannot be one."""
    if not _ID.fullmatch(id):
        raise NotFound(f"{id[:40]!r} is no id of a record there", system=SYSTEM)
    return int(id)


def found_one(among: list[T], key: str) -> T:
    """The first of what has a key; `NotFound` where nothing has it."""
    if not among:
        raise NotFound(f"nothing there has the key {key[:60]}", system=SYSTEM)
    return among[0]
