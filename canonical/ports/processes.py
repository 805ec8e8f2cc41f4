"""Ports of the process tier: what a face may ask of the workflows, their cases and their traces."""

from datetime import date
from typing import Annotated, Literal, Protocol, TypeAlias

import msgspec

from canonical.base import Value, Xref
from canonical.classes import FREE_TEXT, PII, PUBLIC, SECRET
from canonical.dates import Instant
from canonical.events import FROM_A_DEAL
from canonical.faults import Conflict, FieldError, NotFound, Unauthenticated, VendorFault
from canonical.money import Money
from canonical.objects import BillingSchedule, Milestone, Project
from canonical.ports.approvals import Approval
from canonical.ports.operation import Page, Raw, operation

RunStatus = Literal["running", "succeeded", "refused", "failed", "cancelled"]
"""`refused`: guards said no before the first write. `failed`: stopped at a step, waits for a person."""
StepStatus = Literal["pending", "running", "done", "failed", "not_applicable", "undone"]
CaseState = Literal["open", "resolved"]


class Attempt(Value, frozen=True, kw_only=True):
    """One call a step made, masked by data class."""

    at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    took_ms: Annotated[int, PUBLIC]
    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["netsuite"])]
    operation: Annotated[str, PUBLIC, msgspec.Meta(examples=["PUT /customers/{key}"])]
    sent: Annotated[str, PUBLIC] = ""
    """The canonical arguments as masked JSON."""
    received: Annotated[str, PUBLIC] = ""
    """The canonical answer as masked JSON; empty when none came."""
    fault: Annotated[str, PUBLIC] = ""
    """The fault's reason, empty when it went well; `outcome_unknown` is its own thing, not a failure."""
    detail: Annotated[str, FREE_TEXT] = ""


class Step(Value, frozen=True, kw_only=True):
    """One step of a run, as far as it got."""

    number: Annotated[int, PUBLIC]
    name: Annotated[str, PUBLIC, msgspec.Meta(examples=["erp-project"])]
    title: Annotated[str, PUBLIC, msgspec.Meta(examples=["Project in the ERP"])]
    system: Annotated[str, PUBLIC] = ""
    """The system it talks to; empty when it is our own."""
    status: Annotated[StepStatus, PUBLIC] = "pending"
    summary: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001 is made, not active"])] = ""
    started_at: Annotated[Instant | None, PUBLIC] = None
    ended_at: Annotated[Instant | None, PUBLIC] = None
    attempts: list[Attempt] = []


class Agreement(Value, frozen=True, kw_only=True):
    """One field read back from every system that holds it."""

    field: Annotated[str, PUBLIC, msgspec.Meta(examples=["project code"])]
    values: Annotated[dict[str, str], PUBLIC]
    """Value by system name."""
    agree: Annotated[bool, PUBLIC]


class Run(Value, frozen=True, kw_only=True):
    """One run of a workflow."""

    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["o2p:salesforce:006Tg0000000001IAA:1"])]
    workflow: Annotated[str, PUBLIC, msgspec.Meta(examples=["opportunity_to_project"])]
    business_key: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce:006Tg0000000001IAA"])]
    generation: Annotated[int, PUBLIC] = 1
    status: Annotated[RunStatus, PUBLIC]
    title: Annotated[str, PUBLIC, msgspec.Meta(examples=["Harbor Logistics: data platform"])] = ""
    customer: Annotated[str, PUBLIC, msgspec.Meta(examples=["Harbor Logistics Inc."])] = ""
    legal_entity: Annotated[str, PUBLIC, msgspec.Meta(examples=["ACME-US"])] = ""
    amount: Money | None = None
    project_code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])] = ""
    step: Annotated[int, PUBLIC] = 0
    """Number of the last step begun."""
    steps_in_all: Annotated[int, PUBLIC] = 0
    started_at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    ended_at: Annotated[Instant | None, PUBLIC] = None
    verified: Annotated[bool | None, PUBLIC] = None
    """True when every system was read back and they agree; None before that."""
    reason: Annotated[str, PUBLIC] = ""
    detail: Annotated[str, FREE_TEXT] = ""
    errors: list[FieldError] = []
    ids: list[Xref] = []
    takeovers: Annotated[int, PUBLIC] = 0
    """How often another process finished what one had begun."""


class RunDetail(Value, frozen=True, kw_only=True):
    """A run with its steps and what the read-back found."""

    run: Run
    steps: list[Step] = []
    agreement: list[Agreement] = []


