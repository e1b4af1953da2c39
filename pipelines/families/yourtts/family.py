"""The YourTTS family: requests in, samples and word marks out, in a checkpoint's own voices or that of a recording.

Characters are in `spelling`, the model in `network` and its neighbours, its own voices in `speakers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipelines.audio.pcm import pcm16
from pipelines.catalog.entry import Entry
from pipelines.catalog.vocoder_settings import Knobs
from pipelines.catalog.weights import config, revision
from pipelines.engines.torch_engine import torch_device
from pipelines.errors import BadInput, ModelUnavailable
from pipelines.family import Recording, SpeakerVector, SpeakRequest, Speech, Tick
from pipelines.speaker_embeddings.embedding_cache import HeardVoices
from pipelines.speaker_embeddings.reference_audio import wave_of
from pipelines.text.pronunciation.symbol_set import Spelling
from pipelines.text.symbol_times import word_times
from pipelines.vocoders.chunked_inference import render
from pipelines.vocoders.hifigan import HifiGan
from pipelines.vocoders.mel import MelConvention
from pipelines.vocoders.vocoder import Place

from .checkpoint import Settings, read, read_listener
from .languages import language_number
from .network import Row, Spoken
from .speakers import vector_of, vectors_of
from .tokenizer import Speller


class YourTts:
    """See `SpeechFamily` and `Cloning`. Options: `speed`, `noise_scale`, `duration_noise`, "reference"."""

    def __init__(self, entry: Entry, folder: Path, device: str, *, precision: str | None = None) -> None:
        """`precision` is the decoder's: see `Knobs`. Raises `ModelUnavailable` for a checkpoint that does not fit."""
        self.entry = entry
        self.revision = revision(folder)
        self._device = torch_device(entry, device)
        settings = config(entry, folder / "config.json")
        self._settings = Settings.of(settings)
        if self._settings.sample_rate_hz != entry.sample_rate_hz:
            raise ModelUnavailable(
                f"{entry.name}: the checkpoint speaks at {self._settings.sample_rate_hz} Hz; "
                f"set sample_rate_hz = {self._settings.sample_rate_hz} in models.toml."
            )
        self._network = read(entry, folder, settings).to(self._device)
        self._speller = Speller(entry, settings, self._network.shape.symbols)
        self._languages = config(entry, folder / "language_ids.json")
        self._voices = vectors_of(entry, folder)
        self._listener = read_listener(entry, folder)
        self._heard = HeardVoices(self.speaker_vector)
        shape = self._network.shape.decoder
        hidden = MelConvention(entry.sample_rate_hz, hop=shape.hop, bins=shape.bins)
        self._decoder = HifiGan(
            self._network.waveform_decoder, hidden, device=self._device, knobs=Knobs(precision=precision)
        )
        self.engine = self._decoder.engine

    def speak(self, requests: Sequence[SpeakRequest], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`.

        Raises `UnsupportedOption` for a voice or language that is not there, `BadInput` for a reference recording
        without a voice. Characters that the checkpoint lacks are in the remarks.
        """
        spellings = [self._speller.spell(request.text) for request in requests]
        rows = {
            number: self._row(request, spelling)
            for number, (request, spelling) in enumerate(zip(requests, spellings, strict=True))
            if spelling.ids
        }
        tick()
        said = dict(zip(rows, self._network.speak(list(rows.values())) if rows else (), strict=True))
        speakers = dict(zip(rows, self._network.speakers(list(rows.values())) if rows else (), strict=True))
        places = [Place(requests[number].seed, speaker=speakers[number]) for number in rows]
        waves = render(self._decoder, [said[number].hidden for number in rows], places, tick)
        spoken = dict(zip(rows, waves, strict=True))
        silence = Speech(np.zeros(0, np.int16), self.entry.sample_rate_hz)
        return [
            replace(
                self._speech(spelling, said[number], spoken[number]) if number in rows else silence,
                remarks=spelling.remarks,
            )
            for number, spelling in enumerate(spellings)
        ]

    def speaker_vector(self, recording: Recording) -> SpeakerVector:
        """See `Cloning`."""
        if self._listener is None:
            raise ModelUnavailable(
                f"{self.entry.name}: the checkpoint has no speaker encoder (model_se.pth, config_se.json): "
                "it cannot take a voice from a recording."
            )
        wave = wave_of(recording, level_db=self._listener.level_db)
        return self._listener.encoder.vector(torch.from_numpy(wave)).numpy()

    def close(self) -> None:
        """See `SpeechFamily`."""

    def _row(self, request: SpeakRequest, spelling: Spelling) -> Row:
        generator = torch.Generator().manual_seed(request.seed)
        return Row(
            ids=spelling.ids,
            speaker=torch.from_numpy(self._speaker(request)),
            language=language_number(self._languages, request.language, name=self.entry.name),
            length=self._settings.length / request.speed,
            noise=float(request.options.get("noise_scale", self._settings.noise)),
            duration_noise=float(request.options.get("duration_noise", self._settings.duration_noise)),
            draw=lambda shape: torch.randn(shape, generator=generator),
        )

    def _speaker(self, request: SpeakRequest) -> SpeakerVector:
        """The vector that a request's voice is."""
        reference = request.options.get("reference")
        if reference is None:
            return vector_of(self.entry, self._voices, request.voice)
        if isinstance(reference, Recording):
            return self._heard.vector(reference)
        vector = np.asarray(reference, np.float32)
        width = self._network.shape.speaker
        if vector.shape != (width,) or not np.isfinite(vector).all():
            raise BadInput(f"The voice {request.voice!r} is no speaker vector of {width} numbers.", field="voice")
        return vector

    def _speech(self, spelling: Spelling, said: Spoken, wave: NDArray[np.float32]) -> Speech:
        frame_s = self._decoder.hop / self.entry.sample_rate_hz
        ends = [end * frame_s for end in accumulate(said.durations.tolist())]
        return Speech(pcm16(wave), self.entry.sample_rate_hz, tuple(word_times(spelling.owners, ends)))
