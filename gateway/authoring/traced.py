"""From a recorded call back to the policy: at which stage, by which noun and at which line it was decided."""

from pathlib import Path

import msgspec

from gateway.audit import Facts, Record
from gateway.plan import Plan


class Traced(msgspec.Struct, frozen=True, kw_only=True):
    """One recorded decision."""

    at: str
    request_id: str
    operation: str
    """`{api}-{version}.{operationId}`; the method alone where nothing is offered."""
    client: str
    subject: str
    acted_for: str
    status: int
    reason: str
    stage: str = ""
    """Of the refusal, where a policy refused."""
    noun: str = ""
    policy: str = ""
    """The line that refused, `file:line`."""
    line: str = ""
    """What stands there now."""
    broken: list[str] = []
    """Business rules it was refused for, by id."""
    warned: list[str] = []
    """Business rules it broke that only warn."""

    def __str__(self) -> str:
        who = f"{self.subject or 'somebody'} with {self.client}" if self.client else "a caller without a token"
        who += f" for {self.acted_for}" if self.acted_for else ""
        head = f"{self.at}  {self.operation}  {self.status}{f' {self.reason}' if self.reason else ''}  ({who})"
        noted = f"\n  warned by the rules {', '.join(self.warned)}" if self.warned else ""
        if not self.policy:
            return f"{head}\n  {_unrefused(self)}{noted}"
        stage = f" at the stage {self.stage!r}, by {self.noun!r}" if self.stage else ""
        shown = f"\n  {self.line}" if self.line else ""
        broken = f"\n  broken rules: {', '.join(self.broken)}" if self.broken else ""
        return f"{head}\n  refused{stage}: {self.policy}{shown}{broken}{noted}"


def _unrefused(traced: Traced) -> str:
    if traced.status < 400:
        return "let in by every rule"
    if not traced.operation.partition(".")[2]:
        return "refused before any rule: no policy offers anything at that address, or the request cannot be read"
    return "let in by every rule; the answer is the API's own"


def traced(record: Record, plan: Plan, folder: Path) -> Traced:
    """A record, explained by the plan in force now; `folder` is where its policies stand."""
    key = f"{record.api}-{record.version}.{record.operation}" if record.api else record.operation
    noun, stage = _noun(plan, key, record) if record.policy else ("", "")
    facts = Facts.of(record)
    return Traced(
        at=record.at,
        request_id=record.request_id,
        operation=key,
        client=record.client,
        subject=record.subject,
        acted_for=record.acted_for,
        status=record.status,
        reason=record.reason,
        stage=record.stage or stage,
        noun=record.rule or noun,
        policy=record.policy,
        line=_line(record.policy, folder),
        broken=facts.broken,
        warned=facts.warned,
    )


def _noun(plan: Plan, key: str, record: Record) -> tuple[str, str]:
    """For a record that does not say it: the noun that can refuse for that reason, best the one of that line."""
    governed = plan.operations.get(key)
    able = [r for r in governed.rules if any(f.reason == record.reason for f in r.refuses)] if governed else []
    for rule in sorted(able, key=lambda rule: rule.where != record.policy):
        return rule.noun, rule.stage
    return "", ""


def _line(policy: str, folder: Path) -> str:
    name, _, number = policy.rpartition(":")
    path = folder.parent / name
    if not number.isdigit() or not path.is_file():
        return ""
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines[int(number) - 1].strip() if int(number) <= len(lines) else ""
