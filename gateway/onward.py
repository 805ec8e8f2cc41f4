"""A request as it goes on to what serves it: without what only we may say; to an upstream, as its contract has it."""

from gateway.call import Call
from gateway.certificates import ClientCertificates, believable
from gateway.challenges import asks_of
from gateway.messages import Scope, from_outside


def onward(scope: Scope, call: Call, believed: ClientCertificates | None, body: bytes | None) -> Scope:
    """The scope for a tier or an upstream. `believed` is what platform.yaml says of client certificates.

    `tiergate.body` is the body that was read, or None where it is passed on piece by piece.
    """
    governed = call.governed
    address = (scope.get("client") or ("",))[0]
    headers = from_outside(believable(scope["headers"], believed, address))
    made = {**scope, "headers": headers, "tiergate.body": body, "tiergate.instead": call.stale_for > 0}
    if governed.upstream:
        key = asks_of(governed).key_header.lower().encode()
        made["headers"] = [said for said in headers if said[0] != key]  # for us alone, as a token is
        made["tiergate.onward"] = governed.below_prefix(scope["raw_path"])
    if scope["method"] == "HEAD" and call.served_here:
        made["method"] = "GET"  # the tier answers as ever; its content stays here
    return made
