"""A NetSuite account as we must expect it: the record API, SuiteQL and both ways of signing in.

The firm's three subsidiaries, its currencies, terms and accounting periods are set up, and one customer is known
already: on credit hold. Options register the integration (`sign_in.py`), say which status throttling answers with, and
what our role may not see: `denied_records` (`customer`), `hidden_fields` (`customer.custentity_tg_tax_country`),
how much it does at once (`governance.py`) and how long a job waits for its turn (`async_seconds`). And `lines_dropped`
names items that a script of the account takes off orders as they are saved.
"""

from calendar import monthrange
from datetime import date, timedelta
from typing import Final

from foundation.sandbox import Box, Record, Sandbox, Store, firm
from system_apis.netsuite.sandbox.errors import ANSWERS
from system_apis.netsuite.sandbox.governance import OPTIONS, at_once
from system_apis.netsuite.sandbox.routes import ROUTES
from system_apis.netsuite.sandbox.schema import RECORDS
from system_apis.netsuite.sandbox.writing import create
from system_apis.netsuite.wire import SERVICE_ITEM

CURRENCIES: Final = {
    # Internal id -> ISO code and the account's own name of it.
    "1": ("USD", "US Dollar"),
    "2": ("EUR", "Euro"),
    "3": ("INR", "Indian Rupee"),
    "4": ("GBP", "British Pound"),
    "5": ("JPY", "Japanese Yen"),
    "6": ("KWD", "Kuwaiti Dinar"),
}
TERMS: Final = {"1": "Net 15", "2": "Net 30", "3": "Net 60"}
MONTHS_CLOSED: Final = 12
MONTHS_OPEN: Final = 12
"""Besides the current one."""
CREDIT_LIMIT: Final = 25000
OWED: Final = 31200


def seed(box: Box) -> None:
    """An account as its administrator would have set it up for us."""
    for native_id, (symbol, name) in CURRENCIES.items():
        _put(box, "currency", native_id, {"name": name, "symbol": symbol, "isInactive": False})
    for native_id, name in TERMS.items():
        _put(box, "term", native_id, {"name": name, "isInactive": False})
    for entity in firm.ENTITIES:
        _put(box, "subsidiary", str(entity.number), _subsidiary(entity))
    _items(box)
    managers = sorted({deal.project_manager for deal in firm.deals(box.now().date())})
    for number, email in enumerate(managers, start=1):
        given, family = email.partition("@")[0].title().split(".")
        _put(box, "employee", str(number), {"entityId": f"{given} {family}", "email": email, "isInactive": False})
    for number, name in enumerate(("Travel", "Lodging", "Meals", "Mileage"), start=1):
        _put(box, "expenseCategory", str(number), {"name": name, "isInactive": False})
    _seed_periods(box)
    for number, account in enumerate((each for each in firm.ACCOUNTS if each.credit_hold), start=1):
        _put(box, "customer", str(number), held := _held(account))
        paid = {"subsidiary": held["subsidiary"], "currency": held["currency"], "tranId": f"PYMT{number:05}"}
        _put(box, "customerPayment", str(number), paid | _payment(box, str(number)))


def _items(box: Box) -> None:
    """The service item of contracts, one for each role that is sold, a discount, and a bundle of two roles."""
    item = {"itemId": "Consulting", "displayName": "Consulting", "externalId": SERVICE_ITEM}
    plain = {"isInactive": False, "itemType": "Service", "custitem_tg_tax_category": "S"}
    _put(box, "serviceSaleItem", "1", plain | item)
    roles = sorted({role.name for deal in firm.deals(box.now().date()) for role in deal.roles})
    ids = {role: str(number) for number, role in enumerate(roles, start=2)}
    for role, native_id in ids.items():
        _put(box, "serviceSaleItem", native_id, plain | {"itemId": firm.item_code(role), "displayName": role})
    discount = {"itemId": "DISCOUNT", "displayName": "Discount", "itemType": "Discount"}
    _put(box, "serviceSaleItem", "90", plain | discount)
    bundle = {"itemId": "KICKOFF", "displayName": "Kick-off package", "itemType": "Group"}
    _put(box, "serviceSaleItem", "91", plain | bundle)
    for number, (role, hours) in enumerate((("Delivery Lead", 8), ("Engineer", 24), ("Analyst", 16)), start=1):
        member = {"parentItem": {"id": "91"}, "item": {"id": ids[role]}, "lineNumber": number, "quantity": hours}
        _put(box, "itemGroupMember", str(number), member)


def _put(box: Box, kind: str, native_id: str, record: Record) -> None:
    stamp = box.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    box.store.insert(kind, native_id, {"id": native_id, "dateCreated": stamp, "lastModifiedDate": stamp} | record)


def _currency_id(symbol: str) -> str:
    return next(native_id for native_id, (known, _) in CURRENCIES.items() if known == symbol)


def _subsidiary(entity: firm.LegalEntity) -> Record:
    return {
        "name": entity.name,
        "legalName": entity.name,
        "country": {"id": entity.country},
        "currency": {"id": _currency_id(entity.currency)},
        "isInactive": False,
        "externalId": entity.code,
        "custrecord_tg_code": entity.code,
        "custrecord_tg_time_zone": entity.time_zone,
        "custrecord_tg_ic_partners": ";".join(entity.partners),
    }


