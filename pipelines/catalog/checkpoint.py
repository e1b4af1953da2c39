"""Finds the files of a checkpoint on this machine, downloads them, and caches what was converted from them.

Knows directories, Hugging Face snapshots and JSON files; nothing of tensors. Imports no model runtime.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs

from pipelines.errors import ModelUnavailable

from .entry import Entry

#: Files that determine what a checkpoint computes; others (README, pictures) may change in the same model.
_MODEL_FILES = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".onnx", ".json", ".yaml", ".txt", ".model", ".npz")
#: Not downloaded: the same weights for frameworks that are not used here, or in a wider format than the model runs in.
_IGNORED = ("*.msgpack", "*.h5", "*.ot", "*.fp32-*")


def find_checkpoint(entry: Entry, *required: str) -> Path:
    """The folder with the entry's files: its directory, or its Hugging Face snapshot, from the cache or downloaded.

    `required`: names of files that must be in it; "a|b" is satisfied by either. Raises `ModelUnavailable`, which names
    what is missing and how to get it.
    """
    source = entry.source or ""
    if source.startswith("s3://"):
        raise ModelUnavailable(
            f"{entry.name}: copy {source} into a directory and name that as `source` in models.toml."
        )
    folder = Path(source).expanduser()
    if not source or (not folder.is_dir() and source.startswith((".", "/", "~"))):
        raise ModelUnavailable(f"{entry.name}: there is no directory {source!r}; name one as `source` in models.toml.")
    if not folder.is_dir():
        found = _find_snapshot(entry, source, download=False) or _find_snapshot(entry, source, download=True)
        if found is None:
            raise _not_downloaded_error(entry, source)
        folder = found
    missing = [name for name in required if not any((folder / each).is_file() for each in name.split("|"))]
    if missing:
        wanted = ", ".join(name.replace("|", " or ") for name in missing)
        raise ModelUnavailable(f"{entry.name}: {folder} lacks {wanted}.")
    return folder


def needs_download(entry: Entry) -> bool:
    """Whether `find_checkpoint` would download the entry's own weights: a Hugging Face id that is not in the cache.

    Components are not checked: some are loaded only when a request needs them.
    """
    source = entry.source or ""
    if not source or source.startswith((".", "/", "~", "s3://")) or Path(source).is_dir():
        return False
    return _find_snapshot(entry, source, download=False) is None


def has_weights_here(entry: Entry) -> bool:
    """Whether the entry's own weights are on this machine: in its package, its directory or the Hugging Face cache."""
    if entry.source is None or Path(entry.source).expanduser().is_dir():
        return True
    if entry.source.startswith((".", "/", "~", "s3://")):
        return False
    return _find_snapshot(entry, entry.source, download=False) is not None


def checkpoint_revision(folder: Path) -> str:
    """The commit of a Hugging Face snapshot, else a digest of the files that determine what it computes."""
    if folder.parent.name == "snapshots":
        return folder.name
    return "sha256:" + content_hash(folder)[:16]


def content_hash(folder: Path) -> str:
    """SHA-256 over names and bytes of the files that determine what the checkpoint computes, in hexadecimal."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in _MODEL_FILES):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()} {digest}\n".encode())
    return whole.hexdigest()


def convert_cached(folder: Path, form: str, make: Callable[[Path], None]) -> Path:
    """The directory that `make` filled for this checkpoint, once for each content and `form`, then cached.

    `form` names the conversion and its settings ("ctranslate2-int8"). The cache is in the user's cache directory
    (XDG_CACHE_HOME). Two processes may convert at once; the result of the first to finish is cached.
    """
    cached = platformdirs.user_cache_path("voicemill") / "converted" / f"{content_hash(folder)[:32]}-{form}"
    if cached.is_dir():
        return cached
    cached.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f"{cached.name}.", dir=cached.parent))
    try:
        make(fresh)
        try:
            fresh.rename(cached)
        except OSError:
            if not cached.is_dir():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return cached


def read_config(entry: Entry, path: Path) -> dict[str, Any]:
    """The object in a JSON file of a checkpoint. Raises `ModelUnavailable` for anything else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelUnavailable(f"{entry.name}: {path} cannot be read as JSON: {error}") from error
    if not isinstance(found, dict):
        raise ModelUnavailable(f"{entry.name}: {path} holds no JSON object.")
    return found


def _find_snapshot(entry: Entry, source: str, *, download: bool) -> Path | None:
    """The folder of a Hugging Face id from the cache or, with `download`, from the hub; None where that fails."""
    import httpx
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                source, revision=entry.revision, local_files_only=not download, ignore_patterns=list(_IGNORED)
            )
        )
    except (OSError, ValueError, httpx.HTTPError):
        return None


def _not_downloaded_error(entry: Entry, source: str) -> ModelUnavailable:
    at = f"{source}@{entry.revision}" if entry.revision else source
    return ModelUnavailable(
        f"The weights of {entry.name} are not on this machine and cannot be downloaded from Hugging Face ({at}). "
        f"Where there is a network: `hf download {source}`; then copy the directory here and name it as `source` in "
        "models.toml."
    )
