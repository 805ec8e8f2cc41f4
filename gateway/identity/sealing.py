"""How secrets rest: passwords hashed, random tokens digested, keys and sessions sealed."""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Final

from joserfc import jwe
from joserfc.jwk import OctKey

# OWASP's floor for scrypt at 16 MB: N=2^14, r=8, p=5 costs about 0.2 s of one core.
SCRYPT_N: Final = 2**14
SCRYPT_R: Final = 8
SCRYPT_P: Final = 5
SEAL: Final = {"alg": "dir", "enc": "A256GCM"}


def hash_password(password: str) -> str:
    """`scrypt$salt$hash` (RFC 7914)."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_text(salt)}${_text(_scrypt(password, salt))}"


def verify_password(password: str, hashed: str) -> bool:
    """Whether it is the password; an unreadable or empty hash takes as long to refuse as a wrong password."""
    scheme, _, rest = hashed.partition("$")
    salt, _, expected = rest.partition("$")
    known = scheme == "scrypt" and bool(expected)
    found = _scrypt(password, base64.urlsafe_b64decode(salt) if known else b"no such person")
    return hmac.compare_digest(_text(found), expected) and known


def digest(token: str) -> str:
    """How a random token is stored. It has 256 bits of its own, so a plain SHA-256 cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def seal(content: bytes, key: bytes) -> str:
    """Encrypt with a 32-byte key (JWE, RFC 7516: direct, A256GCM)."""
    return jwe.encrypt_compact(SEAL, content, OctKey.import_key(key))


def unseal(sealed: str, key: bytes) -> bytes:
    """What was sealed. Raises `joserfc.errors.JoseError` when the key is another or the text was changed."""
    content = jwe.decrypt_compact(sealed, OctKey.import_key(key)).plaintext
    assert content is not None
    return content


def key_file(path: Path) -> bytes:
    """The 32-byte key kept at `path`; made at first use, readable by its owner only."""
    if not path.exists():
        made = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        write_private(made, secrets.token_hex(32))
        try:
            os.link(made, path)  # whoever is first makes the key: two that begin at once must not hold two
        except FileExistsError:
            made.unlink()
        except OSError:  # a disk without links
            made.replace(path)
        else:
            made.unlink()
    return bytes.fromhex(path.read_text())


def write_private(path: Path, content: str) -> None:
    """Write a file only its owner can read; nobody ever sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
    draft.replace(path)


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=SCRYPT_N, r=SCRYPT_R, p=SCRYPT_P, dklen=32)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()
