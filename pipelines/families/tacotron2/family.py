"""The Tacotron 2 family: synthesis inputs to speech and word marks.

A text is synthesised again, with other dropout, when its alignment shows a fault; a fault that remains is reported.
Symbols are in `frontend`, the model is in `network`, faults are in `attention`; the entry's vocoder makes the waveform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from pipelines.catalog.checkpoint import checkpoint_revision
from pipelines.catalog.entry import SynthesisEntry
from pipelines.engines.torch_engine import resolve_torch_device
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.family import Samples, Speech, SynthesisInput, Tick
from pipelines.text.pronunciation.symbol_set import TokenizedText
from pipelines.text.word_marks import WordMark, build_word_marks
from pipelines.vocoders.selection import VocoderSelection

from .attention import AlignmentReport, check_alignment, compute_symbol_ends, find_end_of_speech
from .checkpoint import read_checkpoint, read_symbols
from .frontend import Frontend
from .network import AlignedSpectrogram

#: Attempts for a text before the best one is used although it has a fault.
_ATTEMPTS = 3
#: Seconds of silence between the parts of a text that is too long for the model.
_BETWEEN_PARTS_S = 0.1
#: A prime that separates the seeds of a request's parts and attempts.
_SEED_STEP = 1_000_003
#: Steps of dropout that are drawn together.
_DROPOUT_STEPS = 64


class Tacotron2:
    """See `SpeechFamily`. Options: `speed`, `vocoder`."""

    def __init__(self, entry: SynthesisEntry, folder: Path, device: str) -> None:
        """Raises `ModelUnavailable` for an unfit checkpoint, or a missing vocoder."""
        self.entry = entry
        self.revision = checkpoint_revision(folder)
        place = resolve_torch_device(entry, device)
        network, self._settings = read_checkpoint(entry, folder)
        self._network = network.to(place)
        self._frontend = Frontend(read_symbols(entry, folder, network.dimensions.symbols), name=entry.name)
        self._rate = self._settings.mel.sample_rate_hz
        if self._rate != entry.sample_rate_hz:
            raise ModelUnavailable(
                f"{entry.name}: the checkpoint's sample rate is {self._rate} Hz; set sample_rate_hz = {self._rate} "
                "in models.toml."
            )
        self._frames_per_s = self._rate / self._settings.mel.hop
        self._vocoders = VocoderSelection(entry, place, self._settings.mel)
        vocoder = self._vocoders.get(None)
        self.engine = f"torch/float32, {vocoder.kind} {vocoder.engine}"

    def synthesise(self, requests: Sequence[SynthesisInput], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. Raises `UnsupportedOption` for an unknown voice or vocoder. Remarks name the omitted
        characters."""
        for request in requests:
            self._check_voice(request.voice)
            self._vocoders.get(request.options.get("vocoder"))
        passages = [
            _Passage(number, text, request.seed + part * _SEED_STEP * _ATTEMPTS)
            for number, request in enumerate(requests)
            for part, text in enumerate(self._frontend.encode_parts(request.text))
        ]
        attempts = self._synthesise_mels(passages, tick)
        sounds = self._vocoders.synthesise(
            [requests[passage.request].options.get("vocoder") for passage in passages],
            [
                change_speed(attempt.spectrogram.mel, requests[passage.request].speed)
                for passage, attempt in zip(passages, attempts, strict=True)
            ],
            [passage.seed for passage in passages],
            tick,
        )
        results: list[Speech] = []
        for number, request in enumerate(requests):
            own = [index for index, passage in enumerate(passages) if passage.request == number]
            parts = [(passages[index].text, attempts[index].spectrogram, sounds[index]) for index in own]
            has_fault = any(attempts[index].report.faults for index in own)
            results.append(
                replace(
                    self._join(parts, request.speed),
                    faults=("attention",) if has_fault else (),
                    warnings=self._frontend.warnings(request.text),
                )
            )
        return results

    def close(self) -> None:
        """See `SpeechFamily`."""

    def _check_voice(self, voice: str) -> None:
        if voice not in ("", self.entry.name, self.entry.default_voice):
            raise UnsupportedOption(
                f"{self.entry.name} has one voice, {self.entry.name!r}, not {voice!r}.", field="voice"
            )

    def _synthesise_mels(self, passages: Sequence[_Passage], tick: Tick) -> list[_Attempt]:
        """The best attempt for each passage; those with faults are repeated, all that remain together."""
        best: dict[int, _Attempt] = {}
        pending = sorted(range(len(passages)), key=lambda index: len(passages[index].text.ids))
        batch_size = max(1, self.entry.slots)
        for attempt in range(_ATTEMPTS):
            for first in range(0, len(pending), batch_size):
                batch = pending[first : first + batch_size]
                for index, found in zip(
                    batch, self._attempt([passages[each] for each in batch], attempt, tick), strict=True
                ):
                    if index not in best or found.report.rank < best[index].report.rank:
                        best[index] = found
            pending = [index for index in pending if best[index].report.faults]
        return [self._truncate(best[index]) for index in range(len(passages))]

    def _attempt(self, passages: Sequence[_Passage], attempt: int, tick: Tick) -> list[_Attempt]:
        seeds = [passage.seed + attempt * _SEED_STEP for passage in passages]
        spectrograms = self._network.synthesise(
            [passage.text.ids for passage in passages],
            SeededDropout(seeds, self._network.dimensions.prenet),
            tick,
            limits=[self._settings.max_frames] * len(passages),
            threshold=self._settings.gate_threshold,
        )
        found = []
        for each in spectrograms:
            spectrogram = AlignedSpectrogram(each.mel.cpu(), each.alignment.cpu(), each.stopped)
            report = check_alignment(spectrogram.alignment, stopped=each.stopped, frames_per_s=self._frames_per_s)
            found.append(_Attempt(report, spectrogram))
        return found

    def _truncate(self, attempt: _Attempt) -> _Attempt:
        """Cut a spectrogram that did not stop behind the last symbol."""
        spectrogram = attempt.spectrogram
        if spectrogram.stopped:
            return attempt
        end = find_end_of_speech(spectrogram.alignment, frames_per_s=self._frames_per_s)
        return replace(
            attempt,
            spectrogram=AlignedSpectrogram(spectrogram.mel[:, :end], spectrogram.alignment[:end], stopped=False),
        )

    def _join(self, parts: Sequence[tuple[TokenizedText, AlignedSpectrogram, Samples]], speed: float) -> Speech:
        silence = np.zeros(round(_BETWEEN_PARTS_S / speed * self._rate), np.int16)
        pieces: list[Samples] = []
        marks: list[WordMark] = []
        at = 0
        for text, spectrogram, samples in parts:
            if pieces:
                pieces.append(silence)
                at += len(silence)
            alignment = spectrogram.alignment
            # A full stop may have been appended to the symbols; it belongs to no word.
            ends = at / self._rate + compute_symbol_ends(alignment) / len(alignment) * (len(samples) / self._rate)
            marks += build_word_marks(text.word_spans, ends.tolist())
            pieces.append(samples)
            at += len(samples)
        return Speech(np.concatenate(pieces) if pieces else np.zeros(0, np.int16), self._rate, tuple(marks))


