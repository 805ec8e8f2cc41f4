"""The business objects, one module each."""

from canonical.objects.billing_schedule import BillingLine, BillingSchedule
from canonical.objects.contact import Contact, ContactRole
from canonical.objects.contract import Contract
from canonical.objects.customer import Address, Credit, Customer
from canonical.objects.legal_entity import LegalEntity, Period
from canonical.objects.opportunity import ContractType, Opportunity, ProjectLink, RoleDemand, Stage
from canonical.objects.project import Milestone, Project, ProjectStage, Task
from canonical.objects.quote import Quote, QuoteLine
from canonical.objects.resource_demand import ResourceDemand
from canonical.objects.tax_profile import TaxProfile, TaxRegistration
from canonical.objects.ticket import Ticket, TicketStatus

__all__ = [
    "Address",
    "BillingLine",
    "BillingSchedule",
    "Contact",
    "ContactRole",
    "Contract",
    "ContractType",
    "Credit",
    "Customer",
    "LegalEntity",
    "Milestone",
    "Opportunity",
    "Period",
    "Project",
    "ProjectLink",
    "ProjectStage",
    "Quote",
    "QuoteLine",
    "ResourceDemand",
    "RoleDemand",
    "Stage",
    "Task",
    "TaxProfile",
    "TaxRegistration",
    "Ticket",
    "TicketStatus",
]
