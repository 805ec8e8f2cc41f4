"""One Dataverse organisation behind our ports."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import httpx
import msgspec

from canonical.faults import Conflict, VendorStale
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
from canonical.ports.lists import PAGE as PAGE_SIZE
from canonical.ports.lists import AccountList, RecordChange
from canonical.ports.operation import Page, Written, cannot
from canonical.ports.orders import CrmOrders, QuoteMark, Quotes
from canonical.ports.people import People, PersonUpdate
from canonical.ports.systems import Account, Change, Changes, Connection, Opportunities
from foundation.checking import Described
from foundation.odata_batch import Call
from system_apis.dataverse import (
    agreement_list,
    agreements,
    contract_wire,
    deals,
    mapping,
    order_wire,
    orders,
    quote_wire,
    wire,
)
from system_apis.dataverse.account_update import PICKLIST, account_columns, payment_terms
from system_apis.dataverse.person_update import person_columns
from system_apis.dataverse.records import DATA, Records, Wanted, checked

CHOICES: Final = (PICKLIST, "Microsoft.Dynamics.CRM.StateAttributeMetadata")
_MERGES: Final = 5
"""How many mergers of mergers are followed."""


class Dataverse:
    """One organisation. `http` carries address, sign-in and timeouts."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._org = Records(http)

    async def opportunity(self, opportunity_id: str) -> Opportunity:
        row = await self._org.row("opportunities", opportunity_id, wire.Opportunity)
        of_it = f"_opportunityid_value eq {row.opportunityid}"
        order = "lineitemnumber asc,opportunityproductid asc"
        # One that an amendment ended is cancelled and still the deal's: it says how far it is carried.
        held = f"{of_it} and (statecode ne 2 or tg_carriedamendment ne null)"
        # The won one, else the one the customer has, else a draft; the newest of each.
        newest = "statecode desc,revisionnumber desc"
        lines, agreed, offers = await self._org.together(
            Wanted(table="opportunityproducts", shape=quote_wire.DealLine, where=of_it, order=order),
            Wanted(table="salesorders", shape=wire.OrderReference, where=held, order="createdon desc", most=1),
            Wanted(
                table="quotes", shape=wire.QuoteReference, where=f"{of_it} and statecode ne 3", order=newest, most=1
            ),
        )
        quote = next((each.quote for each in agreed), None) or next((each.quoteid for each in offers), "")
        return deals.opportunity(row, lines, quote, next((each.salesorderid for each in agreed), ""))

    async def account(self, account_id: str) -> Customer:
        found = await self._org.row("accounts", account_id, wire.Account)
        for _ in range(_MERGES):
            if not found.merged or not found.master:
                break
            found = await self._org.row("accounts", found.master, wire.Account)
        customer = mapping.customer(found)
        merged = found.accountid.lower() != account_id.lower()
        return msgspec.structs.replace(customer, merged_into=found.accountid) if merged else customer

    async def update_account(self, account_id: str, data: AccountUpdate) -> Written:
        terms = await payment_terms(self._org) if "payment_terms" in data.fields and data.account.payment_terms else {}
        await self._org.send(
            "PATCH",
            f"{DATA}/accounts({checked(account_id)})",
            json=account_columns(data, terms),
            # Without it a PATCH makes the account anew, should it be gone by now.
            headers={"If-Match": mapping.tag(data.seen) if data.seen else "*"},
        )
        return Written(id=account_id, created=False)

    async def contacts(self, account_id: str) -> list[Contact]:
        where = f"_parentcustomerid_value eq {checked(account_id)} and statecode eq 0"
        rows = await self._org.rows("contacts", wire.Contact, where, "createdon asc,contactid asc")
        return [mapping.contact(row) for row in rows]

    async def lead(self, lead_id: str) -> Lead:
        found = await self._org.row("leads", lead_id, wire.Lead)
        for _ in range(_MERGES):
            if not found.merged or not found.master:
                break
            found = await self._org.row("leads", found.master, wire.Lead)
        lead = await self._lead(found)
        merged = found.leadid.lower() != lead_id.lower()
        return msgspec.structs.replace(lead, merged_into=found.leadid) if merged else lead

    async def leads_of(self, opportunity_id: str) -> list[Lead]:
        deal = await self._org.row("opportunities", opportunity_id, wire.Originated)
        return [await self.lead(deal.lead)] if deal.lead else []

    async def lead_changes(self, since: str, limit: int = PAGE_SIZE) -> Page[RecordChange]:
        of = ("lead", "leads", wire.ChangedLead)
        rows, deleted, following = await self._org.changed_or_deleted(*of, since, limit)
        found = [mapping.record_change(row.leadid, row) for row in rows]
        return Page(items=[*found, *mapping.deletions(deleted.ids, deleted.told_at)], next=following)

    async def _lead(self, row: wire.Lead) -> Lead:
        where = f"_originatingleadid_value eq {row.leadid}"
        deal = (
            await self._org.first("opportunities", wire.Originated, where, "createdon desc") if row.statecode else None
        )
        absorbed: list[str] = []
        above = [row.leadid]
        for _ in range(_MERGES):
            where = " or ".join(f"_masterid_value eq {each}" for each in above)
            rows = await self._org.rows("leads", wire.Absorbed, where, "createdon asc,leadid asc")
            above = [each.leadid for each in rows if each.leadid not in absorbed]
            absorbed += above
            if not above:
                break
        return mapping.lead(row, deal.opportunityid if deal else "", absorbed)

    async def quote(self, quote_id: str) -> Quote:
        of = f"_quoteid_value eq {checked(quote_id)}"
        row, lines = await self._org.together(
            Wanted(table="quotes", shape=quote_wire.Quote, record_id=quote_id),
            Wanted(
                table="quotedetails",
                shape=quote_wire.QuoteLine,
                where=of,
                order="lineitemnumber asc,quotedetailid asc",
            ),
        )
        return mapping.quote(row, lines)

    async def quotes(self, opportunity_id: str) -> list[Quote]:
        where = f"_opportunityid_value eq {checked(opportunity_id)}"
        rows = await self._org.rows("quotes", quote_wire.Quote, where, "createdon asc,quoteid asc")
        return [mapping.quote(row, []) for row in rows]

    async def mark_quote(self, quote_id: str, data: QuoteMark) -> Written:
        """The columns with the version that was read, and the state by the action that moves it: both or neither."""
        row = await self._org.row("quotes", quote_id, quote_wire.Quote)
        found = mapping.quote(row, [])
        if data.seen and data.seen != mapping.version(row.versionnumber) and not found.frozen:
            raise VendorStale("the quote was edited since it was read", system=mapping.SYSTEM)
        kept, wanted = (
            (found.frozen, found.order_number, found.order_id),
            (data.frozen, data.order_number, data.order_id),
        )
        moves = found.status != data.status
        marked = mapping.quote_mark(data, row.statecode)
        if kept == wanted and not moves:
            return Written(id=quote_id, created=False, version=mapping.version(row.versionnumber))
        calls = []
        if kept != wanted or marked.state is not msgspec.UNSET:
            calls.append(_patch(f"{DATA}/quotes({checked(quote_id)})", row.etag, marked))
        if moves and marked.state is msgspec.UNSET:
            action = "WinQuote" if data.status == "accepted" else "CloseQuote"
            closing = mapping.quote_closing(data, row.quoteid)
            calls.append(Call(method="POST", path=f"{DATA}/{action}", body=closing))
        await self._org.change(*calls)
        return Written(id=quote_id, created=False)

    async def order(self, order_id: str) -> CrmOrder:
        of = f"_salesorderid_value eq {checked(order_id)}"
        order = "lineitemnumber asc,salesorderdetailid asc"
        row, lines = await self._org.together(
            Wanted(table="salesorders", shape=order_wire.Order, record_id=order_id),
            Wanted(table="salesorderdetails", shape=order_wire.OrderLine, where=of, order=order),
        )
        return orders.order(row, lines)

    async def orders(
        self,
        account_id: str = "",
        opportunity_id: str = "",
        quote_id: str = "",
        cursor: str = "",
        limit: int = PAGE_SIZE,
    ) -> Page[CrmOrder]:
        where = orders.belonging(account_id=account_id, opportunity_id=opportunity_id, quote_id=quote_id)
        rows, following = await self._org.listed("salesorders", order_wire.Order, where, cursor, limit)
        return Page(items=[orders.order(row) for row in rows], next=following)

    async def order_changes(self, since: str, limit: int = PAGE_SIZE) -> Page[RecordChange]:
        of = ("salesorder", "salesorders", wire.ChangedOrder)
        rows, deleted, following = await self._org.changed_or_deleted(*of, since, limit)
        found = [orders.change(row) for row in rows]
        return Page(items=[*found, *mapping.deletions(deleted.ids, deleted.told_at)], next=following)

    async def mark_order(self, order_id: str, data: OrderMark) -> Written:
        row = await self._org.row("salesorders", order_id, order_wire.Order)
        if (row.tg_erpordernumber or "") == data.erp_number:
            return Written(id=order_id, created=False, version=mapping.version(row.versionnumber))
        await self._org.change(_patch(f"{DATA}/salesorders({checked(order_id)})", row.etag, orders.mark(data)))
        return Written(id=order_id, created=False)

    async def contract(self, contract_id: str) -> Contract:
        return mapping.contract(await self._org.row("salesorders", contract_id, wire.Order))

    async def agreement(self, contract_id: str) -> Contract:
        order, contract = checked(contract_id), f"_tg_contract_value eq {checked(contract_id)}"
        return agreements.agreement(
            *await self._org.together(
                Wanted(table="salesorders", shape=contract_wire.Agreement, record_id=order),
                Wanted(
                    table="salesorderdetails",
                    shape=contract_wire.OrderLine,
                    where=f"_salesorderid_value eq {order}",
                    order="lineitemnumber asc,salesorderdetailid asc",
                ),
                Wanted(
                    table="tg_contractamendments",
                    shape=contract_wire.Amendment,
                    where=contract,
                    order="tg_number asc,tg_contractamendmentid asc",
                ),
                Wanted(
                    table="tg_contractamendmentlines",
                    shape=contract_wire.AmendmentLine,
                    where=contract,
                    order="tg_linenumber asc,tg_contractamendmentlineid asc",
                ),
            )
        )

    async def agreements(self, account_id: str) -> list[Contract]:
        where = f"_customerid_value eq {checked(account_id)}"
        rows = await self._org.rows("salesorders", contract_wire.Agreement, where, "createdon asc,salesorderid asc")
        return [agreements.agreement(row) for row in rows]

    async def agreement_changes(self, since: str, limit: int = PAGE_SIZE) -> Page[RecordChange]:
        return await agreement_list.changes(self._org, since, limit)

    async def ending_agreements(self, first: date, last: date) -> list[str]:
        return await agreement_list.ending(self._org, first, last)

    async def mark_agreement(self, contract_id: str, data: AgreementMark) -> Written:
        """Our columns with the version that was read, and the state by the action that moves it: both or neither."""
        row = await self._org.row("salesorders", contract_id, contract_wire.Agreement)
        found, path = agreements.marked(row), f"{DATA}/salesorders({checked(contract_id)})"
        calls = []
        if (found.amendment, found.order_id) != (data.amendment, data.order_id):
            calls.append(_patch(path, row.etag, agreements.mark(data)))
        if data.ended and not found.ended:
            ending = agreements.ending(row.salesorderid)
            calls.append(Call(method="POST", path=f"{DATA}/CancelSalesOrder", body=ending))
        await self._org.change(*calls)
        version = "" if calls else mapping.version(row.versionnumber)
        return Written(id=contract_id, created=False, version=version)

    async def link_project(self, opportunity_id: str, data: ProjectLink) -> Written:
        row = await self._org.row("opportunities", opportunity_id, wire.Link)
        linked = mapping.link(row)
        if linked == data:
            return Written(id=opportunity_id, created=False, version=mapping.version(row.versionnumber))
        if linked.project_code and data.project_code and linked.project_code != data.project_code:
            raise Conflict(f"the deal is linked to project {linked.project_code} already", system=mapping.SYSTEM)
        await self._org.send(
            "PATCH",
            f"{DATA}/opportunities({checked(opportunity_id)})",
            json=mapping.link_update(data),
            # Without it a PATCH makes the deal anew, should it be gone by now.
            headers={"If-Match": row.etag},
        )
        return Written(id=opportunity_id, created=not linked.project_code)

    async def changes(self, since: str, limit: int = 200) -> Page[Change]:
        found, following = await self._org.changed("opportunities", wire.Changed, since, max(1, limit))
        return Page(items=[mapping.change(row) for row in found], next=following)

    async def accounts(self, cursor: str = "", limit: int = PAGE_SIZE) -> Page[Customer]:
        rows, following = await self._org.listed("accounts", wire.Account, "merged ne true", cursor, limit)
        return Page(items=[mapping.customer(row) for row in rows], next=following)

    async def account_changes(self, since: str, limit: int = PAGE_SIZE) -> Page[RecordChange]:
        rows, deleted, following = await self._org.changed_or_deleted(
            "account", "accounts", wire.ChangedAccount, since, limit
        )
        found = [mapping.record_change(row.accountid, row) for row in rows]
        return Page(items=[*found, *mapping.deletions(deleted.ids, deleted.told_at)], next=following)

    async def people(self, cursor: str = "", limit: int = PAGE_SIZE) -> Page[Contact]:
        rows, following = await self._org.listed("contacts", wire.Contact, "statecode eq 0", cursor, limit)
        return Page(items=[mapping.contact(row) for row in rows], next=following)

    async def person(self, person_id: str) -> Contact:
        found = await self._org.row("contacts", person_id, wire.Contact)
        for _ in range(_MERGES):
            if not found.merged or not found.master:
                break
            found = await self._org.row("contacts", found.master, wire.Contact)
        person = mapping.contact(found)
        merged = found.contactid.lower() != person_id.lower()
        return msgspec.structs.replace(person, merged_into=found.contactid) if merged else person

    async def person_changes(self, since: str, limit: int = PAGE_SIZE) -> Page[RecordChange]:
        rows, deleted, following = await self._org.changed_or_deleted(
            "contact", "contacts", wire.ChangedContact, since, limit
        )
        found = [mapping.record_change(row.contactid, row) for row in rows]
        return Page(items=[*found, *mapping.deletions(deleted.ids, deleted.told_at)], next=following)

    async def update_person(self, person_id: str, data: PersonUpdate) -> Written:
        await self._org.send(
            "PATCH",
            f"{DATA}/contacts({checked(person_id)})",
            json=person_columns(data),
            # Without it a PATCH makes the person anew, should it be gone by now.
            headers={"If-Match": mapping.tag(data.seen) if data.seen else "*"},
        )
        return Written(id=person_id, created=False)

    read_notification = cannot(
        "A Dataverse webhook carries a key, not a signature of what it says: changes are found by polling.",
        system=mapping.SYSTEM,
    )

    async def whoami(self) -> Account:
        me: wire.Me = await self._org.send("GET", f"{DATA}/WhoAmI", wire.Me)
        return Account(system=mapping.SYSTEM, instance=me.organization_id, user=me.user_id)

    async def described(self, kind: str) -> Described:
        """A table's columns, and what its choices may hold."""
        path = f"{DATA}/EntityDefinitions(LogicalName='{kind}')"
        asked = {"$select": "LogicalName", "$expand": "Attributes($select=LogicalName)"}
        table: wire.Entity = await self._org.send("GET", path, wire.Entity, params=asked)
        closed: dict[str, list[str]] = {}
        for choice in CHOICES:
            asked = {"$select": "LogicalName", "$expand": "OptionSet($select=Options)"}
            told: wire.Rows[wire.Choice] = await self._org.send(
                "GET", f"{path}/Attributes/{choice}", wire.Rows[wire.Choice], params=asked
            )
            closed |= {
                each.logical_name: [str(option.value) for option in each.option_set.options]
                for each in told.value
                if each.option_set
            }
        return Described(fields=[each.logical_name for each in table.attributes], values=closed)

    async def sample(self, kind: str) -> bool:
        """Read one record of a table as it is read otherwise."""
        shapes: dict[str, tuple[str, type[wire.Row], Callable[[Any], Any]]] = {
            "opportunity": ("opportunities", wire.Opportunity, lambda row: deals.opportunity(row, [], "", "")),
            "opportunityproduct": ("opportunityproducts", quote_wire.DealLine, lambda row: row),
            "account": ("accounts", wire.Account, mapping.customer),
            "contact": ("contacts", wire.Contact, mapping.contact),
            "lead": ("leads", wire.Lead, lambda row: mapping.lead(row, "", [])),
            "quote": ("quotes", quote_wire.Quote, lambda row: mapping.quote(row, [])),
            "quotedetail": ("quotedetails", quote_wire.QuoteLine, lambda row: row),
            "salesorder": ("salesorders", contract_wire.Agreement, agreements.agreement),
            "salesorderdetail": ("salesorderdetails", contract_wire.OrderLine, lambda row: row),
            "tg_contractamendment": ("tg_contractamendments", contract_wire.Amendment, lambda row: row),
            "tg_contractamendmentline": ("tg_contractamendmentlines", contract_wire.AmendmentLine, lambda row: row),
        }
        table, shape, read = shapes[kind]
        row = await self._org.first(table, shape, "", "createdon desc")
        return row is not None and bool(read(row))

    async def close(self) -> None:
        """Close the connection's client."""
        await self._org.close()


def _patch(path: str, etag: str, columns: msgspec.Struct) -> Call:
    """A change of a row as it was read. Without its version a PATCH makes the row anew, should it be gone by now."""
    return Call(method="PATCH", path=path, headers={"If-Match": etag}, body=columns)


_: tuple[
    type[Opportunities], type[Accounts], type[AccountList], type[People], type[Leads], type[Changes], type[Connection]
] = (Dataverse,) * 7
_sold: tuple[type[Quotes], type[CrmOrders], type[Agreements], type[AgreementList]] = (Dataverse,) * 4
