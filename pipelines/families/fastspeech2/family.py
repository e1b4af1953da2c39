"""The FastSpeech2 family: synthesis inputs to speech and word marks. Mels become waveforms in pipelines/vocoders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from transformers import FastSpeech2ConformerModel

from pipelines.catalog.checkpoint import checkpoint_revision, read_config
from pipelines.catalog.entry import SynthesisEntry
from pipelines.catalog.vocoder_settings import VocoderSettings
from pipelines.engines.selection import resolve_engine
from pipelines.engines.torch_engine import resolve_torch_device
from pipelines.engines.transformers_checkpoint import load_pretrained
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.family import Samples, Speech, SynthesisInput, Tick
from pipelines.text.pronunciation.symbol_set import TokenizedText
from pipelines.text.word_marks import build_word_marks
from pipelines.vocoders.hifigan import ESPNET_MEL
from pipelines.vocoders.selection import VocoderSelection

from .frontend import Frontend
from .network import FastSpeech2Network, MelOutput, Row


class FastSpeech2:
    """See `SpeechFamily`. Options: `pitch`, `energy`, `vocoder`, `phonemes`."""

    def __init__(
        self, entry: SynthesisEntry, folder: Path, device: str, vocoder_settings: VocoderSettings | None = None
    ) -> None:
        self.entry = entry
        settings = read_config(entry, folder / "config.json")
        for field in ("num_speakers", "num_languages", "speaker_embed_dim"):
            if (settings.get(field) or 0) > 1:
                raise ModelUnavailable(
                    f"{entry.name}: checkpoints with {field} are not supported here, single voices are."
                )
        self._frontend = Frontend(entry, folder)
        self._network = FastSpeech2Network(load_pretrained(entry, FastSpeech2ConformerModel, folder, device))
        self._vocoders = VocoderSelection(entry, resolve_torch_device(entry, device), ESPNET_MEL, vocoder_settings)
        default = self._vocoders.get(None)
        self.engine = f"{resolve_engine(entry)}/float32, {default.kind} {default.engine}"
        self.revision = checkpoint_revision(folder)

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. Raises `UnsupportedOption` for another voice, `BadInput` for unknown phonemes."""
        for request in requests:
            self._check_voice(request.voice)
        texts = [self._frontend.encode(request.text, request.options.get("phonemes", ())) for request in requests]
        audible = [number for number, text in enumerate(texts) if text.ids]
        outputs = self._network.synthesise([_build_row(requests[n], texts[n]) for n in audible], tick)
        kinds = [requests[number].options.get("vocoder") for number in audible]
        seeds = [requests[number].seed for number in audible]
        sounds = self._vocoders.synthesise(kinds, [output.mel for output in outputs], seeds, tick)
        results = [Speech(np.zeros(0, np.int16), self.entry.sample_rate_hz) for _ in requests]
        for number, output, samples in zip(audible, outputs, sounds, strict=True):
            results[number] = self._build_speech(texts[number], output, samples)
        return results

    def close(self) -> None:
        """See `SpeechFamily`."""

    def _check_voice(self, voice: str) -> None:
        only = self.entry.default_voice or self.entry.name
        if voice not in ("", only):
            raise UnsupportedOption(f"{self.entry.name} has one voice, {only!r}, not {voice!r}.", field="voice")

    def _build_speech(self, text: TokenizedText, output: MelOutput, samples: Samples) -> Speech:
        frame_s = len(samples) / max(1, sum(output.durations)) / self.entry.sample_rate_hz
        ends = [end * frame_s for end in accumulate(output.durations)]
        return Speech(samples, self.entry.sample_rate_hz, tuple(build_word_marks(text.word_spans, ends)))


def _build_row(request: SynthesisInput, text: TokenizedText) -> Row:
    return Row(
        ids=text.ids,
        speed=request.speed,
        pitch=float(request.options.get("pitch", 0.0)),
        energy=float(request.options.get("energy", 0.0)),
    )
