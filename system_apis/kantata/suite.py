"""What the port suite has to know of Kantata."""

from typing import Final

from canonical.objects import ExpenseReport, Invoice, Project, RateCard, TimeEntry
from canonical.ports.systems import Bookings, Projects, ResourceDemands
from foundation.sandbox import Box, Strange, Suite, Switch
from system_apis.kantata.mapping import BETWEEN, TITLE_LENGTH
from system_apis.kantata.sandbox.brainstem import create, delete, resolved
from system_apis.kantata.sandbox.submissions import SUBMISSIONS


def _deleted(box: Box, native_id: str) -> None:
    box.store.delete("workspaces", native_id)


def _person(box: Box, email: str) -> str:
    return str(box.store.find("users", email_address=email)[0]["id"])


def plant_time(box: Box, entry: TimeEntry) -> str:
    """Somebody's time, entered and approved."""
    fields = {
        "workspace_id": entry.project_id,
        "user_id": _person(box, entry.resource),
        "date_performed": entry.worked_on.isoformat(),
        "time_in_minutes": entry.minutes,
        "notes": entry.notes,
        "billable": entry.billable,
    }
    made = create(box, "time_entries", fields)
    box.store.update("time_entries", made["id"], {"approved": entry.status == "approved"})
    return str(made["id"])


def plant_expense(box: Box, report: ExpenseReport) -> str:
    """Somebody's expense, entered in a workspace that asks for approval, and approved on an expense report."""
    (line,) = report.lines
    fields = {
        "workspace_id": line.project_id,
        "user_id": _person(box, report.resource),
        "date": line.spent_on.isoformat(),
        "category": line.category,
        "amount_in_cents": line.amount.to_minor(),
        "currency": line.amount.currency,
        "notes": line.description,
        "billable": line.billable,
    }
    box.store.update("workspaces", str(line.project_id), {"require_expense_approvals": True})
    made = create(box, "expenses", fields)
    if report.status == "approved":
        handed_in = {name: fields[name] for name in ("workspace_id", "user_id")}
        handed_in |= {"title": report.title or "Expenses", "line_item_ids": [made["id"]]}
        resolved(box, create(box, SUBMISSIONS, handed_in)["id"], "approve")
    return str(made["id"])


def plant_invoice(box: Box, proforma: Invoice) -> str:
    """A draft whose lines are items of its own."""
    items = [{"notes": line.description, "amount": line.net.amount} for line in proforma.lines]
    fields = {
        "workspace_id": proforma.project_id,
        "payment_schedule": 30,
        "invoice_date": proforma.issued_on.isoformat(),
        "user_invoice_title": proforma.title,
        "draft": True,
        "additional_items": items,
    }
    return str(create(box, "invoices", fields)["id"])


def plant_rates(box: Box, rate_card: RateCard) -> str:
    """A set with one currency, published."""
    of = create(box, "rate_card_sets", {"title": rate_card.name})["id"]
    start = rate_card.rates[0].valid_from if rate_card.rates else None
    day = start.isoformat() if start else None
    version = create(box, "rate_card_set_versions", {"rate_card_set_id": of, "effective_date": day})["id"]
    box.store.update("rate_card_set_versions", version, {"active": True})
    fields = {"rate_card_set_id": of, "rate_card_set_version_id": version, "currency": rate_card.currency}
    card = create(box, "rate_cards", fields)["id"]
    (own,) = box.store.find("rate_card_versions", rate_card_id=card)
    for rate in rate_card.rates:
        known = box.store.find("roles", name=rate.role) or [create(box, "roles", {"name": rate.role})]
        of_role = {"rate_card_version_id": own["id"], "role_id": known[0]["id"], "rate": rate.price.to_minor()}
        create(box, "rate_card_roles", of_role)
    return str(card)


SUITE: Final = Suite(
    url="https://api.mavenlink.com",
    sign_in={"token": "${KANTATA_TOKEN}"},
    cuts={Project: {"name": TITLE_LENGTH - len("DE-27-0077") - len(BETWEEN)}},
    signs_in_once="Its bearer tokens do not expire; a revoked one is renewed by an administrator.",
    heads={Project: {"tasks": "They are stories, read with one project.", "milestones": "So are they."}},
    plant={
        TimeEntry: plant_time,
        ExpenseReport: plant_expense,
        Invoice: plant_invoice,
        RateCard: plant_rates,
    },
    remove={
        Project: _deleted,
        TimeEntry: lambda box, native_id: delete(box, "time_entries", native_id),
        ExpenseReport: lambda box, native_id: delete(box, "expenses", native_id),
        Invoice: lambda box, native_id: delete(box, "invoices", native_id),
        RateCard: lambda box, native_id: delete(box, "rate_cards", native_id),
    },
    no_tombstones={Project: "Only the screen deletes a workspace, and no feed tells it."},
    unguarded=dict.fromkeys(
        (Projects, ResourceDemands, Bookings), "No record has a version to be sent with a change: the last write wins."
    ),
    denied=Switch(option="denied", value=["workspace_resources"], object="workspace_resources"),
    strange=Strange(
        kind=Project,
        table="workspaces",
        column="status",
        value={"key": 977, "message": "Paused"},
        field="workspaces.status",
        word="977 (Paused)",
    ),
)
