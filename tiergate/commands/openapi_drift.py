"""`tiergate openapi drift`: where the answers of live traffic differ from their contract, and what could be done."""

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import msgspec
import sqlalchemy as sa

from foundation.database import Database, engine_of
from gateway.drift.reading import Difference, Drifting, Reading, drifting
from gateway.plan import Plan
from gateway.published import contract
from tiergate.contracts import plan_of
from tiergate.settings import Settings, WrongSetting


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """0 when no answer differed, 1 when some did; `WrongSetting` for an API nobody knows, or no time to look at."""
    if not asked.days > 0:
        raise WrongSetting(f"--days is {asked.days:g}; it must be more than 0.")
    plan = plan_of(settings)
    apis = {governed.api.key: governed.api for governed in plan.operations.values()}
    _known(asked.api, sorted({name for api in apis.values() for name in (api.name, api.key)}))

    def contract_at(key: str) -> Mapping[str, Any] | None:
        return _contract(plan, apis[key]) if key in apis else None

    database = Database(engine_of(settings.database_url))
    try:
        found = database.now(lambda c: drifting(c, plan, contract_at, api=asked.api, days=asked.days))
    except sa.exc.DBAPIError as failed:
        why = "TIERGATE_DATABASE_URL: nothing is written down of drift there; a platform that was started makes it"
        raise WrongSetting(f"{why} ({failed.orig}).") from failed
    finally:
        database.engine.dispose()
    if asked.json:
        print(msgspec.json.encode(found).decode())
    elif not found:
        print(f"No answer differed from its contract in the last {asked.days:g} days, as far as they are looked at.")
        print("(Looked at is what says `validate: {response: report}`, or `enforce`.)")
    else:
        print(*(_operation(each) for each in found), sep="\n\n")
    return 1 if found else 0


def _known(asked: str, known: list[str]) -> None:
    """A misspelt API would read like one whose answers are all right."""
    if asked and asked not in known:
        near = get_close_matches(asked, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}."
        raise WrongSetting(f"no API is called {asked!r}; {hint}")


def _contract(plan: Plan, api: Any) -> Mapping[str, Any]:
    return api.document if api.document is not None else contract(plan, api)


def _operation(found: Drifting) -> str:
    lines = [f"{found.api} {found.operation}"]
    for each in found.differences:
        lines += _difference(each)
    lines.append(f"  read by: {', '.join(_reader(each) for each in found.readers) or 'nobody we know of'}")
    return "\n".join(lines)


def _difference(each: Difference) -> list[str]:
    seen = f"{each.seen} ({each.example})" if each.example else each.seen
    times = f"{each.times} time{'' if each.times == 1 else 's'}"
    lines = [
        f"  {each.place}: {each.keyword}: expected {each.expected}; seen {seen}",
        f"    {times}, first {_day(each.first_at)}, last {_day(each.last_at)}; the rule: {each.rule_at or '(none)'}",
    ]
    for patch in each.proposal:
        value = "" if patch.op == "remove" else f" {msgspec.json.encode(patch.value).decode()}"
        lines.append(f"    proposed: {patch.op} {patch.path}{value}")
    if not each.proposal:
        lines.append("    proposed: nothing; what was seen does not say which change is right")
    lines += [f"      {change}" for change in each.breaks]
    return lines


def _reader(each: Reading) -> str:
    product = f" ({each.product})" if each.product else ""
    seen = f" {each.times}×, last {_day(each.last_at)}" if each.times else " not seen"
    return f"{each.client}{product}{seen}"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")
