"""Who may issue access tokens, as platform.yaml says it."""

from typing import Final, Literal, TypeAlias

import msgspec

from gateway.jose import ASYMMETRIC

Proof: TypeAlias = Literal["dpop", "mtls"]
"""How a caller proves that a token is theirs: a DPoP proof (RFC 9449), or their TLS certificate (RFC 8705)."""
_SECURE: Final = ("https://", "http://127.0.0.1", "http://localhost", "http://[::1]")


class Introspect(msgspec.Struct, frozen=True, kw_only=True):
    """Where an issuer says whether a token that tells us nothing is good (RFC 7662), and who we are to it.

    `{url: "https://id.firm.example/introspect", client_id: "${GATEWAY_ID}", client_secret: "${GATEWAY_SECRET}"}`
    """

    url: str
    """Its introspection endpoint; https, but on this machine."""
    client_id: str
    """As whom the gateway asks."""
    client_secret: str
    """By reference only: `${NAME}`."""

    def __post_init__(self) -> None:
        if not self.url.startswith(_SECURE):
            raise ValueError(f"url is {self.url!r}: tokens are sent there, so it must begin with https://")
        if not self.client_id or not self.client_secret:
            raise ValueError("client_id or client_secret is empty: set what ${...} stands for")


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """Who may issue access tokens, as platform.yaml says it."""

    issuer: str
    """The exact `iss` of its tokens."""
    alg: list[str]
    """Signature algorithms it may use (RFC 8725: an allow-list for each issuer)."""
    typ: str = "at+jwt"
    """The `typ` its access tokens must carry (RFC 9068)."""
    jwks: str = ""
    """Address of its keys; empty to ask its discovery document."""
    workloads: bool = False
    """Whether its `layer` claim is believed: true for the firm's own issuer only. Whoever may issue it is a tier."""
    acted_for: Literal["token", "header"] = "token"
    """Where its workloads say for whom they act: in the token (RFC 8693 `act`), or, for an issuer that cannot exchange
    tokens, in the header `Tiergate-Acted-For` beside it, which is then believed of every workload."""
    introspect: Introspect | None = None
    """Where to ask about its opaque tokens; without it only JWTs are taken."""
    bound_by: list[Proof] = []
    """Its tokens are taken only with one of these proofs that the caller is who they were given to."""

    def __post_init__(self) -> None:
        weak = [alg for alg in self.alg if alg == "none" or alg.startswith("HS")]
        if weak or not self.alg:
            raise ValueError(f"alg lists asymmetric algorithms only, such as RS256 or ES256, not {weak or 'nothing'}")
        strange = [alg for alg in self.alg if alg not in ASYMMETRIC]
        if strange:
            raise ValueError(f"alg lists {strange[0]!r}, which is none of {', '.join(ASYMMETRIC)}")

    @property
    def algorithms(self) -> tuple[str, ...]:
        """`alg`, as what can be a key."""
        return tuple(self.alg)