class StartOpportunityToProject(Value, frozen=True, kw_only=True):
    """Which deal shall become a project."""

    opportunity_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["006Tg0000000001IAA"])]
    """The CRM's own id of the deal."""


class CaseEvent(Value, frozen=True, kw_only=True):
    """Something that happened to a case."""

    at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    who: Annotated[str, PII, msgspec.Meta(examples=["priya@acme.example"])]
    what: Annotated[str, FREE_TEXT, msgspec.Meta(examples=["Opened: the ERP is down."])]


class Case(Value, frozen=True, kw_only=True):
    """One failed or refused run that needs a person."""

    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["C-00007"])]
    state: Annotated[CaseState, PUBLIC]
    run_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["o2p:salesforce:006Tg0000000001IAA:1"])]
    workflow: Annotated[str, PUBLIC, msgspec.Meta(examples=["opportunity_to_project"])]
    business_key: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce:006Tg0000000001IAA"])]
    title: Annotated[str, FREE_TEXT, msgspec.Meta(examples=["Harbor Logistics Inc. is on credit hold in the ERP."])]
    """The cause in plain words."""
    kind: Annotated[str, PUBLIC, msgspec.Meta(examples=["guard_credit_hold"])]
    """Class of the cause, e.g. `guard_credit_hold`, `unavailable`, `guard_tax_profile`."""
    fingerprint: Annotated[str, PUBLIC, msgspec.Meta(examples=["4b7c1f0a9d2e"])]
    """Equal for cases with the same cause."""
    tier: Annotated[Literal["T0", "T1", "T2", "T3"], PUBLIC] = "T1"
    owner: Annotated[str, PUBLIC, msgspec.Meta(examples=["Credit control"])] = ""
    """Who can mend it: a desk or a data owner."""
    customer: Annotated[str, PUBLIC] = ""
    deal: Annotated[str, PUBLIC] = ""
    legal_entity: Annotated[str, PUBLIC] = ""
    amount: Money | None = None
    step: Annotated[int, PUBLIC] = 0
    system: Annotated[str, PUBLIC] = ""
    errors: list[FieldError] = []
    suggestion: Annotated[str, PUBLIC] = ""
    can_retry: Annotated[bool, PUBLIC] = True
    ticket: Annotated[str, PUBLIC] = ""
    """Number of the incident; empty while the service desk's system could not be told."""
    opened_at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    closed_at: Annotated[Instant | None, PUBLIC] = None


