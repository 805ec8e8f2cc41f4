"""The console's words: one sentence for what happened, one for what it costs, one for what settles it.

Every reason a fault can have and every guard has its row here. A sentence names the system and never a stack trace,
blames nobody, and does not say "failed" while an outcome is unknown.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from canonical.ports.processes import Case
from experience_apis.service_desk.port import Advice
from experience_apis.service_desk.rules import GUARDS
from experience_apis.service_desk.sentences import Sentences


class Word(msgspec.Struct, frozen=True):
    """A state as it is shown: never by colour alone."""

    text: str
    tone: str
    """`ok`, `run`, `warn`, `bad`, `doubt`, or empty for none."""
    icon: str


_WAITS: Final = "{deal} waits where it stopped; nothing is lost and nothing will be written twice."
REFUSED: Final[Mapping[str, tuple[str, str, str]]] = {
    "opportunity_to_project": ("{deal} can’t become a project.", "the deal", "project not started"),
    "deal_commitment": ("{deal} can’t be prepared for.", "the deal", "not prepared for"),
    "quote_to_order": ("{deal} is not ordered.", "the order", "not ordered"),
    "contract_sync": ("What was signed for {deal} is not billed yet.", "the contract", "contract not carried"),
    "project_setup": ("The project of {deal} is not set up.", "the setup", "project not set up"),
    "standing_down": ("{deal} can’t be wound up.", "the winding up", "not billed"),
    "at_risk": ("Work on {deal} is not covered.", "the work", "at risk"),
    "booking_approval": ("{deal} is not booked.", "the booking", "nobody booked"),
    "sync_undo": ("{deal} is as the sync left it.", "the undoing", "not put back"),
}
"""By a workflow: what a refusal costs, what it is that rules refuse, and what the money waits for."""
ENDED: Final[Mapping[str, tuple[str, str]]] = {
    "opportunity_to_project": ("The won deal became a live project in {spent}.", "Run"),
    "deal_commitment": ("The likely deal was prepared for in {spent}.", "Preparation"),
    "quote_to_order": ("The accepted quote became an order in {spent}.", "Quote revision"),
    "contract_sync": ("What was signed was carried to every system in {spent}.", "Amendment"),
    "project_setup": ("The project was set up and opened for time in {spent}.", "Set-up"),
    "standing_down": ("The project was wound up in {spent}.", "Winding up"),
    "staffing": ("The booking stands as asked for, after {spent}.", "Booking, version"),
    "at_risk": ("The work was covered again after {spent}.", "Approval at risk"),
    "booking_approval": ("It was decided whether the person is booked, after {spent}.", "Approval"),
    "account_sync": ("The account is the same in every system now.", "Account, change"),
    "sync_undo": ("What the sync had overwritten was put back in {spent}.", "Undoing"),
    "contact_sync": ("The person is the same in every system now.", "Person, change"),
}
"""By a workflow: what is so once a run is done, and what the number of a run counts."""
FIRST: Final[Mapping[str, str]] = {"contract_sync": "Contract"}
"""How the run without a number is called, where it is not only the first."""
_ANY: Final = ("{deal} can’t go on.", "this", "held up")
_STOPPED: Final = "It was stopped before the first write, so nothing needs undoing."

FAULTS: Final[Mapping[str, Sentences]] = {
    # What a caller can mend.
    "malformed": Sentences(
        "The request could not be read.", "Tell the platform desk: the call itself is wrong.", _WAITS
    ),
    "unauthenticated": Sentences("It is not known who was calling.", "Sign in again, then retry.", _WAITS),
    "forbidden": Sentences(
        "The caller does not have the right this needs.", "Have the right granted in the policies, then retry.", _WAITS
    ),
    "not_found": Sentences(
        "{system} has no such record any more.",
        "Look in {system} whether it was deleted or merged, then retry.",
        _WAITS,
    ),
    "conflict": Sentences(
        "It is in a state in which this can’t be done.", "Open the trace: somebody may have settled it already.", _WAITS
    ),
    "gone": Sentences("This version is no longer offered.", "Move the caller to the newer version.", _WAITS),
    "too_large": Sentences(
        "The data is larger than the API takes.", "Make it smaller at the source, then retry.", _WAITS
    ),
    "invalid": Sentences(
        "Some fields are not as they must be.", "Correct the named fields at their source, then retry.", _WAITS
    ),
    "guards_failed": Sentences(
        "Business rules refuse {deal}.", "Have each rule’s owner correct what it names, then retry."
    ),
    "too_many": Sentences(
        "Calls came faster than their limit.", "Nothing for you to do: it goes on by itself.", _WAITS
    ),
    # What a system behind us did.
    "vendor_busy": Sentences(
        "{system} is throttling us.", "Nothing for you to do unless it lasts: then retry when {system} is well.", _WAITS
    ),
    "vendor_down": Sentences(
        "{system} is not answering.", "Retry as soon as Connections shows {system} well again.", _WAITS
    ),
    "vendor_timeout": Sentences("{system} did not answer in time.", "Retry when {system} answers as usual.", _WAITS),
    "outcome_unknown": Sentences(
        "{system} did not say whether it did what we asked.",
        "Retry: the look-up comes first, then the write, and only if it is missing.",
        "{deal} waits. We look it up by its own key before trying again, so it cannot exist twice.",
    ),
    "vendor_sign_in": Sentences(
        "{system} refused our sign-in.",
        "Renew the credentials of {system}, then retry.",
        "Every call to {system} waits; none is lost.",
    ),
    "vendor_forbade": Sentences(
        "{system} denies our user a right.", "Have the right granted to our user in {system}, then retry.", _WAITS
    ),
    "vendor_refused": Sentences(
        "{system} refused the data.", "Correct what {system} names, where it is owned, then retry.", _WAITS
    ),
    "vendor_duplicate": Sentences(
        "{system} holds such a record already.",
        "Choose in {system} which record is meant, give it our key, then retry.",
        "{deal} waits; the record that is there stays untouched.",
    ),
    "vendor_stale": Sentences(
        "Somebody changed the record in {system} while we were writing.",
        "Retry: the record is read again first.",
        "Their change is kept; ours waits.",
    ),
    "drifted": Sentences(
        "{system} answered in a way we do not know.", "Tell the platform desk: the mapping needs a new line.", _WAITS
    ),
    "unsupported": Sentences(
        "{system} cannot do what this step needs.", "Bind the role to a system that can, then retry.", _WAITS
    ),
    # Tiergate itself.
    "not_bound": Sentences("No system plays this role here.", "Bind a system to the role, then retry.", _WAITS),
    "disagreement": Sentences(
        "The systems do not agree.",
        "Correct the differing field where it is owned, then retry: only the comparison runs again.",
        "The project exists, but a figure differs between systems and may reach an invoice.",
    ),
    "overloaded": Sentences("The platform is shedding load.", "Nothing for you to do: it goes on by itself.", _WAITS),
    "broken": Sentences(
        "Something is wrong in Tiergate itself.", "Tell the platform desk and name the request id.", _WAITS
    ),
}
"""By a fault's reason (canonical/faults.py)."""


