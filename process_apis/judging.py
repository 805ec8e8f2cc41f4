"""Guards as data, for every workflow: a rule, who can mend it, how hard it holds, and a check that tells its evidence.

All of them run before the first write, and all that fail are told at once. A guard that has nothing to look at is "not
applicable", which is not a pass.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Annotated, Final, Generic, Literal, ParamSpec

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import FieldError, GuardsFailed

P = ParamSpec("P")
Outcome = Literal["passed", "failed", "not_applicable"]
Severity = Literal["block", "hold", "warn"]
"""`block`: the data must be mended. `hold`: its approver may let it pass. `warn`: it is told, and stops nothing."""


class Skip(str):
    """Why a guard says nothing."""

    __slots__ = ()


Said = str | Skip | Iterable[str] | None
"""What a check answers: None when its rule holds, a sentence when not, one for each place, or a `Skip`."""


class Verdict(Value, frozen=True, kw_only=True):
    """What one guard says."""

    rule: Annotated[str, PUBLIC]
    outcome: Annotated[Outcome, PUBLIC]
    evidence: Annotated[str, PUBLIC] = ""
    owner: Annotated[str, PUBLIC] = ""
    severity: Annotated[Severity, PUBLIC] = "block"
    approver: Annotated[str, PUBLIC] = ""
    """Who may let it pass where it only holds."""
    here: Annotated[bool, PUBLIC] = False
    """Whether that is decided here (`approvals`), and not in the CRM."""


class Guard(msgspec.Struct, Generic[P], frozen=True):
    """One rule. `owner` can mend what it finds; `approver` may let it pass where its severity is `hold`.

    They do so in the CRM, by the rule's name on the contract, or `here`: for what was found, as it was found.
    """

    rule: str
    owner: str
    check: Callable[P, Said]
    severity: Severity = "block"
    approver: str = ""
    here: bool = False

    def __post_init__(self) -> None:
        if bool(self.approver) != (self.severity == "hold") or (self.here and not self.approver):
            raise ValueError(f"{self.rule}: what holds, and nothing else, names who may waive it")


class Leniency(msgspec.Struct, frozen=True):
    """What is judged less hard this once."""

    waived: Mapping[str, str] = {}
    """Rules that their approver lets pass, each with by whose word; only a hold can be."""
    lapsed: Mapping[str, str] = {}
    """Rules that one had let pass, each with why that does not count any more: told with what is found."""
    warned: Collection[str] = ()
    """Rules that only warn, whatever they do elsewhere."""


STRICT: Final = Leniency()


def in_the_crm(rules: Iterable[str]) -> dict[str, str]:
    """These rules as waived on the document in the CRM."""
    return {rule: f"waived in the CRM ({rule})" for rule in rules}


def judged(guards: Sequence[Guard[P]], leniency: Leniency, *about: P.args, **more: P.kwargs) -> list[Verdict]:
    """Every guard's verdicts on what it is asked `about`: one each, or one for each place where it does not hold."""
    found = []
    for guard in guards:
        said = guard.check(*about, **more)
        severity: Severity = "warn" if guard.rule in leniency.warned else guard.severity
        waived = severity == "hold" and guard.rule in leniency.waived
        for sentence in _sentences(said):
            fails = bool(sentence) and not isinstance(sentence, Skip)
            each = sentence
            if fails and waived:
                each = Skip(f"not applicable: {leniency.waived[guard.rule]}: {sentence}")
            elif fails and guard.rule in leniency.lapsed:
                each = f"{sentence} {leniency.lapsed[guard.rule]}"
            outcome: Outcome = "not_applicable" if isinstance(each, Skip) else "failed" if each else "passed"
            found.append(
                Verdict(
                    rule=guard.rule,
                    outcome=outcome,
                    evidence=str(each),
                    owner=guard.owner,
                    severity=severity,
                    approver=guard.approver,
                    here=guard.here,
                )
            )
    return found


def _sentences(said: Said) -> list[str]:
    return ([said] if isinstance(said, str) else list(said or ())) or [""]


def refuse(verdicts: list[Verdict]) -> None:
    """Raise `GuardsFailed` with every guard that failed and does not only warn."""
    failed = refusing(verdicts)
    if failed:
        raise GuardsFailed(" ".join(each.detail for each in failed), errors=failed)


def refusing(verdicts: list[Verdict]) -> list[FieldError]:
    """What stands in the way."""
    return [_error(v) for v in verdicts if v.outcome == "failed" and v.severity != "warn"]


def warning(verdicts: list[Verdict]) -> list[FieldError]:
    """What is told, and stands in nobody's way."""
    return [_error(v) for v in verdicts if v.outcome == "failed" and v.severity == "warn"]


def _error(verdict: Verdict) -> FieldError:
    approver = verdict.approver if verdict.here and verdict.severity == "hold" else ""
    return FieldError(rule=verdict.rule, detail=verdict.evidence, owner=verdict.owner, approver=approver)


def summary(verdicts: list[Verdict]) -> str:
    """`11 of 14 pass; 3 not applicable: no HR system bound`: a reason that several share is told once."""
    passed = sum(v.outcome == "passed" for v in verdicts)
    skipped = [v.evidence.removeprefix("not applicable: ") for v in verdicts if v.outcome == "not_applicable"]
    tail = f"; {len(skipped)} not applicable: {', '.join(dict.fromkeys(skipped))}" if skipped else ""
    warned = [each.detail for each in warning(verdicts)]
    return f"{passed} of {len(verdicts)} pass{tail}{'; mind: ' if warned else ''}{' '.join(warned)}"
