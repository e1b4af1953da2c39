"""The catalogue entry for a request: the named one, or for `auto` the first that a live worker can run."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines.catalog.catalog import Catalog
from pipelines.catalog.entry import Entry
from pipelines.errors import ModelUnavailable
from pipelines.language_tags import supports_language

from .live_workers import LiveWorkers

AUTO = "auto"


def choose_model(catalog: Catalog, workers: LiveWorkers, *, kind: str, model: str, language: str | None) -> Entry:
    """`kind`: "tts" or "stt". Raises UnsupportedOption for an unknown name, ModelUnavailable if none fits `auto`."""
    if model != AUTO:
        return catalog.get(model, kind)
    entries = [entry for entry in catalog.of_kind(kind) if entry.auto]
    live = [entry for entry in entries if workers.able_to_run(entry)]
    for entry in live:
        if language in (None, AUTO) or supports_language(entry.languages, language):
            return entry
    if live:
        known = ", ".join(entry.name for entry in live)
        raise ModelUnavailable(
            f"No running {kind} model knows the language {language!r}; running: {known}.", field="language"
        )
    raise ModelUnavailable(f"No {kind} worker is running here. Start one with: {start_command(entries)}", field="model")


def start_command(entries: Sequence[Entry]) -> str:
    """The command that starts a worker with the first of these models that needs no weights, else with the first."""
    for entry in entries:
        if entry.source is None:
            return install_command(entry)
    return install_command(entries[0]) if entries else "voicemill up"


def install_command(entry: Entry) -> str:
    """The command that installs what the model needs and starts a worker with it."""
    start = f"voicemill worker --family {entry.family} --model {entry.name}"
    return f"{entry.install} && {start}" if entry.install and not entry.installed else start
