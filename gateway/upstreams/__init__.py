"""What stands behind an operation when no tier of this process serves it, and how patiently it is asked.

declared     what `upstreams` in platform.yaml says of each: address, patience, second tries, breaker, places
asking       one call: within its time, again where that is safe
breaker      when an upstream that fails is left alone
room         how many calls at a time, and who waits
running      what a process knows of one upstream
upstreams    all of them, by name; they outlive a plan
"""

from gateway.upstreams.declared import Upstream
from gateway.upstreams.upstreams import Upstreams

__all__ = ["Upstream", "Upstreams"]
