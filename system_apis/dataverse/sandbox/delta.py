"""Change tracking: who prefers `odata.track-changes` gets a delta link after the last page: by it, what changed since.

The link's token is a row version and the time it was given at; it is good for seven days. What was deleted comes as its
id. A page's link carries the version the reading began at, so that nothing is missed meanwhile.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, unquote

from foundation.sandbox import CALL, Box, Record
from system_apis.dataverse.sandbox import org
from system_apis.dataverse.sandbox.errors import invalid, refused
from system_apis.dataverse.sandbox.queries import Query
from system_apis.dataverse.sandbox.schema import Table

PREFERENCE: Final = "odata.track-changes"
VALID: Final = timedelta(days=7)
_UNTRACKED: Final = ("$filter", "$orderby", "$expand", "$top")
_TOKEN: Final = re.compile(r"^(\d+)!(\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)$")
_WRITTEN: Final = "%m/%d/%Y %H:%M:%S"
_FROM: Final = re.compile(r'istracking="True" from="(\d+)"')


def is_tracked(asked: Mapping[str, str]) -> bool:
    """Whether a list is read for its changes."""
    begun = _FROM.search(unquote(asked.get("$skiptoken", "")))
    return "$deltatoken" in asked or bool(begun) or PREFERENCE in CALL.get().headers.get("prefer", "")


def read(box: Box, table: Table, asked: Mapping[str, str], here: str) -> Record:
    """A page of all, or of what changed; `here` is the address of the table."""
    for name in _UNTRACKED:
        if name in asked:
            raise invalid(f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.')
    kept = {name: value for name, value in asked.items() if name not in ("$deltatoken", "$skiptoken")}
    since = _since(box, asked["$deltatoken"]) if "$deltatoken" in asked else 0
    begun = _FROM.search(unquote(asked.get("$skiptoken", "")))
    version = int(begun[1]) if begun else org.next_version(box)
    query = Query(box, table, {name: value for name, value in asked.items() if name != "$deltatoken"}, since=since)
    rows, cookie = query.page()
    body: Record = {"value": [query.shown(row) for row in rows]}
    if since:
        body["value"] += [_deleted(here, table, each) for each in org.deleted(box, table, since)]
    options = "".join(f"{name}={quote(value, safe=',')}&" for name, value in kept.items())
    if cookie:
        tracking = cookie.replace('istracking="False"', f'istracking="True"%20from="{version}"')
        body["@odata.nextLink"] = f"{here}?{options}$skiptoken={tracking}"
    else:
        token = f"{version}!{box.now().astimezone(UTC).strftime(_WRITTEN)}"
        body["@odata.deltaLink"] = f"{here}?{options}$deltatoken={quote(token, safe='')}"
    return body


def _since(box: Box, token: str) -> int:
    known = _TOKEN.match(token)
    if known is None:
        raise invalid("The delta token is not valid.")
    given = datetime.strptime(known[2], _WRITTEN).replace(tzinfo=UTC)
    if box.now() - given > VALID:
        raise refused(400, "0x80044352", "The delta token is expired: get all the data and a new token.")
    return int(known[1])


def _deleted(here: str, table: Table, record: Record) -> dict[str, Any]:
    root = here.rpartition("/")[0]
    context = f"{root}/$metadata#{table.set}/$deletedEntity"
    return {"@odata.context": context, "id": record["id"], "reason": "deleted"}
