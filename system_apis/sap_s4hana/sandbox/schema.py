"""The services, entity sets and properties of the sandbox, as tables."""

from typing import Final

from system_apis.sap_s4hana.sandbox.entity_sets import EntitySet
from system_apis.sap_s4hana.sandbox.entity_sets import entity_set as _set
from system_apis.sap_s4hana.sandbox.product_schema import PRODUCT_SETS
from system_apis.sap_s4hana.sandbox.project_schema import PROJECT_SETS

BP, SC, SO, CC, DM, CM, BD, AI = (
    "API_BUSINESS_PARTNER",
    "API_SALES_CONTRACT_SRV",
    "API_SALES_ORDER_SRV",
    "API_COMPANYCODE_SRV",
    "API_DEBIT_MEMO_REQUEST_SRV",
    "API_CREDIT_MEMO_REQUEST_SRV",
    "API_BILLING_DOCUMENT_SRV",
    "API_OPLACCTGDOCITEMCUBE_SRV",
)
_SALES_HEAD: Final = (
    " SalesOrganization:4! DistributionChannel:2! OrganizationDivision:2! SoldToParty:10! PurchaseOrderByCustomer:35"
    " TransactionCurrency:5 CustomerPaymentTerms:4 HeaderBillingBlockReason:2 CreationDate:date* TotalNetAmount:amount*"
    " LastChangeDateTime:stamp* YY1_TGKey_SDH:100 YY1_TGMethod_SDH:20"
)
_CONTACT: Final = "RelationshipNumber BusinessPartnerCompany BusinessPartnerPerson ValidityEndDate"
_ITEM: Final = (
    " Material:40! RequestedQuantity:amount RequestedQuantityUnit:3 NetAmount:amount* TransactionCurrency:5*"
    " SalesDocumentRjcnReason:2"
)
_BILLABLE: Final = (
    " BillingDocumentDate:date ReferenceSDDocument:10 ReferenceSDDocumentCategory:4 OverallOrdReltdBillgStatus:1*"
    " OverallSDProcessStatus:1* YY1_TGName_SDH:100 YY1_TGContract_SDH:100 YY1_TGProject_SDH:100"
)
_BILLABLE_ITEM: Final = _ITEM + " WBSElement:24 YY1_TGKind_SDI:20 YY1_TGRefs_SDI:1333"
_PRICE: Final = (
    " PricingProcedureStep:3# PricingProcedureCounter:3# ConditionType:4! ConditionRateValue:amount ConditionCurrency:5"
    " ConditionAmount:amount*"
)


def _requests(service: str, word: str, pricing: str, *, more: str = "") -> tuple[EntitySet, ...]:
    """Requests that are billed: debit memos and credit memos, with their items and prices."""
    key, item = f"{word}MemoRequest", f"{word}MemoRequest {word}MemoRequestItem"
    return (
        _set(
            service,
            f"A_{key}",
            key,
            f"{key}:10# {key}Type:4! {key}Date:date" + _SALES_HEAD + _BILLABLE + more,
            versioned=True,
            to_Item=(f"A_{key}Item", key),
        ),
        _set(
            service,
            f"A_{key}Item",
            item,
            f"{key}:10 {key}Item:6# {key}ItemText:40" + _BILLABLE_ITEM,
            to_PricingElement=(pricing, item),
        ),
        _set(
            service,
            pricing,
            f"{item} PricingProcedureStep PricingProcedureCounter",
            f"{key}:10 {key}Item:6" + _PRICE,
        ),
    )


