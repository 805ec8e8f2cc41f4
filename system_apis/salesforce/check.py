"""What an org must have: the objects and fields we map, and the lists whose words we know."""

from typing import Final

from foundation.checking import Checked
from system_apis.salesforce import mapping, wire

LINE_COLUMNS: Final = ("SortOrder", "Quantity", "UnitPrice", "TotalPrice", "Role__c")

CHECKS: Final = (
    Checked(
        object="Opportunity",
        fields=dict.fromkeys([*wire.Opportunity.__struct_encode_fields__, *wire.Link.__struct_encode_fields__]),
        words={"Contract_Type__c": mapping.CONTRACT_TYPES},
    ),
    Checked(object="Account", fields=wire.Account.__struct_encode_fields__),
    Checked(
        object="Contact",
        fields=wire.Contact.__struct_encode_fields__,
        words={"Role__c": mapping.CONTACT_ROLES},
    ),
    Checked(
        object="Quote",
        fields=wire.Quote.__struct_encode_fields__,
        words={"Status": mapping.QUOTE_STATUSES},
    ),
    Checked(object="QuoteLineItem", fields=LINE_COLUMNS),
    Checked(object="Product2", fields=("Name", "Family"), words={"Family": mapping.LINE_KINDS}),
    Checked(
        object="Contract",
        fields=wire.Contract.__struct_encode_fields__,
        words={"Status": mapping.CONTRACT_STATUSES, "Contract_Type__c": mapping.CONTRACT_TYPES},
    ),
)
