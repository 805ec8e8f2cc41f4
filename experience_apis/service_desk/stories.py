"""What happened, told in whole sentences: the headings of Now, and a run's ending."""

from datetime import datetime

from canonical.money import Money
from canonical.ports.processes import Agreement, Attempt, Case, Run, RunDetail, Step
from experience_apis.service_desk.figures import age, rounded, took
from experience_apis.service_desk.port import Now
from experience_apis.service_desk.words import count, ended, numbered

POINT_OF_NO_RETURN = "activate"
"""The name of the step after which a run only goes forward."""


def headline(now: Now) -> str:
    """What waits, in money and causes; says plainly when nothing does."""
    overview = now.overview
    if not overview.open_cases:
        return "Nothing waits for you"
    waits = "is" if len(overview.money_at_risk) == 1 else "are"
    what = money_list(overview.money_at_risk) or "Work"
    return f"{what} {waits if overview.money_at_risk else 'is'} waiting on {count(overview.open_cases, 'case')}"


def money_list(sums: list[Money]) -> str:
    """`USD 196,000, EUR 47,000 and INR 22,000,000`: rounded, never added."""
    texts = [rounded(money) for money in sums]
    return f"{', '.join(texts[:-1])} and {texts[-1]}" if len(texts) > 1 else "".join(texts)


def where_to_begin(now: Now) -> str:
    """The line under the heading."""
    overview = now.overview
    if now.first:
        first = now.first[0]
        oldest = waited(overview.oldest_case_at, overview.at)
        return f"Begin with {first.customer or first.title}. The oldest has waited {oldest}."
    if overview.running:
        return f"{count(overview.running, 'run').capitalize()} on the way. What needs a person will stand here first."
    if overview.succeeded:
        deals = count(overview.succeeded, "deal").capitalize()
        return f"{deals} became projects; {overview.verified} verified in every system."
    return "No deal has been won yet. A run begins by itself when one is."


def waited(since: datetime | None, at: datetime) -> str:
    """`38 min`; nothing when there is nothing to count from."""
    return age(since, at) if since else "no time"


def ending(detail: RunDetail, at: datetime) -> list[str]:
    """How a run stands, sentence by sentence."""
    run = detail.run
    match run.status:
        case "running":
            return [_progress(detail, at), *_troubles(detail)]
        case "succeeded":
            spent = took(run.ended_at - run.started_at) if run.ended_at else "some time"
            return [ended(run.workflow, spent), *_troubles(detail), *_verdict(detail)]
        case "refused":
            rules = count(len(run.errors) or 1, "rule")
            return [f"{rules.capitalize()} refused it before the first write.", "Nothing was written anywhere."]
        case "cancelled":
            return ["It was stopped on request. What had been written was undone, last write first."]
        case _:
            stopped = next((step for step in detail.steps if step.status == "failed"), None)
            where = f"step {stopped.number}, {_lower(stopped.title)}" if stopped else f"step {run.step}"
            return [f"It stopped at {where}.", run.detail or "Nothing after it ran."]


def troubled(step: Step) -> bool:
    """Did something go wrong on the way, whether or not it was got over? A look-up that finds nothing did not."""
    return step.status == "failed" or any(is_trouble(attempt) for attempt in step.attempts)


def is_trouble(attempt: Attempt) -> bool:
    """Did this call go wrong?"""
    return attempt.fault not in ("", "not_found")


def _progress(detail: RunDetail, at: datetime) -> str:
    run = detail.run
    step = next((step for step in detail.steps if step.number == run.step), None)
    title = f": {_lower(step.title)}" if step else ""
    return f"Step {run.step} of {run.steps_in_all}{title}. Begun {age(run.started_at, at)} ago."


def _troubles(detail: RunDetail) -> list[str]:
    """What went wrong on the way and was got over."""
    told = []
    done = [attempt for step in detail.steps if step.status == "done" for attempt in step.attempts]
    lost = [attempt for attempt in done if attempt.fault == "outcome_unknown"]
    others = [attempt for attempt in done if is_trouble(attempt) and attempt.fault != "outcome_unknown"]
    if lost:
        told.append("Once an answer was lost; we looked the record up by its key, so it exists exactly once.")
    if others:
        told.append(f"{count(len(others), 'call').capitalize()} had to be repeated.")
    if detail.run.takeovers:
        told.append("Another process finished what the first had begun.")
    return told


def _verdict(detail: RunDetail) -> list[str]:
    """What comparing the systems found; nothing of a run that had nothing to compare."""
    differing: list[Agreement] = [field for field in detail.agreement if not field.agree]
    if detail.run.verified:
        return ["All systems agree."]
    return [f"The systems differ in {', '.join(field.field for field in differing)}."] if differing else []


def _lower(title: str) -> str:
    return title[:1].lower() + title[1:]


def same_cause(cases: list[Case]) -> str:
    """`three deals, one cause`."""
    return f"{count(len(cases), 'deal').capitalize()}, one cause"


def which(run: Run) -> str:
    """One run among those of its deal: `Run 1`, `Quote revision 3`."""
    return numbered(run.workflow, run.generation)


def runs_title(run: Run) -> str:
    """`Harbor Logistics: warehouse control tower`."""
    return ": ".join(part for part in (run.customer, run.title) if part) or run.business_key
