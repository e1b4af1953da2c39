"""Speaker embeddings of recordings for SpeechT5: x-vectors by the encoder that an entry names.

SpeechT5 was trained with the embeddings of SpeechBrain's spkrec-xvect-voxceleb; those of another encoder are useless to
it, even where they have the same size.
"""

from __future__ import annotations

import sys

from pipelines.catalog.entry import SynthesisEntry
from pipelines.engines.torch_engine import resolve_torch_device
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.family import Recording, SpeakerEmbedding
from pipelines.speaker_embeddings.encoder import SpeakerEncoder
from pipelines.speaker_embeddings.reference_audio import prepare_reference
from pipelines.speaker_embeddings.registry import load_encoder

COMPONENT = "speaker_encoder"
_CURE = f'name spkrec-xvect-voxceleb or its folder as "{COMPONENT}" among the components of the model in models.toml'


class XVectorEncoder:
    """The encoder of an entry, or the reason why there is none. Threads may share one."""

    def __init__(self, entry: SynthesisEntry, device: str, size: int) -> None:
        """`size`: of the embeddings that the model takes. A missing encoder does not raise here: the checkpoint's own
        voices need none, and `embed` reports what is missing.
        """
        self._encoder: SpeakerEncoder | None = None
        self._missing = f"{entry.name} has no encoder that makes x-vectors of recordings: {_CURE}."
        source = entry.components.get(COMPONENT)
        if source is None or "reference" not in entry.options:
            return
        try:
            encoder = load_encoder(entry, resolve_torch_device(entry, device), source=source)
        except ModelUnavailable as error:
            # For the worker's log; the caller is told what a caller can change.
            sys.stderr.write(f"{entry.name} cannot use the voices of recordings here: {error.detail}\n")
            self._missing = f"{entry.name} cannot use the voice of a recording here. {error.for_caller}"
            return
        if encoder.size != size:
            self._missing = (
                f"{entry.name} needs x-vectors of {size} numbers, and {source} computes {encoder.size}: {_CURE}."
            )
            return
        self._encoder = encoder

    @property
    def revision(self) -> str | None:
        """Revision of the encoder's weights; None without an encoder."""
        return self._encoder.revision if self._encoder else None

    def embed(self, recording: Recording) -> SpeakerEmbedding:
        """The x-vector of a recording, of length 1 as the published ones.

        Raises `UnsupportedOption` on `voice` where there is no encoder, `BadInput` for a recording without speech.
        """
        if self._encoder is None:
            raise UnsupportedOption(self._missing, field="voice")
        return self._encoder.embed(prepare_reference(recording, level_db=None))
