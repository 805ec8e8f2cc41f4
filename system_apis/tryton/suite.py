"""What the port suite has to know of Tryton."""

from typing import Final

from canonical.dates import now
from canonical.objects import (
    BillingSchedule,
    Contact,
    Contract,
    Customer,
    Invoice,
    Project,
    SalesOrder,
    TimeEntry,
)
from foundation.sandbox import Box, Strange, Suite, Switch
from foundation.sandbox.suite import Touch
from system_apis.tryton.sandbox import records


def _edited(model: str, field: str) -> Touch:
    def touch(box: Box, native_id: str) -> None:
        records.write(box, model, int(native_id), {field: "Edited"})

    return touch


def _deleted(model: str) -> Touch:
    def delete(box: Box, native_id: str) -> None:
        box.store.delete(model, native_id)

    return delete


SUITE: Final = Suite(
    url="https://erp.acme.example",
    sign_in={"database": "${TRYTON_DATABASE}", "user": "${TRYTON_USER}", "password": "${TRYTON_PASSWORD}"},
    fits={Invoice: {"issued_on": now().date()}},  # what is dated in the future it posts for a person only
    loses={
        Contact: {
            "roles": "What somebody is to a customer is the type of a relation, and ours is one for all contacts.",
            "language": "The language of a party is that of what is printed for it, and people's to set.",
            "marketing_opt_out": "Who may be advertised to stands in lists of a module of its own.",
        },
        Customer: {"legal_entity_id": "A party belongs to all companies of the database at once."},
        TimeEntry: {"status": "Tryton knows no approval: hours that are there are posted."},
        Project: {
            "tasks": "A project's tasks are the PSA's until it is set up: its work breakdown is written page by page.",
            "milestones": "Milestones are the PSA's; what they bill stands in the billing schedule.",
        },
    },
    touch={
        Customer: _edited("party.party", "name"),
        Contact: _edited("party.party", "name"),
        Contract: _edited("sale.sale", "description"),
        SalesOrder: _edited("sale.sale", "description"),
        Project: _edited("project.work", "name"),
        TimeEntry: _edited("timesheet.line", "description"),
        Invoice: _edited("account.invoice", "description"),
        BillingSchedule: _edited("sale.sale", "description"),
    },
    heads={Customer: {"credit": "What a party owes is asked company by company, and told of one customer."}},
    remove={
        Customer: _deleted("party.party"),
        Contact: _deleted("party.party"),
        Project: _deleted("project.work"),
        Invoice: _deleted("account.invoice"),
    },
    no_tombstones=dict.fromkeys(
        (Customer, Contact, Project, Invoice), "A deleted record leaves nothing that can be asked for."
    ),
    denied=Switch(option="denied_models", value=["sale.sale"], object="sale.sale"),
    hidden=Switch(
        option="hidden_fields",
        value=["party.party.customer_currency"],
        object="party.party",
        field="customer_currency",
    ),
    strange=Strange(
        kind=Invoice,
        table="account.invoice",
        column="state",
        value="lapsed",
        field="account.invoice.state",
        word="lapsed",
    ),
)
