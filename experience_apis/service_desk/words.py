"""The console's words: one sentence for what happened, one for what it costs, one for what settles it.

Every reason a fault can have and every guard has its row here. A sentence names the system and never a stack trace,
blames nobody, and does not say "failed" while an outcome is unknown.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from canonical.ports.processes import Case
from experience_apis.service_desk.port import Advice


class Word(msgspec.Struct, frozen=True):
    """A state as it is shown: never by colour alone."""

    text: str
    tone: str
    """`ok`, `run`, `warn`, `bad`, `doubt`, or empty for none."""
    icon: str


class Sentences(msgspec.Struct, frozen=True):
    """A row of the tables: what happened, what it costs, what settles it."""

    what: str
    cost: str
    do: str


_WAITS: Final = "{deal} waits where it stopped; nothing is lost and nothing will be written twice."
_NOTHING_WRITTEN: Final = (
    "{deal} can’t become a project. It was stopped before the first write, so nothing needs undoing."
)

FAULTS: Final[Mapping[str, Sentences]] = {
    # What a caller can mend.
    "malformed": Sentences(
        "The request could not be read.", _WAITS, "Tell the platform desk: the call itself is wrong."
    ),
    "unauthenticated": Sentences("It is not known who was calling.", _WAITS, "Sign in again, then retry."),
    "forbidden": Sentences(
        "The caller does not have the right this needs.", _WAITS, "Have the right granted in the policies, then retry."
    ),
    "not_found": Sentences(
        "{system} has no such record any more.",
        _WAITS,
        "Look in {system} whether it was deleted or merged, then retry.",
    ),
    "conflict": Sentences(
        "It is in a state in which this can’t be done.", _WAITS, "Open the trace: somebody may have settled it already."
    ),
    "gone": Sentences("This version is no longer offered.", _WAITS, "Move the caller to the newer version."),
    "too_large": Sentences(
        "The data is larger than the API takes.", _WAITS, "Make it smaller at the source, then retry."
    ),
    "invalid": Sentences(
        "Some fields are not as they must be.", _WAITS, "Correct the named fields at their source, then retry."
    ),
    "guards_failed": Sentences(
        "Business rules refuse {deal}.", _NOTHING_WRITTEN, "Have each rule’s owner correct what it names, then retry."
    ),
    "too_many": Sentences(
        "Calls came faster than their limit.", _WAITS, "Nothing for you to do: it goes on by itself."
    ),
    # What a system behind us did.
    "vendor_busy": Sentences(
        "{system} is throttling us.", _WAITS, "Nothing for you to do unless it lasts: then retry when {system} is well."
    ),
    "vendor_down": Sentences(
        "{system} is not answering.", _WAITS, "Retry as soon as Connections shows {system} well again."
    ),
    "vendor_timeout": Sentences("{system} did not answer in time.", _WAITS, "Retry when {system} answers as usual."),
    "outcome_unknown": Sentences(
        "{system} did not say whether it did what we asked.",
        "{deal} waits. We look it up by its own key before trying again, so it cannot exist twice.",
        "Retry: the look-up comes first, then the write, and only if it is missing.",
    ),
    "vendor_sign_in": Sentences(
        "{system} refused our sign-in.",
        "Every call to {system} waits; none is lost.",
        "Renew the credentials of {system}, then retry.",
    ),
    "vendor_forbade": Sentences(
        "{system} denies our user a right.", _WAITS, "Have the right granted to our user in {system}, then retry."
    ),
    "vendor_refused": Sentences(
        "{system} refused the data.", _WAITS, "Correct what {system} names, where it is owned, then retry."
    ),
    "vendor_duplicate": Sentences(
        "{system} holds such a record already.",
        "{deal} waits; the record that is there stays untouched.",
        "Choose in {system} which record is meant, give it our key, then retry.",
    ),
    "vendor_stale": Sentences(
        "Somebody changed the record in {system} while we were writing.",
        "Their change is kept; ours waits.",
        "Retry: the record is read again first.",
    ),
    "drifted": Sentences(
        "{system} answered in a way we do not know.", _WAITS, "Tell the platform desk: the mapping needs a new line."
    ),
    "unsupported": Sentences(
        "{system} cannot do what this step needs.", _WAITS, "Bind the role to a system that can, then retry."
    ),
    # Tiergate itself.
    "not_bound": Sentences("No system plays this role here.", _WAITS, "Bind a system to the role, then retry."),
    "disagreement": Sentences(
        "The systems do not agree.",
        "The project exists, but a figure differs between systems and may reach an invoice.",
        "Correct the differing field where it is owned, then retry: only the comparison runs again.",
    ),
    "overloaded": Sentences("The platform is shedding load.", _WAITS, "Nothing for you to do: it goes on by itself."),
    "broken": Sentences(
        "Something is wrong in Tiergate itself.", _WAITS, "Tell the platform desk and name the request id."
    ),
}
"""By a fault's reason (canonical/faults.py)."""

