"""The speakers of a SpeechT5 checkpoint: x-vectors as arrays of 512 floats, in files beside it or in a component.

SpeechT5 itself has no voice: it synthesises in that of the given vector. Published vectors (CMU ARCTIC, computed with
SpeechBrain's spkrec-xvect-voxceleb) are a folder of .npy files. Arrays are read without pickle. For recordings see
`speaker_embedding`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.catalog.entry import SynthesisEntry
from pipelines.errors import BadInput, ModelUnavailable, UnsupportedOption
from pipelines.family import SpeakerEmbedding, SynthesisInput, Voice

FILE, FOLDER = "voices.npz", "voices"
#: Gender of the speakers of CMU ARCTIC; the published names contain them ("cmu_us_slt_arctic-wav-arctic_a0001").
_ARCTIC = {
    "awb": "male",
    "bdl": "male",
    "clb": "female",
    "jmk": "male",
    "ksp": "male",
    "rms": "male",
    "slt": "female",
}


@dataclass(frozen=True, slots=True)
class VoiceBank:
    """Speaker embeddings by voice id, sorted by name."""

    embeddings: Mapping[str, SpeakerEmbedding]

    @classmethod
    def read(cls, entry: SynthesisEntry, folder: Path) -> VoiceBank:
        """`voices.npz` (an array for each voice) and `voices/*.npy` of the checkpoint, and of the component "voices".

        Raises `ModelUnavailable` for a file that holds something else.
        """
        found: dict[str, SpeakerEmbedding] = {}
        places = [folder]
        if "voices" in entry.components:
            places.append(Path(entry.components["voices"]).expanduser())
        for place in places:
            for file in _find_files(place):
                found.update(_read_arrays(entry, file))
        return cls(dict(sorted(found.items())))

    def voices(self, entry: SynthesisEntry) -> list[Voice]:
        """The voices that a request can choose by name."""
        return [
            Voice(name, name, "en", "speecht5", _gender(name), sample_rate_hz=entry.sample_rate_hz)
            for name in self.embeddings
        ]

    def resolve(self, entry: SynthesisEntry, request: SynthesisInput, size: int) -> SpeakerEmbedding:
        """The embedding for a request: the one that it contains, else the named voice's, else the first one.

        Raises `UnsupportedOption` for an unknown voice, `BadInput` for an embedding of another size.
        """
        reference = request.options.get("reference")
        name = request.voice or entry.default_voice or next(iter(self.embeddings), "")
        if reference is None and name not in self.embeddings:
            known = ", ".join(list(self.embeddings)[:10]) or f"none (put {FILE} or {FOLDER}/*.npy beside its weights)"
            raise UnsupportedOption(f"{entry.name} has no voice {name!r}; it has: {known}.", field="voice")
        embedding = self.embeddings[name] if reference is None else np.asarray(reference, np.float32).reshape(-1)
        if embedding.shape != (size,) or not np.isfinite(embedding).all() or not embedding.any():
            raise BadInput(f"{entry.name} needs an x-vector of {size} numbers; this voice is none.", field="voice")
        return embedding


def _find_files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
        return
    if (place / FILE).is_file():
        yield place / FILE
    # The component may itself be the folder of vectors; a checkpoint has them in a subfolder.
    for folder in (place / FOLDER, place):
        yield from sorted(folder.glob("*.npy"))


def _read_arrays(entry: SynthesisEntry, file: Path) -> Iterator[tuple[str, SpeakerEmbedding]]:
    try:
        loaded = np.load(file, allow_pickle=False)
        arrays = {file.stem: loaded} if isinstance(loaded, np.ndarray) else dict(loaded.items())
        yield from ((name, np.asarray(array, np.float32).reshape(-1)) for name, array in arrays.items())
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelUnavailable(f"{entry.name}: {file} holds no arrays of numbers: {error}") from error


def _gender(name: str) -> str | None:
    return next((_ARCTIC[part] for part in name.lower().replace("-", "_").split("_") if part in _ARCTIC), None)