CLASSES: Final[Mapping[str, str]] = {
    "unavailable": "vendor_down",
    "rate_limit": "vendor_busy",
    "timeout": "vendor_timeout",
    "sign_in": "vendor_sign_in",
    "permission": "vendor_forbade",
    "refused": "vendor_refused",
    "duplicate": "vendor_duplicate",
    "schema_drift": "drifted",
    "missing_reference": "not_found",
    "platform_bug": "broken",
}
"""The class of a case, where it has another name than the fault's reason."""

_OTHER: Final = Sentences(
    "{deal} stopped for a reason we have no sentence for yet.", "Open the trace, then tell the platform desk.", _WAITS
)

RUN: Final[Mapping[str, Word]] = {
    "running": Word("Running", "run", "loader-circle"),
    "succeeded": Word("Done", "ok", "check"),
    "refused": Word("Refused by rules", "warn", "ban"),
    "failed": Word("Needs a person", "bad", "circle-alert"),
    "cancelled": Word("Undone", "", "undo-2"),
}
STEP: Final[Mapping[str, Word]] = {
    "pending": Word("Waiting", "", "pause"),
    "running": Word("Running", "run", "loader-circle"),
    "done": Word("Done", "ok", "check"),
    "failed": Word("Failed", "bad", "x"),
    "not_applicable": Word("Not applicable", "", "minus"),
    "undone": Word("Undone", "", "undo-2"),
}
CONNECTION: Final[Mapping[str, Word]] = {
    "well": Word("Well", "ok", "check"),
    "slow": Word("Slow", "warn", "gauge"),
    "failing": Word("Not answering", "bad", "circle-alert"),
    "signed_out": Word("Signed out", "bad", "unplug"),
    "unused": Word("Not used yet", "", "minus"),
}
UNKNOWN: Final = Word("Outcome unknown", "doubt", "circle-question-mark")
RESOLVED: Final = Word("Done", "ok", "check")
FIX_READY: Final = Word("Fix ready", "warn", "wrench")
PERSON: Final = Word("Needs a person", "bad", "circle-alert")

