"""What an environment must have: the pages we use with their fields, and the lists whose words we know."""

from collections.abc import Collection, Mapping
from typing import Final

from foundation.checking import Checked
from system_apis.business_central import (
    codes,
    contracts_wire,
    effort,
    effort_wire,
    orders_mapping,
    orders_wire,
    people_wire,
    receivables_mapping,
    receivables_wire,
    setups_wire,
    wire,
)

_NAVIGATIONS: Final = ("Lines", "appliedEntries", "Components")


def _page(entity: str, *shapes: type[wire.Wire], words: Mapping[str, Collection[str]] | None = None) -> Checked:
    """The fields behind what we read; a navigation holds rows of another page."""
    names = dict.fromkeys(name for shape in shapes for name in shape.__struct_encode_fields__)
    fields = [name for name in names if "@" not in name and not name.endswith(_NAVIGATIONS)]
    return Checked(object=entity, fields=fields, words=words or {})


CHECKS: Final = (
    _page("company", wire.Company),
    _page("companyInformation", wire.CompanyInformation),
    _page("accountingPeriod", wire.AccountingPeriod),
    _page("paymentTerm", wire.PaymentTerms),
    _page("entitySetting", wire.EntitySettings),
    _page("customer", wire.Customer, words={"blocked": codes.CUSTOMER_BLOCKS}),
    _page("contact", people_wire.Contact),
    _page(
        "salesOrder",
        wire.Order,
        orders_wire.Order,
        contracts_wire.Terms,
        words={"contractStatus": codes.CONTRACT_STATUSES, "status": orders_mapping.STATUSES},
    ),
    _page("salesOrderLine", wire.OrderLine, orders_wire.Ordered, contracts_wire.Line),
    _page("item", orders_wire.Item, words={"type": orders_mapping.ITEM_TYPES}),
    _page("assemblyComponent", orders_wire.Component),
    _page("project", wire.Project, words={"status": codes.JOB_STATUSES, "blocked": codes.JOB_BLOCKS}),
    _page("projectTask", setups_wire.Task, words={"type": setups_wire.TASK_TYPES}),
    _page("billingSchedule", wire.Schedule),
    _page("projectPlanningLine", wire.PlanningLine),
    _page("salesInvoice", receivables_wire.Invoice, words={"status": receivables_mapping.STATUSES}),
    _page("salesInvoiceLine", receivables_wire.Line),
    _page("salesCreditMemo", receivables_wire.CreditMemo, words={"status": receivables_mapping.STATUSES}),
    _page("salesCreditMemoLine", receivables_wire.Line),
    _page(
        "customerLedgerEntry", receivables_wire.LedgerEntry, words={"documentType": receivables_mapping.DOCUMENT_TYPES}
    ),
    _page("employee", effort_wire.Employee),
    _page("timeRegistrationEntry", effort_wire.TimeEntry, words={"status": effort.STATUSES}),
    _page("appliedEntry", receivables_wire.AppliedEntry),
)
