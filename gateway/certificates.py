"""Client certificates: believed from the TLS terminator that saw them, and from nobody else (RFC 8705, RFC 9440).

The gateway speaks plain HTTP behind a terminator, which checks the certificate and passes it on in a header. A
header of that name from any other peer is a lie, so it never travels further in.
"""

import base64
import binascii
import hashlib
import ssl
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import unquote

import msgspec

from gateway.call import Http
from gateway.refusals import CertificateRefused

_BEGINS: Final = "-----BEGIN CERTIFICATE-----"
_STANDARD: Final = frozenset((b"client-cert", b"client-cert-chain"))
_LONGEST: Final = 16_384
Headers = Sequence[tuple[bytes, bytes]]


class ClientCertificates(msgspec.Struct, frozen=True, kw_only=True):
    """Who tells us of callers' certificates, and how: `{peers: [10.0.0.0/24]}`."""

    peers: list[str]
    """Addresses or networks of the TLS terminators; of a gateway too, for a tier behind it."""
    header: str = "Client-Cert"
    """The header they set: as RFC 9440 has it, or a percent-encoded PEM."""

    def __post_init__(self) -> None:
        for peer in self.peers:
            try:
                ip_network(peer)
            except ValueError:
                raise ValueError(f"peers lists {peer!r}, which is no address and no network like 10.0.0.0/24") from None
        if not self.peers:
            raise ValueError("peers is empty: leave client_certificates out instead")

    def trusts(self, address: str) -> bool:
        """Whether this peer is a terminator."""
        try:
            peer = ip_address(address)
        except ValueError:
            return False
        return any(peer in ip_network(known) for known in self.peers)


def check(http: Http, believed: ClientCertificates | None, x5t: str) -> None:
    """That the call came with the certificate of this SHA-256 thumbprint. Raises `CertificateRefused`."""
    if believed is None:
        raise CertificateRefused("The token is bound to a client certificate, and none is taken here.")
    if not believed.trusts(http.address):
        raise CertificateRefused("The call did not come through the TLS terminator that checks client certificates.")
    name = believed.header.lower().encode()
    sent = [value for header, value in http.scope["headers"] if header == name]
    if len(sent) != 1:
        raise CertificateRefused("The call came without a client certificate, and the token is bound to one.")
    if thumbprint(sent[0].decode("latin-1")) != x5t:
        raise CertificateRefused("The call came with another client certificate than the token was issued to.")


def thumbprint(said: str) -> str:
    """`x5t#S256` of a certificate as a terminator passes it on. Raises `CertificateRefused` when it cannot be read."""
    try:
        if len(said) > _LONGEST:
            raise ValueError(said[:0])
        if said.startswith(":") and said.endswith(":") and len(said) > 2:
            der = base64.b64decode(said[1:-1], validate=True)
        else:
            pem = unquote(said)
            if not pem.startswith(_BEGINS):
                raise ValueError(said[:0])
            der = ssl.PEM_cert_to_DER_cert(pem)
    except (binascii.Error, ValueError):
        raise CertificateRefused("The client certificate that was passed on cannot be read.") from None
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()


def believable(headers: Headers, believed: ClientCertificates | None, address: str) -> list[tuple[bytes, bytes]]:
    """The headers that may travel on: those that tell of certificates only from who may say so."""
    lies = _STANDARD
    if believed is not None:
        own = believed.header.lower().encode()
        lies = lies - {own} if believed.trusts(address) else lies | {own}
    return [said for said in headers if said[0] not in lies]
