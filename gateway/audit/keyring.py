"""The audit's secrets: what anchors and removals are signed with, and what people's names are sealed with.

`audit.key` holds one secret a line, the newest first, readable by its owner only; it is made at first use. Beside it,
`audit.pub` holds the public keys: who has only those can verify a record and forge nothing. To rotate, put a new line
(64 hex digits) on top: what older lines signed and sealed stays readable.
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_NONCE: Final = 12


class Keyring:
    """The secrets of one installation, or its public keys alone."""

    def __init__(self, masters: list[bytes], public: list[bytes]) -> None:
        self._signers = [Ed25519PrivateKey.from_private_bytes(_derived(m, b"sign")) for m in masters]
        self._lookups = [_derived(master, b"names") for master in masters]
        self._seals = [AESGCM(_derived(master, b"seal")) for master in masters]
        known = dict.fromkeys([*(_raw(signer) for signer in self._signers), *public])
        self.public = list(known)
        self._verifiers = [Ed25519PublicKey.from_public_bytes(key) for key in known]

    @classmethod
    def at(cls, path: Path) -> "Keyring":
        """The secrets kept at `path` (`audit.key`), made at first use."""
        if not path.exists():
            _make(path)
        ring = cls([bytes.fromhex(line) for line in path.read_text().split()], _public(path))
        listed = "".join(key.hex() + "\n" for key in ring.public)
        beside = path.with_suffix(".pub")
        if not beside.exists() or beside.read_text() != listed:
            beside.write_text(listed)
        return ring

    @classmethod
    def found(cls, path: Path) -> "Keyring":
        """What is there: the secrets, the public keys alone, or nothing."""
        masters = [bytes.fromhex(line) for line in path.read_text().split()] if path.exists() else []
        return cls(masters, _public(path))

    @classmethod
    def reading(cls, path: Path) -> "Keyring":
        """The same. Raises `FileNotFoundError` where there is nothing to verify with."""
        ring = cls.found(path)
        if not ring.public:
            raise FileNotFoundError(f"Neither {path} nor {path.with_suffix('.pub').name} is there: no signature of the "
                                    "record can be verified without one of them.")  # fmt: skip
        return ring

    def sign(self, text: bytes) -> str:
        """A signature (Ed25519, RFC 8032) by the newest key."""
        return base64.b64encode(self._signers[0].sign(text)).decode()

    def signed(self, text: bytes, signature: str) -> bool:
        """Whether one of the keys signed this."""
        try:
            raw = base64.b64decode(signature, validate=True)
        except ValueError:
            return False
        return any(_verified(key, raw, text) for key in self._verifiers)

    def lookups(self, value: str) -> list[str]:
        """Under what a value is found, by the newest key and the older ones."""
        return [hmac.new(key, value.encode(), hashlib.sha256).hexdigest() for key in self._lookups]

    def seal(self, value: str, about: str) -> str:
        """Encrypt a value (AES-256-GCM), bound to what it is about."""
        nonce = secrets.token_bytes(_NONCE)
        return base64.b64encode(nonce + self._seals[0].encrypt(nonce, value.encode(), about.encode())).decode()

    def unseal(self, sealed: str, about: str) -> str | None:
        """What was sealed; None where no key opens it, or it was changed."""
        raw = base64.b64decode(sealed)
        for key in self._seals:
            try:
                return key.decrypt(raw[:_NONCE], raw[_NONCE:], about.encode()).decode()
            except InvalidTag:
                continue
        return None


def _derived(master: bytes, purpose: bytes) -> bytes:
    return hmac.new(master, b"tiergate audit " + purpose, hashlib.sha256).digest()


def _raw(signer: Ed25519PrivateKey) -> bytes:
    return signer.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _verified(key: Ed25519PublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text)
    except InvalidSignature:
        return False
    return True


def _public(path: Path) -> list[bytes]:
    beside = path.with_suffix(".pub")
    return [bytes.fromhex(line) for line in beside.read_text().split()] if beside.exists() else []


def _make(path: Path) -> None:
    """Of two processes that start at once, both use the secret of the one that came first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32) + "\n")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
