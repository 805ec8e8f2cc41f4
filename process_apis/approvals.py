"""Approvals of what guards hold: asked for where a guard finds something, given by a person, good for those terms only.

    guards judge -> what holds is asked about, with its terms -> its approver approves -> guards judge again

An approval is bound to what it was given for. Whoever judges says the terms of each rule anew, and an approval counts
where they are, word for word, those it was given for, and its day is not over: an edited quote asks again, one that is
put back to what was approved does not. Any workflow whose guards say `here` can use it; the subject is its run's id, or
that of whatever else it judges.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from canonical.dates import now
from canonical.faults import Conflict, FieldError, Invalid, NotFound
from canonical.ports.approvals import Approval, ApprovalState, Approve
from foundation.database import upsert
from process_apis import journal
from process_apis.judging import Leniency, Verdict
from process_apis.tables import APPROVALS, CASES, RUNS

Terms = Callable[[str], Mapping[str, str]]
"""What an approval of a rule would be given for, now."""
LONGEST: Final = timedelta(days=90)
"""For how long anything is approved at the most."""


def digest_of(terms: Mapping[str, str]) -> str:
    """What tells two sets of terms apart."""
    return hashlib.sha256(msgspec.json.encode(terms, order="sorted")).hexdigest()


def ask(connection: sa.Connection, subject: str, verdicts: Sequence[Verdict], terms: Terms) -> None:
    """Write down what its approver has to decide of these verdicts; the same terms are one question, asked again.

    What was let pass at these terms is the newest question, too: it is what counts now.
    """
    for rule in {each.rule for each in verdicts if each.here and each.outcome == "not_applicable"}:
        same = (APPROVALS.c.subject == subject, APPROVALS.c.rule == rule, APPROVALS.c.digest == digest_of(terms(rule)))
        connection.execute(sa.update(APPROVALS).where(*same).values(asked_at=now()))
    for rule, found in _held(verdicts).items():
        said = dict(terms(rule))
        upsert(
            connection,
            APPROVALS,
            {"subject": subject, "rule": rule, "digest": digest_of(said)},
            {
                "approver": found[0].approver,
                "terms": msgspec.json.encode(said).decode(),
                "evidence": " ".join(each.evidence for each in found),
                "asked_at": now(),
            },
        )


def of(connection: sa.Connection, subject: str) -> list[Approval]:
    """All that was asked about a subject, the newest question first."""
    query = sa.select(APPROVALS).where(APPROVALS.c.subject == subject)
    rows = connection.execute(query.order_by(APPROVALS.c.asked_at.desc(), APPROVALS.c.id.desc())).all()
    newest: dict[str, int] = {}
    for row in rows:
        newest.setdefault(row.rule, row.id)
    return [_shown(row, newest[row.rule] == row.id) for row in rows]


def leniency(given: Sequence[Approval], today: date, terms: Terms) -> Leniency:
    """What of this counts on this day, for these terms; of what does not any more, why.

    It names the desk and not the person: partners read what a run says, and only the case says who approved.
    """
    waived: dict[str, str] = {}
    lapsed: dict[str, str] = {}
    for each in sorted((one for one in given if one.approved_at), key=lambda one: one.approved_at or now()):
        said = terms(each.rule)
        by = f"{each.approver} on {each.approved_at:%Y-%m-%d}"
        if digest_of(said) != each.digest:
            lapsed[each.rule] = f"It was approved by {by} for other terms: {_changed(each.terms, said)}."
        elif each.until is None or each.until < today:
            lapsed[each.rule] = f"It was approved by {by}, until {each.until}."
        else:
            waived[each.rule] = f"approved by {by}, until {each.until} ({each.rule})"
    return Leniency(waived=waived, lapsed={rule: why for rule, why in lapsed.items() if rule not in waived})


def approve(connection: sa.Connection, subject: str, rule: str, data: Approve, who: str) -> tuple[Approval, bool]:
    """Write down that a person lets it pass; and whether that is new.

    Raises `NotFound` where nobody asked, `Invalid` for a day that is over or too far, and `Conflict` where the newest
    question is about other terms than those that were seen, or somebody has said otherwise already.
    """
    asked = next((each for each in of(connection, subject) if each.rule == rule), None)
    if asked is None:
        raise NotFound(f"Nobody asks for an approval of {rule}.")
    if asked.digest != data.digest:
        raise Conflict(f"What {rule} is asked about has changed since it was shown: look at it again.")
    if asked.state == "approved":
        if (asked.approved_by, asked.reason, asked.until) == (who, data.reason, data.until):
            return asked, False
        raise Conflict(f"{rule} is approved already, by {asked.approved_by} until {asked.until}.")
    _check_day(data.until)
    said = {"approved_by": who, "approved_at": now(), "reason": data.reason, "until": data.until}
    this = (APPROVALS.c.subject == subject, APPROVALS.c.rule == rule, APPROVALS.c.digest == data.digest)
    as_seen = APPROVALS.c.approved_at.is_(None) if asked.approved_at is None else APPROVALS.c.until == asked.until
    if not connection.execute(sa.update(APPROVALS).where(*this, as_seen).values(**said)).rowcount:
        raise Conflict(f"Somebody else has just approved {rule}.")
    return msgspec.structs.replace(asked, state="approved", **said), True


def approved_whole(connection: sa.Connection, run_id: str, errors: Sequence[FieldError]) -> bool:
    """Whether approvers have let pass all that refuses a run."""
    in_force = {each.rule for each in of(connection, run_id) if each.state == "approved"}
    return bool(errors) and all(each.approver and each.rule in in_force for each in errors)


def waiting(connection: sa.Connection) -> list[str]:
    """Runs that stand still though all that refused them is approved: the process died before it had them go on."""
    since = sa.exists().where(
        APPROVALS.c.subject == RUNS.c.id, APPROVALS.c.approved_at > RUNS.c.ended_at, APPROVALS.c.until >= now().date()
    )
    query = (
        sa.select(RUNS.c.id, RUNS.c.errors)
        .join(CASES, CASES.c.run_id == RUNS.c.id)
        .where(CASES.c.state == "open", RUNS.c.status.in_(("refused", "failed")), since)
    )
    found = [(row.id, msgspec.json.decode(row.errors, type=list[FieldError])) for row in connection.execute(query)]
    return [run_id for run_id, errors in found if approved_whole(connection, run_id, errors)]


def _check_day(until: date) -> None:
    today = now().date()
    detail = "is over already" if until < today else ""
    if until > today + LONGEST:
        detail = f"is more than {LONGEST.days} days from now"
    if detail:
        raise Invalid("Some fields are not as they must be.", errors=[FieldError(pointer="/until", detail=detail)])


def _held(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    """What fails and is approved here, by rule: a guard may find more than one thing."""
    found: dict[str, list[Verdict]] = {}
    for each in verdicts:
        if each.here and each.outcome == "failed" and each.severity == "hold":
            found.setdefault(each.rule, []).append(each)
    return found


def _shown(row: Any, newest: bool) -> Approval:
    state: ApprovalState = "asked"
    if not newest:
        state = "superseded"
    elif row.approved_at is not None:
        state = "approved" if row.until >= now().date() else "ended"
    return Approval(
        rule=row.rule,
        approver=row.approver,
        state=state,
        evidence=row.evidence,
        terms=msgspec.json.decode(row.terms, type=dict[str, str]),
        digest=row.digest,
        asked_at=journal.aware(row.asked_at),
        approved_by=row.approved_by,
        approved_at=journal.aware(row.approved_at) if row.approved_at else None,
        reason=row.reason,
        until=row.until,
    )


def _changed(then: Mapping[str, str], today: Mapping[str, str]) -> str:
    """`total was 98500.00 EUR and is 99000.00 EUR`."""
    names = dict.fromkeys([*then, *today])
    return ", ".join(
        f"{name} was {then.get(name, 'not said')} and is {today.get(name, 'not said')}"
        for name in names
        if then.get(name) != today.get(name)
    )
