"""Records as a poll for changes sees them: which, in which version, and when they were changed."""

import msgspec

from system_apis.sap_s4hana.wire import Metadata, Wire


class Partner(Wire, frozen=True, kw_only=True):
    """A business partner as the poll sees it."""

    metadata: Metadata = msgspec.field(default=Metadata(), name="__metadata")
    business_partner: str
    last_change_date: str | None = None


class Project(Wire, frozen=True, kw_only=True):
    """A project as the poll sees it."""

    metadata: Metadata = msgspec.field(default=Metadata(), name="__metadata")
    project_uuid: str
    last_change_date_time: str | None = None
