"""What an environment must have: the pages we use with their fields, and the lists whose words we know."""

from collections.abc import Collection, Mapping
from typing import Final

from foundation.checking import Checked
from system_apis.business_central import codes, wire


def _page(entity: str, shape: type[wire.Wire], words: Mapping[str, Collection[str]] | None = None) -> Checked:
    """The fields behind what we read; a navigation holds rows of another page."""
    fields = [name for name in shape.__struct_encode_fields__ if "@" not in name and not name.endswith("Lines")]
    return Checked(object=entity, fields=fields, words=words or {})


CHECKS: Final = (
    _page("company", wire.Company),
    _page("companyInformation", wire.CompanyInformation),
    _page("accountingPeriod", wire.AccountingPeriod),
    _page("paymentTerm", wire.PaymentTerms),
    _page("entitySetting", wire.EntitySettings),
    _page("customer", wire.Customer, {"blocked": codes.CUSTOMER_BLOCKS}),
    _page("salesOrder", wire.Order, {"contractStatus": codes.CONTRACT_STATUSES}),
    _page("salesOrderLine", wire.OrderLine),
    _page("project", wire.Project, {"status": codes.JOB_STATUSES, "blocked": codes.JOB_BLOCKS}),
    _page("billingSchedule", wire.Schedule),
    _page("projectPlanningLine", wire.PlanningLine),
)
