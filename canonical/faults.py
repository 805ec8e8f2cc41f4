"""Every way a call can fail, as one small tree. Each fault answers two questions: what status, and try again?

Fault
├─ CallerFault                      the caller can mend it
│  ├─ Malformed          400        not readable at all
│  ├─ Unauthenticated    401        no token, or one that is not good
│  ├─ Forbidden          403        known, but may not
│  ├─ NotFound           404
│  ├─ Conflict           409        not in this state
│  ├─ Gone               410
│  ├─ TooLarge           413
│  ├─ Invalid            422        readable, but fields are wrong: all of them in `errors`
│  ├─ GuardsFailed       422        business rules refuse: all of them in `errors`
│  └─ TooMany            429  retry
├─ VendorFault                      a system behind us
│  ├─ VendorBusy         503  retry throttled; `retry_after` where it said so
│  ├─ VendorDown         503  retry no answer that counts (refused, 5xx, not its own format)
│  ├─ VendorTimeout      504  retry no answer in time, to a read
│  ├─ OutcomeUnknown     504        no answer in time, to a write: look up by key, never repeat blindly
│  ├─ VendorSignIn       502        our credentials were refused: the connection pauses, not the run
│  ├─ VendorForbade      502        signed in, but that right is missing
│  ├─ VendorRefused      422        a business rule of the vendor; `detail` says it in its own words
│  ├─ VendorDuplicate    409        it holds such a record already
│  ├─ VendorStale        409  retry changed since it was read: read again, merge, write again
│  ├─ Unsupported        501        it has no such thing, or none we use; `detail` says why
│  └─ Drifted            502        an answer or a code we have no mapping for
└─ PlatformFault
   ├─ NotBound           501        no system plays this role here
   ├─ Disagreement       409        systems read back and do not agree
   ├─ Overloaded         503  retry
   └─ Broken             500        a bug of ours
"""

from typing import Annotated, Any, ClassVar, Self

import msgspec

from canonical.classes import FREE_TEXT, PUBLIC

PROBLEM = "/problems/"
"""Below the gateway's own address each reason has its page here, and that page's address is the problem's `type`."""


class FieldError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing wrong, and where."""

    detail: Annotated[str, FREE_TEXT, msgspec.Meta(examples=["Harbor Logistics Inc. is on credit hold in the ERP."])]
    pointer: Annotated[str, PUBLIC] = ""
    """JSON Pointer (RFC 6901) into the body, or `query:name`, `path:name`, `header:name`."""
    rule: Annotated[str, PUBLIC] = ""
    policy: Annotated[str, PUBLIC] = ""
    """Id of the guard or rule that refused, e.g. `tax_profile`; and its line, where a policy says it: `file:line`."""
    owner: Annotated[str, PUBLIC] = ""
    approver: Annotated[str, PUBLIC] = ""
    """Who can mend it; and who may let it pass as it is, where that is decided here."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details, with our extensions."""

    type: Annotated[str, PUBLIC]
    title: Annotated[str, PUBLIC]
    status: Annotated[int, PUBLIC]
    reason: Annotated[str, PUBLIC]
    detail: Annotated[str, FREE_TEXT] = ""
    instance: Annotated[str, PUBLIC] = ""
    request_id: Annotated[str, PUBLIC] = ""
    system: Annotated[str, PUBLIC] = ""
    errors: list[FieldError] = []
    facts: Annotated[dict[str, str], PUBLIC] = {}
    violated_policies: Annotated[list[str], PUBLIC] = msgspec.field(default_factory=list, name="violated-policies")
    """Names of the limits that had no room."""