class SystemView(Value, frozen=True, kw_only=True):
    """What one system holds of the affected thing, as field and value."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["netsuite"])]
    title: Annotated[str, PUBLIC, msgspec.Meta(examples=["NetSuite"])]
    found: Annotated[bool, PUBLIC]
    fields: Annotated[dict[str, str], PII] = {}
    """Of a person too: shown to whoever looks at the case, and written down nowhere."""
    unreachable: Annotated[str, PUBLIC] = ""
    """Why it could not be asked; empty when it could."""


class CaseDetail(Value, frozen=True, kw_only=True):
    """A case, its run, its history, and the affected systems side by side, read at this moment."""

    case: Case
    run: RunDetail
    systems: list[SystemView] = []
    history: list[CaseEvent] = []
    approvals: list[Approval] = []
    """What approvers were asked about the run and what they said, the newest question first."""


class Resolve(Value, frozen=True, kw_only=True):
    """Why a case is closed without a retry."""

    note: Annotated[str, FREE_TEXT, msgspec.Meta(examples=["The client withdrew; the deal is lost."])]


class EventView(Value, frozen=True, kw_only=True):
    """One event of the log."""

    at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    type: Annotated[str, PUBLIC, msgspec.Meta(examples=["com.tiergate.project.activated.v1"])]
    subject: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce:006Tg0000000001IAA"])]
    summary: Annotated[str, PUBLIC] = ""


class VendorCall(Value, frozen=True, kw_only=True):
    """One exchange with a vendor: address and outcome, never a body."""

    at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["netsuite"])]
    method: Annotated[str, PUBLIC, msgspec.Meta(examples=["PATCH"])]
    path: Annotated[str, PUBLIC, msgspec.Meta(examples=["/services/rest/record/v1/job/77"])]
    status: Annotated[int, PUBLIC]
    took_ms: Annotated[int, PUBLIC]
    fault: Annotated[str, PUBLIC] = ""
    step: Annotated[int, PUBLIC] = 0


class Trace(Value, frozen=True, kw_only=True):
    """Everything known about one business key."""

    key: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]
    runs: list[RunDetail] = []
    cases: list[Case] = []
    events: list[EventView] = []
    calls: list[VendorCall] = []
    ids: list[Xref] = []


class ConnectionHealth(Value, frozen=True, kw_only=True):
    """How one system does, from our own calls of the last hour."""

    system: Annotated[str, PUBLIC, msgspec.Meta(examples=["netsuite"])]
    title: Annotated[str, PUBLIC, msgspec.Meta(examples=["NetSuite"])]
    abbreviation: Annotated[str, PUBLIC, msgspec.Meta(examples=["NS"])]
    roles: Annotated[list[str], PUBLIC, msgspec.Meta(examples=[["erp"]])]
    state: Annotated[Literal["well", "slow", "failing", "signed_out", "unused"], PUBLIC]
    why: Annotated[str, FREE_TEXT] = ""
    calls: Annotated[int, PUBLIC] = 0
    failures: Annotated[int, PUBLIC] = 0
    median_ms: Annotated[int, PUBLIC] = 0
    recent_ms: Annotated[list[int], PUBLIC] = []
    """Durations of the last calls, oldest first, at most 24."""
    last_at: Annotated[Instant | None, PUBLIC] = None


class Overview(Value, frozen=True, kw_only=True):
    """The state of the whole in one answer."""

    at: Annotated[Instant, PUBLIC, msgspec.Meta(examples=["2027-01-04T09:30:00Z"])]
    open_cases: Annotated[int, PUBLIC]
    money_at_risk: list[Money] = []
    """One sum a currency; currencies are never added."""
    projects_blocked: Annotated[int, PUBLIC] = 0
    """Projects that cannot begin until a person acts: each once, however many of its runs wait."""
    running: Annotated[int, PUBLIC] = 0
    succeeded: Annotated[int, PUBLIC] = 0
    verified: Annotated[int, PUBLIC] = 0
    repaired: Annotated[int, PUBLIC] = 0
    """Faults the platform got over by itself (retried, settled by look-up)."""
    faults: Annotated[int, PUBLIC] = 0
    """All faults of steps, the repaired ones included."""
    unread_changes: Annotated[int, PUBLIC] = 0
    """Changes that systems told of and nobody has worked on yet."""
    oldest_case_at: Annotated[Instant | None, PUBLIC] = None


class Received(Value, frozen=True, kw_only=True):
    """What became of a notification."""

    stored: Annotated[int, PUBLIC]
    """Changes seen for the first time."""
    known: Annotated[int, PUBLIC]
    """Changes we had already, by notification or by polling."""
    quarantined: Annotated[int, PUBLIC] = 0
    """1 when it was signed and could not be read: it is kept, and read again when somebody says so."""


class Engagement(Value, frozen=True, kw_only=True):
    """A project as its client may see it."""

    code: Annotated[str, PUBLIC, msgspec.Meta(examples=["PRJ-10001"])]
    name: Annotated[str, PUBLIC, msgspec.Meta(examples=["Data platform"])]
    account_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce:001Tg0000000001IAA"])]
    stage: Annotated[str, PUBLIC, msgspec.Meta(examples=["active"])]
    start: Annotated[date | None, PUBLIC] = None
    end: Annotated[date | None, PUBLIC] = None
    value: Money | None = None
    manager: Annotated[str, PII] = ""
    next_milestone: Milestone | None = None


class EngagementDetail(Value, frozen=True, kw_only=True):
    """A project with its plan and when it is billed."""

    engagement: Engagement
    project: Project
    milestones: list[Milestone] = []
    billing: BillingSchedule | None = None


class OpportunityToProjects(Protocol):
    """The workflow that makes a won deal a staffed, billable project."""

    @operation("POST", "/runs", status=202, raises=(NotFound, Conflict, VendorFault), follow="run", tells=FROM_A_DEAL)
    async def start_run(self, data: StartOpportunityToProject) -> Run:
        """Start it for one deal; the same deal (in the same winning) again answers with the run there is.

        `Conflict` when the deal is not won.
        """

    @operation("GET", "/runs/{run_id}", raises=(NotFound,))
    async def run(self, run_id: str) -> RunDetail:
        """One run with its steps."""

    @operation("GET", "/runs")
    async def runs(
        self, key: str | None = None, status: RunStatus | None = None, limit: int = 50, cursor: str = ""
    ) -> Page[Run]:
        """Runs, newest first; `key` is the deal's id, our key, the project code, or an id in any system."""

    @operation("POST", "/runs/{run_id}/retry", status=202, raises=(NotFound, Conflict), follow="run", tells=FROM_A_DEAL)
    async def retry_run(self, run_id: str) -> Run:
        """Run again from the failed step; a refused run begins again with its guards."""

    @operation("POST", "/runs/{run_id}/cancel", status=202, raises=(NotFound, Conflict), follow="run")
    async def cancel_run(self, run_id: str) -> Run:
        """Stop and undo what was written, in reverse; `Conflict` once the project is active."""


