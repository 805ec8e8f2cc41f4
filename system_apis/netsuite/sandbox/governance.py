"""What the account allows at once: `account_concurrency`, of which `integration_concurrency` may be allotted to us.

Others may have `others_concurrency` allotted; what is left is shared by all integrations that have none of their own.
Only an administrator is told of it (`administrator`).
"""

from typing import Any, Final

from litestar import Request, route
from litestar.di import NamedDependency

from foundation.sandbox import CALL, Answer, Box, Record, answer
from system_apis.netsuite.sandbox.errors import refused
from system_apis.netsuite.sandbox.sign_in import TOKEN_PATH, signed_in

OPTIONS: Final = {
    "account_concurrency": 55,  # service tier 5, without SuiteCloud Plus
    "integration_concurrency": 0,
    "others_concurrency": 0,
    "administrator": False,
}


@route("/services/rest/system/v1/governanceLimits", http_method="GET", status_code=200)
async def governance_limits(box: NamedDependency[Box], request: Request[Any, Any, Any]) -> Answer:
    """The limits, as far as the one who asks may know them."""
    signed_in(box, request)
    if not box.option("administrator"):
        raise refused(403, "INSUFFICIENT_PERMISSION", "You do not have permission to access this resource.")
    ours = box.option("integration_concurrency")
    kind: Record = {"integrationLimitType": "accountLimit"}
    if ours:
        kind = {"integrationConcurrencyLimit": ours, "integrationLimitType": "integrationSpecific"}
    account = {
        "accountConcurrencyLimit": box.option("account_concurrency"),
        "accountUnallocatedConcurrencyLimit": _unallocated(box),
    }
    return answer(200, account | kind)


def at_once(box: Box) -> int:
    """How many of our calls it works on at once; a call for a token is none."""
    if CALL.get().path == TOKEN_PATH:
        return 0
    most: int = box.option("integration_concurrency") or _unallocated(box)
    return most


def _unallocated(box: Box) -> int:
    allotted = box.option("integration_concurrency") + box.option("others_concurrency")
    left: int = box.option("account_concurrency") - allotted
    return left
