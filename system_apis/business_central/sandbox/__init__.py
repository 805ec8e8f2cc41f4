"""A Business Central environment as we must expect it: Entra sign-in, companies, OData v4 pages, versions, its errors.

A change without `If-Match` is refused, an empty value is never null, a list's blank is escaped, lines are not changed
with their document, the company's own currency is none. No app is known at first:

    PUT /_sandbox/options/tenant          "<directory id>"
    PUT /_sandbox/options/apps            {"<client id>": {"secret": "...", "granted": true}}
    PUT /_sandbox/options/denied_pages    ["billingSchedule"]             no permission on the table
    PUT /_sandbox/options/hidden_fields   ["customer.taxCountry"]         the extension's page has no such field
    PUT /_sandbox/options/more_values     {"project.status": ["Paused"]}
    PUT /_sandbox/options/request_limit   6000                            calls in five minutes
"""

from foundation.sandbox import Box, Record, Sandbox, Store, answer
from system_apis.business_central.sandbox import entra, rest, tables
from system_apis.business_central.sandbox.errors import error, stale, throttled
from system_apis.business_central.sandbox.schema import PAGES
from system_apis.business_central.sandbox.seed import company_of, seed

_MAINTENANCE = "<html><head><title>Service Unavailable</title></head><body>Service Unavailable</body></html>"


def _enter(box: Box, kind: str, fields: Record) -> str:
    """A record of a seed file; `company` names the company it is in."""
    company = company_of(box, str(fields.pop("company", "ACME-DE")))
    return str(tables.create(box, company, PAGES[kind], fields)["id"])


def _customer(record: Record, _: Store) -> str:
    return f"{record['displayName']} in {record['_company']}"


def _order(record: Record, _: Store) -> str:
    number, key = record["contractNumber"], record["tiergateKey"]
    return f"contract {number} of customer {record['customerId']}" if number else key and f"order {key}"


def _order_line(record: Record, _: Store) -> str:
    """A line with a reference may be taken back and come again; that it is there once, its unique key says."""
    if record["tiergateReference"]:
        return ""
    return f"line {record['sequence']} {record['description']} of order {record['documentId']}"


def _project(record: Record, _: Store) -> str:
    return f"{record['displayName']} for customer {record['billToCustomerId']}"


SANDBOX = Sandbox(
    name="business_central",
    title="Business Central",
    routes=(entra.token, *rest.ROUTES),
    seed=seed,
    enter=_enter,
    kinds=frozenset(page.set for page in PAGES.values() if page.writable and not page.parent),
    facts={
        "customers": _customer,
        "contacts": lambda record, _: f"{record['email']} at {record['customerId']}",
        "salesOrders": _order,
        "salesOrderLines": _order_line,
        "projects": _project,
        "projectTasks": lambda record, _: f"task {record['number']} of project {record['projectId']}",
        "billingSchedules": lambda record, _: f"plan of project {record['projectId']}",
        "timeRegistrationEntries": lambda record, _: record["tiergateKey"] and f"time {record['tiergateKey']}",
        "salesInvoices": lambda record, _: record["tiergateKey"] and f"invoice {record['tiergateKey']}",
        "salesInvoiceLines": lambda record, _: f"line {record['sequence']} of {record['documentId']}",
        "salesCreditMemos": lambda record, _: record["tiergateKey"] and f"credit memo {record['tiergateKey']}",
        "salesCreditMemoLines": lambda record, _: f"line {record['sequence']} of {record['documentId']}",
        "projectPlanningLines": lambda record, _: f"line {record['lineReference']} of {record['documentId']}",
    },
    answers={
        "throttled": lambda _: throttled(),
        "expired_token": entra.expired,
        "server_error": lambda _: error(500, "Internal_ServerError", "An error occurred on the server."),
        "html_error": lambda _: answer(503, _MAINTENANCE, media_type="text/html"),
        "stale_version": lambda _: stale(),
        "not_found": lambda _: error(404, "BadRequest_NotFound", "Resource not found."),
        "method_not_allowed": lambda _: error(405, "BadRequest_MethodNotAllowed", "It is not allowed here."),
        "crash": lambda _: error(500, "Unknown", "An unexpected error occurred."),
    },
    volatile=frozenset({"lastModifiedDateTime", "_version"}),
    options={
        "tenant": "",
        "environment": "Production",
        "apps": {},
        "denied_pages": [],
        "hidden_fields": [],
        "more_values": {},
        "request_limit": 6000,
        "largest_page": 20000,
    },
    tls=True,
)
