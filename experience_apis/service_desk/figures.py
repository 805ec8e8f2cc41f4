"""Figures as they are shown: money with its code, clocks in two units, days and times in UTC."""

from datetime import datetime, timedelta
from typing import Final

from canonical.money import Money

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def money(value: Money | None) -> str:
    """`EUR 412,300.00`; nothing for no amount."""
    return str(value) if value is not None else ""


def rounded(value: Money) -> str:
    """`EUR 412,300`: for headings only."""
    return f"{value.currency} {value.amount:,.0f}"


def amount(value: Money) -> str:
    """The figure without its code, where the code stands beside it."""
    return f"{value.amount:,.0f}"


def clock(at: datetime | None) -> str:
    """`14:02:06`."""
    return at.strftime("%H:%M:%S") if at else ""


def day(at: datetime) -> str:
    """`Mon 23 Nov 2026`."""
    return f"{at:%a} {at.day} {at:%b %Y}"


def when(at: datetime | None, now: datetime) -> str:
    """`14:02` today, `22 Nov 14:02` before."""
    if at is None:
        return ""
    return f"{at:%H:%M}" if at.date() == now.date() else f"{at.day} {at:%b %H:%M}"


def age(since: datetime, now: datetime) -> str:
    """The time gone by in its two largest units: `2 h 14 min`, `38 min`; seconds only within the first minute."""
    left = max(int((now - since).total_seconds()), 0)
    left -= left % 60 if left >= 60 else 0
    parts: list[str] = []
    for size, unit in _UNITS:
        number, left = divmod(left, size)
        if number or parts or unit == "s":
            parts.append(f"{number} {unit}" if number or not parts else "")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if part)


def took(span: timedelta | int) -> str:
    """A duration (or milliseconds): `84 ms`, `4.1 s`, `84 s`, `3 min 41 s`."""
    seconds = span.total_seconds() if isinstance(span, timedelta) else span / 1000
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"
