"""The SpeechT5 family: requests in, samples out. It says nothing of where its words are, so there are no marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from transformers import SpeechT5ForTextToSpeech

from pipelines.catalog.entry import Entry
from pipelines.catalog.vocoder_settings import Knobs
from pipelines.catalog.weights import revision
from pipelines.engines.selection import engine_of
from pipelines.engines.torch_engine import torch_device
from pipelines.engines.transformers_checkpoint import pretrained
from pipelines.family import Recording, Samples, SpeakerVector, SpeakRequest, Speech, Tick
from pipelines.speaker_embeddings.embedding_cache import HeardVoices
from pipelines.text.splitting.clauses import breaths
from pipelines.vocoders.hifigan import SPEECHT5_MEL
from pipelines.vocoders.selection import Vocoders

from .network import Network, Row
from .speaker_embedding import Listener
from .tokenizer import Speller
from .voice_bank import VoiceBank

#: Seconds between two parts of a passage that is too long for the model.
_BREATH_S = 0.15
#: Seeds of the parts of a passage lie far from those of the next passages.
_NEXT_SEED = 1 << 40


class SpeechT5:
    """See `SpeechFamily` and `Cloning`. Options: `reference` (an x-vector, or a recording), `vocoder`."""

    def __init__(self, entry: Entry, folder: Path, device: str, knobs: Knobs | None = None) -> None:
        self.entry = entry
        self._speller = Speller(entry, folder)
        model = pretrained(entry, SpeechT5ForTextToSpeech, folder, device)
        self._vector_size: int = model.config.speaker_embedding_dim
        #: Characters that one reading holds, its end and the mark of its beginning included.
        self._longest: int = model.config.max_text_positions - 2
        self._network = Network(model)
        self._bank = VoiceBank.read(entry, folder)
        self._listener = Listener(entry, device, self._vector_size)
        self._heard = HeardVoices(self.speaker_vector)
        self._vocoders = Vocoders(entry, torch_device(entry, device), SPEECHT5_MEL, knobs)
        default = self._vocoders.get(None)
        self.engine = f"{engine_of(entry)}/float32, {default.kind} {default.engine}"
        #: An x-vector that was kept is worth as long as the encoder is the same, too.
        self.revision = "+".join(filter(None, (revision(folder), self._listener.revision)))

    def speak(self, requests: Sequence[SpeakRequest], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`.

        Raises `UnsupportedOption` for a voice that it lacks, and for a recording where no encoder makes a vector of it;
        `BadInput` for a recording without a voice. Characters that it lacks are in the remarks.
        """
        owners: list[int] = []
        rows: list[Row] = []
        for number, request in enumerate(requests):
            vector = self._vector(request)
            for part, text in enumerate(breaths(self._speller.write(request.text), self._longest)):
                rows.append(Row(self._speller.ids(text), vector, request.seed + part * _NEXT_SEED))
                owners.append(number)
        mels = self._network.speak(rows, tick) if rows else []
        sounds: dict[int, list[Samples]] = {}
        choices = [requests[number].options.get("vocoder") for number in owners]
        for choice in dict.fromkeys(choices):
            own = [place for place, each in enumerate(choices) if each == choice]
            rendered = self._vocoders.render(
                choice, [mels[place] for place in own], [rows[place].seed for place in own], tick
            )
            for place, samples in zip(own, rendered, strict=True):
                sounds.setdefault(owners[place], []).append(samples)
        rate = self.entry.sample_rate_hz
        return [
            Speech(self._joined(sounds.get(number, [])), rate, remarks=self._speller.remarks(request.text))
            for number, request in enumerate(requests)
        ]

    def speaker_vector(self, recording: Recording) -> SpeakerVector:
        """See `Cloning`."""
        return self._listener.vector(recording)

    def close(self) -> None:
        """See `SpeechFamily`."""

    def _vector(self, request: SpeakRequest) -> SpeakerVector:
        reference = request.options.get("reference")
        if isinstance(reference, Recording):
            return self._heard.vector(reference)
        return self._bank.choose(self.entry, request, self._vector_size)

    def _joined(self, parts: Sequence[Samples]) -> Samples:
        breath = np.zeros(round(_BREATH_S * self.entry.sample_rate_hz), np.int16)
        pieces = [piece for part in parts for piece in (part, breath)][:-1]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
