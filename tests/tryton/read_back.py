"""What became of a deal, found by Tryton's own client and printed as JSON; run in Tryton's own environment.

python read_back.py <trytond.conf> <database> <project's code>
"""

import json
import sys
from typing import Any

from proteus import Model, config


def main(conf: str, database: str, code: str) -> None:
    """Find the project by its code, and everything that belongs to its customer."""
    config.set_trytond(database=database, user="admin", config_file=conf)
    Work, Sale, Invoice = (Model.get(name) for name in ("project.work", "sale.sale", "account.invoice"))
    (work,) = Work.find([("comment", "like", f"%tiergate.code: {code}%")])
    print(
        json.dumps(
            {
                "project": project(work),
                "tasks": tasks(work),
                "customer": customer(work.party),
                "sales": [sale(each) for each in Sale.find([("party", "=", work.party.id)], order=[("id", "ASC")])],
                "invoices": [
                    invoice(each) for each in Invoice.find([("party", "=", work.party.id)], order=[("id", "ASC")])
                ],
            }
        )
    )


def project(work: Any) -> dict[str, Any]:
    """A project with its hours."""
    lines = Model.get("timesheet.line").find([("work.origin", "=", f"project.work,{work.id}")])
    return {
        "name": work.name,
        "type": work.type,
        "status": work.status.name,
        "company": work.company.party.code,
        "comment": work.comment.splitlines(),
        "bills": work.project_invoice_method,
        "takes_hours": work.timesheet_available,
        "hours": [
            {
                "who": line.employee.party.name,
                "date": line.date.isoformat(),
                "seconds": line.duration.total_seconds(),
                "billed": line.invoice_line is not None,
            }
            for line in lines
        ],
        "invoiced": str(work.invoiced_amount),
        "to_invoice": str(work.amount_to_invoice),
    }


def tasks(work: Any) -> list[dict[str, Any]]:
    """The works below one, each with what stands below it behind it."""
    found = []
    for child in sorted(work.children, key=lambda each: each.id):
        lines = Model.get("timesheet.line").find([("work.origin", "=", f"project.work,{child.id}")])
        found.append(
            {
                "name": child.name,
                "type": child.type,
                "below": work.name,
                "company": child.company.party.code,
                "status": child.status.name,
                "comment": child.comment.splitlines(),
                "effort": child.effort_duration.total_seconds() if child.effort_duration else 0,
                "takes_hours": child.timesheet_available,
                "last_day": child.timesheet_end_date.isoformat() if child.timesheet_end_date else None,
                "hours": sum(line.duration.total_seconds() for line in lines),
            }
        )
        found += tasks(child)
    return found


def customer(party: Any) -> dict[str, Any]:
    """A customer."""
    return {
        "name": party.name,
        "identifiers": [[each.type, each.code] for each in party.identifiers],
        "city": party.addresses[0].city,
        "country": party.addresses[0].country.code,
        "terms": party.customer_payment_term.name,
        "currency": party.customer_currency.code,
    }


def sale(found: Any) -> dict[str, Any]:
    """A contract or a billing plan."""
    return {
        "state": found.state,
        "company": found.company.party.code,
        "description": found.description,
        "reference": found.reference,
        "currency": found.currency.code,
        "net": str(found.untaxed_amount),
        "lines": [[line.description, str(line.amount)] for line in found.lines],
    }


def invoice(found: Any) -> dict[str, Any]:
    """An invoice."""
    return {
        "number": found.number,
        "state": found.state,
        "date": found.invoice_date.isoformat() if found.invoice_date else None,
        "company": found.company.party.code,
        "currency": found.currency.code,
        "net": str(found.untaxed_amount),
        "tax": str(found.tax_amount),
        "gross": str(found.total_amount),
        "open": str(found.amount_to_pay),
        "moved": found.move is not None,
        "lines": [[line.description, line.quantity, str(line.unit_price), str(line.amount)] for line in found.lines],
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