@dataclass(frozen=True, slots=True)
class _Passage:
    """A part of the request with the number `request`, short enough for the attention."""

    request: int
    text: TokenizedText
    seed: int


@dataclass(frozen=True, slots=True)
class _Attempt:
    report: AlignmentReport
    spectrogram: AlignedSpectrogram


class SeededDropout:
    """The prenet's dropout, drawn for each row from its own seed, so that rows of a batch do not affect each other."""

    def __init__(self, seeds: Sequence[int], width: int) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._width = width
        self._drawn: dict[int, torch.Tensor] = {}

    def __call__(self, step: int, rows: Sequence[int]) -> torch.Tensor:
        """Factors (rows, 2, width) of a step, 0 or 2; steps are called in order."""
        if step % _DROPOUT_STEPS == 0:
            shape = (_DROPOUT_STEPS, 2, self._width)
            self._drawn = {row: torch.randint(0, 2, shape, generator=self._generators[row]) * 2.0 for row in rows}
        return torch.stack([self._drawn[row][step % _DROPOUT_STEPS] for row in rows])


def change_speed(mel: torch.Tensor, speed: float) -> torch.Tensor:
    """A mel (bins, frames) interpolated to another number of frames: faster or slower at the same pitch."""
    frames = max(1, round(mel.shape[-1] / speed))
    if frames == mel.shape[-1]:
        return mel
    return functional.interpolate(mel[None], size=frames, mode="linear", align_corners=False)[0]
