"""An org with Certinia PSA as we must expect it: the shared org, with the package's objects and its triggers.

PUT /_sandbox/options/week_starts_on   "Sunday"      the day the org's weeks begin
"""

from foundation.sandbox import Record, Store
from foundation.sandbox.salesforce import Org, org_sandbox
from system_apis.certinia.sandbox.effort_rules import EFFORT_COMPUTED, EFFORT_DELETING, EFFORT_SAVED
from system_apis.certinia.sandbox.rules import COMPUTED, DELETING, SAVED
from system_apis.certinia.sandbox.schema import KINDS
from system_apis.certinia.sandbox.seed import seed


def _of_project(record: Record, _: Store) -> str:
    return str(record["Project_Code__c"] or record["Name"])


def _in_project(record: Record, _: Store) -> str:
    return f"{record['pse__Project__c']} {record['Tiergate_Key__c'] or record['Name']}"


def _booked(record: Record, _: Store) -> str:
    """A booking of ours; people's own are told apart by nothing."""
    return f"{record['pse__Project__c']} {record['Tiergate_Key__c']}" if record["Tiergate_Key__c"] else ""


def _post(record: Record, _: Store) -> str:
    return f"{record['ParentId']} {record['Body']}"


SANDBOX = org_sandbox(
    name="certinia",
    title="Certinia PSA",
    org=Org(
        kinds=KINDS,
        computed={**COMPUTED, **EFFORT_COMPUTED},
        saved={**SAVED, **EFFORT_SAVED},
        deleting={**DELETING, **EFFORT_DELETING},
    ),
    seed=seed,
    options={"week_starts_on": "Monday"},
    facts={
        "pse__Proj__c": _of_project,
        "pse__Budget__c": _in_project,
        "pse__Project_Task__c": _in_project,
        "pse__Milestone__c": _in_project,
        "pse__Resource_Request__c": _in_project,
        "pse__Assignment__c": _booked,
        "FeedItem": _post,
    },
)
