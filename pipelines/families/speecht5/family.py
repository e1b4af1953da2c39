"""The SpeechT5 family: synthesis inputs to speech. The model gives no times of words, so there are no word marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from transformers import SpeechT5ForTextToSpeech

from pipelines.catalog.checkpoint import checkpoint_revision
from pipelines.catalog.entry import SynthesisEntry
from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.engines.selection import resolve_engine
from pipelines.engines.torch_engine import resolve_torch_device
from pipelines.engines.transformers_checkpoint import load_pretrained
from pipelines.family import Recording, Samples, SpeakerEmbedding, Speech, SynthesisInput, Tick
from pipelines.speaker_embeddings.embedding_cache import EmbeddingCache
from pipelines.text.splitting.clauses import split_clauses
from pipelines.vocoders.hifigan import SPEECHT5_MEL
from pipelines.vocoders.selection import VocoderSelection

from .network import Row, SpeechT5Network
from .speaker_embedding import XVectorEncoder
from .tokenizer import Tokenizer
from .voice_bank import VoiceBank

#: Silence in seconds between two parts of a passage that is too long for the model.
_PAUSE_S = 0.15
#: Distance between the seeds of two parts of a passage, far larger than between those of two passages.
_SEED_STEP = 1 << 40


class SpeechT5:
    """See `SpeechFamily` and `VoiceCloning`. Options: `reference` (an x-vector, or a recording), `vocoder`."""

    def __init__(
        self, entry: SynthesisEntry, folder: Path, device: str, vocoder_settings: VocoderSettings | None = None
    ) -> None:
        self.entry = entry
        self._tokenizer = Tokenizer(entry, folder)
        model = load_pretrained(entry, SpeechT5ForTextToSpeech, folder, device)
        self._embedding_size: int = model.config.speaker_embedding_dim
        #: Most characters of one part; two positions are taken by the tokens of its start and end.
        self._max_characters: int = model.config.max_text_positions - 2
        self._network = SpeechT5Network(model)
        self._bank = VoiceBank.read(entry, folder)
        self._reference_encoder = XVectorEncoder(entry, device, self._embedding_size)
        self._embeddings = EmbeddingCache(self.embed_speaker)
        self._vocoders = VocoderSelection(entry, resolve_torch_device(entry, device), SPEECHT5_MEL, vocoder_settings)
        default = self._vocoders.get(None)
        self.engine = f"{resolve_engine(entry)}/float32, {default.kind} {default.engine}"
        #: Includes the encoder's: a stored x-vector is valid only for the encoder that computed it.
        self.revision = "+".join(filter(None, (checkpoint_revision(folder), self._reference_encoder.revision)))

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. Remarks name the omitted characters.

        Raises `UnsupportedOption` for an unknown voice, and for a recording where no encoder is available; `BadInput`
        for a recording without speech.
        """
        owners: list[int] = []  # the request that each row is a part of
        rows: list[Row] = []
        for number, request in enumerate(requests):
            speaker = self._resolve_speaker(request)
            parts = split_clauses(self._tokenizer.normalise(request.text), self._max_characters)
            for part, text in enumerate(parts):
                rows.append(Row(self._tokenizer.encode(text), speaker, request.seed + part * _SEED_STEP))
                owners.append(number)
        kinds = [requests[number].options.get("vocoder") for number in owners]
        mels = self._network.synthesise(rows, tick)
        sounds: list[list[Samples]] = [[] for _ in requests]
        for number, samples in zip(
            owners, self._vocoders.synthesise(kinds, mels, [row.seed for row in rows], tick), strict=True
        ):
            sounds[number].append(samples)
        rate = self.entry.sample_rate_hz
        return [
            Speech(self._join(parts), rate, warnings=self._tokenizer.warnings(request.text))
            for request, parts in zip(requests, sounds, strict=True)
        ]

    def embed_speaker(self, recording: Recording) -> SpeakerEmbedding:
        """See `VoiceCloning`."""
        return self._reference_encoder.embed(recording)

    def close(self) -> None:
        """See `SpeechFamily`."""

    def _resolve_speaker(self, request: SynthesisInput) -> SpeakerEmbedding:
        reference = request.options.get("reference")
        if isinstance(reference, Recording):
            return self._embeddings.get(reference)
        return self._bank.resolve(self.entry, request, self._embedding_size)

    def _join(self, parts: Sequence[Samples]) -> Samples:
        pause = np.zeros(round(_PAUSE_S * self.entry.sample_rate_hz), np.int16)
        pieces = [piece for part in parts for piece in (part, pause)][:-1]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
