"""The VITS family: requests in, samples and word marks out. Symbols are in `spelling`, the model is in `network`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import numpy as np
from transformers import VitsModel

from pipelines.audio.pcm import pcm16
from pipelines.catalog.entry import Entry
from pipelines.catalog.vocoder_settings import Knobs
from pipelines.catalog.weights import revision
from pipelines.engines.selection import engine_of
from pipelines.engines.transformers_checkpoint import pretrained
from pipelines.errors import ModelUnavailable
from pipelines.family import SpeakRequest, Speech, Tick
from pipelines.text.pronunciation.symbol_set import Spelling
from pipelines.text.symbol_times import word_times

from .frontend import Speller
from .network import Network, Row, Sound
from .voice_list import speaker_of


class Vits:
    """See `SpeechFamily`. Options: `noise_scale`, `duration_noise`, and `phonemes` where it reads those."""

    def __init__(self, entry: Entry, folder: Path, device: str, knobs: Knobs = Knobs()) -> None:
        self.entry = entry
        self.revision = revision(folder)
        self._speller = Speller(entry, folder)
        model = pretrained(entry, VitsModel, folder, device, unused=("posterior_encoder.",))
        self._settings = model.config
        self._network = Network(model, knobs)
        self.engine = f"{engine_of(entry)}/float32, hifigan {self._network.decoding}"
        if self._settings.sampling_rate != entry.sample_rate_hz:
            raise ModelUnavailable(
                f"{entry.name}: the checkpoint speaks at {self._settings.sampling_rate} Hz; "
                f"set sample_rate_hz = {self._settings.sampling_rate} in models.toml."
            )

    def speak(self, requests: Sequence[SpeakRequest], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. Raises `UnsupportedOption` for a voice. Characters that it lacks are in the remarks."""
        spellings = [self._speller.spell(request.text, request.options.get("phonemes", ())) for request in requests]
        spoken = [number for number, spelling in enumerate(spellings) if spelling.ids]
        rows = [self._row(requests[number], spellings[number]) for number in spoken]
        sounds = dict(zip(spoken, self._network.speak(rows, tick) if rows else (), strict=True))
        silence = Speech(np.zeros(0, np.int16), self.entry.sample_rate_hz)
        return [
            replace(self._speech(spelling, sounds[number]) if number in sounds else silence, remarks=spelling.remarks)
            for number, spelling in enumerate(spellings)
        ]

    def close(self) -> None:
        """See `SpeechFamily`."""

    def _row(self, request: SpeakRequest, spelling: Spelling) -> Row:
        settings = self._settings
        return Row(
            ids=spelling.ids,
            speaker=speaker_of(self.entry, settings.num_speakers, request.voice),
            rate=settings.speaking_rate * request.speed,
            noise=float(request.options.get("noise_scale", settings.noise_scale)),
            duration_noise=float(request.options.get("duration_noise", settings.noise_scale_duration)),
            seed=request.seed,
        )

    def _speech(self, spelling: Spelling, sound: Sound) -> Speech:
        rate = self.entry.sample_rate_hz
        ends = [end / rate for end in accumulate(sound.durations.tolist())]
        return Speech(pcm16(sound.samples), rate, tuple(word_times(spelling.owners, ends)))
