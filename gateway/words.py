"""Values a person says aloud: `60/min`, `100k/day`, `256KB`, `30s`, `7y`.

Each type is read from its text by `read`; a text that cannot be read raises `ValueError` with a sentence for the
author of the policy.
"""

import re
from typing import Final, Self

_COUNT: Final = {"": 1, "k": 1_000, "m": 1_000_000}
_SIZE: Final = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}
_SECONDS: Final = {
    **dict.fromkeys(("s", "sec", "second"), 1),
    **dict.fromkeys(("m", "min", "minute"), 60),
    **dict.fromkeys(("h", "hour"), 3_600),
    **dict.fromkeys(("d", "day"), 86_400),
}
_SPANS: Final = {**_SECONDS, "m": 60, "ms": 0.001, "w": 604_800, "week": 604_800, "y": 31_536_000, "year": 31_536_000}


class Rate:
    """So many calls in so many seconds: `60/min`, `100k/day`, `5 per second`."""

    __slots__ = ("count", "seconds")

    def __init__(self, count: int, seconds: int) -> None:
        self.count = count
        self.seconds = seconds

    @classmethod
    def read(cls, said: object) -> Self:
        """From its text; `ValueError` when it is not a rate."""
        match = re.fullmatch(r"(\d+)([km]?)\s*(?:/|per)\s*([a-z]+?)s?", str(said).strip(), re.IGNORECASE)
        unit = _SECONDS.get(match[3].lower()) if match else None
        if match is None or unit is None:
            raise ValueError(f"{said!r} is not a rate: write it like 60/min or 100k/day")
        count = int(match[1]) * _COUNT[match[2].lower()]
        if count == 0:
            raise ValueError(f"{said!r} admits nothing: leave the operation out instead")
        return cls(count, unit)

    @property
    def spoken(self) -> str:
        """As a policy would say it."""
        return f"{self.count}/{ {1: 's', 60: 'min', 3_600: 'h', 86_400: 'day'}[self.seconds] }"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rate) and (self.count, self.seconds) == (other.count, other.seconds)

    def __hash__(self) -> int:
        return hash((self.count, self.seconds))


class Size(int):
    """Bytes: `256KB` (KB is 1024 bytes)."""

    @classmethod
    def read(cls, said: object) -> Self:
        """From its text; `ValueError` when it is not a size."""
        match = re.fullmatch(r"(\d+)\s*([KMG]?B)", str(said).strip(), re.IGNORECASE)
        if match is None:
            raise ValueError(f"{said!r} is not a size: write it like 256KB or 2MB")
        return cls(int(match[1]) * _SIZE[match[2].upper()])


class Duration(float):
    """Seconds: `500ms`, `30s`, `10m`, `24h`, `30d`, `7y` (a year is 365 days)."""

    @classmethod
    def read(cls, said: object) -> Self:
        """From its text; `ValueError` when it is not a span of time, or none at all."""
        match = re.fullmatch(r"(\d+)\s*([a-z]+)", str(said).strip(), re.IGNORECASE)
        word = match[2].lower() if match else ""
        unit = _SPANS.get(word) or _SPANS.get(word.removesuffix("s"))
        if match is None or unit is None:
            raise ValueError(f"{said!r} is not a span of time: write it like 500ms, 30s, 10m, 24h, 30d or 7y")
        if int(match[1]) == 0:
            raise ValueError(f"{said!r} is no time at all")
        return cls(int(match[1]) * unit)

    @property
    def spoken(self) -> str:
        """As a policy would say it: in the largest unit of which it is several, `24h` and not `1d` or `86400s`."""
        if self % 1:
            return f"{self * 1000:g}ms"
        units = (("y", 31_536_000), ("d", 86_400), ("h", 3_600), ("m", 60))
        word, seconds = next((each for each in units if self % each[1] == 0 and self > each[1]), ("s", 1))
        return f"{self / seconds:g}{word}"


def read_word(kind: type, said: object) -> object:
    """msgspec's hook for these types and a noun's own words; `NotImplementedError` for any that has no `read`."""
    read = getattr(kind, "read", None)
    if read is None:
        raise NotImplementedError(f"{kind.__name__} is not a policy word")
    return read(said)
