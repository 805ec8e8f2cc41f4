"""The organisation at first: the firm's accounts and people, and twelve open deals, each with a quote and an order.

The firm's deals are the same in every CRM's sandbox; what each is called there differs. Here an id is made from the
table and the number, and rows are made in the firm's order: `deal_id` says which deal is which.
"""

from typing import Final

from foundation.sandbox import Box, Record
from foundation.sandbox.firm import ACCOUNTS, Account, Deal, deals, item_code
from system_apis.dataverse.sandbox import org
from system_apis.dataverse.sandbox.schema import CONTRACT_TYPES, ENTITIES, TABLES, TERMS

CURRENCIES: Final = {"USD": 2, "EUR": 2, "INR": 2, "GBP": 2, "JPY": 0, "KWD": 3}
CODES: Final = dict(zip(("tm", "fixed", "milestone", "retainer", "managed", "nte"), CONTRACT_TYPES, strict=True))
CONTACT_ROLES: Final = {"buyer": 100000000, "billing": 100000001, "sponsor": 100000002, "approver": 100000003}
SERVICES: Final = 3
_BY_LINE: Final = (4, 6)
"""Deals whose estimated revenue is the organisation's to work out, as the sum of their lines."""
_TALKED_ABOUT: Final = 10
"""The deal whose contract has an amendment in draft."""


def deal_id(deal: Deal) -> str:
    """The id of one of the firm's deals here."""
    return org.guid("opportunity", deal.number)


def account_id(account: Account) -> str:
    """The id of one of the firm's customers here."""
    return org.guid("account", ACCOUNTS.index(account) + 1)


def currency(code: str) -> str:
    """A currency, to bind to."""
    return f"/transactioncurrencies(isocurrencycode='{code}')"


def seed(box: Box) -> None:
    """Fill an empty organisation."""
    user: Record = {
        "systemuserid": org.INTEGRATION_USER,
        "fullname": "# Tiergate",
        "domainname": "tiergate@acme.example",
    }
    at = org.stamp(box.now())
    user |= {"createdon": at, "modifiedon": at, "versionnumber": 1}
    box.store.insert("systemuser", org.INTEGRATION_USER, user)
    for code, places in CURRENCIES.items():
        _make(box, "transactioncurrency", isocurrencycode=code, currencyname=code, currencyprecision=places)
    for account in ACCOUNTS:
        _account(box, account)
    products: dict[str, str] = {}
    for deal in deals(box.now().date()):
        _deal(box, deal, products)


def bind(table: str, id: str) -> str:
    """A row, to bind to."""
    return f"/{TABLES[table].set}({id})"


def _account(box: Box, account: Account) -> None:
    fields: Record = {
        "name": account.name,
        "address1_line1": account.street,
        "address1_city": account.city,
        "address1_stateorprovince": account.subdivision,
        "address1_postalcode": account.postal,
        "address1_country": account.country,
        "paymenttermscode": next(code for code, label in TERMS.items() if label == account.terms),
        "transactioncurrencyid@odata.bind": currency(account.currency),
        "tg_legalname": account.legal_name,
        "tg_porequired": True,
    }
    if account.tax:
        fields |= {
            "tg_taxregistration": account.tax.number,
            "tg_taxscheme": account.tax.scheme,
            "tg_taxcountry": account.tax.country,
        }
    made = _make(box, "account", **fields)
    assert made == account_id(account), "the firm's accounts are made in its order"
    for person in account.contacts:
        _make(
            box,
            "contact",
            firstname=person.given,
            lastname=person.family,
            emailaddress1=person.email,
            jobtitle=person.title,
            tg_contactrole=CONTACT_ROLES[person.role],
            **{"parentcustomerid_account@odata.bind": bind("account", made)},
        )


