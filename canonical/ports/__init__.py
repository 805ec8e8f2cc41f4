"""Ports: what a tier offers, as Protocols whose methods are also API operations.

A port is asked for by type, never by vendor: `systems.of("erp", Customers, entity)`. The table of its operations
gives the lower tier its routes, the published OpenAPI, and the upper tier its client, so both deployments (one process,
or tiers apart) run the same code. To add a port is to add a module here.
"""

from canonical.ports.operation import JSON, Operation, Page, Raw, Written, cannot, operation, operations, why_not

__all__ = ["JSON", "Operation", "Page", "Raw", "Written", "cannot", "operation", "operations", "why_not"]
