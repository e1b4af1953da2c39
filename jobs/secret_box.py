"""Secrets at rest and signatures of download links, both from the one key of the installation.

Knows the key; refuses to know what is sealed. Two keys are derived from it, so that a signature tells nothing of the
encryption. Whoever loses the key loses the webhook secrets and the links that are out, nothing else.
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
    """Seals short texts and signs download links. Threads may share one."""

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

    def seal(self, text: str) -> str:
        """Encrypted and authenticated, as ASCII; a different string every time."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """What was sealed. Raises Misconfigured when the key is not the one that sealed it."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, ValueError) as error:
            raise Misconfigured(
                "a stored secret does not open with this VOICEMILL_SECRET_KEY; restore the key that it was sealed with",
                field="VOICEMILL_SECRET_KEY",
            ) from error

    def sign(self, key: str, filename: str, expires_at_s: int) -> str:
        """Signature of a link that downloads the object `key` as `filename` until `expires_at_s` (Unix seconds)."""
        # Lengths go in first, so that no two different links share the bytes that are signed.
        message = f"{len(key)}:{key}{len(filename)}:{filename}{expires_at_s}".encode()
        return base64.urlsafe_b64encode(hmac.digest(self._link_key, message, hashlib.sha256)).decode().rstrip("=")

    def verify(self, signature: str, key: str, filename: str, expires_at_s: int, *, now_s: float) -> bool:
        """Whether `sign` made this signature and the link has not expired; takes the same time whatever differs."""
        expected = self.sign(key, filename, expires_at_s)
        return hmac.compare_digest(expected.encode(), signature.encode()) and now_s < expires_at_s


def open_secret_box(settings: Settings) -> SecretBox:
    """The box of this installation; embedded, its key is made on first use. Raises Misconfigured."""
    if settings.secret_key is not None:
        return SecretBox(settings.secret_key.get_secret_value())
    if not settings.is_embedded:
        raise Misconfigured(
            f"VOICEMILL_SECRET_KEY is required with VOICEMILL_DATABASE_URL: at least {MIN_KEY_CHARACTERS} characters, "
            "the same for every process",
            field="VOICEMILL_SECRET_KEY",
        )
    return SecretBox(_key_file(settings.data_dir / _KEY_FILE))


def _derive(key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(key.encode())


def _key_file(path: Path) -> str:
    """The key in the file, made if there is none. Processes that start together agree on one."""
    try:
        if not path.exists():
            _make_key_file(path)
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(f"cannot read or make the secret key {path}: {error}") from error
    if stat.S_IMODE(mode) & 0o077:
        raise Misconfigured(f"{path} can be read by others; chmod 600 it, or delete it and make new webhook secrets")
    return text


def _make_key_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        # A link never replaces: the first process wins and the others read its key.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
