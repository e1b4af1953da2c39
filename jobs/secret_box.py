"""Encryption of stored secrets and signatures of download links, both under the secret key of the installation.

Two keys are derived from it, so that a signature reveals nothing of the encryption. Without the key, stored webhook
secrets cannot be decrypted and issued links are invalid; nothing else is lost.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import Misconfigured
from .settings import Settings

MIN_KEY_CHARACTERS = 32
_KEY_FILE = "secret.key"


class SecretBox:
    """Encrypts short texts and signs download links. Threads may share one."""

    def __init__(self, key: str) -> None:
        """`key`: at least 32 characters. Raises Misconfigured."""
        if len(key) < MIN_KEY_CHARACTERS:
            raise Misconfigured(
                f"VOICEMILL_SECRET_KEY must have at least {MIN_KEY_CHARACTERS} characters, not {len(key)}; "
                'make one with: python -c "import secrets; print(secrets.token_urlsafe(48))"',
                field="VOICEMILL_SECRET_KEY",
            )
        self._fernet = Fernet(base64.urlsafe_b64encode(_derive(key, b"voicemill seal v1")))
        self._link_key = _derive(key, b"voicemill download link v1")

    def encrypt(self, text: str) -> str:
        """The encrypted and authenticated text, as ASCII; a different string every time."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, encrypted: str) -> str:
        """The text. Raises Misconfigured when another key encrypted it."""
        try:
            return self._fernet.decrypt(encrypted.encode()).decode()
        except (InvalidToken, ValueError) as error:
            raise Misconfigured(
                "a stored secret cannot be decrypted with this VOICEMILL_SECRET_KEY; restore the key that encrypted it",
                field="VOICEMILL_SECRET_KEY",
            ) from error

    def sign(self, key: str, filename: str, expires_at_s: int) -> str:
        """The signature of a link that downloads the object `key` as `filename` until `expires_at_s` (Unix seconds)."""
        # The lengths make sure that no two links have the same signed bytes.
        message = f"{len(key)}:{key}{len(filename)}:{filename}{expires_at_s}".encode()
        return base64.urlsafe_b64encode(hmac.digest(self._link_key, message, hashlib.sha256)).decode().rstrip("=")

    def verify(self, signature: str, key: str, filename: str, expires_at_s: int, *, now_s: float) -> bool:
        """Whether `sign` made this signature and the link has not expired; compares in constant time."""
        expected = self.sign(key, filename, expires_at_s)
        return hmac.compare_digest(expected.encode(), signature.encode()) and now_s < expires_at_s


def open_secret_box(settings: Settings) -> SecretBox:
    """The secret box of this installation; in embedded mode its key is created at first use. Raises Misconfigured."""
    if settings.secret_key is not None:
        return SecretBox(settings.secret_key.get_secret_value())
    if not settings.is_embedded:
        raise Misconfigured(
            f"VOICEMILL_SECRET_KEY is required with VOICEMILL_DATABASE_URL: at least {MIN_KEY_CHARACTERS} characters, "
            "the same for every process",
            field="VOICEMILL_SECRET_KEY",
        )
    return SecretBox(_read_key_file(settings.data_dir / _KEY_FILE))


def _derive(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key.encode())


def _read_key_file(path: Path) -> str:
    """The key in the file, created if there is none. Processes that start together agree on one."""
    try:
        if not path.exists():
            _create_key_file(path)
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"cannot read or make the secret key {path}: {error}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise Misconfigured(f"{path} can be read by others; chmod 600 it, or delete it and make new webhook secrets")
    return text


def _create_key_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        # os.link never overwrites: the first process wins, and the others read its key.
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
