"""Change Data Capture of this org: an event for every save and deletion, passed on by a change event trigger.

    PUT /_sandbox/options/change_events    {"url": "http://...", "secret": "whsec_...", "gap": ""}

`gap` is `GAP_` where the events shall lack their fields, as after a change that no trigger saw, and `GAP_OVERFLOW`
where they shall name no records, as after too many in one transaction.
"""

from collections.abc import Mapping
from typing import Final

from foundation.sandbox import Box, Record, Target, encode
from foundation.sandbox.salesforce.org import Deleting, Saved

CAPTURED: Final = ("Opportunity", "Account", "Contact", "Lead", "Contract")
_OVERFLOW: Final = "GAP_OVERFLOW"
_NO_RECORD: Final = "000000000000000AAA"
_UNTOLD: Final = frozenset({"Id", "IsDeleted", "SystemModstamp", "LastModifiedById"})


def captured(flows: Mapping[str, Saved]) -> dict[str, Saved]:
    """What happens after a save: the org's own flow, and the event."""
    return {**flows, **{kind: _telling(kind, flows.get(kind)) for kind in CAPTURED}}


def _telling(kind: str, flow: Saved | None) -> Saved:
    def saved(box: Box, before: Record, after: Record) -> None:
        if flow is not None:
            flow(box, before, after)
        _tell(box, kind, "UPDATE" if before else "CREATE", before, after)

    return saved


def _deletion(kind: str) -> Deleting:
    return lambda box, record: _tell(box, kind, "DELETE", {}, {"Id": record["Id"]})


DELETIONS: Final = {kind: _deletion(kind) for kind in CAPTURED}


def _tell(box: Box, kind: str, change: str, before: Record, after: Record) -> None:
    registered = box.option("change_events")
    if not registered:
        return
    gap, number = registered.get("gap", ""), box.store.next_number("_change_event")
    changed = sorted(
        name for name in after.keys() - _UNTOLD if before.get(name) != after[name] or name == "LastModifiedDate"
    )
    header = {
        "entityName": kind,
        "recordIds": [_NO_RECORD if gap == _OVERFLOW else after["Id"]],
        "changeType": gap if gap == _OVERFLOW else f"{gap}{change}",
        "changeOrigin": "com/salesforce/api/rest/62.0",
        "transactionKey": f"0000{number:04x}-0000-4000-8000-000000000000",
        "sequenceNumber": 1,
        "commitTimestamp": int(box.now().timestamp() * 1000),
        "commitNumber": 10_585_193_272_713 + number,
        "commitUser": after.get("LastModifiedById", ""),
        "nulledFields": [name for name in changed if after[name] is None and not gap],
        "diffFields": [],
        "changedFields": [] if gap else changed,
    }
    told = {} if gap else {name: after[name] for name in changed if after[name] is not None}
    event = {"schema": "IeRuaY6cbI_HsV8Rv1Mc5g", "payload": {"ChangeEventHeader": header, **told}}
    body = {"type": "change.event", "timestamp": box.now().isoformat(), "data": event | {"event": {"replayId": number}}}
    message_id = f"evt_{after['Id']}_{int(box.now().timestamp() * 1000)}_{number}"
    target = Target(url=registered["url"], secret=registered["secret"])
    box.deliveries.queue(target, message_id, after["Id"], encode(body))
