"""One Salesforce org behind our ports."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final, TypeVar

import httpx
import msgspec

from canonical.faults import Conflict, FieldError, Invalid, NotFound, VendorStale
from canonical.objects import (
    Contact,
    Contract,
    CrmOrder,
    Customer,
    Lead,
    Opportunity,
    OrderMark,
    ProjectLink,
    Quote,
)
from canonical.ports.accounts import Accounts, AccountUpdate
from canonical.ports.contracts import AgreementList, AgreementMark, Agreements
from canonical.ports.leads import Leads
from canonical.ports.lists import PAGE, AccountList, RecordChange
from canonical.ports.operation import Page, Written
from canonical.ports.orders import CrmOrders, QuoteMark, Quotes
from canonical.ports.people import People, PersonUpdate
from canonical.ports.systems import (
    Account,
    Change,
    Changes,
    Connection,
    Delivery,
    Heard,
    KeyedMessage,
    Messages,
    Opportunities,
)
from foundation.checking import Described
from foundation.salesforce.records import Records
from foundation.salesforce.wire import Row
from system_apis.salesforce import (
    agreement_list,
    agreements,
    change_events,
    contracts_wire,
    mapping,
    order_wire,
    orders,
    wire,
)
from system_apis.salesforce.account_update import account_draft
from system_apis.salesforce.notifications import NotificationReader
from system_apis.salesforce.outbound_messages import ACKNOWLEDGED, MessageReader
from system_apis.salesforce.person_update import person_draft
from system_apis.salesforce.watermark import Watermark

M = TypeVar("M", wire.Account, wire.Contact, wire.Lead)
_AT_ONCE: Final = 200
"""Records that one query names by id."""
_MERGES: Final = 5
"""How many mergers of mergers are followed."""


class Salesforce:
    """One Salesforce org. `http` carries address, sign-in and timeouts; `secrets` sign its notifications.

    `keys` stand in the address of its outbound messages, which name `organization`.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        secrets: tuple[str, ...] = (),
        keys: tuple[str, ...] = (),
        organization: str = "",
    ) -> None:
        self._org = Records(http, mapping.SYSTEM)
        self._notifications = NotificationReader(secrets)
        self._messages = MessageReader(keys, organization)

    async def opportunity(self, opportunity_id: str) -> Opportunity:
        where = f"OpportunityId = '{self._org.checked(opportunity_id)}' ORDER BY SortOrder, Id"
        row, lines = await self._org.row_with(
            *("Opportunity", opportunity_id, wire.Opportunity), *("OpportunityLineItem", where, wire.OpportunityLine)
        )
        return mapping.opportunity(row, lines)

    async def account(self, account_id: str) -> Customer:
        found = await self._surviving("Account", account_id, wire.Account)
        customer = mapping.customer(found)
        merged = found.id[:15] != account_id[:15]
        return msgspec.structs.replace(customer, merged_into=found.id) if merged else customer

    async def update_account(self, account_id: str, data: AccountUpdate) -> Written:
        seen = _seen(data.seen) if data.seen else None
        await self._org.update("Account", account_id, account_draft(data), unmodified_since=seen)
        return Written(id=account_id, created=False)

    async def contacts(self, account_id: str) -> list[Contact]:
        where = f"AccountId = '{self._org.checked(account_id)}' ORDER BY CreatedDate, Id"
        return [mapping.contact(row) for row in await self._org.query("Contact", where, wire.Contact)]

    async def lead(self, lead_id: str) -> Lead:
        found = await self._surviving("Lead", lead_id, wire.Lead)
        lead = mapping.lead(found, await self._absorbed(found.id))
        merged = found.id[:15] != lead_id[:15]
        return msgspec.structs.replace(lead, merged_into=found.id) if merged else lead

    async def leads_of(self, opportunity_id: str) -> list[Lead]:
        where = f"ConvertedOpportunityId = '{self._org.checked(opportunity_id)}' ORDER BY Id"
        rows = await self._org.query("Lead", where, wire.Lead)
        return [mapping.lead(row, await self._absorbed(row.id)) for row in rows]

    async def lead_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        return await self._changed("Lead", since, limit)

    async def quote(self, quote_id: str) -> Quote:
        where = f"QuoteId = '{self._org.checked(quote_id)}' ORDER BY SortOrder, Id"
        row, lines = await self._org.row_with("Quote", quote_id, wire.Quote, "QuoteLineItem", where, wire.QuoteLine)
        return mapping.quote(row, lines)

    async def quotes(self, opportunity_id: str) -> list[Quote]:
        where = f"OpportunityId = '{self._org.checked(opportunity_id)}' ORDER BY CreatedDate, Id"
        return [mapping.quote(row, []) for row in await self._org.query("Quote", where, wire.Quote)]

    async def mark_quote(self, quote_id: str, data: QuoteMark) -> Written:
        row = await self._org.row("Quote", quote_id, wire.Quote)
        found, wanted = mapping.quote(row, []), mapping.quote_mark(data)
        if data.seen and data.seen != row.system_modstamp and not found.frozen:
            raise VendorStale("the quote was edited since it was read", system=mapping.SYSTEM)
        kept = (found.status, found.frozen, found.order_number, found.order_id)
        if kept == (data.status, data.frozen, data.order_number, data.order_id):
            return Written(id=quote_id, created=False, version=row.system_modstamp)
        await self._org.update("Quote", quote_id, wanted, unmodified_since=_seen(row.system_modstamp))
        return Written(id=quote_id, created=False)

    async def order(self, order_id: str) -> CrmOrder:
        where = f"OrderId = '{self._org.checked(order_id)}' ORDER BY OrderItemNumber, Id"
        row, lines = await self._org.row_with(
            *("Order", order_id, order_wire.Order), *("OrderItem", where, order_wire.OrderLine)
        )
        return orders.order(row, lines)

    async def orders(
        self, account_id: str = "", opportunity_id: str = "", quote_id: str = "", cursor: str = "", limit: int = PAGE
    ) -> Page[CrmOrder]:
        of = orders.belonging(self._org, account_id=account_id, opportunity_id=opportunity_id, quote_id=quote_id)
        rows, following = await self._org.page("Order", order_wire.Order, cursor, limit, of)
        return Page(items=[orders.order(row) for row in rows], next=following)

    async def order_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        return await self._changed("Order", since, limit)

    async def mark_order(self, order_id: str, data: OrderMark) -> Written:
        row = await self._org.row("Order", order_id, order_wire.Order)
        if (row.erp_number or "") == data.erp_number:
            return Written(id=order_id, created=False, version=row.system_modstamp)
        seen = _seen(row.system_modstamp)
        await self._org.update("Order", order_id, orders.mark(data), unmodified_since=seen)
        return Written(id=order_id, created=False)

    async def contract(self, contract_id: str) -> Contract:
        return mapping.contract(await self._org.row("Contract", contract_id, wire.Contract))

    async def agreement(self, contract_id: str) -> Contract:
        of = f"Contract__c = '{self._org.checked(contract_id)}' ORDER BY"
        row, amendments = await self._org.row_with(
            *("Contract", contract_id, contracts_wire.Agreement),
            *("Contract_Amendment__c", f"{of} Number__c, Id", contracts_wire.Amendment),
        )
        lines = await self._org.query("Contract_Line__c", f"{of} Sort_Order__c, Id", contracts_wire.Line)
        return agreements.agreement(row, amendments, lines)

    async def agreements(self, account_id: str) -> list[Contract]:
        where = f"AccountId = '{self._org.checked(account_id)}' ORDER BY CreatedDate, Id"
        rows = await self._org.query("Contract", where, contracts_wire.Agreement)
        return [agreements.agreement(row) for row in rows]

    async def mark_agreement(self, contract_id: str, data: AgreementMark) -> Written:
        row = await self._org.row("Contract", contract_id, contracts_wire.Agreement)
        if agreements.marked(row) == data:
            return Written(id=contract_id, created=False, version=row.system_modstamp)
        await self._org.update(
            "Contract", contract_id, agreements.mark(data), unmodified_since=_seen(row.system_modstamp)
        )
        return Written(id=contract_id, created=False)

    async def agreement_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        return await agreement_list.changes(self._org, since, limit)

    async def ending_agreements(self, first: date, last: date) -> list[str]:
        return await agreement_list.ending(self._org, first, last)

    async def link_project(self, opportunity_id: str, data: ProjectLink) -> Written:
        row = await self._org.row("Opportunity", opportunity_id, wire.Link)
        linked = mapping.link(row)
        if linked == data:
            return Written(id=opportunity_id, created=False, version=mapping.stamp(row.system_modstamp))
        if linked.project_code and data.project_code and linked.project_code != data.project_code:
            raise Conflict(f"the deal is linked to project {linked.project_code} already", system=mapping.SYSTEM)
        update = mapping.link_update(data)
        await self._org.update("Opportunity", opportunity_id, update, unmodified_since=row.system_modstamp)
        return Written(id=opportunity_id, created=not linked.project_code)

    async def changes(self, since: str, limit: int = 200) -> Page[Change]:
        watermark = Watermark.read(since)
        where = f"{watermark.condition()} ORDER BY SystemModstamp, Id LIMIT {max(1, limit)}"
        found = await self._org.query("Opportunity", where, wire.Changed)
        last = found[-1] if found else None
        following = watermark.after(last.system_modstamp, last.id, more=len(found) >= limit) if last else watermark
        return Page(items=[mapping.change(row) for row in found], next=following.text())

    async def accounts(self, cursor: str = "", limit: int = PAGE) -> Page[Customer]:
        rows, following = await self._org.page("Account", wire.Account, cursor, limit)
        return Page(items=[mapping.customer(row) for row in rows], next=following)

    async def account_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        return await self._changed("Account", since, limit)

    async def people(self, cursor: str = "", limit: int = PAGE) -> Page[Contact]:
        rows, following = await self._org.page("Contact", wire.Contact, cursor, limit)
        return Page(items=[mapping.contact(row) for row in rows], next=following)

    async def person(self, person_id: str) -> Contact:
        found = await self._surviving("Contact", person_id, wire.Contact)
        person = mapping.contact(found)
        merged = found.id[:15] != person_id[:15]
        return msgspec.structs.replace(person, merged_into=found.id) if merged else person

    async def person_changes(self, since: str, limit: int = PAGE) -> Page[RecordChange]:
        return await self._changed("Contact", since, limit)

    async def update_person(self, person_id: str, data: PersonUpdate) -> Written:
        seen = _seen(data.seen) if data.seen else None
        await self._org.update("Contact", person_id, person_draft(data), unmodified_since=seen)
        return Written(id=person_id, created=False)

    async def read_notification(self, data: Delivery) -> list[Change]:
        return await self._stamped(self._notifications.read(data, data.received_at or datetime.now(UTC)))

    async def read_message(self, data: KeyedMessage) -> Heard:
        told = await self._stamped(self._messages.read(data, datetime.now(UTC)))
        return Heard(changes=told, answer=ACKNOWLEDGED)

    async def whoami(self) -> Account:
        return await self._org.whoami()

    async def described(self, kind: str) -> Described:
        """An object's fields, and what its restricted lists may hold."""
        return await self._org.described(kind)

    async def sample(self, kind: str) -> bool:
        """Read one record of an object as it is read otherwise."""
        shapes: dict[str, tuple[type[Row], Callable[[Any], Any]]] = {
            "Opportunity": (wire.Opportunity, mapping.opportunity),
            "Account": (wire.Account, mapping.customer),
            "Contact": (wire.Contact, mapping.contact),
            "Lead": (wire.Lead, lambda row: mapping.lead(row, [])),
            "Quote": (wire.Quote, lambda row: mapping.quote(row, [])),
            "OpportunityLineItem": (wire.OpportunityLine, lambda row: row),
            "Product2": (wire.Product, lambda row: row),
            "Order": (order_wire.Order, orders.order),
            "OrderItem": (order_wire.OrderLine, lambda row: row),
            "Contract": (contracts_wire.Agreement, agreements.agreement),
            "Contract_Amendment__c": (contracts_wire.Amendment, lambda row: row),
            "Contract_Line__c": (contracts_wire.Line, lambda row: row),
        }
        shape, read = shapes.get(kind, (wire.QuoteLine, lambda row: row))
        rows = await self._org.query(kind, "Id != null LIMIT 1", shape)
        return bool([read(row) for row in rows])

    async def close(self) -> None:
        """Close the connection's client."""
        await self._org.close()

    async def _surviving(self, kind: str, record_id: str, shape: type[M]) -> M:
        """A record, or the one it was merged into, by way of others."""
        found = await self._also_merged(kind, record_id, shape)
        for _ in range(_MERGES):
            if not found.master_record_id:
                break
            found = await self._also_merged(kind, found.master_record_id, shape)
        return found

    async def _also_merged(self, kind: str, record_id: str, shape: type[M]) -> M:
        # A merged record is a deleted one that names its master: only queryAll shows it, a plain read answers 404.
        found = await self._org.query(kind, f"Id = '{self._org.checked(record_id)}'", shape, deleted=True)
        if not found or (found[0].is_deleted and not found[0].master_record_id):
            raise NotFound(f"there is no {kind.lower()} {record_id}", system=mapping.SYSTEM)
        return found[0]

    async def _absorbed(self, lead_id: str) -> list[str]:
        """Leads that were merged into this one, and into those."""
        found: list[str] = []
        above = [lead_id]
        for _ in range(_MERGES):
            named = ", ".join(f"'{each}'" for each in above)
            rows = await self._org.query("Lead", f"MasterRecordId IN ({named})", wire.Absorbed, deleted=True)
            above = [row.id for row in rows if row.id not in found]
            found += above
            if not above:
                break
        return found

    async def _stamped(self, told: list[Change]) -> list[Change]:
        """Changes of one object, those that were told without a stamp with their record's, as far as there is any."""
        if all(each.version for each in told):
            return told
        stamps = dict[str, datetime]()
        for first in range(0, len(told), _AT_ONCE):
            named = ", ".join(f"'{each.native_id}'" for each in told[first : first + _AT_ONCE])
            rows = await self._org.query(
                change_events.KINDS[told[0].object], f"Id IN ({named})", wire.ChangedRecord, deleted=True
            )
            stamps |= {row.id: row.system_modstamp for row in rows}
        return [each if each.version else _dated(each, stamps.get(each.native_id, each.changed_at)) for each in told]

    async def _changed(self, kind: str, since: str, limit: int) -> Page[RecordChange]:
        watermark = Watermark.read(since)
        where = f"{watermark.condition()} ORDER BY SystemModstamp, Id LIMIT {max(1, limit)}"
        found = await self._org.query(kind, where, wire.ChangedRecord, deleted=True)
        last = found[-1] if found else None
        following = watermark.after(last.system_modstamp, last.id, more=len(found) >= limit) if last else watermark
        return Page(items=[mapping.record_change(row) for row in found], next=following.text())


def _dated(told: Change, at: datetime) -> Change:
    return msgspec.structs.replace(told, version=mapping.stamp(at), changed_at=at)


def _seen(version: str) -> datetime:
    """The instant a version of ours is; `Invalid` for a text that is none."""
    try:
        return datetime.fromisoformat(version).astimezone(UTC)
    except (ValueError, OverflowError) as none:
        error = FieldError(detail="this is no version an account was read at", pointer="/seen")
        raise Invalid(system=mapping.SYSTEM, errors=[error]) from none


_ports: tuple[
    type[Opportunities],
    type[Accounts],
    type[AccountList],
    type[People],
    type[Leads],
    type[Quotes],
    type[CrmOrders],
    type[Agreements],
    type[AgreementList],
    type[Changes],
    type[Messages],
    type[Connection],
] = (Salesforce,) * 12  # the type checker holds us to the ports
