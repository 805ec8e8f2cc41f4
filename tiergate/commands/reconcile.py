"""`tiergate reconcile`: have a running platform compare its systems, wait for it, and print what differs."""

import argparse
import time
from collections.abc import Iterator
from typing import Any, Final, get_args

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
from gateway.identity.demo import FILE, read_demo
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
    url = (asked.url or settings.address).rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise WrongSetting(f"--url is {url!r}; it must be an address that begins with http:// or https://.")
    start = StartReconciliation(objects=asked.objects, legal_entities=asked.entity, heal=not asked.look)
    try:
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as http:
            http.headers["Authorization"] = f"Bearer {_token(settings, http)}"
            report = _done(http, start, time.monotonic() + asked.wait)
    except httpx.TransportError as silent:
        raise WrongSetting(
            f"The gateway at {url} does not answer ({type(silent).__name__}): start it, or say with --url where it is."
        ) from silent
    print(msgspec.json.encode(report).decode() if asked.json else text(report))
    return 1 if left_over(report) else 0


def _token(settings: Settings, http: httpx.Client) -> str:
    if token := settings.values.get("TIERGATE_RECONCILE_TOKEN", ""):
        return token
    if not (settings.state / FILE).exists():
        raise WrongSetting("Nobody is asking: set TIERGATE_RECONCILE_TOKEN to an access token.")
    secret = read_demo(settings.state).clients["scenario"]
    form = {"grant_type": "client_credentials", "scope": "reconcile:start reconcile:read"}
    answer = http.post("/identity/token", data=form, auth=("scenario", secret))
    if answer.status_code != httpx.codes.OK:
        raise WrongSetting(f"The gateway gives us no token (status {answer.status_code}).")
    return str(answer.json()["access_token"])


def _done(http: httpx.Client, start: StartReconciliation, deadline: float) -> Report:
    body = msgspec.json.encode(start)
    headers = {"Content-Type": "application/json"}
    said = _answer(http.post("/reconcile/v1/reconciliations", content=body, headers=headers), Reconciliation)
    while said.state == "running":
        if time.monotonic() > deadline:
            raise WrongSetting(f"{said.id} is still under way; look again at {said.status}.")
        time.sleep(_PAUSE)
        said = _answer(http.get(said.status), Reconciliation)
    return Report(said, list(_differences(http, said.status)))


def _differences(http: httpx.Client, status: str) -> Iterator[Difference]:
    cursor = ""
    while True:
        params: dict[str, str | int] = {"limit": 200, "cursor": cursor}
        page = _answer(http.get(f"{status}/differences", params=params), Page[Difference])
        yield from page.items
        if not page.next:
            return
        cursor = page.next


def _answer(answer: httpx.Response, kind: Any) -> Any:
    if answer.is_success:
        return msgspec.json.decode(answer.content, type=kind)
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    errors = "; ".join(each.get("detail", "") for each in problem.get("errors", ()))
    detail = errors or problem.get("detail") or problem.get("title") or answer.reason_phrase
    raise WrongSetting(f"The gateway refuses: {detail} (status {answer.status_code}).")


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
