"""`tiergate reconcile`: have a running platform compare its systems, wait for it, and print what differs."""

import argparse
import time
from collections.abc import Iterator
from typing import Final, get_args

import httpx
import msgspec

from canonical.ports import Page
from canonical.ports.reconciling import (
    Difference,
    PartOfReconciliation,
    ReconciledObject,
    Reconciliation,
    StartReconciliation,
)
from tiergate.commands.asking import answered, gateway, posted
from tiergate.settings import Settings, WrongSetting

OBJECTS: Final = get_args(ReconciledObject)
EXAMPLES: Final = """\
examples:
  tiergate reconcile                                   compare everything, mend what has an owner, print what differed
  tiergate reconcile customer --entity ACME-DE         customers of one legal entity
  tiergate reconcile --look                            only look: nothing is written, no case opened
  tiergate reconcile --json                            {"reconciliation": {...}, "differences": [...]}

Who asks: TIERGATE_RECONCILE_TOKEN, an access token with reconcile:start and reconcile:read. On embedded defaults the
demonstration's `scenario` asks. Exit code 0 when all agree by now, 1 when cases, differences or parked pairs are left.
"""
_PAUSE: Final = 0.5
"""Seconds between two looks."""
_WIDTHS: Final = (10, 16, 9, 16, 9, 9, 14, 7, 6, 6)


class Report(msgspec.Struct, frozen=True):
    """What `--json` prints."""

    reconciliation: Reconciliation
    differences: list[Difference]


def arguments(command: argparse.ArgumentParser) -> None:
    """What may be said after `tiergate reconcile`."""
    command.epilog = EXAMPLES
    command.formatter_class = argparse.RawDescriptionHelpFormatter
    command.add_argument("objects", nargs="*", metavar="OBJECT", help=f"{', '.join(OBJECTS)} (default: all)")
    command.add_argument("--entity", action="append", default=[], help="of this legal entity only; may be repeated")
    command.add_argument("--look", action="store_true", help="write nothing and open no case")
    command.add_argument("--url", metavar="URL", default="", help="the gateway (default: TIERGATE_PUBLIC_URL)")
    command.add_argument("--wait", type=float, default=3600.0, metavar="SECONDS", help="patience (default 3600)")
    command.add_argument("--json", action="store_true", help="print JSON")


def reconcile(settings: Settings, asked: argparse.Namespace) -> int:
    """0 when all agree by now, 1 when something is left. `WrongSetting` (2) for what cannot be asked."""
    wrong = [each for each in asked.objects if each not in OBJECTS]
    if wrong:
        raise WrongSetting(f"{wrong[0]!r} cannot be compared; there are {', '.join(OBJECTS)}.")
    start = StartReconciliation(objects=asked.objects, legal_entities=asked.entity, heal=not asked.look)
    with gateway(settings, asked.url, "TIERGATE_RECONCILE_TOKEN", "reconcile:start reconcile:read") as http:
        report = _done(http, start, time.monotonic() + asked.wait)
    print(msgspec.json.encode(report).decode() if asked.json else text(report))
    return 1 if left_over(report) else 0


def _done(http: httpx.Client, start: StartReconciliation, deadline: float) -> Report:
    said = posted(http, "/reconcile/v1/reconciliations", start, Reconciliation)
    while said.state == "running":
        if time.monotonic() > deadline:
            raise WrongSetting(f"{said.id} is still under way; look again at {said.status}.")
        time.sleep(_PAUSE)
        said = answered(http.get(said.status), Reconciliation)
    return Report(said, list(_differences(http, said.status)))


def _differences(http: httpx.Client, status: str) -> Iterator[Difference]:
    cursor = ""
    while True:
        params: dict[str, str | int] = {"limit": 200, "cursor": cursor}
        page = answered(http.get(f"{status}/differences", params=params), Page[Difference])
        yield from page.items
        if not page.next:
            return
        cursor = page.next


def left_over(report: Report) -> bool:
    """Whether somebody still has to do something."""
    parked = any(part.state == "parked" for part in report.reconciliation.parts)
    return parked or any(each.outcome != "healed" for each in report.differences)


def text(report: Report) -> str:
    """For a person: a line a pair, then a line a difference."""
    heads = ("OBJECT", "LEFT", "RECORDS", "RIGHT", "RECORDS", "IN BOTH", "STATE", "HEALED", "CASES", "OPEN")
    lines = [_line(heads)]
    for part in report.reconciliation.parts:
        lines.append(_line(_cells(part)))
        if part.reason:
            lines.append(f"           {part.reason}")
    if report.differences:
        lines.append("")
    for each in report.differences:
        records = " / ".join(one for one in (each.left_id, each.right_id) if one) or each.key
        lines.append(f"{each.outcome:7} {each.kind.replace('_', ' '):18} {each.object:9} {records}")
        said = [f"{one.field}: " + ", ".join(f"{k} {v!r}" for k, v in one.values.items()) for one in each.fields]
        lines += [f"        {line}" for line in said or ([each.detail] if each.detail else [])]
    return "\n".join(lines)


def _cells(part: PartOfReconciliation) -> tuple[str, ...]:
    counts = (part.left.count, part.right.count, part.matched, part.healed, part.cases, part.open)
    left, right, matched, healed, cases, open_ = map(str, counts)
    state = part.state.replace("_", " ")
    ends = (state, healed, cases, open_)
    return (part.object, part.left.system or "-", left, part.right.system or "-", right, matched, *ends)


def _line(cells: tuple[str, ...]) -> str:
    return " ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
