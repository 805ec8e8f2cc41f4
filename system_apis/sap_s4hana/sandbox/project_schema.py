"""Projects, their elements, what both are blocked for, and time sheets, as tables."""

from typing import Final

from system_apis.sap_s4hana.sandbox.entity_sets import entity_set

EP: Final = "API_ENTERPRISE_PROJECT_SRV;v=0002"
TS: Final = "API_MANAGE_WORKFORCE_TIMESHEET"
_BLOCKS: Final = (
    " EntProjTimeRecgIsBlkd:bool EntProjStaffExpensePostgIsBlkd:bool EntProjServicePostingIsBlkd:bool"
    " EntProjOtherExpensePostgIsBlkd:bool EntProjPurchasingIsBlkd:bool"
)
PROJECT_SETS: Final = (
    entity_set(
        EP,
        "A_EnterpriseProject",
        "ProjectUUID",
        "ProjectUUID:guid# Project:24! ProjectInternalID:24* ProjectDescription:60 ProjectStartDate:date"
        " ProjectEndDate:date ProcessingStatus:2* ProjectProfileCode:7! ProjectCurrency:5 ResponsibleCostCenter:10!"
        " ProfitCenter:10 CompanyCode:4* EntProjectIsConfidential:bool LastChangeDateTime:stamp* YY1_TGKey_PPH:100"
        " YY1_TGCustomer_PPH:100 YY1_TGContract_PPH:100 YY1_TGOpportunity_PPH:100 YY1_TGMethod_PPH:20"
        " YY1_TGBudget_PPH:amount YY1_TGManager_PPH:100 YY1_TGPractice_PPH:100 YY1_TGStage_PPH:20"
        " YY1_TGDocuments_PPH:255",
        versioned=True,
        to_EnterpriseProjectElement=("A_EnterpriseProjectElement", "ProjectUUID"),
        to_EntProjBlkFunc=("A_EnterpriseProjBlkFunc", "ProjectUUID", True),
    ),
    entity_set(
        EP,
        "A_EnterpriseProjectElement",
        "ProjectElementUUID",
        "ProjectElementUUID:guid# ProjectUUID:guid ParentObjectUUID:guid ProjectElement:24!"
        " ProjectElementDescription:60 PlannedStartDate:date PlannedEndDate:date ProcessingStatus:2*"
        " ResponsibleCostCenter:10 ProfitCenter:10 YY1_TGRef_PPE:100 YY1_TGHours_PPE:amount YY1_TGUnbilled_PPE:bool",
        to_EntProjElmntBlkFunc=("A_EntProjElmntBlockFunc", "ProjectElementUUID", True),
    ),
    entity_set(EP, "A_EnterpriseProjBlkFunc", "ProjectUUID", "ProjectUUID:guid*" + _BLOCKS),
    entity_set(
        EP, "A_EntProjElmntBlockFunc", "ProjectElementUUID", "ProjectElementUUID:guid ProjectUUID:guid*" + _BLOCKS
    ),
    entity_set(
        TS,
        "TimeSheetEntryCollection",
        "PersonWorkAgreementExternalID CompanyCode TimeSheetRecord",
        "PersonWorkAgreementExternalID:20! CompanyCode:4! TimeSheetRecord:12# PersonWorkAgreement:8 TimeSheetDate:date!"
        " TimeSheetIsReleasedOnSave:bool TimeSheetPredecessorRecord:12 TimeSheetStatus:2"
        " TimeSheetIsExecutedInTestRun:bool TimeSheetOperation:1 TimeSheetDataFields/ControllingArea:4"
        " TimeSheetDataFields/SenderCostCenter:10 TimeSheetDataFields/ReceiverCostCenter:10"
        " TimeSheetDataFields/ActivityType:6 TimeSheetDataFields/WBSElement:24 TimeSheetDataFields/WorkItem:10"
        " TimeSheetDataFields/BillingControlCategory:8 TimeSheetDataFields/TimeSheetTaskType:4"
        " TimeSheetDataFields/TimeSheetNote:1000 TimeSheetDataFields/RecordedHours:amount"
        " TimeSheetDataFields/RecordedQuantity:amount TimeSheetDataFields/HoursUnitOfMeasure:3"
        " TimeSheetDataFields/RejectionReason:4 YY1_TGKey_TIM:100 YY1_TGMinutes_TIM:amount YY1_TGRate_TIM:amount"
        " YY1_TGUnbilled_TIM:bool YY1_TGWorkType_TIM:100 YY1_TGRole_TIM:100 YY1_TGCorrects_TIM:100",
        kind="TimeSheetEntry",
    ),
)
