"""What the gateway refuses with. The reason of each stands in the problem document, the audit and the metrics.

Malformed        malformed             400   a path that can be read two ways, two lengths, no host
                 token_misplaced       400   in the query or the body, twice, or beside an API key
Unauthenticated  token_missing         401
                 token_refused         401
                 insufficient_user_authentication   401   `acr_values`, `max_age`: sign in again, better
                 binding_refused       401   a DPoP-bound token without its proof, or with another key's
                 proof_refused         401   the DPoP proof is not good
                 certificate_refused   401   the client certificate that a token is bound to
                 proof_nonce_needed    401   the same proof again, with the nonce of the `DPoP-Nonce` header
                 key_refused           401   an API key nobody has
Forbidden        missing_scope         403   `scope` names what is missing
                 role_missing          403   `role` names those that are enough
                 claim_missing         403   `claim` names it, never its value
                 layer_refused         403   experience -> process -> system, and no other way
                 not_in_product        403
                 origin_refused        403   a page of that origin, or with that header, may not call
Malformed        key_missing           400   Idempotency-Key, where policy requires it
Malformed        version_unclear       400   no version was named, an unknown one, or two different ones
NotFound         not_offered           404   nobody listed it in policies/
CallerFault      method_not_allowed    405   `allow` names what is possible
                 method_unknown        501
Gone             version_retired       410
Conflict         key_running           409   the first call with this key is not over; `retry_after`
                 key_interrupted       409   its process died, and whether it was done is not known
Invalid          key_reused            422   the key was sent with another request
TooLarge         body_too_large        413
CallerFault      unsupported_media     415
TooLarge         headers_too_large     431
TooMany          limit_reached         429   `limit` names it, `retry_after` says when it will pass
Overloaded       shed                  503   this process has too much to do; `criticality` is the class that waits
Overloaded       counters_unavailable  503   the shared counters are away, and the API says `on_store_failure: deny`
Overloaded       lookup_failed         503   whose the object is cannot be said: nobody's, until it can
Overloaded       keys_unavailable      503   an issuer's keys were never seen and cannot be had
Overloaded       audit_unavailable     503   it must be on record, and cannot be; `done` says whether it happened
Overloaded       introspection_unavailable  503   an issuer does not say whether an opaque token is good
"""

import msgspec

from canonical.faults import (
    CallerFault,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    Malformed,
    NotFound,
    Overloaded,
    Problem,
    TooLarge,
    TooMany,
    Unauthenticated,
)


class TokenMissing(Unauthenticated):
    """No access token came with the request.

    Mend: get a token at the issuer (its address stands in the `WWW-Authenticate` header's metadata or in the
    catalogue) and send `Authorization: Bearer ...`.
    """

    title = "No access token was sent"


class TokenRefused(Unauthenticated):
    """There is a token and it is not good: expired, of another issuer, for another audience, or not signed as it
    must be. `detail` says which.

    Mend: get a new token for this API at the right issuer; the old one will not become good.
    """

    title = "The access token is not good"


class TokenMisplaced(Malformed):
    """The request carries a token in the query or a form, more than one token, or a token beside an API key: where
    there are two, two readers could believe two callers, and an address ends up in logs.

    Mend: send one token, in one `Authorization` header, and nothing else that says who calls.
    """

    title = "The access token is not where it belongs"


class BindingRefused(Unauthenticated):
    """The token is bound to a DPoP key, and it was sent as a plain bearer token, or with the proof of another key:
    whoever sends it may have found it somewhere.

    Mend: send it as `Authorization: DPoP ...` with a proof signed by the key the token was issued to.
    """

    title = "The token belongs to another key"


class ProofRefused(Unauthenticated):
    """The token belongs to whoever holds a certain key, and the request does not prove that: there is no DPoP proof
    with it, or not a good one. `detail` says what is wrong with it.

    Mend: send `Authorization: DPoP ...`, and in the `DPoP` header a new proof for this very request, signed with the
    key the token was issued to.
    """

    title = "The proof that the token is the caller's is not good"


class CertificateRefused(Unauthenticated):
    """The token belongs to whoever holds a certain client certificate, and the call did not come with it, or not by
    the way on which certificates are believed.

    Mend: call over mutual TLS with the certificate the token was issued to; whoever runs Tiergate looks at
    `client_certificates` in platform.yaml.
    """

    title = "The client certificate the token is bound to is not there"


