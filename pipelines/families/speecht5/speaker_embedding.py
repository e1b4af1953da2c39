"""Whose voice a recording is, for SpeechT5: an x-vector of it by the encoder that an entry names, or why there is none.

SpeechT5 was trained with the vectors of SpeechBrain's spkrec-xvect-voxceleb; those of another encoder mean nothing to
it, even where they are as long.
"""

from __future__ import annotations

from pipelines.catalog.entry import Entry
from pipelines.engines.torch_engine import torch_device
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.family import Recording, SpeakerVector
from pipelines.speaker_embeddings.encoder import SpeakerEncoder
from pipelines.speaker_embeddings.reference_audio import wave_of
from pipelines.speaker_embeddings.registry import open_encoder

COMPONENT = "speaker_encoder"
_CURE = f'name spkrec-xvect-voxceleb or its folder as "{COMPONENT}" among the components of the model in models.toml'


class Listener:
    """The encoder of an entry. Threads may share one."""

    def __init__(self, entry: Entry, device: str, size: int) -> None:
        """`size`: numbers of a vector that the model speaks with. An encoder that is missing fails no load: a voice
        of the checkpoint needs none, and whoever asks for one is told what is missing.
        """
        self._encoder: SpeakerEncoder | None = None
        self._missing = f"{entry.name} has no encoder that makes x-vectors of recordings: {_CURE}."
        source = entry.components.get(COMPONENT)
        if source is None or "reference" not in entry.options:
            return
        try:
            encoder = open_encoder(entry, torch_device(entry, device), source=source)
        except ModelUnavailable as error:
            self._missing = f"{entry.name} takes no voice from a recording here. {error.detail}"
            return
        if encoder.width != size:
            self._missing = (
                f"{entry.name} speaks with x-vectors of {size} numbers, and {source} makes {encoder.width}: {_CURE}."
            )
            return
        self._encoder = encoder

    @property
    def revision(self) -> str | None:
        """Of the encoder's weights; None without one."""
        return self._encoder.revision if self._encoder else None

    def vector(self, recording: Recording) -> SpeakerVector:
        """The x-vector, of length 1 as the published ones.

        Raises `UnsupportedOption` on `voice` where there is no encoder, `BadInput` for a recording without a voice.
        """
        if self._encoder is None:
            raise UnsupportedOption(self._missing, field="voice")
        return self._encoder.vector(wave_of(recording, level_db=None))
