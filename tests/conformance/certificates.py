"""Client certificates of the table's own, as a TLS terminator passes them on (RFC 9440)."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID


@cache
def der(name: str) -> bytes:
    """The certificate of somebody of that name, made once."""
    key, now = generate_private_key(SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(hours=1))
    return builder.not_valid_after(now + timedelta(hours=1)).sign(key, SHA256()).public_bytes(Encoding.DER)


def passed_on(name: str) -> str:
    """As `Client-Cert` has it: a Byte Sequence of structured fields."""
    return f":{base64.b64encode(der(name)).decode()}:"


def thumbprint(name: str) -> str:
    """`x5t#S256` (RFC 8705 section 3.1)."""
    return base64.urlsafe_b64encode(hashlib.sha256(der(name)).digest()).rstrip(b"=").decode()
