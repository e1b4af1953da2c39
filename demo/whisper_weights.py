"""Which Whisper model can run here without fetching anything."""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import try_to_load_from_cache

from pipelines.catalog import Catalog

#: Good enough for a demo and quick on a few cores, best first.
_WANTED = ("whisper-base.en", "whisper-base", "whisper-small.en", "whisper-small", "whisper-tiny.en", "whisper-tiny")


def weights_here() -> str | None:
    """Name of the model whose weights are in Hugging Face's cache; None if there is none."""
    catalog = Catalog()
    for name in _WANTED:
        entry = catalog.get(name, "stt")
        found = entry.source and try_to_load_from_cache(entry.source, "model.bin", revision=entry.revision)
        if entry.installed and isinstance(found, str) and Path(found).is_file():
            return name
    return None
