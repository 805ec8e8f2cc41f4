"""Guards as data, for every workflow that has them: a rule, who can mend it, and a check that tells its evidence.

All of them run before the first write, and all that fail are told at once. A guard that has nothing to look at is "not
applicable", which is not a pass.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Generic, Literal, TypeVar

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import FieldError, GuardsFailed

A = TypeVar("A")
E = TypeVar("E")
Outcome = Literal["passed", "failed", "not_applicable"]
Severity = Literal["block", "hold", "warn"]
"""`block`: the data must be mended. `hold`: somebody entitled to may waive it, too. `warn`: it is only told."""


class Skip(str):
    """Why a guard says nothing."""

    __slots__ = ()


class Verdict(Value, frozen=True, kw_only=True):
    """What one guard says."""

    rule: Annotated[str, PUBLIC]
    outcome: Annotated[Outcome, PUBLIC]
    evidence: Annotated[str, PUBLIC] = ""
    owner: Annotated[str, PUBLIC] = ""
    severity: Annotated[Severity, PUBLIC] = "block"


class Guard(msgspec.Struct, Generic[A, E], frozen=True):
    """One rule. `check` gives None when it holds, a sentence when not, or a `Skip`."""

    rule: str
    owner: str
    check: Callable[[A, E], str | Skip | None]
    severity: Severity = "block"


def judged(guards: Sequence[Guard[A, E]], about: A, seen: E, waived: Collection[str] = ()) -> list[Verdict]:
    """Every guard's verdict. `waived`: rules that somebody entitled to has waived; only a hold can be."""
    found = []
    for guard in guards:
        said = guard.check(about, seen)
        if said and not isinstance(said, Skip) and guard.severity == "hold" and guard.rule in waived:
            said = Skip(f"not applicable: waived in the CRM ({guard.rule}): {said}")
        outcome: Outcome = "not_applicable" if isinstance(said, Skip) else "failed" if said else "passed"
        said_by = Verdict(rule=guard.rule, outcome=outcome, owner=guard.owner, severity=guard.severity)
        found.append(msgspec.structs.replace(said_by, evidence=str(said or "")))
    return found


def refuse(verdicts: list[Verdict]) -> None:
    """Raise `GuardsFailed` with every guard that failed and does not only warn."""
    failed = [v for v in verdicts if v.outcome == "failed" and v.severity != "warn"]
    if failed:
        raise GuardsFailed(
            " ".join(v.evidence for v in failed),
            errors=[FieldError(rule=v.rule, detail=v.evidence, owner=v.owner) for v in failed],
        )


def summary(verdicts: list[Verdict]) -> str:
    """`11 of 14 pass; 3 not applicable: no HR system bound`: a reason that several share is told once."""
    passed = sum(v.outcome == "passed" for v in verdicts)
    skipped = [v.evidence.removeprefix("not applicable: ") for v in verdicts if v.outcome == "not_applicable"]
    tail = f"; {len(skipped)} not applicable: {', '.join(dict.fromkeys(skipped))}" if skipped else ""
    warned = [v.evidence for v in verdicts if v.outcome == "failed" and v.severity == "warn"]
    return f"{passed} of {len(verdicts)} pass{tail}{'; mind: ' if warned else ''}{' '.join(warned)}"