def _deal(box: Box, deal: Deal, products: dict[str, str]) -> None:
    entities = {label: code for code, label in ENTITIES.items()}
    account = bind("account", account_id(deal.account))
    made = _make(
        box,
        "opportunity",
        name=deal.name,
        stepname="3-Propose",
        closeprobability=90,
        estimatedvalue=deal.amount,
        estimatedclosedate=box.now().date().isoformat(),
        tg_legalentity=deal.entity,
        tg_deliveryentities=",".join(str(entities[each]) for each in deal.delivery_entities),
        tg_contracttype=CODES[deal.contract_type],
        tg_practice=deal.practice,
        tg_expectedstart=deal.start.isoformat(),
        tg_expectedend=deal.end.isoformat(),
        tg_projectmanager=deal.project_manager,
        tg_ponumber=deal.po_number,
        **{
            "parentaccountid@odata.bind": account,
            "customerid_account@odata.bind": account,
            "transactioncurrencyid@odata.bind": currency(deal.currency),
        },
    )
    assert made == deal_id(deal), "the firm's deals are made in its order"
    for number, role in enumerate(deal.roles, 1):
        if role.name not in products:
            named = {"name": f"{role.name}, hours", "productnumber": item_code(role.name)}
            products[role.name] = _make(box, "product", producttypecode=SERVICES, **named)
        _make(
            box,
            "opportunityproduct",
            **_line(number, role.hours, role.rate, role.name, products[role.name]),
            tg_startson=deal.start.isoformat(),
            tg_endson=deal.end.isoformat(),
            **{"opportunityid@odata.bind": bind("opportunity", made)},
        )
    if deal.number in _BY_LINE:
        org.update(box, TABLES["opportunity"], made, {"isrevenuesystemcalculated": True})
    _order(box, deal, made, _quote(box, deal, made, products), products)


def _quote(box: Box, deal: Deal, opportunity: str, products: dict[str, str]) -> str:
    quote = _make(
        box,
        "quote",
        name=f"{deal.name}, final offer",
        effectiveto=deal.start.isoformat(),
        **{
            "opportunityid@odata.bind": bind("opportunity", opportunity),
            "customerid_account@odata.bind": bind("account", account_id(deal.account)),
            "transactioncurrencyid@odata.bind": currency(deal.quote_currency),
        },
    )
    for number, role in enumerate(deal.roles, 1):
        line = _line(number, role.hours, role.rate, role.name, products[role.name])
        _make(box, "quotedetail", **line, **{"quoteid@odata.bind": bind("quote", quote)})
    org.update(
        box, TABLES["quote"], quote, {"statecode": 2, "statuscode": 4, "tg_signedon": box.now().date().isoformat()}
    )
    return quote


def _order(box: Box, deal: Deal, opportunity: str, quote: str, products: dict[str, str]) -> None:
    order = _make(
        box,
        "salesorder",
        name=deal.name,
        paymenttermscode=next(code for code, label in TERMS.items() if label == deal.account.terms),
        tg_contracttype=CODES[deal.contract_type],
        tg_startson=deal.start.isoformat(),
        tg_endson=deal.end.isoformat(),
        tg_ponumber=deal.po_number,
        tg_governinglaw=deal.governing_law,
        **{
            "opportunityid@odata.bind": bind("opportunity", opportunity),
            "quoteid@odata.bind": bind("quote", quote),
            "customerid_account@odata.bind": bind("account", account_id(deal.account)),
            "transactioncurrencyid@odata.bind": currency(deal.currency),
        },
    )
    for number, role in enumerate(deal.roles, 1):
        line = _line(number, role.hours, role.rate, role.name, products[role.name])
        line |= {"productdescription": role.name, "tg_contracttype": CODES[deal.contract_type]}
        _make(box, "salesorderdetail", **line, **{"salesorderid@odata.bind": bind("salesorder", order)})
    if deal.number == _TALKED_ABOUT:
        _amendment(box, deal, order)
    if deal.signed:
        signed = {"statecode": 1, "statuscode": 3, "tg_signedon": box.now().date().isoformat()}
        signed |= {"tg_documenthash": deal.document, "tg_signatureenvelope": deal.envelope}
        org.update(box, TABLES["salesorder"], order, signed)


def _amendment(box: Box, deal: Deal, order: str) -> None:
    of: Record = {
        "tg_Contract@odata.bind": bind("salesorder", order),
        "transactioncurrencyid@odata.bind": currency(deal.currency),
    }
    effective = deal.end.isoformat()
    planned = {"tg_name": "Amendment 1", "tg_number": 1, "tg_basedon": 0, "tg_effectiveon": effective}
    made = _make(box, "tg_contractamendment", **planned, **of)
    line = {"tg_name": "To be agreed", "tg_linenumber": 1, "tg_amount": 0}
    above = {"tg_Amendment@odata.bind": bind("tg_contractamendment", made)}
    _make(box, "tg_contractamendmentline", **line, **above, **of)


def _line(number: int, hours: int, rate: object, role: str, product: str) -> Record:
    return {
        "lineitemnumber": number,
        "quantity": hours,
        "priceperunit": rate,
        "tg_role": role,
        "productid@odata.bind": bind("product", product),
    }


def _make(box: Box, table: str, **fields: object) -> str:
    return str(org.create(box, TABLES[table], fields)[TABLES[table].key])