ATTEMPT: Final[Mapping[str, str]] = {
    "outcome_unknown": "We look it up before trying again.",
    "vendor_busy": "Throttled: we wait, then try again.",
    "vendor_down": "No answer that counts: we try again.",
    "vendor_timeout": "Reading is safe to repeat.",
    "vendor_sign_in": "We sign in again, then repeat.",
    "vendor_stale": "Changed meanwhile: we read it again first.",
}
"""What is made of a fault at one attempt."""


def sentences(kind: str) -> Sentences:
    """The row for a case's kind (`guard_{ids}` or a class), a guard's id, or a fault's reason."""
    first = kind.removeprefix("guard_").split("+")[0]
    return GUARDS.get(first) or FAULTS.get(CLASSES.get(kind, kind)) or _OTHER


def advice(case: Case) -> Advice:
    """What to tell about a case. Of a technical cause the process tier knows more, of a rule the table does."""
    row = sentences(case.kind)
    if len(case.errors) > 1:
        row = FAULTS["guards_failed"]
    named = {
        "system": case.system.capitalize() or "the system",
        "deal": case.deal or "the deal",
        "customer": case.customer or "the customer",
    }
    lost = row.cost or f"{_refused(case)[0]} {_STOPPED}"
    what, cost, do = (capital(text.format(**named)) for text in (row.what, lost, row.do))
    return Advice(what=what, cost=cost, do=do if case.errors else case.suggestion or do)


def heading(case: Case) -> str:
    """A case in one line, with whom it is about: `Deccan Motors: Kantata is not answering`."""
    what = (
        f"{count(len(case.errors), 'rule')} refuse {_refused(case)[1]}"
        if len(case.errors) > 1
        else case.title.split(". ")[0].rstrip(".")
    )
    return what if not case.customer or case.customer in what else f"{case.customer}: {what}"


def waiting(case: Case) -> str:
    """What the money of a case waits for, in a few words: `project not started`."""
    return _refused(case)[2]


def ended(workflow: str, spent: str) -> str:
    """What is so once a run of a workflow is done."""
    done = ENDED.get(workflow, ("It was done in {spent}.", ""))[0]
    return done.format(spent=spent)


def numbered(workflow: str, number: int) -> str:
    """How people call one run among those of a deal: `Run 2`, `Amendment 1`, `Contract`."""
    counted = ENDED.get(workflow, ("", "Run"))[1]
    return f"{counted} {number}" if number else FIRST.get(workflow, counted)


def _refused(case: Case) -> tuple[str, str, str]:
    return REFUSED.get(case.workflow, _ANY)


def of_case(case: Case) -> Word:
    """The state of a case."""
    if case.state == "resolved":
        return RESOLVED
    if case.kind == "outcome_unknown":
        return UNKNOWN
    return PERSON if case.errors or not case.can_retry else FIX_READY


def count(number: int, one: str, many: str = "") -> str:
    """`three causes`, `1 deal` ... in words up to nine where it begins no table."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return f"{words[number] if number < len(words) else number} {one if number == 1 else many or one + 's'}"


def capital(text: str) -> str:
    """The first letter large, the rest as it is."""
    return text[:1].upper() + text[1:]
