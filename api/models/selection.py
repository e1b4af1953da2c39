"""Which catalogue entry a request is for: a named one, or for `auto` the first that a live worker can run."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.language_tags import covers

from .live_workers import LiveWorkers

AUTO = "auto"


def choose(catalog: Catalog, workers: LiveWorkers, *, kind: str, model: str, language: str | None) -> Entry:
    """`kind`: "tts" or "stt". Raises UnsupportedOption for an unknown name, ModelUnavailable where `auto` has none."""
    if model != AUTO:
        return catalog.get(model, kind)
    entries = [entry for entry in catalog.of_kind(kind) if entry.auto]
    live = [entry for entry in entries if workers.able(entry)]
    for entry in live:
        if speaks(entry, language):
            return entry
    if live:
        known = ", ".join(entry.name for entry in live)
        raise ModelUnavailable(
            f"No running {kind} model knows the language {language!r}; running: {known}.", field="language"
        )
    raise ModelUnavailable(f"No {kind} worker is running here. Start one with: {start_line(entries)}", field="model")


def speaks(entry: Entry, language: str | None) -> bool:
    """Whether the model's languages cover a BCP 47 tag; None and `auto` fit every model."""
    return language is None or language == "auto" or covers(entry.languages, language)


def start_line(entries: Sequence[Entry]) -> str:
    """The command that brings the first of these models here."""
    for entry in entries:
        if entry.source is None:
            return install_line(entry)
    return install_line(entries[0]) if entries else "voicemill up"


def install_line(entry: Entry) -> str:
    """The command that starts a worker with this model, and what to install before."""
    start = f"voicemill worker --family {entry.family} --model {entry.name}"
    return f"{entry.install} && {start}" if entry.install and not entry.installed else start
