"""What every sandbox of a Salesforce org shares: OAuth, describe, rows, upserts, SOQL with pages, feeds, collections,
composites and trees, and Bulk API 2.0.

A product brings its objects and what its triggers do:

    SANDBOX = org_sandbox(
        name="certinia",
        title="Certinia PSA",
        org=Org(kinds=KINDS, computed={"pse__Proj__c": number}, saved={}, deleting={}),
        seed=seed,                                             # begins with `rows.found_org(box)`
        facts={"pse__Proj__c": lambda record, store: record["Project_Code__c"]},
    )

It keeps only the uniqueness a real org keeps (ids, and external ids marked unique), counts every call against a daily
limit and writes instants in whole seconds. Its switches:

    PUT /_sandbox/options/connected_apps   {"<consumer key>": {"username", "secret", "public_key"}}
    PUT /_sandbox/options/denied_objects   ["Quote"]                     no right to the object
    PUT /_sandbox/options/hidden_fields    ["Opportunity.Practice__c"]   renamed, or hidden by field-level security
    PUT /_sandbox/options/more_values      {"Contract.Status": ["Lapsed"]}
"""

from collections.abc import Mapping
from typing import Any, Final

from foundation.sandbox import CALL, Box, Record, answer
from foundation.sandbox.salesforce import bulk, collections, composite, oauth, queries, rest, rows, tree
from foundation.sandbox.salesforce.errors import errors
from foundation.sandbox.salesforce.org import Org, OrgSandbox

__all__ = ["Org", "OrgSandbox", "org_sandbox"]

_MODULES: Final = (rest, queries, collections, composite, tree, bulk)
_MAINTENANCE: Final = "<html><head><title>Maintenance</title></head><body>We are down for maintenance.</body></html>"
_OPTIONS: Final[Mapping[str, Any]] = {
    "connected_apps": {},
    "daily_limit": 100_000,
    "smallest_page": 200,
    "denied_objects": [],
    "hidden_fields": [],
    "more_values": {},
}


def org_sandbox(*, org: Org, options: Mapping[str, Any] | None = None, **more: Any) -> OrgSandbox:
    """A sandbox of one org; `more` is as `Sandbox` takes it."""
    return OrgSandbox(
        org=org,
        routes=(oauth.token, oauth.userinfo, *(each for module in _MODULES for each in module.ROUTES)),
        enter=_entered,
        kinds=frozenset(kind.name for kind in org.kinds.values() if kind.writable),
        answers={
            "throttled": lambda _: errors(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
            "expired_token": oauth.expired,
            "server_error": lambda _: errors(503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable."),
            "html_error": lambda _: answer(503, _MAINTENANCE, media_type="text/html"),
            "stale_version": lambda _: answer(412),
            "not_found": lambda _: errors(404, "NOT_FOUND", "The requested resource does not exist"),
            "method_not_allowed": lambda _: errors(405, "METHOD_NOT_ALLOWED", "HTTP Method not allowed."),
            "crash": lambda _: errors(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
        },
        volatile=frozenset({"LastModifiedDate", "SystemModstamp"}),
        options={**_OPTIONS, **(options or {})},
        headers=_limit_info,
        tls=True,
        hosts=("*.my.salesforce.com",),
        **more,
    )


def _entered(box: Box, kind: str, fields: Record) -> str:
    return str(rows.create(box, rows.kind_of(box, kind), fields)["Id"])


def _limit_info(box: Box) -> Mapping[str, str]:
    """On every REST answer but the list of versions; this is also where calls are counted."""
    path = CALL.get().path.rstrip("/")
    if not path.startswith("/services/data/"):
        return {}
    made = oauth.calls_made(box) + 1
    box.store.set_setting("_calls", made)
    return {"Sforce-Limit-Info": f"api-usage={made}/{box.option('daily_limit')}"}
