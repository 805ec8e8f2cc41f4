"""What projects are worked under: transaction controls and tasks; and the cost that comes to stand on them."""

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
    Attribute,
    Resource,
    flexfield,
    one_of,
    text,
)

CONTROLS: Final = Resource(
    name="ProjectTransactionControls",
    entity="ProjectTransactionControlEO",
    key="TransactionControlId",
    hashed=True,
    attributes={
        "TransactionControlId": ID,
        "ExpenditureCategory": one_of("Labor", "Expenses", once=True),
        "ExpenditureType": text(240, once=True),
        "PersonName": text(240, once=True),
        "ChargeableFlag": Attribute("boolean"),
        "StartDateActive": DATE,
        "EndDateActive": DATE,
        **STAMPS,
    },
)
TASKS: Final = Resource(
    name="Tasks",
    entity="ProjectTaskEO",
    key="TaskId",
    hashed=True,
    attributes={
        "TaskId": ID,
        "TaskNumber": text(100, required=True),
        "TaskName": text(255, required=True),
        "TaskDescription": text(2000),
        "TaskLevel": Attribute("integer", read_only=True),
        "ParentTaskId": Attribute("integer"),
        "TopTaskId": ID,
        "TaskStartDate": DATE,
        "TaskFinishDate": DATE,
        "BillableFlag": Attribute("boolean"),
        "ChargeableFlag": Attribute("boolean"),
        "SourceApplicationCode": text(30, once=True),
        "SourceTaskReference": text(100, once=True),
        **STAMPS,
    },
    children={
        "TasksDFF": flexfield("TasksDFF", "TaskDFF", "TaskId", {"tgHours": Attribute("number", queryable=False)}),
    },
)
_COST: Final = {
    "BusinessUnit": text(240, once=True),
    "TransactionSource": text(240, once=True),
    "Document": text(240, once=True),
    "DocumentEntry": text(240, once=True),
    "OriginalTransactionReference": text(120),
    "Email": text(240),
    "PersonName": RO,
    "PersonNumber": RO,
    "Quantity": AMOUNT,
    "Comment": text(240),
    "ReversedOriginalTransactionReference": text(120),
    "UnmatchedNegativeTransactionFlag": Attribute("boolean"),
    "UnitOfMeasureCode": text(30),
    "RawCostInTransactionCurrency": AMOUNT,
    "TransactionCurrencyCode": one_of(*CURRENCIES),
    "ProjectId": ID,
    "ProjectNumber": RO,
    "TaskId": ID,
    "TaskNumber": RO,
    "ExpenditureItemDate": Attribute("date", read_only=True),
    "ExpenditureType": RO,
    **STAMPS,
}
_SEGMENTS: Final = {
    "tgType": SEGMENT,
    "tgRole": SEGMENT,
    "tgBillable": SEGMENT,
    "tgRate": Attribute("number", queryable=False),
    "tgInvoice": SEGMENT,
    "tgLine": Attribute("integer", queryable=False),
    "tgReport": SEGMENT,
    "tgNumber": SEGMENT,
    "tgReported": Attribute("date", queryable=False),
    "tgCurrency": SEGMENT,
    "tgReimbursable": SEGMENT,
    "tgTax": Attribute("number", queryable=False),
}
COSTS: Final = (
    Resource(
        name="unprocessedProjectCosts",
        entity="UnprocessedCostEO",
        key="UnprocessedTransactionReferenceId",
        hashed=True,
        alternate=("TransactionSource", "OriginalTransactionReference"),
        attributes={
            "UnprocessedTransactionReferenceId": ID,
            "ExpenditureBatch": text(240, required=True),
            "StatusCode": RO,
            **_COST,
        },
        children={
            "ProjectStandardCostCollectionFlexfields": flexfield(
                "ProjectStandardCostCollectionFlexfields",
                "CostCollectionDFF",
                "TxnInterfaceId",
                {
                    "_PROJECT_ID": Attribute("integer"),
                    "_TASK_ID": Attribute("integer"),
                    "_EXPENDITURE_ITEM_DATE": DATE,
                    "_EXPENDITURE_TYPE_ID_Display": text(240),
                    "_ORGANIZATION_ID_Display": text(240),
                },
            ),
            "UnprocessedCostRestDFF": flexfield(
                "UnprocessedCostRestDFF", "ExpenditureItemDFF", "UnprocessedTransactionReferenceId", _SEGMENTS
            ),
        },
    ),
    Resource(
        name="projectCosts",
        entity="ProjectCostEO",
        key="ExpenditureItemId",
        hashed=True,
        methods=READ,
        attributes={"ExpenditureItemId": ID, "TransactionNumber": RO, **_COST},
        children={
            "ProjectCostsDFF": flexfield("ProjectCostsDFF", "ExpenditureItemDFF", "ExpenditureItemId", _SEGMENTS)
        },
    ),
)
"""Cost waits to be imported; only then it is a project's."""
