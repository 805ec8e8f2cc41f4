"""What an upstream's own state refuses a call with, before anything is sent there."""

from canonical.faults import Overloaded, VendorFault


class UpstreamLeftAlone(VendorFault):
    """The upstream named in `system` failed so often just now that it is left alone for a while (its breaker is
    open): the call was not sent, so nothing was done. `facts.breaker` says `open`, or `half_open` while one call is
    on its way to see whether it works again.

    Mend: wait as long as `Retry-After` says and call again. Whoever runs the upstream looks why it fails;
    `tiergate_upstream_breaker` says since when it is left alone.
    """

    status, retry, title = 503, True, "A system behind this API fails, and is left alone for a while"


class UpstreamFull(Overloaded):
    """As many calls of the upstream named in `system` are under way in this process as policy allows
    (`capacity`), and none ended in time. The call was not sent, so nothing was done.

    Mend: wait as long as `Retry-After` says and call again. Whoever runs Tiergate compares `capacity` in platform.yaml
    with what the upstream bears, and looks why it is slow.
    """

    title = "As many calls of a system behind this API are under way as may be"
    type_uri = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
