"""Change tracking: of a table that has it switched on, who prefers `odata.track-changes` gets a delta link after the
last page: by it, what changed since.

The link's token is a row version and the time it was given at; it is good for seven days (`delta_days`), and then
refused, or answered with everything (`expired_delta`). What was deleted comes as its id. A page's link carries the
version the reading began at, so that nothing is missed meanwhile, and the token's own.
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
_UNTRACKED: Final = ("$filter", "$orderby", "$expand", "$top")
_TOKEN: Final = re.compile(r"^(\d+)!(\d\d/\d\d/\d{4} \d\d:\d\d:\d\d)$")
_WRITTEN: Final = "%m/%d/%Y %H:%M:%S"
_FROM: Final = re.compile(r'istracking="True" from="(\d+)" since="(\d+)"')


def is_tracked(asked: Mapping[str, str]) -> bool:
    """Whether a list is read for its changes."""
    begun = _FROM.search(unquote(asked.get("$skiptoken", "")))
    return "$deltatoken" in asked or bool(begun) or PREFERENCE in CALL.get().headers.get("prefer", "")


def is_switched_on(box: Box, table: Table) -> bool:
    """Whether the table has the property Track changes."""
    return table.name not in box.option("untracked_tables")


def read(box: Box, table: Table, asked: Mapping[str, str], here: str) -> Record:
    """A page of all, or of what changed; `here` is the address of the table."""
    if not is_switched_on(box, table):
        raise refused(400, "0x80044351", f"Change tracking is not enabled for the table '{table.name}'.")
    for name in _UNTRACKED:
        if name in asked:
            raise invalid(f'The "{name}" query parameter isn\'t supported when Change Tracking is enabled.')
    kept = {name: value for name, value in asked.items() if name not in ("$deltatoken", "$skiptoken")}
    since = _since(box, asked["$deltatoken"]) if "$deltatoken" in asked else 0
    version = org.next_version(box)
    if begun := _FROM.search(unquote(asked.get("$skiptoken", ""))):
        version, since = int(begun[1]), int(begun[2])
    query = Query(box, table, {name: value for name, value in asked.items() if name != "$deltatoken"}, since=since)
    rows, cookie = query.page()
    body: Record = {"value": [query.shown(row) for row in rows]}
    if since and not begun:
        body["value"] += [_deleted(here, table, each) for each in org.deleted(box, table, since)]
    options = "".join(f"{name}={quote(value, safe=',')}&" for name, value in kept.items())
    if cookie:
        tracking = cookie.replace('istracking="False"', f'istracking="True"%20from="{version}"%20since="{since}"')
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
    if box.now() - given > timedelta(days=box.option("delta_days")):
        if box.option("expired_delta") == "everything":
            return 0
        raise refused(400, "0x80044352", "The delta token is expired: get all the data and a new token.")
    return int(known[1])


def _deleted(here: str, table: Table, record: Record) -> dict[str, Any]:
    root = here.rpartition("/")[0]
    context = f"{root}/$metadata#{table.set}/$deletedEntity"
    return {"@odata.context": context, "id": record["id"], "reason": "deleted"}
