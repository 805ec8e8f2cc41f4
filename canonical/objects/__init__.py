"""The business objects, one module each."""

from canonical.objects.billing_schedule import BillingLine, BillingSchedule
from canonical.objects.booking import Booking
from canonical.objects.contact import Contact, ContactRole
from canonical.objects.contract import (
    Amendment,
    AmendmentKind,
    AmendmentStatus,
    Contract,
    ContractLine,
    Uplift,
)
from canonical.objects.crm_order import CrmOrder, CrmOrderLine, CrmOrderStatus, OrderMark
from canonical.objects.customer import Address, Credit, Customer
from canonical.objects.expense_report import ExpenseLine, ExpenseReport
from canonical.objects.invoice import Invoice, InvoiceKind, InvoiceLine, LineTax
from canonical.objects.item import Component, Item
from canonical.objects.lead import Lead, LeadStatus
from canonical.objects.legal_entity import LegalEntity, Period
from canonical.objects.opportunity import ContractType, Opportunity, OpportunityLine, ProjectLink, RoleDemand, Stage
from canonical.objects.payment import Allocation, Payment
from canonical.objects.project import Milestone, Project, ProjectStage, Task
from canonical.objects.project_setup import ProjectSetup
from canonical.objects.quote import Quote, QuoteLine, QuoteStatus
from canonical.objects.rate_card import Rate, RateCard
from canonical.objects.resource_demand import ResourceDemand
from canonical.objects.sales_order import OrderLine, OrderStatus, SalesOrder
from canonical.objects.tax_profile import TaxProfile, TaxRegistration
from canonical.objects.ticket import Ticket, TicketStatus
from canonical.objects.time_entry import TimeEntry

__all__ = [
    "Address",
    "Allocation",
    "Amendment",
    "AmendmentKind",
    "AmendmentStatus",
    "BillingLine",
    "BillingSchedule",
    "Booking",
    "Component",
    "Contact",
    "ContactRole",
    "Contract",
    "ContractLine",
    "ContractType",
    "Credit",
    "CrmOrder",
    "CrmOrderLine",
    "CrmOrderStatus",
    "Customer",
    "ExpenseLine",
    "ExpenseReport",
    "Invoice",
    "InvoiceKind",
    "InvoiceLine",
    "Item",
    "Lead",
    "LeadStatus",
    "LegalEntity",
    "LineTax",
    "Milestone",
    "Opportunity",
    "OpportunityLine",
    "OrderLine",
    "OrderMark",
    "OrderStatus",
    "Payment",
    "Period",
    "Project",
    "ProjectLink",
    "ProjectSetup",
    "ProjectStage",
    "Quote",
    "QuoteLine",
    "QuoteStatus",
    "Rate",
    "RateCard",
    "ResourceDemand",
    "RoleDemand",
    "SalesOrder",
    "Stage",
    "Task",
    "TaxProfile",
    "TaxRegistration",
    "Ticket",
    "TicketStatus",
    "TimeEntry",
    "Uplift",
]