GUARDS: Final[Mapping[str, Sentences]] = {
    "legal_entity": Sentences(
        "The selling company is not open in the ERP.", _NOTHING_WRITTEN, "Finance opens it or the deal names another."
    ),
    "intercompany": Sentences(
        "Another company of the firm delivers, and the two have no intercompany agreement.",
        _NOTHING_WRITTEN,
        "Finance records the agreement, or the delivery moves.",
    ),
    "tax_profile": Sentences(
        "{customer} has no valid tax registration.",
        _NOTHING_WRITTEN,
        "The account’s owner adds the registration in the CRM, then retry.",
    ),
    "signed_contract": Sentences(
        "The contract is not signed.",
        _NOTHING_WRITTEN,
        "Legal gets it signed, or a director approves the work at risk with a cap and an end date.",
    ),
    "credit_hold": Sentences(
        "{customer} is on credit hold.",
        _NOTHING_WRITTEN,
        "Finance releases the customer in the ERP, then retry. Nobody else can.",
    ),
    "currency": Sentences(
        "Deal, quote and contract are not in one currency.",
        _NOTHING_WRITTEN,
        "The deal’s owner corrects the currency in the CRM, then retry.",
    ),
    "quote_total": Sentences(
        "The quote’s total is not the deal’s amount.",
        _NOTHING_WRITTEN,
        "The deal’s owner brings the two together in the CRM, then retry.",
    ),
    "quote_accepted": Sentences(
        "The quote is not accepted.", _NOTHING_WRITTEN, "The deal desk has the client accept it, then retry."
    ),
    "rate_card": Sentences(
        "A role has no rate over the whole time.", _NOTHING_WRITTEN, "The deal desk completes the rates, then retry."
    ),
    "purchase_order": Sentences(
        "{customer} demands a purchase order number, and the deal has none.",
        _NOTHING_WRITTEN,
        "The account’s owner adds the number in the CRM, then retry.",
    ),
    "duplicate_project": Sentences(
        "This deal has a project already.",
        "A second one would bill the same work twice, so it was stopped before the first write.",
        "Open the project that is there. If it is the right one, close this case.",
    ),
    "project_manager_active": Sentences(
        "The project manager is not an active employee.",
        _NOTHING_WRITTEN,
        "Delivery names another manager on the deal, then retry.",
    ),
    "screening": Sentences(
        "The sanctions check of {customer} is missing or too old.",
        _NOTHING_WRITTEN,
        "Compliance renews the check, then retry. Nobody else can.",
    ),
    "period_open": Sentences(
        "The accounting period of the first day is closed.",
        _NOTHING_WRITTEN,
        "Finance reopens the period, or the deal starts later.",
    ),
}
"""By a guard's id."""

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
    "{deal} stopped for a reason we have no sentence for yet.", _WAITS, "Open the trace, then tell the platform desk."
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
    what, cost, do = (capital(text.format(**named)) for text in (row.what, row.cost, row.do))
    return Advice(what=what, cost=cost, do=do if case.errors else case.suggestion or do)


def heading(case: Case) -> str:
    """A case in one line, with whom it is about: `Deccan Motors: Kantata is not answering`."""
    what = (
        f"{count(len(case.errors), 'rule')} refuse the deal"
        if len(case.errors) > 1
        else case.title.split(". ")[0].rstrip(".")
    )
    return what if not case.customer or case.customer in what else f"{case.customer}: {what}"


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