SETS: Final = {
    each.name: each
    for each in (
        _set(
            BP,
            "A_BusinessPartner",
            "BusinessPartner",
            "BusinessPartner:10# Customer:10* Supplier:10* BusinessPartnerCategory:1! BusinessPartnerFullName:81*"
            " BusinessPartnerName:81* BusinessPartnerGrouping:4 BusinessPartnerUUID:guid* OrganizationBPName1:40"
            " OrganizationBPName2:40 OrganizationBPName3:40 OrganizationBPName4:40 FirstName:40 LastName:40"
            " SearchTerm1:20"
            " BusinessPartnerIsBlocked:bool IsMarkedForArchiving:bool CreationDate:date* LastChangeDate:date*"
            " LastChangeTime:time* BusinessPartnerIDByExtSystem:20 LastChangeDateTime:stamp*",
            versioned=True,
            to_BusinessPartnerAddress=("A_BusinessPartnerAddress", "BusinessPartner"),
            to_BusinessPartnerRole=("A_BusinessPartnerRole", "BusinessPartner"),
            to_BusinessPartnerTax=("A_BusinessPartnerTaxNumber", "BusinessPartner"),
            to_BuPaIdentification=("A_BuPaIdentification", "BusinessPartner"),
            to_Customer=("A_Customer", "Customer", True),
            to_BusinessPartnerContact=("A_BusinessPartnerContact", "BusinessPartnerCompany=BusinessPartner"),
        ),
        _set(
            BP,
            "A_BusinessPartnerContact",
            _CONTACT,
            "RelationshipNumber:12# BusinessPartnerCompany:10! BusinessPartnerPerson:10! ValidityEndDate:date!"
            " ValidityStartDate:date IsStandardRelationship:bool RelationshipCategory:6",
            to_ContactRelationship=("A_BPContactToFuncAndDept", _CONTACT, True),
        ),
        _set(
            BP,
            "A_BPContactToFuncAndDept",
            _CONTACT,
            "RelationshipNumber:12 BusinessPartnerCompany:10 BusinessPartnerPerson:10 ValidityEndDate:date"
            " RelationshipCategory:6 ContactPersonFunction:4 ContactPersonFunctionName:40 ContactPersonDepartment:4"
            " ContactPersonDepartmentName:40 PhoneNumber:30 PhoneNumberExtension:10 EmailAddress:241",
        ),
        _set(
            BP,
            "A_BusinessPartnerAddress",
            "BusinessPartner AddressID",
            "BusinessPartner:10 AddressID:10# StreetName:60 StreetPrefixName:40 HouseNumber:10 CityName:40 "
            "PostalCode:10"
            " Region:3 Country:3! POBox:10",
            to_EmailAddress=("A_AddressEmailAddress", "AddressID"),
        ),
        _set(
            BP,
            "A_AddressEmailAddress",
            "AddressID Person OrdinalNumber",
            "AddressID:10 Person:10 OrdinalNumber:3# EmailAddress:241! IsDefaultEmailAddress:bool",
        ),
        _set(
            BP,
            "A_BusinessPartnerRole",
            "BusinessPartner BusinessPartnerRole",
            "BusinessPartner:10 BusinessPartnerRole:6!",
        ),
        _set(
            BP,
            "A_BusinessPartnerTaxNumber",
            "BusinessPartner BPTaxType",
            "BusinessPartner:10 BPTaxType:4! BPTaxNumber:20",
        ),
        _set(
            BP,
            "A_BuPaIdentification",
            "BusinessPartner BPIdentificationType BPIdentificationNumber",
            "BusinessPartner:10 BPIdentificationType:6! BPIdentificationNumber:60! Country:3",
        ),
        _set(
            BP,
            "A_Customer",
            "Customer",
            "Customer:10 CustomerName:80* OrderIsBlockedForCustomer:2 BillingIsBlockedForCustomer:2"
            " PostingIsBlocked:bool"
            " DeletionIndicator:bool",
            to_CustomerCompany=("A_CustomerCompany", "Customer"),
            to_CustomerSalesArea=("A_CustomerSalesArea", "Customer"),
        ),
        _set(
            BP,
            "A_CustomerCompany",
            "Customer CompanyCode",
            "Customer:10 CompanyCode:4! ReconciliationAccount:10! PaymentTerms:4",
        ),
        _set(
            BP,
            "A_CustomerSalesArea",
            "Customer SalesOrganization DistributionChannel Division",
            "Customer:10 SalesOrganization:4! DistributionChannel:2! Division:2! Currency:5! CustomerPaymentTerms:4",
        ),
        _set(
            SC,
            "A_SalesContract",
            "SalesContract",
            "SalesContract:10# SalesContractType:4!" + _SALES_HEAD + " SalesContractValidityStartDate:date"
            " SalesContractValidityEndDate:date YY1_TGContract_SDH:100 YY1_TGOpportunity_SDH:100 YY1_TGSigned_SDH:date"
            " YY1_TGName_SDH:100 YY1_TGAmendment_SDH:10 YY1_TGDocument_SDH:100 YY1_TGNte_SDH:amount",
            versioned=True,
            to_Item=("A_SalesContractItem", "SalesContract"),
        ),
        _set(
            SC,
            "A_SalesContractItem",
            "SalesContract SalesContractItem",
            "SalesContract:10 SalesContractItem:6# SalesContractItemText:40" + _ITEM + " YY1_TGRef_SDI:20"
            " YY1_TGFrom_SDI:date YY1_TGTo_SDI:date YY1_TGMethod_SDI:20 YY1_TGNte_SDI:amount",
            to_PricingElement=("A_SalesContractItemPrcgElmnt", "SalesContract SalesContractItem"),
        ),
        _set(
            SC,
            "A_SalesContractItemPrcgElmnt",
            "SalesContract SalesContractItem PricingProcedureStep PricingProcedureCounter",
            "SalesContract:10 SalesContractItem:6 PricingProcedureStep:3# PricingProcedureCounter:3# ConditionType:4!"
            " ConditionRateValue:amount ConditionCurrency:5 ConditionAmount:amount*",
        ),
        _set(
            SO,
            "A_SalesOrder",
            "SalesOrder",
            "SalesOrder:10# SalesOrderType:4! SalesOrderDate:date" + _SALES_HEAD + " ExternalDocumentID:40"
            " OverallOrdReltdBillgStatus:1* OverallSDProcessStatus:1* YY1_TGName_SDH:100 YY1_TGProject_SDH:100"
            " YY1_TGQuote_SDH:100 YY1_TGOpportunity_SDH:100",
            versioned=True,
            to_Item=("A_SalesOrderItem", "SalesOrder"),
        ),
        _set(
            SO,
            "A_SalesOrderItem",
            "SalesOrder SalesOrderItem",
            "SalesOrder:10 SalesOrderItem:6# SalesOrderItemText:40 WBSElement:24 ReferenceSDDocument:10"
            " ReferenceSDDocumentItem:6 YY1_TGPrice_SDI:20" + _ITEM,
            to_BillingPlan=("A_SalesOrderItemBillingPlan", "SalesOrder SalesOrderItem"),
            to_PricingElement=("A_SalesOrderItemPrElement", "SalesOrder SalesOrderItem"),
        ),
        _set(
            SO,
            "A_SalesOrderItemPrElement",
            "SalesOrder SalesOrderItem PricingProcedureStep PricingProcedureCounter",
            "SalesOrder:10 SalesOrderItem:6 ConditionQuantity:amount ConditionQuantityUnit:3" + _PRICE,
        ),
        _set(
            SO,
            "A_SalesOrderItemBillingPlan",
            "SalesOrder SalesOrderItem BillingPlan",
            "SalesOrder:10 SalesOrderItem:6 BillingPlan:10# BillingPlanType:2",
            to_BillingPlanItem=("A_SlsOrderItemBillingPlanItem", "SalesOrder SalesOrderItem BillingPlan"),
        ),
        _set(
            SO,
            "A_SlsOrderItemBillingPlanItem",
            "SalesOrder SalesOrderItem BillingPlan BillingPlanItem",
            "SalesOrder:10 SalesOrderItem:6 BillingPlan:10 BillingPlanItem:6# BillingPlanBillingDate:date!"
            " BillingPlanAmount:amount TransactionCurrency:5* BillingBlockReason:2",
        ),
        *PROJECT_SETS,
        _set(
            CC,
            "A_CompanyCode",
            "CompanyCode",
            "CompanyCode:4 CompanyCodeName:25 Country:3 Currency:5 FiscalYearVariant:2",
            read_only=True,
        ),
        *PRODUCT_SETS,
        *_requests(DM, "Debit", "A_DebitMemoReqItemPrcgElmnt"),
        *_requests(CM, "Credit", "A_CreditMemoReqItemPrcgElmnt", more=" YY1_TGCorrects_SDH:100"),
        _set(
            BD,
            "A_BillingDocument",
            "BillingDocument",
            "BillingDocument:10 BillingDocumentType:4 SDDocumentCategory:4 BillingDocumentDate:date"
            " BillingDocumentIsCancelled:bool CancelledBillingDocument:10 SoldToParty:10 PayerParty:10"
            " SalesOrganization:4 CompanyCode:4 FiscalYear:4 AccountingDocument:10 TotalNetAmount:amount"
            " TaxAmount:amount TotalGrossAmount:amount TransactionCurrency:5 PurchaseOrderByCustomer:35"
            " DocumentReferenceID:16 AccountingPostingStatus:1 AccountingTransferStatus:1 CreationDate:date"
            " LastChangeDateTime:stamp",
            versioned=True,
            read_only=True,
            to_Item=("A_BillingDocumentItem", "BillingDocument"),
        ),
        _set(
            BD,
            "A_BillingDocumentItem",
            "BillingDocument BillingDocumentItem",
            "BillingDocument:10 BillingDocumentItem:6 BillingDocumentItemText:40 Material:40 BillingQuantity:amount"
            " BillingQuantityUnit:3 NetAmount:amount TransactionCurrency:5 ReferenceSDDocument:10"
            " ReferenceSDDocumentItem:6 ReferenceSDDocumentCategory:4 SalesDocument:10 SalesDocumentItem:6",
            read_only=True,
        ),
        _set(
            AI,
            "A_OperationalAcctgDocItemCube",
            "CompanyCode FiscalYear AccountingDocument AccountingDocumentItem",
            "CompanyCode:4 FiscalYear:4 AccountingDocument:10 AccountingDocumentItem:6 AccountingDocumentType:2"
            " FinancialAccountType:1 Customer:10 PostingDate:date DocumentDate:date NetDueDate:date"
            " AmountInTransactionCurrency:amount TransactionCurrency:5 DebitCreditCode:1 InvoiceReference:10"
            " InvoiceReferenceFiscalYear:4 ClearingAccountingDocument:10 ClearingDocFiscalYear:4 ClearingDate:date"
            " DocumentReferenceID:16 PaymentMethod:1 BillingDocument:10 LastChangeDate:date",
            read_only=True,
        ),
    )
}
SERVICES: Final = frozenset(each.service for each in SETS.values())
EDM: Final = {
    "text": "Edm.String",
    "date": "Edm.DateTime",
    "stamp": "Edm.DateTimeOffset",
    "time": "Edm.Time",
    "amount": "Edm.Decimal",
    "bool": "Edm.Boolean",
    "guid": "Edm.Guid",
}
ROOTS: Final = {
    # What a child belongs to, whose version a change of the child moves on, and the key they share.
    **dict.fromkeys(
        ("A_BusinessPartnerAddress", "A_BusinessPartnerRole", "A_BusinessPartnerTaxNumber", "A_BuPaIdentification"),
        ("A_BusinessPartner", "BusinessPartner"),
    ),
    **dict.fromkeys(
        ("A_BusinessPartnerContact", "A_BPContactToFuncAndDept"), ("A_BusinessPartner", "BusinessPartnerPerson")
    ),
    **dict.fromkeys(("A_SalesContractItem", "A_SalesContractItemPrcgElmnt"), ("A_SalesContract", "SalesContract")),
    **dict.fromkeys(
        (
            "A_SalesOrderItem",
            "A_SalesOrderItemPrElement",
            "A_SalesOrderItemBillingPlan",
            "A_SlsOrderItemBillingPlanItem",
        ),
        ("A_SalesOrder", "SalesOrder"),
    ),
    **dict.fromkeys(
        ("A_DebitMemoRequestItem", "A_DebitMemoReqItemPrcgElmnt"), ("A_DebitMemoRequest", "DebitMemoRequest")
    ),
    **dict.fromkeys(
        ("A_CreditMemoRequestItem", "A_CreditMemoReqItemPrcgElmnt"), ("A_CreditMemoRequest", "CreditMemoRequest")
    ),
}
