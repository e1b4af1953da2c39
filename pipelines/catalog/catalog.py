"""The models that a server can offer: those of this version and those of its `models.toml`, by name.

Imports no model runtime: the web process reads this file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipelines.errors import UnsupportedOption

from .entries import ENTRIES
from .entry import Entry

#: Job kind → "module:Class" of its pipeline, imported only where it runs.
PIPELINES: Mapping[str, str] = {
    "tts.synthesize": "pipelines.tts.synthesis:Synthesis",
    "stt.transcribe": "pipelines.stt.transcription:Transcription",
}


#: Option of a request → modules that the stitch of such a job wants and hardly any other: too large for every process.
RARE_IMPORTS: Mapping[str, Sequence[str]] = {"diarize": ("sklearn.cluster", "sklearn.metrics")}


class Catalog:
    """The entries of this version plus those of a `models.toml` (same field names, one `[[model]]` table each)."""

    def __init__(self, extra: Sequence[Entry] = ()) -> None:
        self._by_name = {entry.name: entry for entry in (*ENTRIES, *extra)}

    @classmethod
    def read(cls, models_toml: Path | None) -> Catalog:
        """Read `models_toml` where it exists. Raises ValueError naming the model whose table is wrong."""
        if models_toml is None or not models_toml.is_file():
            return cls()
        entries = []
        for table in tomllib.loads(models_toml.read_text()).get("model", []):
            try:
                entries.append(Entry(**{**table, "options": frozenset(table.get("options", ()))}))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{models_toml}: model {table.get('name', '?')}: {error}") from error
        return cls(entries)

    def __iter__(self):
        return iter(self._by_name.values())

    def of_kind(self, kind: str) -> list[Entry]:
        """Entries of one kind ("tts", "stt", "speaker"), in order of preference."""
        return [entry for entry in self if entry.kind == kind]

    def cloning(self) -> list[Entry]:
        """Entries that speak with the voice of a recording."""
        return [entry for entry in self if "reference" in entry.options]

    def knows(self, name: str) -> bool:
        """Whether there is an entry of exactly this name."""
        return name in self._by_name

    def named(self, name: str) -> Entry:
        """The entry of exactly this name, of whichever kind. Raises `UnsupportedOption`."""
        if not self.knows(name):
            raise UnsupportedOption(f"This version knows no model {name!r}.", field="model")
        return self._by_name[name]

    def of_queue(self, queue: str) -> list[Entry]:
        """Entries that a worker on this queue can load."""
        return [entry for entry in self if entry.queue == queue]

    def get(self, name: str, kind: str) -> Entry:
        """The named entry; a family's name stands for its first. Raises `UnsupportedOption` naming the choices."""
        entry = self._by_name.get(name)
        if entry is not None and entry.kind == kind:
            return entry
        for candidate in self.of_kind(kind):
            if candidate.family == name:
                return candidate
        known = ", ".join(candidate.name for candidate in self.of_kind(kind))
        raise UnsupportedOption(f"Unknown {kind} model {name!r}; this server knows: {known}.", field="model")
