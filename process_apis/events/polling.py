"""Polling: where systems forget to tell, they are asked, each from where it was read to.

Every source of changes has a watermark, kept with what it gave in one transaction. What is found ends in the inbox, as
what was told does.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Final, cast

import sqlalchemy as sa
import structlog

from canonical.dates import now
from canonical.faults import Fault, NotBound, Unsupported
from canonical.ports import Page
from canonical.ports.contracts import AgreementList
from canonical.ports.leads import Leads
from canonical.ports.lists import PAGE, AccountList, CustomerList, RecordChange
from canonical.ports.people import People
from canonical.ports.systems import Change, Changes
from foundation.context import fresh, use
from foundation.database import upsert
from process_apis.account_sync import leads
from process_apis.account_sync.customers import CUSTOMERS
from process_apis.account_sync.people import CONTACTS
from process_apis.events import inbox
from process_apis.platform import Platform, on_own_account
from process_apis.tables import WATERMARKS

MERGED: Final = (CUSTOMERS.name, CONTACTS.name)
"""What account sync works off, a batch at a time."""
SOURCE: Final = "crm"
"""The role whose systems are polled for deals."""
CONTRACT: Final = "contract"
_PASSED_OVER: Final = (leads.KIND, CONTRACT)
"""Kinds of which what is there when they are asked for the first time is passed over."""
_OVERLAP: Final = timedelta(hours=1)
"""No system's poll begins earlier than that before its watermark."""
Poll = Callable[[Platform, str, str], Awaitable[Page[RecordChange]]]
log = structlog.get_logger("tiergate.intake")


async def poll_once(platform: Platform, system: str) -> int:
    """One poll of one source, page by page until nothing is new; the number of changes not known before."""
    port = platform.systems.ask(system, Changes)
    seen = 0
    while True:
        since = await platform.database.run(lambda c: _watermark(c, system))
        with use(fresh(caller=on_own_account("intake"))):
            page = await port.changes(since)
        stored = await platform.database.run(
            partial(_store_page, system=system, changes=page.items, watermark=page.next)
        )
        seen += stored
        if stored == 0 or page.next == since:
            return seen


async def poll_customers(platform: Platform) -> int:
    """One poll of the accounts of every CRM and the customers of every ERP; the number of changes not known before.

    A system whose adapter lists no changes is not asked: what it sends by itself is all that is heard of it.
    """
    return await _poll_all(platform, CUSTOMERS.name, {"crm": _account_changes, "erp": _customer_changes})


async def poll_people(platform: Platform) -> int:
    """The same of the people of every CRM and ERP."""
    return await _poll_all(platform, CONTACTS.name, {"crm": _person_changes, "erp": _person_changes})


async def poll_leads(platform: Platform) -> int:
    """The same of the leads of every CRM, where customers are synchronised.

    What is there when it is asked for the first time is passed over: a firm has many leads, and which of them a deal
    came of, the deal's own run asks.
    """
    return await _poll_all(platform, leads.KIND, {"crm": _lead_changes}) if platform.ownership.of(CUSTOMERS.name) else 0


async def poll_contracts(platform: Platform) -> int:
    """The same of contracts in force and agreed amendments of every CRM that lists them.

    What is there when it is asked for the first time is passed over: a firm has contracts that are billed elsewhere,
    and those of deals that are won from now on are their deals' runs'.
    """
    return await _poll_all(platform, CONTRACT, {"crm": _agreement_changes})


async def _poll_all(platform: Platform, kind: str, polls: Mapping[str, Poll]) -> int:
    if kind in MERGED and not platform.ownership.of(kind):
        return 0
    seen = 0
    for system, roles in platform.systems.roles().items():
        for role, poll in polls.items():
            if role in roles:
                try:
                    seen += await _poll_records(platform, system, kind, poll)
                except (NotBound, Unsupported):
                    continue
                except Fault as fault:
                    log.warning("changes could not be polled", kind=kind, system=system, reason=fault.reason)
    return seen


async def _account_changes(platform: Platform, system: str, since: str) -> Page[RecordChange]:
    return await platform.systems.ask(system, AccountList).account_changes(since)


async def _customer_changes(platform: Platform, system: str, since: str) -> Page[RecordChange]:
    return await platform.systems.ask(system, CustomerList).customer_changes(since)


async def _person_changes(platform: Platform, system: str, since: str) -> Page[RecordChange]:
    return await platform.systems.ask(system, People).person_changes(since)


async def _lead_changes(platform: Platform, system: str, since: str) -> Page[RecordChange]:
    return await platform.systems.ask(system, Leads).lead_changes(since)


async def _agreement_changes(platform: Platform, system: str, since: str) -> Page[RecordChange]:
    return await platform.systems.ask(system, AgreementList).agreement_changes(since)


async def _poll_records(platform: Platform, system: str, kind: str, poll: Poll) -> int:
    source, seen, passed_over = f"{system}:{kind}", 0, False
    while True:
        since = await platform.database.run(lambda c: _watermark(c, source))
        passed_over = passed_over or (kind in _PASSED_OVER and not since)
        with use(fresh(caller=on_own_account("intake"))):
            page = await poll(platform, system, since)
        changes = [
            Change(
                object=cast(Any, kind),
                native_id=each.native_id,
                # One that is gone: no later a version than what it is saved as again.
                version=each.version or f"{each.changed_at.isoformat()} gone",
                changed_at=each.changed_at,
                exact=each.exact,
            )
            for each in page.items
        ]
        stored = await platform.database.run(
            partial(
                _store_page,
                system=system,
                changes=_latest(changes) if passed_over else changes,
                watermark=page.next,
                source=source,
                outcome=inbox.PASSED_OVER if passed_over else "",
            )
        )
        seen += 0 if passed_over else stored
        if page.next == since or (len(changes) < PAGE if passed_over else stored == 0):
            return seen


def _watermark(connection: sa.Connection, system: str) -> str:
    return connection.scalar(sa.select(WATERMARKS.c.watermark).where(WATERMARKS.c.system == system)) or ""


def _latest(changes: list[Change]) -> list[Change]:
    """Those that may come again, since a poll begins a while before its watermark."""
    return [each for each in changes if each.changed_at > changes[-1].changed_at - _OVERLAP]


def _store_page(
    connection: sa.Connection,
    system: str,
    changes: list[Change],
    watermark: str,
    source: str = "",
    outcome: str = "",
) -> int:
    stored = inbox.store(connection, system, changes, "poll", outcome)
    upsert(connection, WATERMARKS, {"system": source or system}, {"watermark": watermark, "polled_at": now()})
    return stored
