"""The speakers of a SpeechT5 checkpoint: x-vectors as arrays of 512 floats, in files beside it or beside nothing.

SpeechT5 itself has no voice: it speaks with whatever vector it is given. Published ones (CMU ARCTIC, made with
SpeechBrain's spkrec-xvect-voxceleb) are a folder of .npy files. Arrays are read without pickle. Recordings: `listener`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.catalog.entry import Entry
from pipelines.errors import BadInput, ModelUnavailable, UnsupportedOption
from pipelines.family import SpeakerVector, SpeakRequest, Voice

FILE, FOLDER = "voices.npz", "voices"
#: The speakers of CMU ARCTIC, whose names the published vectors bear ("cmu_us_slt_arctic-wav-arctic_a0001").
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
    """Vectors by voice id, in the order of their names."""

    vectors: Mapping[str, SpeakerVector]

    @classmethod
    def read(cls, entry: Entry, folder: Path) -> VoiceBank:
        """`voices.npz` (an array for each voice) and `voices/*.npy` of the checkpoint, and of the component "voices".

        Raises `ModelUnavailable` for a file that holds something else.
        """
        found: dict[str, SpeakerVector] = {}
        places = [folder]
        if "voices" in entry.components:
            places.append(Path(entry.components["voices"]).expanduser())
        for place in places:
            for file in _files(place):
                found.update(_arrays(entry, file))
        return cls(dict(sorted(found.items())))

    def voices(self, entry: Entry) -> list[Voice]:
        """What can be asked for by name."""
        return [
            Voice(name, name, "en", "speecht5", _gender(name), sample_rate_hz=entry.sample_rate_hz)
            for name in self.vectors
        ]

    def choose(self, entry: Entry, request: SpeakRequest, size: int) -> SpeakerVector:
        """The vector to speak with: the vector in the request, else the named voice, else the first one.

        Raises `UnsupportedOption` for a voice that is not there, `BadInput` for a vector of another size.
        """
        reference = request.options.get("reference")
        name = request.voice or entry.default_voice or next(iter(self.vectors), "")
        if reference is None and name not in self.vectors:
            known = ", ".join(list(self.vectors)[:10]) or f"none (put {FILE} or {FOLDER}/*.npy beside its weights)"
            raise UnsupportedOption(f"{entry.name} has no voice {name!r}; it has: {known}.", field="voice")
        vector = self.vectors[name] if reference is None else np.asarray(reference, np.float32).reshape(-1)
        if vector.shape != (size,) or not np.isfinite(vector).all() or not vector.any():
            raise BadInput(f"{entry.name} speaks with x-vectors of {size} numbers; this voice is none.", field="voice")
        return vector


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
        return
    if (place / FILE).is_file():
        yield place / FILE
    # The component may itself be the folder of vectors; a checkpoint keeps them in one of its own.
    for folder in (place / FOLDER, place):
        yield from sorted(folder.glob("*.npy"))


def _arrays(entry: Entry, file: Path) -> Iterator[tuple[str, SpeakerVector]]:
    try:
        opened = np.load(file, allow_pickle=False)
        arrays = {file.stem: opened} if isinstance(opened, np.ndarray) else dict(opened.items())
        yield from ((name, np.asarray(array, np.float32).reshape(-1)) for name, array in arrays.items())
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelUnavailable(f"{entry.name}: {file} holds no arrays of numbers: {error}") from error


def _gender(name: str) -> str | None:
    return next((_ARCTIC[part] for part in name.lower().replace("-", "_").split("_") if part in _ARCTIC), None)
