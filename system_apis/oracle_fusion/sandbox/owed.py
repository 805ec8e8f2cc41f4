"""Receivables: invoices, receipts, what was applied, and the customer accounts of parties."""

from typing import Final

from system_apis.oracle_fusion.sandbox.shapes import (
    AMOUNT,
    CURRENCIES,
    DATE,
    ID,
    READ,
    RO,
    SEGMENT,
    STAMPS,
    TERMS,
    Attribute,
    Resource,
    flexfield,
    lov,
    one_of,
    text,
)

_LINES: Final = Resource(
    name="receivablesInvoiceLines",
    entity="InvoiceLineEO",
    key="CustomerTransactionLineId",
    methods=frozenset({"GET", "POST"}),
    attributes={
        "CustomerTransactionLineId": ID,
        "LineNumber": Attribute("integer", required=True, once=True),
        "Description": text(240, once=True),
        "Quantity": Attribute("number", required=True, once=True),
        "UnitOfMeasure": one_of("Each", "Hours", "Days", once=True),
        "UnitSellingPrice": Attribute("number", required=True, once=True),
        "LineAmount": Attribute("number", read_only=True),
        **STAMPS,
    },
    children={
        "receivablesInvoiceLineDFF": flexfield(
            "receivablesInvoiceLineDFF",
            "InvoiceLineDFF",
            "CustomerTransactionLineId",
            {"tgKind": SEGMENT, "tgProject": SEGMENT, "tgSources": SEGMENT},
        )
    },
)
_INVOICES: Final = Resource(
    name="receivablesInvoices",
    entity="InvoiceEO",
    key="CustomerTransactionId",
    finders={"PrimaryKey": ("CustomerTransactionId",)},
    attributes={
        "CustomerTransactionId": ID,
        "TransactionNumber": text(20, once=True),
        "DocumentNumber": RO,
        "TransactionSource": one_of("TIERGATE", "Manual-NES", required=True, once=True),
        "TransactionType": one_of("Invoice", required=True, once=True),
        "TransactionDate": Attribute("date", required=True),
        "DueDate": Attribute("date", once=True),
        "BillingDate": Attribute("date", once=True),
        "BillToCustomerNumber": text(30, required=True, once=True),
        "BillToCustomerName": RO,
        "BusinessUnit": text(240, required=True, once=True),
        "InvoiceCurrencyCode": one_of(*CURRENCIES, required=True, once=True),
        "PaymentTerms": one_of(*TERMS),
        "PurchaseOrder": text(50, once=True),
        "CrossReference": text(150, once=True),
        "Comments": text(1760, once=True),
        "SpecialInstructions": text(240, once=True),
        "InvoiceStatus": one_of("Complete", "Incomplete"),
        "EnteredAmount": Attribute("number", read_only=True),
        "InvoiceBalanceAmount": Attribute("number", read_only=True),
        **STAMPS,
    },
    children={
        "receivablesInvoiceLines": _LINES,
        "receivablesInvoiceDFF": flexfield(
            "receivablesInvoiceDFF",
            "InvoiceDFF",
            "CustomerTransactionId",
            {"tgProject": SEGMENT, "tgContract": SEGMENT},
        ),
    },
)
_RECEIPTS: Final = Resource(
    name="standardReceipts",
    entity="StandardReceiptEO",
    key="StandardReceiptId",
    finders={"PrimaryKey": ("StandardReceiptId",)},
    attributes={
        "StandardReceiptId": ID,
        "ReceiptNumber": text(30, required=True, once=True),
        "BusinessUnit": text(240, required=True, once=True),
        "ReceiptMethod": text(30, required=True, once=True),
        "ReceiptDate": Attribute("date", required=True, once=True),
        "AccountingDate": DATE,
        "Amount": Attribute("number", required=True, once=True),
        "Currency": one_of(*CURRENCIES, required=True, once=True),
        "CustomerAccountNumber": text(30),
        "CustomerName": RO,
        "State": RO,
        "Status": RO,
        "UnappliedAmount": Attribute("number", read_only=True),
        **STAMPS,
    },
    children={
        "remittanceReferences": Resource(
            name="remittanceReferences",
            entity="RemittanceReferenceEO",
            key="RemittanceReferenceId",
            attributes={
                "RemittanceReferenceId": ID,
                "ReceiptMatchBy": one_of("Transaction Number", required=True),
                "ReferenceNumber": text(50, required=True),
                "ReferenceAmount": AMOUNT,
            },
        )
    },
)
_ACTIVITIES: Final = Resource(
    name="receivablesCustomerAccountActivities",
    entity="CustomerAccountActivityVO",
    key="AccountId",
    methods=READ,
    finders={"CustomerAccountActivitiesFinder": ("AccountNumber",)},
    optional=frozenset({"TransactionLimitByDays", "TransactionStatus"}),
    attributes={
        "AccountId": ID,
        "AccountNumber": RO,
        "CustomerName": RO,
        "TotalOpenReceivablesForAccount": Attribute("number", read_only=True),
    },
    children={
        "standardReceiptApplications": Resource(
            name="standardReceiptApplications",
            entity="ReceiptApplicationVO",
            key="ApplicationId",
            methods=READ,
            attributes={
                "ApplicationId": ID,
                "ApplicationDate": DATE,
                "ApplicationAmount": AMOUNT,
                "ApplicationStatus": RO,
                "ReferenceTransactionNumber": RO,
                "ReferenceTransactionId": ID,
                "StandardReceiptId": ID,
                "ReceiptNumber": RO,
            },
        )
    },
)
OWED: Final = (
    _INVOICES,
    _RECEIPTS,
    _ACTIVITIES,
    lov(
        "customerAccountSitesLOV",
        "SiteUseId",
        SiteUseId=ID,
        CustomerName=RO,
        AccountNumber=RO,
        CustomerAccountId=ID,
        PartyNumber=RO,
        SiteName=RO,
        PrimarySite=RO,
        SetName=RO,
    ),
)
