"""SAP's shapes: only the fields we read or write. Names are SAP's, spelled our way.

A `...Head` is what an update may change, a `...Draft` what a create sends, children and all: there is no deep update.
Dates come as `/Date(ms)/` and stay text here, amounts are strings of digits, which msgspec reads as Decimal.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Generic, TypeVar

import msgspec

V2: Final = "/sap/opu/odata/sap"
PARTNERS: Final = f"{V2}/API_BUSINESS_PARTNER"
CONTRACTS: Final = f"{V2}/API_SALES_CONTRACT_SRV"
ORDERS: Final = f"{V2}/API_SALES_ORDER_SRV"
PROJECTS: Final = f"{V2}/API_ENTERPRISE_PROJECT_SRV;v=0002"
COMPANIES: Final = f"{V2}/API_COMPANYCODE_SRV"
FIRM: Final = "/sap/opu/odata4/sap/ztg_firm/srvd_a2x/sap/ztg_firm/0001"
"""Ours, of OData V4: which company code and sales area a legal entity is, and its periods."""
TOKEN: Final = "/sap/bc/sec/oauth2/token"  # noqa: S105 - an address

_CAPITALS: Final = {"bp": "BP", "id": "ID", "sd": "SD", "wbs": "WBS", "uuid": "UUID"}
T = TypeVar("T")
Code = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
"""A currency as SAP says it: always there, by its ISO code."""


def spelled(name: str) -> str:
    """`bp_tax_type` is `BPTaxType`; our own fields, `tg_key_sdh`, are `YY1_TGKey_SDH`."""
    if name.startswith("tg_"):
        _, *words, place = name.split("_")
        return f"YY1_TG{''.join(word.capitalize() for word in words)}_{place.upper()}"
    if name.startswith("to_"):
        return "to_" + spelled(name.removeprefix("to_"))
    return "".join(_CAPITALS.get(word, word.capitalize()) for word in name.split("_"))


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename=spelled):
    """One entity."""


class Metadata(msgspec.Struct, frozen=True):
    """What comes with each entity: its version, where the service keeps one."""

    etag: str = ""


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """Entities of a set, or the children of one."""

    results: list[T] = []
    next: str = msgspec.field(default="", name="__next")


class Many(msgspec.Struct, Generic[T], frozen=True):
    """An answer with a list."""

    d: Listed[T]


class One(msgspec.Struct, Generic[T], frozen=True):
    """An answer with one entity."""

    d: T


class Made(Wire, frozen=True, kw_only=True):
    """What is read of the answer to a create: the number SAP gave, in the field that it stands in."""

    business_partner: str = ""
    relationship_number: str = ""
    sales_contract: str = ""
    sales_order: str = ""
    debit_memo_request: str = ""
    credit_memo_request: str = ""
    project_uuid: str = ""
    project_element_uuid: str = ""
    time_sheet_record: str = ""


class PriceHead(Wire, frozen=True, kw_only=True):
    """What an item costs."""

    condition_rate_value: Decimal | None
    condition_currency: str


class PriceDraft(PriceHead, frozen=True, kw_only=True):
    """A price set by hand."""

    condition_type: str


class Price(PriceDraft, frozen=True, kw_only=True):
    """A line of the pricing procedure."""

    pricing_procedure_step: str
    pricing_procedure_counter: str


class PlanItemHead(Wire, frozen=True, kw_only=True):
    """What we write of a date in a billing plan."""

    billing_plan_billing_date: str | None = None
    billing_plan_amount: Decimal | None = None


class PlanItem(PlanItemHead, frozen=True, kw_only=True):
    """A date in a billing plan, and what is billed on it."""

    billing_plan_item: str


class PlanDraft(Wire, frozen=True, kw_only=True):
    """A billing plan that is made with its item."""

    to_billing_plan_item: list[PlanItemHead]


class Plan(Wire, frozen=True, kw_only=True):
    """A billing plan."""

    billing_plan: str
    to_billing_plan_item: Listed[PlanItem] = Listed()


class OrderItemHead(Wire, frozen=True, kw_only=True):
    """What we write of an order's item."""

    sales_order_item_text: str = ""


class OrderItemDraft(OrderItemHead, frozen=True, kw_only=True):
    """An item of an order that is made: what one line of our schedule bills."""

    material: str
    requested_quantity: Decimal
    requested_quantity_unit: str
    wbs_element: str
    to_billing_plan: list[PlanDraft]


class OrderItemLater(OrderItemDraft, frozen=True, kw_only=True):
    """An item added to an order that is there."""

    sales_order: str


class OrderItem(OrderItemHead, frozen=True, kw_only=True):
    """An item of an order."""

    sales_order_item: str
    to_billing_plan: Listed[Plan] = Listed()


