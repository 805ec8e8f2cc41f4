"""Fusion's shapes for a contract: its head, its lines, its bill plan, and our segments of each."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final

import msgspec

from system_apis.oracle_fusion.framework import Link, Listed, links_field
from system_apis.oracle_fusion.wire import Flex, Wire

LINES: Final = "ContractLine"
LINE_FLEX: Final = "ContractAllLineDesFlexVA"
LINE_WITH: Final = {"expand": f"AssociatedProject,{LINE_FLEX}"}
CONTRACT_WITH: Final = {"expand": f"{LINES}.AssociatedProject,{LINES}.{LINE_FLEX},BillPlan,ContractHeaderFlexfieldVA"}


class ContractFlexHead(Flex, frozen=True, kw_only=True):
    """Our segments on a contract."""

    tg_number: str | None = None
    tg_opportunity: str | None = None
    tg_method: str | None = None
    tg_signed: date | None = None
    tg_purchase_order: str | None = None


class TermsFlexHead(ContractFlexHead, frozen=True, kw_only=True):
    """Besides, of a contract that is carried line by line: how far, by which document, and its limit."""

    tg_amendment: int | None = None
    tg_document: str | None = None
    tg_nte: Decimal | None = None


class ContractFlex(TermsFlexHead, frozen=True, kw_only=True):
    """The same, read."""

    links: list[Link] = links_field()


class AssociatedProject(Wire, frozen=True, kw_only=True):
    """A project a contract line is billed for."""

    links: list[Link] = links_field()
    project_number: str | None = None


class AssociatedProjectDraft(Wire, frozen=True, kw_only=True):
    """The link of a contract line to a project."""

    project_number: str


class ContractLineHead(Wire, frozen=True, kw_only=True):
    """What we write of a contract line."""

    line_amount: Decimal | None = None
    item_description: str | None = None


class ContractLineDraft(ContractLineHead, frozen=True, kw_only=True):
    """The one line of a contract that is made. It has no number: the contract type numbers them."""

    line_type_name: str


class LineFlexHead(Flex, frozen=True, kw_only=True):
    """Our segments on a contract line: which line of which amendment it is."""

    tg_ref: str | None = None
    tg_method: str | None = None
    tg_nte: Decimal | None = None
    tg_taken_back: str | None = None
    """`Y` of a line whose amendment does not hold any more: it comes to nothing."""


class LineFlex(LineFlexHead, frozen=True, kw_only=True):
    """The same, read."""

    links: list[Link] = links_field()


class TermsLineHead(ContractLineHead, frozen=True, kw_only=True):
    """What we write of a line that is carried by itself."""

    start_date: date | None = None
    end_date: date | None = None


class TermsLineDraft(TermsLineHead, frozen=True, kw_only=True):
    """Such a line that is made."""

    line_type_name: str
    flex: list[LineFlexHead] = msgspec.field(name=LINE_FLEX)


class ContractLine(TermsLineHead, frozen=True, kw_only=True):
    """A contract line."""

    links: list[Link] = links_field()
    line_id: int = 0
    line_number: str | None = None
    associated_project: Listed[AssociatedProject] = Listed()
    flex: Listed[LineFlex] = msgspec.field(default=Listed(), name=LINE_FLEX)


class BillPlanHead(Wire, frozen=True, kw_only=True):
    """What we write of a bill plan."""

    payment_terms_name: str | None = None


class BillPlanDraft(BillPlanHead, frozen=True, kw_only=True):
    """The bill plan of a contract that is made."""

    bill_plan_name: str
    bill_method_name: str


class BillPlan(BillPlanHead, frozen=True, kw_only=True):
    """How a contract is billed."""

    links: list[Link] = links_field()


class ContractStatus(Wire, frozen=True, kw_only=True):
    """The part of a contract that says whether it holds."""

    status_code: str | None = None


class ContractHead(ContractStatus, frozen=True, kw_only=True):
    """What we write of a contract."""

    cognomen: str | None = None
    start_date: date | None = None
    end_date: date | None = None


class ContractDraft(ContractHead, frozen=True, kw_only=True):
    """A contract that is made."""

    contract_type_name: str
    business_unit_name: str
    buyer_party_number: str
    currency_code: str
    external_source_key: str
    external_reference_key: str
    contract_line: Sequence[ContractLineDraft | TermsLineDraft]
    bill_plan: list[BillPlanDraft]
    flex: Sequence[ContractFlexHead] = msgspec.field(name="ContractHeaderFlexfieldVA")


class Contract(ContractHead, frozen=True, kw_only=True):
    """A contract, with its first lines."""

    links: list[Link] = links_field()
    contract_id: int
    contract_number: str
    contract_type_name: str | None = None
    business_unit_name: str | None = None
    buyer_party_number: str | None = None
    currency_code: str
    external_reference_key: str | None = None
    last_update_date: datetime | None = None
    contract_line: Listed[ContractLine] = Listed()
    bill_plan: Listed[BillPlan] = Listed()
    flex: Listed[ContractFlex] = msgspec.field(default=Listed(), name="ContractHeaderFlexfieldVA")


class Billed(Wire, frozen=True, kw_only=True):
    """Of a billing event: the contract line it stands on, and whether it is invoiced (U for not at all)."""

    contract_line_number: str | None = None
    invoiced: str | None = None
