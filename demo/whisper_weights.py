"""Which Whisper model can run here without fetching anything."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import try_to_load_from_cache

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry

#: Good enough for a demo and quick on a few cores, best first.
_WANTED = ("whisper-base.en", "whisper-base", "whisper-small.en", "whisper-small", "whisper-tiny.en", "whisper-tiny")


def weights_here() -> str | None:
    """The best model whose weights are in Hugging Face's cache; None if there is none.

    A worker of the family warms the family's first model up, so that one must be here too: else it would be fetched.
    """
    catalog = Catalog()
    if not _is_here(catalog.get("whisper", "stt")):
        return None
    return next((name for name in _WANTED if _is_here(catalog.get(name, "stt"))), None)


def _is_here(entry: Entry) -> bool:
    found = entry.source and try_to_load_from_cache(entry.source, "model.bin", revision=entry.revision)
    return entry.installed and isinstance(found, str) and Path(found).is_file()
