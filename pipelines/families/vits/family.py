"""The VITS family: synthesis inputs to speech and word marks. Symbols are in `frontend`, the model is in `network`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import numpy as np
from transformers import VitsModel

from pipelines.audio.pcm import model_output_to_int16
from pipelines.catalog.checkpoint import checkpoint_revision
from pipelines.catalog.entry import SynthesisEntry
from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.engines.selection import resolve_engine
from pipelines.engines.transformers_checkpoint import load_pretrained
from pipelines.errors import ModelUnavailable
from pipelines.family import Speech, SynthesisInput, Tick
from pipelines.text.pronunciation.symbol_set import TokenizedText
from pipelines.text.word_marks import build_word_marks

from .frontend import Frontend
from .network import Row, VitsNetwork, WaveOutput
from .voice_list import resolve_speaker


class Vits:
    """See `SpeechFamily`. Options: `noise_scale`, `duration_noise`, and `phonemes` where it reads those."""

    def __init__(
        self, entry: SynthesisEntry, folder: Path, device: str, vocoder_settings: VocoderSettings = VocoderSettings()
    ) -> None:
        self.entry = entry
        self.revision = checkpoint_revision(folder)
        self._frontend = Frontend(entry, folder)
        model = load_pretrained(entry, VitsModel, folder, device, unused=("posterior_encoder.",))
        self._settings = model.config
        self._network = VitsNetwork(model, vocoder_settings)
        self.engine = f"{resolve_engine(entry)}/float32, hifigan {self._network.decoder_engine}"
        if self._settings.sampling_rate != entry.sample_rate_hz:
            raise ModelUnavailable(
                f"{entry.name}: the checkpoint's sample rate is {self._settings.sampling_rate} Hz; "
                f"set sample_rate_hz = {self._settings.sampling_rate} in models.toml."
            )

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. Raises `UnsupportedOption` for an unknown voice. Remarks name the omitted characters."""
        texts = [self._frontend.encode(request.text, request.options.get("phonemes", ())) for request in requests]
        audible = [number for number, text in enumerate(texts) if text.ids]
        rows = [self._build_row(requests[number], texts[number]) for number in audible]
        outputs = dict(zip(audible, self._network.synthesise(rows, tick), strict=True))
        silence = Speech(np.zeros(0, np.int16), self.entry.sample_rate_hz)
        return [
            replace(self._build_speech(text, outputs[number]) if number in outputs else silence, warnings=text.warnings)
            for number, text in enumerate(texts)
        ]

    def close(self) -> None:
        """See `SpeechFamily`."""

    def _build_row(self, request: SynthesisInput, text: TokenizedText) -> Row:
        settings = self._settings
        return Row(
            ids=text.ids,
            speaker=resolve_speaker(self.entry, settings.num_speakers, request.voice),
            rate=settings.speaking_rate * request.speed,
            noise=float(request.options.get("noise_scale", settings.noise_scale)),
            duration_noise=float(request.options.get("duration_noise", settings.noise_scale_duration)),
            seed=request.seed,
        )

    def _build_speech(self, text: TokenizedText, output: WaveOutput) -> Speech:
        rate = self.entry.sample_rate_hz
        ends = [end / rate for end in accumulate(output.durations.tolist())]
        return Speech(model_output_to_int16(output.samples), rate, tuple(build_word_marks(text.word_spans, ends)))