class ProofNonceNeeded(Unauthenticated):
    """The DPoP proof is good but does not carry a nonce of ours, or one that is too old.

    Mend: sign the proof again with the value of the `DPoP-Nonce` header as its `nonce`, and keep to the newest one.
    """

    title = "The proof needs a nonce of this server"


class KeyRefused(Unauthenticated):
    """The API key is nobody's: mistyped, or withdrawn.

    Mend: compare it with what the owner of the product gave out; a lost key is replaced, not found again.
    """

    title = "The API key is not good"


class InsufficientUserAuthentication(Unauthenticated):
    """The token is good, but what is asked for needs a newer or a stronger sign-in (RFC 9470): `facts.max_age`, in
    seconds, and `facts.acr_values` say which, and so does the challenge.

    Mend: send the person to the issuer again with `max_age` and `acr_values` as the challenge says them, and repeat
    the call with the token that comes back.
    """

    title = "This needs a newer or stronger sign-in"


class RoleMissing(Forbidden):
    """The person has none of the roles the operation is for; `facts.role` names those that are enough.

    Mend: ask the owner of `policies/roles.yaml` whether this person should have such a role; it counts at once.
    """

    title = "This is for another role"


class ClaimMissing(Forbidden):
    """The token does not say of the caller what the operation asks for; `facts.claim` names the claim.

    Mend: ask whoever runs the issuer whether this caller should have the claim; a new token then carries it.
    """

    title = "The token does not say what is asked for"


class MissingScope(Forbidden):
    """The token is good but does not carry a scope the operation asks for; `facts.scope` names what is missing.

    Mend: ask the issuer for a token with that scope; if it is not granted, ask the owner of the API.
    """

    title = "The token does not carry the scope"


class LayerRefused(Forbidden):
    """Tiers call in one direction only: experience, then process, then system. This call came from elsewhere.

    Mend: call the API of the tier above, which asks this one; a tier's own program sends its workload token and
    says for whom it acts.
    """

    title = "This tier may not be called from there"


class NotInProduct(Forbidden):
    """The client has no product, or its product does not include this operation.

    Mend: ask the owner of the product (`facts.product`) to include the operation, or use a client that has it.
    """

    title = "The client's product does not include this"


class OriginRefused(Forbidden):
    """A browser asked whether a page may make this call, and policy lists neither its origin nor, perhaps, a header.

    Mend: the API's owner lists the page's origin under `cors`, as the browser says it: scheme, host and port.
    """

    title = "Pages of this origin may not call"


class KeyMissing(Malformed):
    """The operation is done once for each Idempotency-Key, and the request came without one.

    Mend: send a quoted string of your own, new for each thing to be done: `Idempotency-Key: "8e03978e"`.
    """

    title = "An Idempotency-Key is needed"


class KeyRunning(Conflict):
    """The first call with this Idempotency-Key is still being done.

    Mend: wait as long as `Retry-After` says and send the same again; you are then given the first call's answer.
    """

    retry, title = True, "The first call with this key is not over"


class KeyInterrupted(Conflict):
    """The process that made the call with this Idempotency-Key died before its outcome was known.

    Mend: look whether it was done (read the record back); only if not, ask again with a new key.
    """

    title = "What became of the call with this key is not known"


class KeyReused(Invalid):
    """The Idempotency-Key was sent before, with another address, query or body.

    Mend: use a new key for a new request, and the very same bytes to ask for the same answer.
    """

    title = "This key was sent with another request"


class VersionUnclear(Malformed):
    """The address names no version, and the header that should does not name one of this API, or contradicts it.

    Mend: send the header the detail asks for, with a version or a date it has; or call the address that names the
    version, `/<api>/v<n>/...`.
    """

    title = "Which version is meant is not clear"


class NotOffered(NotFound):
    """Nobody has listed an operation at this address, so it is not reachable, whether or not somebody has built
    it.

    Mend: compare the address with the published contract; an API owner lists the operation in `policies/apis/`.
    """

    title = "Nothing is offered here"


