"""What stands on a customer's sales, found by Tryton's own client and printed as JSON; run in Tryton's own environment.

python sales_read_back.py <trytond.conf> <database> <party's id>
"""

import json
import sys
from typing import Any

from proteus import Model, config


def main(conf: str, database: str, party: str) -> None:
    """All sales of a party, as their forms show them, in the order they were made in."""
    config.set_trytond(database=database, user="admin", config_file=conf)
    found = Model.get("sale.sale").find([("party", "=", int(party))], order=[("id", "ASC")])
    print(json.dumps([shown(each) for each in found]))


def shown(sale: Any) -> dict[str, Any]:
    """What a person reads on a sale's form."""
    return {
        "state": sale.state,
        "company": sale.company.party.code,
        "description": sale.description,
        "reference": sale.reference,
        "date": sale.sale_date.isoformat() if sale.sale_date else None,
        "terms": sale.payment_term.name if sale.payment_term else None,
        "bills": sale.invoice_method,
        "currency": sale.currency.code,
        "net": str(sale.untaxed_amount),
        "comment": (sale.comment or "").splitlines(),
        "lines": [line(each) for each in sale.lines],
        "invoices": len(sale.invoices),
    }


def line(found: Any) -> dict[str, Any]:
    """One of its lines."""
    return {
        "product": found.product.code if found.product else None,
        "description": found.description,
        "quantity": found.quantity,
        "price": str(found.unit_price),
        "amount": str(found.amount),
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
