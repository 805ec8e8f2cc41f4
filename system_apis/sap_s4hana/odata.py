"""What OData V2 writes differently from everybody else: addresses with keys in them, literals, dates.

Source: OData V2 (odata.org, "URI Conventions" and "JSON Format"); SAP Gateway keeps to it.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

from canonical.faults import Drifted

SYSTEM: Final = "sap_s4hana"
_TICKS: Final = re.compile(r"/Date\((-?\d+)([+-]\d{4})?\)/")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def literal(text: str) -> str:
    """A string in a filter or a key: quotes are doubled."""
    return "'" + text.replace("'", "''") + "'"


def keyed(entity_set: str, **keys: str) -> str:
    """The address of one entity below its service: `A_X('1')`, or `A_X(A='1',B='2')` where the key has parts."""
    said = {name: quote(literal(value), safe="'") for name, value in keys.items()}
    only = len(said) == 1
    return f"{entity_set}({','.join(value if only else f'{name}={value}' for name, value in said.items())})"


def by_guid(entity_set: str, guid: str) -> str:
    """The address of an entity whose key is a GUID."""
    return f"{entity_set}(guid'{guid}')"


def service_of(path: str) -> str:
    """The root of the service that an address belongs to, without its slash."""
    parts = path.split("/")
    return "/".join(parts[: 10 if "odata4" in parts else 6])


def query(options: dict[str, str]) -> str:
    """Query options as they are sent: a space is `%20`, since not every Gateway reads `+`, and `$` stays as it is."""
    return "?" + urlencode(options, quote_via=quote, safe="$'/,()") if options else ""


def day(ticks: str | None) -> date | None:
    """A business date from `/Date(ms)/`, midnight in UTC; None for no date: null, or 1970-01-01 in old tables."""
    at = moment(ticks)
    return None if at is None or at == _EPOCH else at.date()


def moment(ticks: str | None) -> datetime | None:
    """An instant from `/Date(ms)/` or `/Date(ms+minutes)/`; `Drifted` for anything else."""
    if not ticks:
        return None
    read = _TICKS.fullmatch(ticks)
    try:
        return _EPOCH + timedelta(milliseconds=int(read[1])) if read else _unread(ticks)
    except OverflowError:
        return _unread(ticks)


def _unread(ticks: str) -> datetime:
    raise Drifted(f"{ticks[:40]!r} is no date as OData V2 writes them", system=SYSTEM)


def written(on: date | None) -> str | None:
    """A business date as it is sent."""
    return f"{on.isoformat()}T00:00:00" if on else None


def as_sent(value: Any) -> Any:
    """A value that was read, as we would send it: so that what is there can be compared with what shall be."""
    return written(day(value)) if isinstance(value, str) and _TICKS.fullmatch(value) else value
