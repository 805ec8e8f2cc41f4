"""What the port suite has to know of Dataverse: how deals and what they rest on come into an organisation."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, Literal, TypeVar

from canonical.objects import (
    Contact,
    Contract,
    CrmOrder,
    CrmOrderLine,
    Customer,
    Lead,
    Opportunity,
    OpportunityLine,
    Quote,
    QuoteLine,
)
from foundation.sandbox import Box, Strange, Suite, Switch
from foundation.sandbox.suite import Touch
from system_apis.dataverse import mapping, orders
from system_apis.dataverse.sandbox import org
from system_apis.dataverse.sandbox.schema import TABLES, TERMS
from system_apis.dataverse.sandbox.seed import bind, currency, deal_id

T = TypeVar("T")


def _make(box: Box, table: str, **fields: Any) -> str:
    return str(org.create(box, TABLES[table], fields)[TABLES[table].key])


def _code(words: Mapping[int, T], wanted: T) -> int:
    return next(code for code, word in words.items() if word == wanted)


def _make_line(box: Box, table: str, line: QuoteLine, of: str, made: str, **more: Any) -> None:
    """A line of what was made, and its product, where that is not there yet."""
    kind = _code(mapping.PRODUCT_TYPES, line.kind)
    known = box.store.find("product", productnumber=line.code) if line.code else []
    named = {"name": line.item, "producttypecode": kind, "productnumber": line.code or None}
    item = str(known[0]["productid"]) if known else _make(box, "product", **named)
    _make(
        box,
        table,
        lineitemnumber=line.seq,
        quantity=line.qty,
        priceperunit=line.unit_price.amount,
        tg_role=line.role,
        **more,
        **{"productid@odata.bind": bind("product", item), f"{of}id@odata.bind": bind(of, made)},
    )


def plant_deal(box: Box, deal: Opportunity) -> str:
    """A deal, in the state it says, with its lines."""
    account = bind("account", deal.account_id)
    made = _make(
        box,
        "opportunity",
        name=deal.name,
        estimatedvalue=deal.amount.amount,
        isrevenuesystemcalculated=bool(deal.lines),
        estimatedclosedate=deal.close_date.isoformat(),
        tg_legalentity=deal.legal_entity_id,
        tg_contracttype=_code(mapping.CONTRACT_TYPES, deal.contract_type),
        **{
            "parentaccountid@odata.bind": account,
            "customerid_account@odata.bind": account,
            "transactioncurrencyid@odata.bind": currency(deal.amount.currency),
        },
    )
    for line in deal.lines:
        _make_line(box, "opportunityproduct", line, "opportunity", made, **_said(line))
    move_deal(box, made, deal.stage.category)
    return made


def _said(line: OpportunityLine | CrmOrderLine) -> dict[str, Any]:
    """What is said of a line of a deal, or of an order, besides."""
    off = line.discount_amount.amount if line.discount_amount else None
    return {"manualdiscountamount": off, "description": line.description}


def plant_account(box: Box, customer: Customer) -> str:
    """A customer."""
    return _make(
        box,
        "account",
        name=customer.trading_name or customer.legal_name,
        tg_legalname=customer.legal_name,
        paymenttermscode=_code(TERMS, customer.payment_terms),
        **{"transactioncurrencyid@odata.bind": currency(customer.default_currency)},
    )


def plant_contact(box: Box, contact: Contact) -> str:
    """A person at a customer."""
    (role,) = contact.roles
    return _make(
        box,
        "contact",
        firstname=contact.given,
        lastname=contact.family,
        emailaddress1=contact.email,
        tg_contactrole=_code(mapping.CONTACT_ROLES, role.role),
        **{"parentcustomerid_account@odata.bind": bind("account", role.account_id)},
    )


def plant_lead(box: Box, lead: Lead) -> str:
    """Somebody who may become a customer."""
    return _make(
        box, "lead", companyname=lead.company, firstname=lead.given, lastname=lead.family, emailaddress1=lead.email
    )


def plant_quote(box: Box, quote: Quote) -> str:
    """An offer with its lines, won where it is accepted."""
    made = _make(
        box,
        "quote",
        name=quote.number,
        **{
            "opportunityid@odata.bind": bind("opportunity", quote.opportunity_id),
            "transactioncurrencyid@odata.bind": currency(quote.currency),
        },
    )
    for line in quote.lines:
        _make_line(box, "quotedetail", line, "quote", made)
    states: dict[str, int] = {word: code for code, word in mapping.QUOTE_STATES.items()}
    org.update(box, TABLES["quote"], made, {"statecode": states[quote.status]})
    return made


def plant_contract(box: Box, contract: Contract) -> str:
    """An order with one line of its whole value."""
    made = _make(
        box,
        "salesorder",
        name=contract.title,
        tg_contracttype=_code(mapping.CONTRACT_TYPES, contract.billing_method),
        tg_ponumber=contract.po_number,
        **{
            "customerid_account@odata.bind": bind("account", contract.account_id),
            "transactioncurrencyid@odata.bind": currency(contract.currency),
        },
    )
    if contract.value:
        line = {"productdescription": contract.title, "quantity": 1, "priceperunit": contract.value.amount}
        _make(box, "salesorderdetail", **line, **{"salesorderid@odata.bind": bind("salesorder", made)})
    return made


def plant_order(box: Box, order: CrmOrder) -> str:
    """An order with its lines, in the state it says."""
    to = {"opportunityid": ("opportunity", order.opportunity_id), "quoteid": ("quote", order.quote_id)}
    to["customerid_account"] = ("account", order.account_id)
    made = _make(
        box,
        "salesorder",
        name=order.title,
        tg_ponumber=order.po_number,
        tg_startson=_day(order.start),
        tg_endson=_day(order.end),
        **{f"{name}@odata.bind": bind(table, id) for name, (table, id) in to.items() if id},
        **{"transactioncurrencyid@odata.bind": currency(order.currency)},
    )
    for line in order.lines:
        days = {"tg_startson": _day(line.start), "tg_endson": _day(line.end)}
        _make_line(box, "salesorderdetail", line, "salesorder", made, **_said(line), **days)
    if state := _code(orders.STATES, order.status):
        org.update(box, TABLES["salesorder"], made, {"statecode": state})
    return made


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def touch_order(box: Box, native_id: str) -> None:
    """Somebody edits an order that is not signed yet."""
    org.update(box, TABLES["salesorder"], native_id, {"tg_ponumber": "PO-touched"})


def touch_deal(box: Box, native_id: str) -> None:
    """Somebody edits a deal."""
    org.update(box, TABLES["opportunity"], native_id, {"tg_practice": "Finance"})


def move_deal(box: Box, native_id: str, to: Literal["open", "won", "lost"]) -> None:
    """Somebody closes a deal, or opens it again."""
    deal = org.read(box, TABLES["opportunity"], native_id)
    if to == mapping.DEAL_STATES[deal["statecode"]][1]:
        return
    if deal["statecode"] != 0:
        org.reopen(box, native_id)
    if to != "open":
        org.close(box, native_id, won=to == "won")


def delete(table: str) -> Touch:
    """Somebody deletes a row."""
    return lambda box, native_id: org.delete(box, TABLES[table], native_id)


SUITE: Final = Suite(
    url="https://acme.crm4.dynamics.com",
    sign_in={
        "tenant": "${DATAVERSE_TENANT}",
        "client_id": "${DATAVERSE_CLIENT_ID}",
        "client_secret": "${DATAVERSE_CLIENT_SECRET}",
    },
    plant={
        Opportunity: plant_deal,
        Customer: plant_account,
        Contact: plant_contact,
        Lead: plant_lead,
        Quote: plant_quote,
        Contract: plant_contract,
        CrmOrder: plant_order,
    },
    touch={Opportunity: touch_deal, CrmOrder: touch_order},
    remove={Customer: delete("account"), Contact: delete("contact"), CrmOrder: delete("salesorder")},
    heads={CrmOrder: {"lines": "Lines of an order are another table, read with one order."}},
    denied=Switch(option="denied_tables", value=["quote"], object="quote"),
    hidden=Switch(option="hidden_fields", value=["opportunity.tg_practice"], object="opportunity", field="tg_practice"),
    strange=Strange(
        kind=Opportunity,
        table="opportunity",
        column="tg_contracttype",
        value=100000099,
        field="opportunity.tg_contracttype",
        word="100000099",
    ),
    deal=deal_id,
    move=move_deal,
)
