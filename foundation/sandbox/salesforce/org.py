"""What makes one org differ from another: its objects, and what its own rules and triggers do with them."""

from collections.abc import Callable, Mapping

import msgspec

from foundation.sandbox import Box, Record, Sandbox
from foundation.sandbox.firm import record_id
from foundation.sandbox.salesforce.schema import Kind

INTEGRATION_USER = record_id("005", 1)
ORGANIZATION = record_id("00D", 1)

Computed = Callable[[Box, Record, Record], Record]
"""(box, record as it would be saved, record as it was or empty) -> what the org fills in. Refuses by raising."""
Saved = Callable[[Box, Record, Record], None]
"""(box, record as it was or empty, record as it is): what a trigger does once it is saved."""
Deleting = Callable[[Box, Record], None]
"""What a trigger does before a record is deleted; it refuses by raising."""
Deleted = Callable[[Box, Record], None]
"""What one does after a record was deleted, with what it was."""


class Org(msgspec.Struct, frozen=True, kw_only=True):
    """One org. Rules go by the name of the object."""

    kinds: Mapping[str, Kind]
    """By name in lower case."""
    computed: Mapping[str, Computed] = {}
    saved: Mapping[str, Saved] = {}
    deleting: Mapping[str, Deleting] = {}
    deleted: Mapping[str, Deleted] = {}


class OrgSandbox(Sandbox, frozen=True, kw_only=True):
    """A sandbox that is an org."""

    org: Org


def org_of(box: Box) -> Org:
    """The org a sandbox stands for."""
    sandbox = box.sandbox
    assert isinstance(sandbox, OrgSandbox), f"{sandbox.name} is no org"
    return sandbox.org