class Cases(Protocol):
    """What needs a person, and what they can do about it."""

    @operation("GET", "/overview")
    async def overview(self) -> Overview:
        """The state of the whole."""

    @operation("GET", "/cases")
    async def cases(self, state: CaseState | None = None, limit: int = 50, cursor: str = "") -> Page[Case]:
        """Cases, most money first among the open, newest first among the resolved."""

    @operation("GET", "/cases/{case_id}", raises=(NotFound,))
    async def case(self, case_id: str) -> CaseDetail:
        """One case, the systems read at this moment."""

    @operation("POST", "/cases/{case_id}/retry", status=202, raises=(NotFound, Conflict), follow="case")
    async def retry_case(self, case_id: str) -> Run:
        """Run again from the failed step. The case closes by itself when the run reaches its verified end."""

    @operation("POST", "/cases/{case_id}/resolve", raises=(NotFound, Conflict))
    async def resolve_case(self, case_id: str, data: Resolve) -> Case:
        """Close without a retry, saying why."""


class Traces(Protocol):
    """What happened to a thing, whatever system's word for it is used."""

    @operation("GET", "/traces/{key}", raises=(NotFound,))
    async def trace(self, key: str) -> Trace:
        """All runs, cases, events and calls of a deal, customer, project code or native id."""

    @operation("GET", "/runs")
    async def all_runs(self, status: RunStatus | None = None, limit: int = 50, cursor: str = "") -> Page[Run]:
        """Runs of every workflow, newest first."""

    @operation("GET", "/connections")
    async def connections(self) -> list[ConnectionHealth]:
        """How each bound system does."""


Taken: TypeAlias = Annotated[
    str, PUBLIC, msgspec.Meta(examples=["<Envelope><Body>...<Ack>true</Ack>...</Body></Envelope>"])
]
"""What a sender counts as taken, in its own protocol."""


class Intake(Protocol):
    """Where systems tell us that something changed."""

    @operation("POST", "/notifications/{connection}", raises=(NotFound, Unauthenticated))
    async def receive_notification(self, connection: str, data: Raw) -> Received:
        """A signed webhook of one connection; stored once, answered at once, worked on afterwards."""

    @operation("POST", "/messages/{connection}", raises=(NotFound, Unauthenticated), media="text/xml")
    async def receive_message(self, connection: str, key: Annotated[str, SECRET], data: Raw) -> Taken:
        """A message of a sender that cannot sign, to the address that holds its key; answered as its protocol wants it.

        A Salesforce outbound message (SOAP) is answered with its acknowledgement once all it tells is stored, and sent
        again for a day where it is not. Nothing it says is believed: the records are read again.
        """


class ProjectOwner(Value, frozen=True, kw_only=True):
    """Whose a project is."""

    account_id: Annotated[str, PUBLIC, msgspec.Meta(examples=["salesforce:001Tg0000000001IAA"])]
    """Our customer key."""


class Engagements(Protocol):
    """Projects as clients see them."""

    @operation("GET", "/accounts/{account_id}/engagements", raises=(VendorFault,))
    async def engagements(self, account_id: str) -> list[Engagement]:
        """The projects of one customer; `account_id` is our customer key."""

    @operation("GET", "/accounts/{account_id}/engagements/{code}", raises=(NotFound, VendorFault))
    async def engagement(self, account_id: str, code: str) -> EngagementDetail:
        """One project of this customer; another customer's is `NotFound`."""

    @operation("GET", "/projects/{code}/owner", raises=(NotFound,))
    async def project_owner(self, code: str) -> ProjectOwner:
        """Whose an activated project is."""
