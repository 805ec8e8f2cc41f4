"""What a system of each role is asked for. A port it does not offer is a "no" with a reason, never silence."""

from collections.abc import Mapping
from typing import Final, Literal

from canonical.ports.accounts import Accounts
from canonical.ports.contracts import AgreementList, Agreements, ContractTerms
from canonical.ports.effort import (
    BillingMarks,
    ExpensePostings,
    Expenses,
    Proformas,
    RateCards,
    TimeEntries,
    TimePostings,
)
from canonical.ports.leads import CustomerKeys, Leads
from canonical.ports.lists import AccountList, CustomerList, ProjectList
from canonical.ports.orders import CrmOrders, Items, Quotes, SalesOrders
from canonical.ports.people import CustomerPeople, People
from canonical.ports.receivables import Invoices, Payments
from canonical.ports.setups import ProjectSetups, WorkBreakdowns
from canonical.ports.systems import (
    BillingSchedules,
    Bookings,
    Changes,
    Connection,
    Contracts,
    Customers,
    LegalEntities,
    Opportunities,
    Projects,
    ResourceDemands,
    Tickets,
    Workspaces,
)

Role = Literal["crm", "erp", "psa", "itsm"]
"""What a firm uses a system for."""

PORTS: Final[Mapping[Role, tuple[type, ...]]] = {
    "crm": (
        Opportunities,
        Accounts,
        AccountList,
        People,
        Leads,
        Quotes,
        CrmOrders,
        Agreements,
        AgreementList,
        Changes,
        Connection,
    ),
    "erp": (
        LegalEntities,
        Customers,
        CustomerList,
        People,
        CustomerPeople,
        CustomerKeys,
        Contracts,
        ContractTerms,
        Projects,
        ProjectList,
        ProjectSetups,
        WorkBreakdowns,
        BillingSchedules,
        Items,
        SalesOrders,
        TimePostings,
        ExpensePostings,
        Invoices,
        Payments,
        Connection,
    ),
    "psa": (
        Projects,
        ProjectList,
        ProjectSetups,
        WorkBreakdowns,
        ResourceDemands,
        Bookings,
        Workspaces,
        TimeEntries,
        Expenses,
        BillingMarks,
        Proformas,
        RateCards,
        Connection,
    ),
    "itsm": (Tickets, Connection),
}
