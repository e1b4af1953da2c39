"""Saves a stream of blocks as a local file that exists only if its bytes have the expected digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from jobs.errors import CorruptObject


def save_verified(blocks: Iterable[bytes], path: Path, *, sha256: str | None, bytes: int | None) -> None:
    """Write `blocks` to `path`, which appears complete or not at all.

    `sha256` (hex) and `bytes` are the expected digest and size; None = unknown. Raises CorruptObject; OSError of the
    local disk and exceptions of `blocks` pass through.
    """
    temporary = path.with_name(path.name + ".part")
    digest, size = hashlib.sha256(), 0
    try:
        with temporary.open("wb") as file:
            for block in blocks:
                size += len(block)
                if bytes is not None and size > bytes:
                    raise CorruptObject(f"an object is longer than the {bytes} bytes that were written")
                digest.update(block)
                file.write(block)
        if bytes is not None and size != bytes:
            raise CorruptObject(f"an object has {size} of the {bytes} bytes that were written")
        if sha256 is not None and digest.hexdigest() != sha256:
            raise CorruptObject("an object's SHA-256 is not the one that was written")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