class MethodNotAllowed(CallerFault):
    """There is something at this address, but not with this method.

    Mend: use a method that the `Allow` header lists.
    """

    status, title = 405, "Not with this method"


class MethodUnknown(CallerFault):
    """The method is none that HTTP knows. Methods have their case: `get` is none.

    Mend: use the method the published contract names.
    """

    status, title = 501, "Not a method we know"


class VersionRetired(Gone):
    """This version of the API has ended, on the day its `Sunset` header had said.

    Mend: move to the version in `facts.successor`; the `Link` header leads to the guide.
    """

    title = "This version is retired"


class BodyTooLarge(TooLarge):
    """The body is larger than the operation takes; it was not read.

    Mend: send less; the limit is the `body_max` at the line in `facts.policy`.
    """

    title = "The body is too large"


class HeadersTooLarge(TooLarge):
    """The header fields are larger, all together, than any call needs (RFC 6585 section 5).

    Mend: send fewer or shorter ones; look at cookies and at the size of the token first.
    """

    status, title = 431, "The header fields are too large"


class UnsupportedMedia(CallerFault):
    """The body is in a media type the operation does not read.

    Mend: send `Content-Type: application/json`.
    """

    status, title = 415, "Not in this media type"


class LimitReached(TooMany):
    """A limit is used up; `facts.limit` names it, and nothing was charged for this call.

    Mend: wait as long as `Retry-After` says; `RateLimit` and `RateLimit-Policy` say what is left and how much there
    is.
    """

    title = "A limit is reached"
    type_uri = "https://iana.org/assignments/http-problem-types#quota-exceeded"

    def problem(self, **about: str) -> Problem:
        """With the names of all limits that had no room, as draft-ietf-httpapi-ratelimit-headers-11 asks."""
        said = super().problem(**about)
        facts = {name: fact for name, fact in said.facts.items() if name != "violated"}
        violated = (self.facts.get("violated") or self.facts.get("limit", "")).split()
        return msgspec.structs.replace(said, facts=facts, violated_policies=violated)


class Shed(Overloaded):
    """The process that was asked has too much to do, and refuses the less critical calls so that the others are
    served. Nothing was charged, and nothing is wrong with the call.

    Mend: wait as long as `Retry-After` says. Whoever runs Tiergate looks at `tiergate_shed_classes` and adds processes,
    or changes the marks under `shedding` in platform.yaml.
    """

    title = "Too much is asked just now"
    type_uri = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"


class CountersUnavailable(Overloaded):
    """What was spent of the API's limits is counted in a store that does not answer, and the API's owner chose to
    refuse rather than to let calls pass uncounted (`on_store_failure: deny`). Nothing was charged.

    Mend: wait as long as `Retry-After` says. Whoever runs Tiergate looks at `tiergate_counters_away` and the Redis that
    TIERGATE_REDIS_URL names.
    """

    title = "The counters cannot be had"
    type_uri = "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"


class LookupFailed(Overloaded):
    """Whose the object is cannot be said at the moment, so it is shown to nobody.

    Mend: try again in a few seconds; if it stays, look whether the system that knows the owner answers.
    """

    title = "Whose this is cannot be said"


class KeysUnavailable(Overloaded):
    """The issuer's keys were never seen and cannot be fetched, so no token of it can be verified.

    Mend: try again in a few seconds; if it stays, look whether the issuer's metadata can be reached from here.
    """

    title = "The issuer's keys cannot be had"


class AuditUnavailable(Overloaded):
    """The operation must be on record (`audit: {durable: true}`), and the record cannot be written. `facts.done` says
    what became of the call: `no` when it was refused before anything happened, `yes` when it was carried out and only
    its end is not on record yet (that it had begun is, and its end will be as soon as the record can be written).

    Mend: with `done: no`, wait and call again. With `done: yes`, look what the call did before calling again, or send
    the same Idempotency-Key. Whoever runs Tiergate looks at the log for what keeps the record from being written.
    """

    title = "The call cannot be put on record"


class IntrospectionUnavailable(Overloaded):
    """Only its issuer can say whether this token is good, and it does not answer.

    Mend: try again in a few seconds; if it stays, look whether the issuer's introspection endpoint can be reached from
    here and takes the gateway's own credentials.
    """

    title = "The issuer does not say whether the token is good"
