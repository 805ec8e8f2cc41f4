"""What an account must have: the record types and fields we map.

Its metadata catalogue tells the values of the vendor's own lists, which nobody adds to. What a firm adds to (project
statuses) is a record type there, so that a new one shows in a project.
"""

from typing import Final

from foundation.checking import Checked
from system_apis.netsuite import (
    contracts_wire,
    effort_wire,
    orders_wire,
    people_wire,
    receivables_wire,
    tasks_wire,
    wire,
)

CHECKS: Final = (
    Checked(object="customer", fields=wire.Customer.__struct_encode_fields__),
    Checked(object="contact", fields=people_wire.Contact.__struct_encode_fields__),
    Checked(object="job", fields=wire.Job.__struct_encode_fields__),
    Checked(object="projectTask", fields=tasks_wire.Task.__struct_encode_fields__),
    Checked(
        object="salesOrder",
        fields=dict.fromkeys(
            [*contracts_wire.Terms.__struct_encode_fields__, *orders_wire.Order.__struct_encode_fields__],
        ),
    ),
    Checked(object="billingSchedule", fields=wire.BillingSchedule.__struct_encode_fields__),
    Checked(object="invoice", fields=receivables_wire.Invoice.__struct_encode_fields__),
    Checked(object="creditMemo", fields=receivables_wire.CreditMemo.__struct_encode_fields__),
    Checked(object="customerPayment", fields=receivables_wire.Payment.__struct_encode_fields__),
    Checked(object="timeBill", fields=effort_wire.TimeBill.__struct_encode_fields__),
    Checked(object="expenseReport", fields=effort_wire.ExpenseReport.__struct_encode_fields__),
    Checked(
        object="subsidiary",
        fields=("custrecord_tg_code", "custrecord_tg_time_zone", "custrecord_tg_ic_partners", "currency", "country"),
    ),
)
