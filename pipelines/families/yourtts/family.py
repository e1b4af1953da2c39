"""The YourTTS family: synthesis inputs to speech and word marks, in a checkpoint's own voices or that of a recording.

Characters are in `tokenizer`, the model in `network` and the modules that it imports, its own voices in `speakers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.audio.pcm import model_output_to_int16
from pipelines.catalog.checkpoint import checkpoint_revision, read_config
from pipelines.catalog.entry import SynthesisEntry
from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.engines.torch_engine import resolve_torch_device
from pipelines.errors import BadInput, ModelUnavailable
from pipelines.family import Recording, SpeakerEmbedding, Speech, SynthesisInput, Tick
from pipelines.speaker_embeddings.embedding_cache import EmbeddingCache
from pipelines.speaker_embeddings.reference_audio import prepare_reference
from pipelines.text.pronunciation.symbol_set import TokenizedText
from pipelines.text.word_marks import build_word_marks
from pipelines.vocoders.chunked_inference import synthesise_batch
from pipelines.vocoders.hifigan import HifiGanVocoder
from pipelines.vocoders.mel import MelConvention
from pipelines.vocoders.vocoder import FrameContext

from .checkpoint import InferenceSettings, read_network, read_reference_encoder
from .languages import resolve_language
from .network import LatentOutput, Row
from .speakers import read_embeddings, resolve_embedding
from .tokenizer import Tokenizer


class YourTts:
    """See `SpeechFamily` and `VoiceCloning`. Options: `speed`, `noise_scale`, `duration_noise`, "reference"."""

    def __init__(self, entry: SynthesisEntry, folder: Path, device: str, *, precision: str | None = None) -> None:
        """`precision` is the decoder's: see `VocoderSettings`. Raises `ModelUnavailable` for an unfit checkpoint."""
        self.entry = entry
        self.revision = checkpoint_revision(folder)
        self._device = resolve_torch_device(entry, device)
        settings = read_config(entry, folder / "config.json")
        self._settings = InferenceSettings.from_config(settings)
        if self._settings.sample_rate_hz != entry.sample_rate_hz:
            raise ModelUnavailable(
                f"{entry.name}: the checkpoint's sample rate is {self._settings.sample_rate_hz} Hz; "
                f"set sample_rate_hz = {self._settings.sample_rate_hz} in models.toml."
            )
        self._network = read_network(entry, folder, settings).to(self._device)
        self._tokenizer = Tokenizer(entry, settings, self._network.dimensions.symbols)
        self._languages = read_config(entry, folder / "language_ids.json")
        self._speakers = read_embeddings(entry, folder)
        self._reference_encoder = read_reference_encoder(entry, folder)
        self._reference_embeddings = EmbeddingCache(self.embed_speaker)
        decoder = self._network.dimensions.decoder
        self._decoder = HifiGanVocoder(
            self._network.waveform_decoder,
            MelConvention(entry.sample_rate_hz, hop=decoder.hop, bins=decoder.bins),
            device=self._device,
            settings=VocoderSettings(precision=precision),
        )
        self.engine = self._decoder.engine

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. Remarks name the omitted characters.

        Raises `UnsupportedOption` for an unknown voice or language, `BadInput` for a reference recording without
        speech.
        """
        texts = [self._tokenizer.encode(request.text) for request in requests]
        audible = [number for number, text in enumerate(texts) if text.ids]
        rows = [self._build_row(requests[number], texts[number]) for number in audible]
        tick()
        outputs = self._network.synthesise(rows)
        contexts = [
            FrameContext(requests[number].seed, speaker=output.speaker)
            for number, output in zip(audible, outputs, strict=True)
        ]
        waves = synthesise_batch(self._decoder, [output.latents for output in outputs], contexts, tick)
        results = [Speech(np.zeros(0, np.int16), self.entry.sample_rate_hz, warnings=text.warnings) for text in texts]
        for number, output, wave in zip(audible, outputs, waves, strict=True):
            results[number] = self._build_speech(texts[number], output, wave)
        return results

    def embed_speaker(self, recording: Recording) -> SpeakerEmbedding:
        """See `VoiceCloning`."""
        if self._reference_encoder is None:
            raise ModelUnavailable(
                f"{self.entry.name}: the checkpoint has no speaker encoder (model_se.pth, config_se.json): "
                "it cannot use the voice of a recording."
            )
        wave = prepare_reference(recording, level_db=self._reference_encoder.level_db)
        return self._reference_encoder.encoder.embed(torch.from_numpy(wave)).numpy()

    def close(self) -> None:
        """See `SpeechFamily`."""

    def _build_row(self, request: SynthesisInput, text: TokenizedText) -> Row:
        generator = torch.Generator().manual_seed(request.seed)
        return Row(
            ids=text.ids,
            speaker=torch.from_numpy(self._resolve_speaker(request)),
            language=resolve_language(self._languages, request.language, name=self.entry.name),
            length=self._settings.length / request.speed,
            noise=float(request.options.get("noise_scale", self._settings.noise)),
            duration_noise=float(request.options.get("duration_noise", self._settings.duration_noise)),
            draw=lambda shape: torch.randn(shape, generator=generator),
        )

    def _resolve_speaker(self, request: SynthesisInput) -> SpeakerEmbedding:
        """The speaker embedding of the request's voice or reference."""
        reference = request.options.get("reference")
        if reference is None:
            return resolve_embedding(self.entry, self._speakers, request.voice)
        if isinstance(reference, Recording):
            return self._reference_embeddings.get(reference)
        embedding = np.asarray(reference, np.float32)
        size = self._network.dimensions.speaker
        if embedding.shape != (size,) or not np.isfinite(embedding).all():
            raise BadInput(f"The voice {request.voice!r} is no speaker vector of {size} numbers.", field="voice")
        return embedding

    def _build_speech(self, text: TokenizedText, output: LatentOutput, wave: NDArray[np.float32]) -> Speech:
        frame_s = self._decoder.hop / self.entry.sample_rate_hz
        ends = [end * frame_s for end in accumulate(output.durations.tolist())]
        marks = tuple(build_word_marks(text.word_spans, ends))
        return Speech(model_output_to_int16(wave), self.entry.sample_rate_hz, marks, warnings=text.warnings)
