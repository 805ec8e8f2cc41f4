"""What a renewal over the day prices rise must come to. Pure.

Work is priced by the month: a line's months before and after that day say what each part of it must cost.
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from canonical.money import Money
from canonical.objects import Contract, ContractLine, Uplift
from process_apis.judging import Skip

_CLEAR: Final = Decimal("0.005")
"""How far a price may be from the uplifted one by rounding and uneven months, as a share of it."""


def months(first: date, last: date) -> Decimal:
    """Months from a day to a day, both of them in it; a part of a month counts by its days."""
    whole, day = 0, first
    while (following := _month_on(first, whole + 1)) <= last + timedelta(days=1):
        whole, day = whole + 1, following
    rest = (last - day).days + 1
    return whole + Decimal(rest) / monthrange(day.year, day.month)[1]


def uplift_missed(contract: Contract, lines: Sequence[ContractLine]) -> str | Skip | None:
    """What of a renewal's lines does not follow the contract's own uplift; None where all do."""
    rise = contract.uplift
    if rise is None:
        return Skip("not applicable: the contract says no uplift")
    dated = [(each, each.start, each.end) for each in lines if each.start and each.end]
    if len(dated) < len(lines):
        return "Lines of a renewal say from when to when they run, since the contract's prices rise on a day."
    over = [each for each, start, end in dated if start < rise.effective <= end]
    if over:
        named = ", ".join(f"{each.seq} ({_parts(each, rise)})" for each in over)
        return f"Prices rise by {_percent(rise)} on {rise.effective}, within these lines; each must be two: {named}."
    before = [each for each, _, end in dated if end < rise.effective] or list(contract.lines)
    after = [each for each, start, _ in dated if start >= rise.effective]
    if not after:
        return None
    due = _monthly(before, contract) * (1 + rise.share)
    asked = _monthly(after, contract)
    if abs(asked - due) <= due * _CLEAR:
        return None
    currency = contract.currency
    return (
        f"From {rise.effective} on a month comes to {Money.of(asked, currency)};"
        f" with the uplift of {_percent(rise)} it must be {Money.of(due, currency)}."
    )


def _monthly(lines: Sequence[ContractLine], contract: Contract) -> Decimal:
    """What a month of these lines costs together; a line without days of its own runs as long as the contract."""
    starts = [day for each in lines if (day := each.start or contract.start)]
    ends = [day for each in lines if (day := each.end or contract.end)]
    if not starts or not ends or max(ends) < min(starts):
        return Decimal(0)
    return sum((each.amount.amount for each in lines), Decimal(0)) / months(min(starts), max(ends))


def _parts(line: ContractLine, rise: Uplift) -> str:
    """What its two parts come to, as a suggestion."""
    assert line.start is not None
    assert line.end is not None
    eve = rise.effective - timedelta(days=1)
    price = line.amount.amount / months(line.start, line.end)
    first = Money.of(price * months(line.start, eve), line.amount.currency)
    second = Money.of(price * (1 + rise.share) * months(rise.effective, line.end), line.amount.currency)
    return f"{first} to {eve}, {second} from {rise.effective}"


def _percent(rise: Uplift) -> str:
    return f"{rise.share * 100:.1f} %"


def _month_on(day: date, count: int) -> date:
    """The same day so many months later; the last of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
