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
│  └─ Drifted            502        an answer or a code we have no mapping for
└─ PlatformFault
   ├─ NotBound           501        no system plays this role here
   ├─ Disagreement       409        systems read back and do not agree
   ├─ Overloaded         503  retry
   └─ Broken             500        a bug of ours
"""

from typing import Annotated, Any, ClassVar, Self

import msgspec

from canonical.classes import PUBLIC

PROBLEM = "urn:tiergate:problem:"


class FieldError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing wrong, and where."""

    detail: Annotated[str, PUBLIC]
    pointer: Annotated[str, PUBLIC] = ""
    """JSON Pointer (RFC 6901) into the body, or `query:name`, `path:name`, `header:name`."""
    rule: Annotated[str, PUBLIC] = ""
    """Id of the guard or rule that refused, e.g. `tax_profile`."""
    owner: Annotated[str, PUBLIC] = ""
    """Who can mend it."""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details, with our extensions."""

    type: Annotated[str, PUBLIC]
    title: Annotated[str, PUBLIC]
    status: Annotated[int, PUBLIC]
    reason: Annotated[str, PUBLIC]
    detail: Annotated[str, PUBLIC] = ""
    instance: Annotated[str, PUBLIC] = ""
    request_id: Annotated[str, PUBLIC] = ""
    system: Annotated[str, PUBLIC] = ""
    errors: list[FieldError] = []
    facts: Annotated[dict[str, str], PUBLIC] = {}


class Fault(Exception):  # noqa: N818 - the field says fault, not error
    """The root. A subclass sets `status`, `retry` and `title`; its `reason` is its name in snake case.

    `detail` is a sentence for the reader; `errors` what is wrong field by field; `facts` short named values that
    travel in the problem document (`scope`, `limit`, `policy`, `retry_after` in seconds ...).
    """

    status: ClassVar[int] = 500
    retry: ClassVar[bool] = False
    title: ClassVar[str] = "Something failed"
    reason: ClassVar[str] = "fault"
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

    def problem(self, *, request_id: str = "", instance: str = "") -> Problem:
        """This fault as problem details (RFC 9457)."""
        return Problem(
            type=PROBLEM + self.reason,
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
        return kind(problem.detail, system=problem.system, errors=problem.errors, **problem.facts)

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (self.reason, self.detail, self.system, self.errors, self.facts))

    def __str__(self) -> str:
        where = f"{self.system}: " if self.system else ""
        return f"{where}{self.detail or self.title}"

    def replaced(self, detail: str) -> Self:
        """The same fault in other words."""
        return type(self)(detail, system=self.system, errors=self.errors, **self.facts)


def _rebuild(reason: str, detail: str, system: str, errors: list[FieldError], facts: dict[str, str]) -> Fault:
    return Fault.kinds.get(reason, Fault)(detail, system=system, errors=errors, **facts)


class CallerFault(Fault):
    """The caller can mend it."""

    status, title = 400, "The call cannot be accepted"


class Malformed(CallerFault):
    status, title = 400, "The request cannot be read"


class Unauthenticated(CallerFault):
    status, title = 401, "Who is calling is not known"


class Forbidden(CallerFault):
    status, title = 403, "The caller may not do this"


class NotFound(CallerFault):
    status, title = 404, "There is no such thing"


class Conflict(CallerFault):
    status, title = 409, "Not possible in the present state"


class Gone(CallerFault):
    status, title = 410, "This is no longer offered"


class TooLarge(CallerFault):
    status, title = 413, "The request is too large"


class Invalid(CallerFault):
    status, title = 422, "Some fields are not as they must be"


class GuardsFailed(CallerFault):
    status, title = 422, "Business rules refuse this"


class TooMany(CallerFault):
    status, retry, title = 429, True, "Called too often"


class VendorFault(Fault):
    """A system behind us failed or refused; `system` names it."""

    status, title = 502, "A system behind this API failed"

    @property
    def retry_after(self) -> float | None:
        """Seconds the vendor asked us to wait, if it said."""
        said = self.facts.get("retry_after")
        return float(said) if said else None


class VendorBusy(VendorFault):
    status, retry, title = 503, True, "A system behind this API is throttling us"


class VendorDown(VendorFault):
    status, retry, title = 503, True, "A system behind this API is not answering"


class VendorTimeout(VendorFault):
    status, retry, title = 504, True, "A system behind this API did not answer in time"


class OutcomeUnknown(VendorFault):
    status, title = 504, "A system did not say whether it did what we asked"


class VendorSignIn(VendorFault):
    status, title = 502, "A system behind this API refused our sign-in"


class VendorForbade(VendorFault):
    status, title = 502, "A system behind this API denies us this right"


class VendorRefused(VendorFault):
    status, title = 422, "A system behind this API refused the data"


class VendorDuplicate(VendorFault):
    status, title = 409, "A system behind this API holds such a record already"


class VendorStale(VendorFault):
    status, retry, title = 409, True, "The record changed since it was read"


class Drifted(VendorFault):
    status, title = 502, "A system behind this API answered in a way we do not know"


class PlatformFault(Fault):
    """Tiergate itself, or how it is set up."""

    status, title = 500, "The platform failed"


class NotBound(PlatformFault):
    status, title = 501, "No system plays this role here"


class Disagreement(PlatformFault):
    status, title = 409, "The systems do not agree"


class Overloaded(PlatformFault):
    status, retry, title = 503, True, "The platform is shedding load"


class Broken(PlatformFault):
    status, title = 500, "The platform failed"
