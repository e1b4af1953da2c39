"""The Bark family: synthesis inputs to speech. The model gives no times of words, so there are no word marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import BarkModel

from pipelines.audio.pcm import model_output_to_int16
from pipelines.catalog.checkpoint import checkpoint_revision
from pipelines.catalog.entry import SynthesisEntry
from pipelines.engines.selection import resolve_engine
from pipelines.engines.transformers_checkpoint import load_pretrained
from pipelines.errors import ModelUnavailable
from pipelines.family import Samples, Speech, SynthesisInput, Tick

from .default_speaker_prompt import DefaultSpeakerPrompts
from .network import BarkNetwork, Row
from .tokenizer import Tokenizer
from .voice_presets import HistoryPrompt, VoicePresets


class Bark:
    """See `SpeechFamily`. Options: `emotion`. Tags such as [laughs], [sighs] or ♪ are part of the text."""

    def __init__(self, entry: SynthesisEntry, folder: Path, device: str) -> None:
        self.entry = entry
        self.engine = f"{resolve_engine(entry)}/float32"
        self.revision = checkpoint_revision(folder)
        self._tokenizer = Tokenizer(entry, folder)
        self._presets = VoicePresets(entry, folder)
        model = load_pretrained(entry, BarkModel, folder, device, unused=("codec_model.encoder.",))
        rate = model.generation_config.sample_rate
        if rate != entry.sample_rate_hz:
            raise ModelUnavailable(
                f"{entry.name}: the checkpoint's sample rate is {rate} Hz: set sample_rate_hz = {rate}."
            )
        self._network = BarkNetwork(model)
        self._default_prompts = DefaultSpeakerPrompts(self._network, self._tokenizer)

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. A request's first part is conditioned on the voice alone. A passage that is too long for
        the model is split; each part is conditioned on the one before. Raises `UnsupportedOption` for an unknown voice
        or emotion.
        """
        max_ids = self._network.semantic.max_input_semantic_length
        parts = [
            list(self._tokenizer.encode_parts(each.text, each.options.get("emotion"), max_ids)) for each in requests
        ]
        prompts = [self._choose_prompt(request, tick) for request in requests]
        generators = [torch.Generator(self._network.device).manual_seed(request.seed) for request in requests]
        sounds: list[list[Samples]] = [[] for _ in requests]
        for part in range(max(map(len, parts), default=0)):
            numbers = [number for number, own in enumerate(parts) if part < len(own)]
            rows = [Row(parts[number][part], prompts[number], generators[number]) for number in numbers]
            for number, row, wave in zip(numbers, rows, self._network.synthesise(rows, tick), strict=True):
                sounds[number].append(model_output_to_int16(wave))
                prompts[number] = row.next_prompt
        empty = np.zeros(0, np.int16)
        rate = self.entry.sample_rate_hz
        return [
            Speech(np.concatenate([empty, *own]), rate, warnings=self._tokenizer.warnings(request.text))
            for request, own in zip(requests, sounds, strict=True)
        ]

    def close(self) -> None:
        """See `SpeechFamily`."""

    def _choose_prompt(self, request: SynthesisInput, tick: Tick) -> HistoryPrompt | None:
        return self._presets.choose(request) or self._default_prompts.get(request.language, tick)
