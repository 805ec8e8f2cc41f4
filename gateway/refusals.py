"""What the gateway refuses with. The reason of each stands in the problem document, the audit and the metrics.

Malformed        malformed             400   two tokens, a path that can be read two ways
Unauthenticated  token_missing         401
                 token_refused         401
Forbidden        missing_scope         403   `scope` names what is missing
                 layer_refused         403   experience -> process -> system, and no other way
                 not_in_product        403
NotFound         not_offered           404   nobody listed it in policies/
CallerFault      method_not_allowed    405   `allow` names what is possible
Gone             version_retired       410
TooLarge         body_too_large        413
CallerFault      unsupported_media     415
TooMany          limit_reached         429   `limit` names it, `retry_after` says when it will pass
Overloaded       keys_unavailable      503   an issuer's keys were never seen and cannot be had
"""

from canonical.faults import (
    CallerFault,
    Forbidden,
    Gone,
    NotFound,
    Overloaded,
    TooLarge,
    TooMany,
    Unauthenticated,
)


class TokenMissing(Unauthenticated):
    title = "No access token was sent"


class TokenRefused(Unauthenticated):
    title = "The access token is not good"


class MissingScope(Forbidden):
    title = "The token does not carry the scope"


class LayerRefused(Forbidden):
    title = "This tier may not be called from there"


class NotInProduct(Forbidden):
    title = "The client's product does not include this"


class NotOffered(NotFound):
    title = "Nothing is offered here"


class MethodNotAllowed(CallerFault):
    status, title = 405, "Not with this method"


class VersionRetired(Gone):
    title = "This version is retired"


class BodyTooLarge(TooLarge):
    title = "The body is too large"


class UnsupportedMedia(CallerFault):
    status, title = 415, "Not in this media type"


class LimitReached(TooMany):
    title = "A limit is reached"


class KeysUnavailable(Overloaded):
    title = "The issuer's keys cannot be had"
