"""What is sold and ordered: items, their structures, and sales orders."""

from typing import Final

from system_apis.oracle_fusion.sandbox.shapes import (
    AMOUNT,
    CURRENCIES,
    ID,
    READ,
    RO,
    SEGMENT,
    STAMPS,
    TERMS,
    Attribute,
    Resource,
    flexfield,
    one_of,
    text,
)

SEGMENTS: Final = "HeaderEffBTIERGATEprivateVO"
_FLAG: Final = Attribute("boolean")
_KEPT: Final = frozenset({"GET", "POST", "PATCH"})
_ITEMS: Final = Resource(
    name="itemsV2",
    entity="ItemEO",
    key="ItemId",
    hashed=True,
    methods=_KEPT,
    alternate=("OrganizationCode", "ItemNumber"),
    attributes={
        "ItemId": ID,
        "OrganizationId": ID,
        "OrganizationCode": text(18, required=True, once=True),
        "ItemNumber": text(300, required=True, once=True),
        "ItemDescription": text(240),
        "ItemStatusValue": one_of("Active", "Inactive"),
        "CustomerOrderEnabledFlag": _FLAG,
        "InventoryItemFlag": _FLAG,
        "PickComponentsFlag": _FLAG,
        "PrimaryUOMValue": text(25),
        "LastUpdateDateTime": Attribute("datetime", read_only=True),
    },
    children={"ItemDFF": flexfield("ItemDFF", "ItemDFF", "ItemId", {"tgKind": SEGMENT, "tgTax": SEGMENT})},
)
_STRUCTURES: Final = Resource(
    name="itemStructures",
    entity="ItemStructureEO",
    key="BillSequenceId",
    methods=_KEPT,
    attributes={
        "BillSequenceId": ID,
        "ItemNumber": text(300, required=True, once=True),
        "OrganizationCode": text(18, required=True, once=True),
        "StructureName": text(80, required=True, once=True),
        **STAMPS,
    },
    children={
        "Component": Resource(
            name="Component",
            entity="ItemStructureComponentEO",
            key="ComponentSequenceId",
            attributes={
                "ComponentSequenceId": ID,
                "ComponentItemNumber": text(300, required=True),
                "Quantity": Attribute("number", required=True),
            },
        )
    },
)
_PRICE: Final = Resource(
    name="chargeComponents",
    entity="OrderChargeComponentEO",
    key="OrderChargeComponentId",
    attributes={
        "OrderChargeComponentId": ID,
        "SourceChargeComponentId": text(120, required=True),
        "PriceElementCode": text(30, required=True),
        "PriceElementUsageCode": text(30, required=True),
        "HeaderCurrencyUnitPrice": Attribute("number", required=True),
        "HeaderCurrencyExtendedAmount": Attribute("number", required=True),
        "RollupFlag": _FLAG,
        "SequenceNumber": Attribute("integer", required=True),
    },
)
_CHARGE: Final = Resource(
    name="charges",
    entity="OrderChargeEO",
    key="OrderChargeId",
    attributes={
        "OrderChargeId": ID,
        "SourceChargeId": text(120, required=True),
        "ApplyTo": one_of("Price", "Shipping"),
        "PricedQuantity": AMOUNT,
        "PriceType": one_of("One time", "Recurring"),
        "ChargeType": text(80),
        "ChargeSubType": text(80),
        "ChargeCurrencyCode": one_of(*CURRENCIES),
        "SequenceNumber": Attribute("integer"),
        "ChargeDefinitionCode": text(30),
        "PrimaryFlag": _FLAG,
        "RollupFlag": _FLAG,
    },
    children={"chargeComponents": _PRICE},
)
_LINES: Final = Resource(
    name="lines",
    entity="FulfillLineEO",
    key="FulfillLineId",
    hashed=True,
    attributes={
        "FulfillLineId": ID,
        "SourceTransactionLineId": text(50, required=True, once=True),
        "SourceTransactionLineNumber": text(100, once=True),
        "SourceTransactionScheduleId": text(50, once=True),
        "SourceScheduleNumber": text(50, once=True),
        "TransactionCategoryCode": one_of("ORDER", "RETURN", once=True),
        "ProductNumber": text(300, required=True, once=True),
        "ProductDescription": RO,
        "OrderedQuantity": Attribute("number", required=True),
        "OrderedUOM": text(25),
        "Comments": text(2000),
        "CancelReason": one_of("Tiergate", "Out of Stock"),
        "StatusCode": RO,
    },
    children={
        "charges": _CHARGE,
        "lineDetails": Resource(
            name="lineDetails",
            entity="FulfillLineDetailEO",
            key="FulfillLineDetailId",
            methods=READ,
            attributes={
                "FulfillLineDetailId": ID,
                "BillingTransactionNumber": RO,
                "BillingTransactionDate": RO,
            },
        ),
    },
)
_DETAILS: Final = Resource(
    name="additionalInformation",
    entity="HeaderEffCategoryEO",
    key="EffLineId",
    alternate=("Category",),
    attributes={"EffLineId": ID, "Category": one_of("DOO_HEADERS_ADD_INFO", required=True, once=True)},
    children={
        SEGMENTS: Resource(
            name=SEGMENTS,
            entity="HeaderEffBTIERGATEEO",
            key="EffLineId",
            single=True,
            attributes={
                "EffLineId": ID,
                "ContextCode": one_of("TIERGATE", required=True, once=True),
                "tgKey": SEGMENT,
                "tgTitle": SEGMENT,
                "tgQuote": SEGMENT,
                "tgOpportunity": SEGMENT,
                "tgCancelled": SEGMENT,
            },
        )
    },
)
_ORDERS: Final = Resource(
    name="salesOrdersForOrderHub",
    entity="SalesOrderEO",
    key="OrderKey",
    revised=True,
    methods=_KEPT,
    alternate=("SourceTransactionSystem", "SourceTransactionId"),
    finders={"PrimaryKey": ("HeaderId",)},
    attributes={
        "OrderKey": RO,
        "HeaderId": ID,
        "OrderNumber": RO,
        "SourceTransactionSystem": text(30, required=True, once=True),
        "SourceTransactionId": text(50, required=True, once=True),
        "SourceTransactionNumber": text(50, required=True, once=True),
        "BusinessUnitName": text(240, required=True, once=True),
        "RequestingBusinessUnitName": text(240, once=True),
        "BuyingPartyNumber": text(30, required=True, once=True),
        "BuyingPartyName": RO,
        "TransactionTypeCode": one_of("STD", once=True),
        "TransactionOn": Attribute("datetime"),
        "TransactionalCurrencyCode": one_of(*CURRENCIES, required=True, once=True),
        "PaymentTerms": one_of(*TERMS),
        "CustomerPONumber": text(50),
        "FreezePriceFlag": _FLAG,
        "FreezeShippingChargeFlag": _FLAG,
        "FreezeTaxFlag": _FLAG,
        "SubmittedFlag": _FLAG,
        "StatusCode": RO,
        "MessageText": RO,
        "ChangeVersionNumber": Attribute("integer", read_only=True),
        **STAMPS,
    },
    children={
        "billToCustomer": Resource(
            name="billToCustomer",
            entity="BillToCustomerEO",
            key="AddressId",
            attributes={"AddressId": ID, "AccountNumber": text(30, required=True), "PartyName": RO},
        ),
        "shipToCustomer": Resource(
            name="shipToCustomer",
            entity="ShipToCustomerEO",
            key="AddressId",
            attributes={"AddressId": ID, "PartyNumber": text(30, required=True), "PartyName": RO},
        ),
        "lines": _LINES,
        "additionalInformation": _DETAILS,
    },
)
ORDERED: Final = (_ITEMS, _STRUCTURES, _ORDERS)
