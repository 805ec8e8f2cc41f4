"""What a system of each role is asked for. A port it does not offer is a "no" with a reason, never silence."""

from collections.abc import Mapping
from typing import Final, Literal

from canonical.ports.systems import (
    BillingSchedules,
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
    "crm": (Opportunities, Changes, Connection),
    "erp": (LegalEntities, Customers, Contracts, Projects, BillingSchedules, Connection),
    "psa": (Projects, ResourceDemands, Workspaces, Connection),
    "itsm": (Tickets, Connection),
}
