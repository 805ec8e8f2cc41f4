"""What an account must let us see. There is no metadata of standard fields: a record is what they are compared with."""

from typing import Final

from foundation.checking import Checked
from system_apis.kantata import billing_wire, wire

_EXPENSE: Final = tuple(name for name in wire.Expense.__struct_encode_fields__ if name != "invoice_id")
"""Which invoice an expense is on, not every account tells (QUIRKS 28)."""
CHECKS: Final = (
    Checked(object="workspaces", fields=wire.Workspace.__struct_encode_fields__),
    Checked(object="stories", fields=wire.Story.__struct_encode_fields__),
    Checked(object="external_references", fields=wire.Reference.__struct_encode_fields__),
    Checked(object="workspace_resources", fields=wire.Resource.__struct_encode_fields__),
    Checked(object="workspace_allocations", fields=wire.Allocation.__struct_encode_fields__),
    Checked(object="invoices", fields=billing_wire.Invoice.__struct_encode_fields__),
    Checked(object="rate_cards", fields=billing_wire.RateCard.__struct_encode_fields__),
    Checked(object="rate_card_versions", fields=billing_wire.RateCardVersion.__struct_encode_fields__),
    Checked(object="time_entries", fields=wire.TimeEntry.__struct_encode_fields__),
    Checked(object="expenses", fields=_EXPENSE),
    Checked(object="posts", fields=wire.Post.__struct_encode_fields__),
)