class OrderHead(Wire, frozen=True, kw_only=True):
    """What we write of an order."""

    header_billing_block_reason: str = ""
    tg_name_sdh: str = ""
    tg_method_sdh: str = ""


class OrderDraft(OrderHead, frozen=True, kw_only=True):
    """An order that is made."""

    sales_order_type: str
    sales_organization: str
    distribution_channel: str
    organization_division: str
    sold_to_party: str
    transaction_currency: str
    tg_key_sdh: str
    tg_project_sdh: str
    to_item: list[OrderItemDraft]


class Order(OrderHead, frozen=True, kw_only=True):
    """A sales order: what of a project is billed, and when."""

    metadata: Metadata = msgspec.field(default=Metadata(), name="__metadata")
    sales_order: str
    sales_organization: str = ""
    transaction_currency: Code
    last_change_date_time: str | None = None
    tg_key_sdh: str = ""
    tg_project_sdh: str = ""
    to_item: Listed[OrderItem] = Listed()


class ElementDraft(Wire, frozen=True, kw_only=True):
    """The one element of a project's plan, which orders are assigned to."""

    project_element: str
    project_element_description: str
    planned_start_date: str | None
    planned_end_date: str | None


class ProjectStage(Wire, frozen=True, kw_only=True):
    """Our word for how far a project is. SAP's own, its processing status, is changed by an action only."""

    tg_stage_pph: str = ""


class ProjectHead(ProjectStage, frozen=True, kw_only=True):
    """What we write of a project."""

    project_description: str = ""
    project_start_date: str | None = None
    project_end_date: str | None = None
    tg_customer_pph: str = ""
    tg_contract_pph: str = ""
    tg_opportunity_pph: str = ""
    tg_method_pph: str = ""
    tg_budget_pph: Decimal | None = None
    tg_manager_pph: str = ""
    tg_practice_pph: str = ""


class ProjectDraft(ProjectHead, frozen=True, kw_only=True):
    """A project that is made."""

    project: str
    project_profile_code: str
    project_currency: str
    responsible_cost_center: str
    profit_center: str
    tg_key_pph: str
    to_enterprise_project_element: list[ElementDraft]


class Project(ProjectHead, frozen=True, kw_only=True):
    """A project."""

    metadata: Metadata = msgspec.field(default=Metadata(), name="__metadata")
    project_uuid: str
    project: str
    project_currency: Code
    processing_status: str = ""
    company_code: str = ""
    last_change_date_time: str | None = None
    tg_key_pph: str = ""


class CompanyCode(Wire, frozen=True, kw_only=True):
    """A company code."""

    company_code: str
    company_code_name: str
    country: str
    currency: Code


class Period(Wire, frozen=True, kw_only=True):
    """A posting period, by OData V4: dates are ISO here."""

    fiscal_year_period: str
    start_date: date
    end_date: date
    is_open: bool


class Entity(Wire, frozen=True, kw_only=True):
    """A legal entity of the firm in SAP's words, by OData V4."""

    code: str
    company_code: str
    sales_organization: str
    distribution_channel: str
    organization_division: str
    reconciliation_account: str = ""
    responsible_cost_center: str = ""
    profit_center: str = ""
    time_zone: str = ""
    intercompany_partners: str = ""
    periods: list[Period] = msgspec.field(default=[], name="_Period")


class Entities(msgspec.Struct, frozen=True):
    """A list by OData V4."""

    value: list[Entity]
    next: str = msgspec.field(default="", name="@odata.nextLink")


class Said(msgspec.Struct, frozen=True):
    """A text of V2 with its language."""

    value: str = ""


class ErrorDetail(msgspec.Struct, frozen=True):
    """One of several messages, and what it is about. V2 calls the place `propertyref`, then `target`."""

    code: str = ""
    message: str = ""
    target: str = ""
    severity: str = "error"


class Inner(msgspec.Struct, frozen=True):
    """Where V2 lists them."""

    errordetails: list[ErrorDetail] = []


class Error(msgspec.Struct, frozen=True):
    """An error: `message` is an object in V2 and plain text in V4."""

    code: str = ""
    message: Said | str = ""
    innererror: Inner = Inner()
    details: list[ErrorDetail] = []


class ErrorBody(msgspec.Struct, frozen=True):
    """An error answer."""

    error: Error


class Token(msgspec.Struct, frozen=True):
    """A granted token; `expires_in` may be a string."""

    access_token: str
    expires_in: int = 3600


class TokenRefusal(msgspec.Struct, frozen=True):
    """A refused one."""

    error: str = ""
    error_description: str = ""
