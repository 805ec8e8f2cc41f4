"""What stands behind an operation when no tier of this process serves it, and how patiently it is asked.

declared     what `upstreams` in platform.yaml says of each: address, patience, second tries, breaker, places
upstreams    the running ones, by name; they outlive a plan
"""

from gateway.upstreams.declared import Upstream
from gateway.upstreams.upstreams import Upstreams

__all__ = ["Upstream", "Upstreams"]
