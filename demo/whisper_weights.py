"""Which Whisper model can run on this machine without a download."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import try_to_load_from_cache

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry

#: Accurate enough for a demo and fast on a few cores, best first.
_CANDIDATES = (
    "whisper-base.en",
    "whisper-base",
    "whisper-small.en",
    "whisper-small",
    "whisper-tiny.en",
    "whisper-tiny",
)


def find_cached_model() -> str | None:
    """The best model whose weights are in Hugging Face's cache; None if there is none.

    A worker of the family loads the family's default model at its start and would download it, so that one must be
    cached too.
    """
    catalog = Catalog()
    if not _is_cached(catalog.get("whisper", "stt")):
        return None
    return next((name for name in _CANDIDATES if _is_cached(catalog.get(name, "stt"))), None)


def _is_cached(entry: Entry) -> bool:
    path = entry.source and try_to_load_from_cache(entry.source, "model.bin", revision=entry.revision)
    return entry.installed and isinstance(path, str) and Path(path).is_file()
