"""Voice presets of Bark: prompts in its three token types, as arrays in files that are read without pickle.

Two layouts: `speaker_embeddings_path.json` naming three .npy files for each voice, as transformers publishes them, and
.npz files with the three arrays, as Suno does, under `speaker_embeddings/`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.catalog.checkpoint import read_config
from pipelines.catalog.entry import SynthesisEntry
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.family import SynthesisInput, Voice

INDEX, FOLDER = "speaker_embeddings_path.json", "speaker_embeddings"
_PARTS = ("semantic_prompt", "coarse_prompt", "fine_prompt")
#: Bark's codes whose BCP 47 tags are not simply equal.
_LANGUAGES = {"zh": "zh", "announcer": "en"}


@dataclass(frozen=True, slots=True)
class HistoryPrompt:
    """Earlier speech that a row is conditioned on: semantic tokens (n), coarse codes (2, m) and fine codes (8, m)."""

    semantic: NDArray[np.int64]
    coarse: NDArray[np.int64]
    fine: NDArray[np.int64]


class VoicePresets:
    """The presets of one checkpoint, read when they are first used."""

    def __init__(self, entry: SynthesisEntry, folder: Path) -> None:
        self._entry = entry
        self._files = {**_read_index(entry, folder), **_find_archives(folder)}
        self.get = lru_cache(maxsize=64)(self._read)

    def voices(self) -> list[Voice]:
        """Sorted by name."""
        rate = self._entry.sample_rate_hz
        return [Voice(name, name, _language(name), "bark", sample_rate_hz=rate) for name in sorted(self._files)]

    def choose(self, request: SynthesisInput) -> HistoryPrompt | None:
        """The named preset; without a name the default, else the first of the request's language. None without presets.

        Raises `UnsupportedOption` for an unknown voice.
        """
        if request.voice:
            return self.get(request.voice)
        if not self._files:
            return None
        wanted = request.language.lower().partition("-")[0]
        default = self._entry.default_voice
        if default in self._files and wanted in ("", _language(str(default))):
            return self.get(default)
        names = sorted(self._files)
        return self.get(next((name for name in names if _language(name) == wanted), names[0]))

    def _read(self, name: str) -> HistoryPrompt:
        if name not in self._files:
            known = ", ".join(sorted(self._files)[:10]) or "none"
            raise UnsupportedOption(f"{self._entry.name} has no voice {name!r}; it has: {known}, …", field="voice")
        arrays: dict[str, NDArray[Any]] = {}
        for part, file in zip(_PARTS, self._files[name], strict=True):
            try:
                loaded = np.load(file, allow_pickle=False)
                arrays[part] = loaded if isinstance(loaded, np.ndarray) else loaded[part]
            except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
                raise ModelUnavailable(f"{self._entry.name}: the voice {name} ({file}) is damaged: {error}") from error
        semantic, coarse, fine = (arrays[part].astype(np.int64) for part in _PARTS)
        if (semantic.ndim, coarse.ndim, fine.ndim) != (1, 2, 2) or not len(semantic) or not coarse.shape[1]:
            raise ModelUnavailable(f"{self._entry.name}: the voice {name} is no preset: it has other dimensions.")
        return HistoryPrompt(semantic, coarse, fine)


def _read_index(entry: SynthesisEntry, folder: Path) -> dict[str, Sequence[Path]]:
    if not (folder / INDEX).is_file():
        return {}
    found: dict[str, Sequence[Path]] = {}
    for name, paths in read_config(entry, folder / INDEX).items():
        if not isinstance(paths, Mapping):
            continue  # "repo_or_path": the place of publication
        files = [folder / str(paths.get(part, "")) for part in _PARTS]
        # Names may not point outside the checkpoint. Its files may be links into a cache, so links are not resolved.
        if any(".." in file.relative_to(folder).parts for file in files if file.is_relative_to(folder)) or not all(
            file.is_relative_to(folder) for file in files
        ):
            raise ModelUnavailable(f"{entry.name}: {INDEX} names files outside the checkpoint for the voice {name!r}.")
        if all(file.is_file() for file in files):
            found[name] = files
    return found


def _find_archives(folder: Path) -> dict[str, Sequence[Path]]:
    root = folder / FOLDER
    return {path.relative_to(root).with_suffix("").as_posix(): [path] * 3 for path in sorted(root.rglob("*.npz"))}


def _language(name: str) -> str:
    """The language in a name: "v2/de_speaker_3" → "de"."""
    code = name.rpartition("/")[2].partition("_")[0]
    return _LANGUAGES.get(code, code if len(code) == 2 else "en")
