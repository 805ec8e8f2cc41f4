"""The product master, as tables."""

from typing import Final

from system_apis.sap_s4hana.sandbox.entity_sets import entity_set

PM: Final = "API_PRODUCT_SRV"
PRODUCT_SETS: Final = (
    entity_set(
        PM,
        "A_Product",
        "Product",
        "Product:40! ProductType:4! CrossPlantStatus:2 CreationDate:date* LastChangeDate:date*"
        " LastChangeDateTime:stamp* IsMarkedForDeletion:bool ProductGroup:9 BaseUnit:3! ItemCategoryGroup:4 Division:2"
        " YY1_TGKind_PRD:20 YY1_TGTax_PRD:2",
        versioned=True,
        to_Description=("A_ProductDescription", "Product"),
        to_ProductSales=("A_ProductSales", "Product", True),
        to_SalesDelivery=("A_ProductSalesDelivery", "Product"),
    ),
    entity_set(PM, "A_ProductDescription", "Product Language", "Product:40 Language:2! ProductDescription:40"),
    entity_set(PM, "A_ProductSales", "Product", "Product:40 SalesStatus:2 TaxClassification:1 TransportationGroup:4"),
    entity_set(
        PM,
        "A_ProductSalesDelivery",
        "Product ProductSalesOrg ProductDistributionChnl",
        "Product:40 ProductSalesOrg:4! ProductDistributionChnl:2! ProductSalesStatus:2 ItemCategoryGroup:4"
        " SalesMeasureUnit:3 IsMarkedForDeletion:bool",
    ),
)
