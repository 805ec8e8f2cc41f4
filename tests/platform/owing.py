"""What is listed, and in the ERP an invoice that is posted and credited, a draft, time and an expense report."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from tests.platform.contracts import BY_KEY
from tests.processes import Client

LISTS: Final = {
    "salesforce": ("accounts", "people", "orders"),
    "netsuite": ("customers", "customerPeople", "projects", "invoices", "payments"),
    "kantata": ("projects", "timeEntries", "expenseReports", "proformas", "rateCards"),
}
POLLS: Final = {
    "salesforce": ("accountChanges", "personChanges", "leadChanges", "agreementChanges", "orderChanges"),
    "netsuite": ("customerChanges", "personChanges", "projectChanges", "invoiceChanges", "paymentChanges"),
    "kantata": ("projectChanges", "approvedTime", "approvedExpenses"),
}
ONE: Final = (
    ("salesforce.order", "salesforce.orders", "order_id"),
    ("netsuite.payment", "netsuite.payments", "payment_id"),
    ("kantata.timeEntry", "kantata.timeEntries", "time_entry_id"),
    ("kantata.expenseReport", "kantata.expenseReports", "report_id"),
    ("kantata.rateCard", "kantata.rateCards", "rate_card_id"),
)


class Owing(msgspec.Struct, frozen=True, kw_only=True):
    """What is not in the state that a call wants."""

    draft: str
    """An invoice that is not posted."""
    other_credit: Any
    """A credit note that is not the one under its key."""
    other_bill: tuple[str, Any]
    """Where, and with what, time is billed that is on a bill already."""


def listed(good: Callable[..., None], read: Callable[..., Any]) -> None:
    """Every list, every poll from the beginning, and one of what is read only."""
    for system, names in LISTS.items():
        for name in names:
            good(f"{system}.{name}")
    for system, names in POLLS.items():
        for name in names:
            good(f"{system}.{name}", None, "?since=")
    good("salesforce.endingAgreements", None, "?first=2027-01-01&last=2027-12-31")
    for name, plural, parameter in ONE:
        good(name, **{parameter: read(plural)["items"][0]["id"]})


def reached(platform: Client, good: Callable[..., None], read: Callable[..., Any], customer: Any) -> None:
    """Somebody of a customer, in the CRM and in the books."""
    someone = read("salesforce.people")["items"][0]
    key = {"key": "salesforce:asked"}
    body = {"family": "Asked", "account_id": customer["id"]}
    upsert = BY_KEY["netsuite.upsertPerson"]
    made = platform.ask("PUT", upsert.at(**key), platform.token("process-tier"), json=body)
    assert made.status_code == 200, made.text
    good("netsuite.upsertPerson", body, **key)
    good("netsuite.personByKey", **key)
    for system, person in (("salesforce", someone), ("netsuite", body | {"id": made.json()["id"]})):
        good(f"{system}.person", person_id=person["id"])
        update = {"fields": ["title"], "person": {"family": person["family"], "title": "Asked"}}
        good(f"{system}.updatePerson", update, person_id=person["id"])


def owing(platform: Client, good: Callable[..., None], customer: Any, project: str) -> Owing:
    """Write them, and say how they are asked for."""
    token = platform.token("process-tier")

    def write(name: str, body: Any = None, /, **values: str) -> Any:
        operation = BY_KEY[name]
        more = {} if body is None else {"json": body}
        answer = platform.ask(operation.method, operation.at(**values), token, **more)
        assert answer.status_code == 200, (name, answer.text)
        good(name, body, **values)
        return answer.json()

    day, currency = _open_day(platform, token), customer["default_currency"]
    entity = {"legal_entity_id": customer["legal_entity_id"], "currency": currency}
    line = {"seq": 1, "description": "Work", "net": {"amount": "900.00", "currency": currency}}
    bill = entity | {"account_id": customer["id"], "issued_on": day, "lines": [line]}
    posted = write("netsuite.upsertInvoice", bill | {"title": "Posted"}, key="bill:asked")["id"]
    write("netsuite.postInvoice", invoice_id=posted)
    less = {**line, "net": {"amount": "100.00", "currency": currency}}
    note = bill | {"kind": "credit_note", "corrects_invoice_id": posted, "lines": [less]}
    write("netsuite.creditInvoice", note, key="credit:asked")
    waiting = write("netsuite.upsertInvoice", bill | {"title": "Waiting"}, key="bill:waiting")["id"]
    who = {"resource": "katrin.behrens@acme.example"}
    time = who | {"project_id": project, "worked_on": day, "hours": "2.5", "minutes": 150}
    write("netsuite.upsertTimePosting", time, key="te:asked")
    spent = {"amount": "84.30", "currency": currency}
    receipt = {"ref": "e1", "spent_on": day, "category": "Travel", "amount": spent}
    write("netsuite.upsertExpensePosting", entity | who | {"reported_on": day, "lines": [receipt]}, key="ex:asked")
    good("netsuite.invoice", invoice_id=posted)
    good("netsuite.invoiceByKey", key="bill:asked")
    good("netsuite.timePostingByKey", key="te:asked")
    good("netsuite.expensePostingByKey", key="ex:asked")
    good("netsuite.setCustomerLifecycle", {"lifecycle": "active"}, customer_id=customer["id"])
    worked = platform.ask("GET", BY_KEY["kantata.timeEntries"].at(), token).json()["items"][0]
    billed = {"invoice_number": "INV-ASKED", "invoiced_on": day, "time_entry_ids": [worked["id"]]}
    on = {"project_id": worked["project_id"]}
    marked = write("kantata.markBilled", billed, key="bill:asked", **on)["id"]
    good("kantata.billed", key="bill:asked", **on)
    good("kantata.proforma", proforma_id=marked)
    elsewhere = (BY_KEY["kantata.markBilled"].at(key="bill:another", **on), billed)
    return Owing(draft=waiting, other_credit=note | {"lines": [line]}, other_bill=elsewhere)


def _open_day(platform: Client, token: str) -> str:
    """A day of an accounting period that is open."""
    entity = platform.ask("GET", BY_KEY["netsuite.legalEntity"].at(code="ACME-US"), token).json()
    return str(next(each["end"] for each in entity["periods"] if each["open"]))
