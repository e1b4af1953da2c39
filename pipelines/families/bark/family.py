"""The Bark family: requests in, samples out. It says nothing of where its words are, so there are no marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import BarkModel

from pipelines.audio.pcm import pcm16
from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import revision
from pipelines.engines.selection import engine_of
from pipelines.engines.transformers_checkpoint import pretrained
from pipelines.errors import ModelUnavailable
from pipelines.family import Samples, SpeakRequest, Speech, Tick

from .default_speaker_prompt import FirstWords
from .network import Network, Row
from .tokenizer import Speller
from .voice_presets import History, Presets


class Bark:
    """See `SpeechFamily`. Options: `emotion`. Tags such as [laughs], [sighs] or ♪ stand in the text itself."""

    def __init__(self, entry: Entry, folder: Path, device: str) -> None:
        self.entry = entry
        self.engine = f"{engine_of(entry)}/float32"
        self.revision = revision(folder)
        self._speller = Speller(entry, folder)
        self._presets = Presets(entry, folder)
        model = pretrained(entry, BarkModel, folder, device, unused=("codec_model.encoder.",))
        rate = model.generation_config.sample_rate
        if rate != entry.sample_rate_hz:
            raise ModelUnavailable(f"{entry.name}: the checkpoint speaks at {rate} Hz: set sample_rate_hz = {rate}.")
        self._network = Network(model)
        self._first_words = FirstWords(self._network, self._speller)

    def speak(self, requests: Sequence[SpeakRequest], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. Every sentence begins from the voice alone; one that is too long for one go is said in
        parts, each with the last one as its history. Raises `UnsupportedOption` for a voice or emotion that it has not.
        """
        most = self._network.semantic.max_input_semantic_length
        parts = [list(self._speller.parts(each.text, each.options.get("emotion"), most)) for each in requests]
        histories = [self._history(request, tick) for request in requests]
        generators = [torch.Generator(self._network.device).manual_seed(request.seed) for request in requests]
        sounds: list[list[Samples]] = [[] for _ in requests]
        for turn in range(max(map(len, parts), default=0)):
            places = [place for place, own in enumerate(parts) if turn < len(own)]
            rows = [Row(parts[place][turn], histories[place], generators[place]) for place in places]
            for place, row, sound in zip(places, rows, self._network.speak(rows, tick), strict=True):
                sounds[place].append(pcm16(sound))
                histories[place] = row.said
        empty = np.zeros(0, np.int16)
        rate = self.entry.sample_rate_hz
        return [
            Speech(np.concatenate([empty, *own]), rate, remarks=self._speller.remarks(request.text))
            for request, own in zip(requests, sounds, strict=True)
        ]

    def close(self) -> None:
        """See `SpeechFamily`."""

    def _history(self, request: SpeakRequest, tick: Tick) -> History | None:
        return self._presets.choose(request) or self._first_words.of(request.language, tick)