def _seed_periods(box: Box) -> None:
    """Monthly periods around today; the months before this one are closed."""
    today = box.now().date()
    first = today.replace(day=1)
    for _ in range(MONTHS_CLOSED):
        first = (first - timedelta(days=1)).replace(day=1)
    for number in range(1, MONTHS_CLOSED + 1 + MONTHS_OPEN + 1):
        last = first.replace(day=monthrange(first.year, first.month)[1])
        _put(box, "accountingPeriod", str(number), _period(first, last, closed=last < today.replace(day=1)))
        first = last + timedelta(days=1)
    year = _period(date(today.year, 1, 1), date(today.year, 12, 31), closed=False)
    _put(box, "accountingPeriod", "999", year | {"periodName": f"FY {today.year}", "isYear": True})


def _period(first: date, last: date, *, closed: bool) -> Record:
    return {
        "periodName": f"{first:%b %Y}",
        "startDate": first.isoformat(),
        "endDate": last.isoformat(),
        "closed": closed,
        "arLocked": closed,
        "isYear": False,
        "isQuarter": False,
        "isAdjust": False,
    }


def _payment(box: Box, customer: str) -> Record:
    """What came in from it, and is not applied to anything yet."""
    day = box.now().date().isoformat()
    return {"customer": {"id": customer}, "tranDate": day, "payment": 1000, "unapplied": 1000, "checkNum": "RF18 5390"}


def _held(account: firm.Account) -> Record:
    """A customer the ERP knows, under our key, and gives no more credit."""
    address = {
        "addr1": account.street,
        "city": account.city,
        "state": account.subdivision,
        "zip": account.postal,
        "country": {"id": account.country},
    }
    entity = next(each for each in firm.ENTITIES if each.currency == account.currency)
    return {
        "externalId": account.key,
        "entityId": "CUST00000",
        "companyName": account.legal_name,
        "isPerson": False,
        "isInactive": False,
        "subsidiary": {"id": str(entity.number)},
        "currency": {"id": _currency_id(account.currency)},
        "terms": {"id": "2"},
        "creditLimit": CREDIT_LIMIT,
        "creditHoldOverride": {"id": "ON"},
        "balance": OWED,
        "addressBook": {"items": [{"id": 1, "defaultBilling": True, "addressBookAddress": address}]},
    } | ({"vatRegNumber": account.tax.number} if account.tax else {})


def _customer_fact(record: Record, _: Store) -> str:
    return f"{record['companyName']} of subsidiary {record['subsidiary']['id']}"


def _job_fact(record: Record, _: Store) -> str:
    return f"{record['companyName']} for customer {(record.get('parent') or {}).get('id', 'none')}"


def _order_fact(record: Record, _: Store) -> str:
    if quote := record.get("custbody_tg_quote"):
        return f"order of quote {quote}"
    contract = record.get("custbody_tg_contract")
    return f"contract {contract} of customer {record['entity']['id']}" if contract else ""


def _schedule_fact(record: Record, _: Store) -> str:
    return f"schedule of project {(record.get('project') or {}).get('id', record['name'])}"


def _billed_fact(record: Record, _: Store) -> str:
    return f"{record.get('memo')} of customer {record['entity']['id']} on {record['tranDate']}: {record['total']}"


def _time_fact(record: Record, _: Store) -> str:
    project = (record.get("customer") or {}).get("id")
    return (
        f"{record['hours']} of {record['employee']['id']} on {record['tranDate']} for {project}: {record.get('memo')}"
    )


SANDBOX: Final = Sandbox(
    name="netsuite",
    title="NetSuite",
    routes=ROUTES,
    seed=seed,
    enter=lambda box, kind, fields: str(create(box, RECORDS[kind.lower()], fields)["id"]),
    kinds=frozenset(each.name for each in RECORDS.values() if not each.read_only),
    facts={
        "customer": _customer_fact,
        "contact": lambda record, _: f"{record.get('email')} at {(record.get('company') or {}).get('id')}",
        "job": _job_fact,
        "projectTask": lambda record, _: f"{record['title']} in project {record['project']['id']}",
        "salesOrder": _order_fact,
        "billingSchedule": _schedule_fact,
        "invoice": _billed_fact,
        "creditMemo": lambda record, _: f"credit of {record.get('custbody_tg_corrects')}: {record['total']}",
        "timeBill": _time_fact,
        "expenseReport": lambda record, _: f"{record.get('memo')} of {record['entity']['id']} on {record['tranDate']}",
    },
    answers=ANSWERS,
    volatile=frozenset({"lastModifiedDate"}),
    options={
        "account": "1234567_SB1",
        "client_id": "",
        "certificate_id": "",
        "public_key": "",
        "consumer_key": "",
        "consumer_secret": "",
        "token_id": "",
        "token_secret": "",
        "throttled_status": 429,
        "denied_records": [],
        "hidden_fields": [],
        "lines_dropped": [],
        "async_seconds": 0,
        **OPTIONS,
    },
    at_once=at_once,
    tls=True,  # whoever signs calls (OAuth 1.0a) insists on https
    hosts=("*.suitetalk.api.netsuite.com",),
)