class Fault(Exception):  # noqa: N818 - the field says fault, not error
    """The root. A subclass sets `status`, `retry` and `title`; its `reason` is its name in snake case.

    `detail` is a sentence for the reader; `errors` what is wrong field by field; `facts` short named values that
    travel in the problem document (`scope`, `limit`, `policy`, `retry_after` in seconds ...).
    """

    status: ClassVar[int] = 500
    retry: ClassVar[bool] = False
    title: ClassVar[str] = "Something failed"
    reason: ClassVar[str] = "fault"
    mended_by: ClassVar[str] = "whoever runs Tiergate"
    type_uri: ClassVar[str] = ""
    """A registered type URI, where there is one for this; otherwise the type is the page of its reason."""
    kinds: ClassVar[dict[str, type["Fault"]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.reason = "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).lstrip("_")
        Fault.kinds[cls.reason] = cls

    def __init__(
        self, detail: str = "", *, system: str = "", errors: list[FieldError] | None = None, **facts: str
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.system = system
        self.errors = list(errors or [])
        self.facts = facts

    def problem(self, *, request_id: str = "", instance: str = "", site: str = "") -> Problem:
        """This fault as problem details (RFC 9457). `site` is the gateway's address as callers know it."""
        return Problem(
            type=self.type_uri or site + PROBLEM + self.reason,
            title=self.title,
            status=self.status,
            reason=self.reason,
            detail=self.detail,
            instance=instance,
            request_id=request_id,
            system=self.system,
            errors=self.errors,
            facts=self.facts,
        )

    @classmethod
    def from_problem(cls, problem: Problem) -> "Fault":
        """The fault a problem document left as, on the other side of the wire. An unknown reason is `Drifted`."""
        kind = cls.kinds.get(problem.reason)
        if kind is None:
            return Drifted(f"unknown problem {problem.reason!r}: {problem.detail}", system=problem.system)
        facts = dict(problem.facts)
        if problem.violated_policies:
            facts["violated"] = " ".join(problem.violated_policies)
        return kind(problem.detail, system=problem.system, errors=problem.errors, **facts)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Fault.from_problem, (self.problem(),))

    def __str__(self) -> str:
        where = f"{self.system}: " if self.system else ""
        return f"{where}{self.detail or self.title}"

    def replaced(self, detail: str) -> Self:
        """The same fault in other words."""
        return type(self)(detail, system=self.system, errors=self.errors, **self.facts)


class CallerFault(Fault):
    """The call cannot be accepted as it is.

    Mend: read `detail`, change the request, and send it again.
    """

    status, title = 400, "The call cannot be accepted"
    mended_by = "the caller"


class Malformed(CallerFault):
    """The request cannot be read, or is read in two ways: broken JSON, a header twice, an encoded slash in the path.

    Mend: `detail` says which part; send it once, well formed. Sending it again unchanged never helps.
    """

    status, title = 400, "The request cannot be read"


class Unauthenticated(CallerFault):
    """It is not known who calls.

    Mend: sign in at the issuer and send its access token: `Authorization: Bearer ...`.
    """

    status, title = 401, "Who is calling is not known"


class Forbidden(CallerFault):
    """It is known who calls, and this caller may not do it.

    Mend: ask the owner of the API for the right that `detail` names; `facts.policy` is the line that refused.
    """

    status, title = 403, "The caller may not do this"


class NotFound(CallerFault):
    """There is no such thing, or none for this caller: which of the two is not said.

    Mend: check the id and the account it belongs to.
    """

    status, title = 404, "There is no such thing"


class Conflict(CallerFault):
    """The thing is in a state that does not allow this.

    Mend: read it again, and decide anew from what it says now.
    """

    status, title = 409, "Not possible in the present state"


class Gone(CallerFault):
    """This was offered once and is no longer.

    Mend: follow the `Link` header to what replaces it.
    """

    status, title = 410, "This is no longer offered"


class TooLarge(CallerFault):
    """The request is larger than is taken here.

    Mend: send less, or in several calls.
    """

    status, title = 413, "The request is too large"


class Invalid(CallerFault):
    """The request can be read, but fields are wrong; `errors` names all of them at once, each by its JSON Pointer.

    Mend: correct every field that `errors` lists, against the published contract.
    """

    status, title = 422, "Some fields are not as they must be"


class GuardsFailed(CallerFault):
    """Business rules refuse this; `errors` names every rule, and who can mend what it found.

    Mend: each error's `owner` corrects the record it is about; then start again.
    """

    status, title = 422, "Business rules refuse this"


class TooMany(CallerFault):
    """Called more often than is allowed.

    Mend: wait as long as `Retry-After` says, then call again.
    """

    status, retry, title = 429, True, "Called too often"


class VendorFault(Fault):
    """A system behind this API failed or refused; `system` names it.

    Mend: nothing in the request is wrong; whoever runs that system finds the call by its `request_id`.
    """

    status, title = 502, "A system behind this API failed"
    mended_by = "whoever runs the system behind"

    @property
    def retry_after(self) -> float | None:
        """Seconds the vendor asked us to wait, if it said."""
        said = self.facts.get("retry_after")
        return float(said) if said else None


class VendorBusy(VendorFault):
    """The system named in `system` is throttling us.

    Mend: wait as long as `Retry-After` says; workflows do so by themselves.
    """

    status, retry, title = 503, True, "A system behind this API is throttling us"


class VendorDown(VendorFault):
    """The system named in `system` cannot be reached, or answers in a way that does not count.

    Mend: try again later; nothing is half written. Its health stands on the service desk's connections page.
    """

    status, retry, title = 503, True, "A system behind this API is not answering"


class VendorTimeout(VendorFault):
    """The system named in `system` did not answer a read in time.

    Mend: try again; nothing was changed.
    """

    status, retry, title = 504, True, "A system behind this API did not answer in time"


class OutcomeUnknown(VendorFault):
    """The system named in `system` did not say whether it did what was asked.

    Mend: look the record up by its key before anything else; never repeat the write blindly.
    """

    status, title = 504, "A system did not say whether it did what we asked"


class VendorSignIn(VendorFault):
    """The system named in `system` refused our own credentials.

    Mend: renew them in its connection; runs wait meanwhile and go on by themselves.
    """

    status, title = 502, "A system behind this API refused our sign-in"


class VendorForbade(VendorFault):
    """We are signed in at the system named in `system`, but lack a right there.

    Mend: give our user in that system the right that `detail` names.
    """

    status, title = 502, "A system behind this API denies us this right"


class VendorRefused(VendorFault):
    """A business rule of the system named in `system` refused the data; `detail` says it in its words.

    Mend: correct the record that the rule is about, there or here.
    """

    status, title = 422, "A system behind this API refused the data"


class VendorDuplicate(VendorFault):
    """The system named in `system` holds such a record already.

    Mend: decide which of the two is right, and link or merge them.
    """

    status, title = 409, "A system behind this API holds such a record already"


class VendorStale(VendorFault):
    """The record was changed by somebody else after it was read.

    Mend: read it again, apply the change to what it says now, and write again.
    """

    status, retry, title = 409, True, "The record changed since it was read"


class Unsupported(VendorFault):
    """The system named in `system` has no such thing, or none we use; `detail` says why.

    Mend: bind the role to a system that can; `tiergate capabilities` prints what each can.
    """

    status, title = 501, "A system behind this API cannot do this"


class Drifted(VendorFault):
    """The system named in `system` answered in a way we have no mapping for: it has changed, or holds new things.

    Mend: compare its answer (in our log, by `request_id`) with the mapping, and extend it.
    """

    status, title = 502, "A system behind this API answered in a way we do not know"


class PlatformFault(Fault):
    """Tiergate itself failed, or is not set up for this.

    Mend: give the `request_id` to whoever runs Tiergate.
    """

    status, title = 500, "The platform failed"


class NotBound(PlatformFault):
    """No system plays the role this call needs.

    Mend: bind one in `policies/bindings.yaml`.
    """

    status, title = 501, "No system plays this role here"


class Disagreement(PlatformFault):
    """Two systems were read back and do not agree.

    Mend: the case on the service desk shows both values; correct the wrong one, and let it verify again.
    """

    status, title = 409, "The systems do not agree"


class Overloaded(PlatformFault):
    """The platform sheds load: less important calls are refused first.

    Mend: wait as long as `Retry-After` says, then call again.
    """

    status, retry, title = 503, True, "The platform is shedding load"


class Broken(PlatformFault):
    """A bug of ours; what failed inside is in the log, not in the answer.

    Mend: give the `request_id` to whoever runs Tiergate: it finds the log entry.
    """

    status, title = 500, "The platform failed"
