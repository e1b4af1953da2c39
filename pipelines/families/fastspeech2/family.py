"""The FastSpeech2 family: requests in, samples and word marks out. Mels become sound in pipelines/vocoders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from transformers import FastSpeech2ConformerModel

from pipelines.catalog.entry import Entry
from pipelines.catalog.vocoder_settings import Knobs
from pipelines.catalog.weights import config, revision
from pipelines.engines.selection import engine_of
from pipelines.engines.torch_engine import torch_device
from pipelines.engines.transformers_checkpoint import pretrained
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.family import Samples, SpeakRequest, Speech, Tick
from pipelines.text.pronunciation.symbol_set import Spelling
from pipelines.text.symbol_times import word_times
from pipelines.vocoders.hifigan import ESPNET_MEL
from pipelines.vocoders.selection import Vocoders

from .frontend import Speller
from .network import Network, Row, Spoken


class FastSpeech2:
    """See `SpeechFamily`. Options: `pitch`, `energy`, `vocoder`, `phonemes`."""

    def __init__(self, entry: Entry, folder: Path, device: str, knobs: Knobs | None = None) -> None:
        self.entry = entry
        settings = config(entry, folder / "config.json")
        for field in ("num_speakers", "num_languages", "speaker_embed_dim"):
            if (settings.get(field) or 0) > 1:
                raise ModelUnavailable(
                    f"{entry.name}: checkpoints with {field} are not spoken here, single voices are."
                )
        self._speller = Speller(entry, folder)
        self._network = Network(pretrained(entry, FastSpeech2ConformerModel, folder, device))
        self._vocoders = Vocoders(entry, torch_device(entry, device), ESPNET_MEL, knobs)
        default = self._vocoders.get(None)
        self.engine = f"{engine_of(entry)}/float32, {default.kind} {default.engine}"
        self.revision = revision(folder)

    def speak(self, requests: Sequence[SpeakRequest], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. Raises `UnsupportedOption` for another voice, `BadInput` for sounds that it lacks."""
        for request in requests:
            self._check_voice(request.voice)
        spellings = [self._speller.spell(request.text, request.options.get("phonemes", ())) for request in requests]
        audible = [number for number, spelling in enumerate(spellings) if spelling.ids]
        rows = [_row(requests[number], spellings[number]) for number in audible]
        spoken = self._network.speak(rows, tick) if rows else []
        answers = [Speech(np.zeros(0, np.int16), self.entry.sample_rate_hz) for _ in requests]
        for number, made, samples in zip(audible, spoken, self._sounds(requests, audible, spoken, tick), strict=True):
            answers[number] = self._speech(spellings[number], made, samples)
        return answers

    def close(self) -> None:
        """See `SpeechFamily`."""

    def _check_voice(self, voice: str) -> None:
        only = self.entry.default_voice or self.entry.name
        if voice not in ("", only):
            raise UnsupportedOption(f"{self.entry.name} has one voice, {only!r}, not {voice!r}.", field="voice")

    def _sounds(
        self, requests: Sequence[SpeakRequest], audible: Sequence[int], spoken: Sequence[Spoken], tick: Tick
    ) -> list[Samples]:
        """Requests that chose the same vocoder share its calls."""
        sounds: dict[int, Samples] = {}
        choices = [requests[number].options.get("vocoder") for number in audible]
        for choice in dict.fromkeys(choices):
            own = [place for place, each in enumerate(choices) if each == choice]
            seeds = [requests[audible[place]].seed for place in own]
            sounds.update(
                zip(own, self._vocoders.render(choice, [spoken[place].mel for place in own], seeds, tick), strict=True)
            )
        return [sounds[place] for place in range(len(audible))]

    def _speech(self, spelling: Spelling, made: Spoken, samples: Samples) -> Speech:
        frame_s = len(samples) / max(1, sum(made.durations)) / self.entry.sample_rate_hz
        ends = [end * frame_s for end in accumulate(made.durations)]
        return Speech(samples, self.entry.sample_rate_hz, tuple(word_times(spelling.owners, ends)))


def _row(request: SpeakRequest, spelling: Spelling) -> Row:
    return Row(
        ids=spelling.ids,
        speed=request.speed,
        pitch=float(request.options.get("pitch", 0.0)),
        energy=float(request.options.get("energy", 0.0)),
    )
