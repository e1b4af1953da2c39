"""The catalogue of models: those of this version and those of a server's `models.toml`, by name.

Imports no model runtime: the web process reads this file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, overload

from pipelines.errors import UnsupportedOption

from .entries import ENTRIES
from .entry import ENTRY_TYPES, Entry, RecognitionEntry, SpeakerEntry, SynthesisEntry

_DOCUMENTED = "docs/reference/models.md explains each."


class Catalog:
    """The entries of this version and those of a `models.toml`, which has one `[[model]]` table for each."""

    def __init__(self, extra: Sequence[Entry] = ()) -> None:
        self._by_name = {entry.name: entry for entry in (*ENTRIES, *extra)}

    @classmethod
    def read(cls, models_toml: Path | None) -> Catalog:
        """Read `models_toml` if it exists. Raises ValueError, which names the file, and the model that is invalid."""
        if models_toml is None or not models_toml.is_file():
            return cls()
        entries = []
        for number, table in enumerate(_read_tables(models_toml), 1):
            try:
                entries.append(_build_entry(table))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{models_toml}: model {table.get('name', f'number {number}')}: {error}") from error
        return cls(entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._by_name.values())

    def of_kind(self, kind: str) -> list[Entry]:
        """Entries of one kind ("tts", "stt", "speaker"), in order of preference."""
        return [entry for entry in self if entry.kind == kind]

    def cloning(self) -> list[SynthesisEntry]:
        """Entries of models that can clone the voice of a recording."""
        return [entry for entry in self if isinstance(entry, SynthesisEntry) and "reference" in entry.options]

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

    @overload
    def get(self, name: str, kind: Literal["tts"]) -> SynthesisEntry: ...
    @overload
    def get(self, name: str, kind: Literal["stt"]) -> RecognitionEntry: ...
    @overload
    def get(self, name: str, kind: Literal["speaker"]) -> SpeakerEntry: ...
    @overload
    def get(self, name: str, kind: str) -> Entry: ...
    def get(self, name: str, kind: str) -> Entry:
        """The entry of this name and kind, or the first one of the family of this name.

        Raises `UnsupportedOption`, which names the choices.
        """
        entry = self._by_name.get(name)
        if entry is not None and entry.kind == kind:
            return entry
        for candidate in self.of_kind(kind):
            if candidate.family == name:
                return candidate
        known = ", ".join(candidate.name for candidate in self.of_kind(kind))
        raise UnsupportedOption(f"Unknown {kind} model {name!r}; this server knows: {known}.", field="model")


def _read_tables(models_toml: Path) -> Sequence[Mapping[str, Any]]:
    try:
        tables = tomllib.loads(models_toml.read_text(encoding="utf-8")).get("model", [])
    except (OSError, ValueError) as error:
        raise ValueError(f"{models_toml} cannot be read: {error}") from error
    if not (isinstance(tables, list) and all(isinstance(table, dict) for table in tables)):
        raise ValueError(f"{models_toml}: each model is a table [[model]]. {_DOCUMENTED}")
    return tables


def _build_entry(table: Mapping[str, Any]) -> Entry:
    """The entry of a `[[model]]` table. Raises TypeError, ValueError for keys that are unknown, missing or invalid."""
    keys = {**table, "options": frozenset(table.get("options", ()))}
    kind = keys.pop("kind", None)
    if kind not in ENTRY_TYPES:
        raise ValueError(f"kind = {kind!r}: it is one of {', '.join(ENTRY_TYPES)}")
    known = {each.name: each for each in fields(ENTRY_TYPES[kind])}
    unknown = [key for key in keys if key not in known]
    if unknown:
        raise ValueError(
            f"{' '.join(_explain_unknown_key(key, kind, list(known)) for key in unknown)} "
            f"The keys of this kind: {', '.join(known)}. {_DOCUMENTED}"
        )
    required = [name for name, each in known.items() if each.default is MISSING and each.default_factory is MISSING]
    missing = [name for name in required if name not in keys]
    if missing:
        raise ValueError(
            f"Missing: {', '.join(missing)}. A model of the kind {kind!r} needs {', '.join(required)}. {_DOCUMENTED}"
        )
    return ENTRY_TYPES[kind](**keys)


def _explain_unknown_key(key: str, kind: str, known: Sequence[str]) -> str:
    """One sentence, with the cure where there is one."""
    owners = [name for name, each in ENTRY_TYPES.items() if any(own.name == key for own in fields(each))]
    if owners:
        return f"A model of the kind {kind!r} has no key {key!r}: it is for {' and '.join(map(repr, owners))}."
    near = get_close_matches(key, known, n=1)
    return f"A model of the kind {kind!r} has no key {key!r}{f'; did you mean {near[0]!r}?' if near else '.'}"
