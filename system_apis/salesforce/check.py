"""What an org must have: the objects and fields we map, and the lists whose words we know."""

from typing import Final

from foundation.checking import Checked
from system_apis.salesforce import agreements, contracts_wire, mapping, order_wire, orders, wire

_PRICED: Final = ("SortOrder", "Quantity", "UnitPrice", "TotalPrice", "ListPrice")

CHECKS: Final = (
    Checked(
        object="Opportunity",
        fields=dict.fromkeys([*wire.Opportunity.__struct_encode_fields__, *wire.Link.__struct_encode_fields__]),
        words={"Contract_Type__c": mapping.CONTRACT_TYPES},
    ),
    Checked(object="OpportunityLineItem", fields=(*_PRICED, "Discount", "ServiceDate", "Description")),
    Checked(object="Account", fields=wire.Account.__struct_encode_fields__),
    Checked(
        object="Contact",
        fields=wire.Contact.__struct_encode_fields__,
        words={"Role__c": mapping.CONTACT_ROLES},
    ),
    Checked(object="Lead", fields=wire.Lead.__struct_encode_fields__),
    Checked(
        object="Quote",
        fields=wire.Quote.__struct_encode_fields__,
        words={"Status": mapping.QUOTE_STATUSES},
    ),
    Checked(object="QuoteLineItem", fields=(*_PRICED, "Tax_Rate__c", "Role__c")),
    Checked(
        object="Order",
        fields=order_wire.Order.__struct_encode_fields__,
        words={"StatusCode": orders.STATES},
    ),
    Checked(
        object="OrderItem",
        fields=(*_PRICED[1:], "ServiceDate", "EndDate", "Description", "OrderItemNumber"),
    ),
    Checked(object="Product2", fields=("Name", "ProductCode", "Family"), words={"Family": mapping.LINE_KINDS}),
    Checked(
        object="Contract",
        fields=contracts_wire.Agreement.__struct_encode_fields__,
        words={"Status": mapping.CONTRACT_STATUSES, "Contract_Type__c": mapping.CONTRACT_TYPES},
    ),
    Checked(
        object="Contract_Amendment__c",
        fields=contracts_wire.Amendment.__struct_encode_fields__,
        words={"Kind__c": agreements.KINDS, "Status__c": agreements.STATUSES},
    ),
    Checked(
        object="Contract_Line__c",
        fields=contracts_wire.Line.__struct_encode_fields__,
        words={"Billing_Method__c": mapping.CONTRACT_TYPES},
    ),
)
