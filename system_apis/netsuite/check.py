"""What an account must have: the record types and fields we map. Its metadata catalogue tells no list's values."""

from typing import Final

from foundation.checking import Checked
from system_apis.netsuite import wire

CHECKS: Final = (
    Checked(object="customer", fields=wire.Customer.__struct_encode_fields__),
    Checked(object="job", fields=wire.Job.__struct_encode_fields__),
    Checked(object="salesOrder", fields=wire.SalesOrder.__struct_encode_fields__),
    Checked(object="billingSchedule", fields=wire.BillingSchedule.__struct_encode_fields__),
    Checked(
        object="subsidiary",
        fields=("custrecord_tg_code", "custrecord_tg_time_zone", "custrecord_tg_ic_partners", "currency", "country"),
    ),
)
