"""The policies as an Envoy configuration: for a fleet of Envoys in front, when one machine is no longer enough.

front        where it listens, who stands behind it, where issuers have their keys
matching     Envoy's words for a condition: on a header, on a claim, on the clock
judging      who may: jwt_authn for the token, rbac for what policy asks of it
counting     local limits: local_ratelimit
routes       what is offered, and nothing else
replies      what a refused caller is told: our own problem documents
left         what Envoy cannot say, which the gateway behind it goes on to enforce
bootstrap    all of it put together, and written

Envoy never refuses whom the policies admit, with the exceptions that `left` names; whom they refuse, it may let pass
to the gateway behind it, which runs the same plan.
"""

from gateway.envoy.bootstrap import Exported, exported
from gateway.envoy.front import Front

__all__ = ["Exported", "Front", "exported"]
