"""The Tacotron 2 family: requests in, samples and word marks out.

Every text is spoken again, with other dropout, when its alignment shows a fault; one that stays is told. Symbols are
in `spelling`, the model is in `network`, faults are in `attention`, sound is made by the entry's vocoder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from pipelines.catalog.entry import Entry
from pipelines.catalog.weights import revision
from pipelines.engines.torch_engine import torch_device
from pipelines.errors import ModelUnavailable, UnsupportedOption
from pipelines.family import Samples, SpeakRequest, Speech, Tick, WordMark
from pipelines.text.symbol_times import word_times
from pipelines.vocoders.selection import Vocoders

from .attention import Verdict, end_of_speech, judge, symbol_ends
from .checkpoint import read, symbols_of
from .frontend import Speller, Spelling
from .network import Utterance

#: How often a text is spoken before the best of what came is taken.
_ATTEMPTS = 3
#: Seconds of silence between the parts of a text that is too long for one go.
_BETWEEN_PARTS_S = 0.1
#: A prime that parts the seeds of a request's parts and attempts.
_SEED_STEP = 1_000_003
#: Steps of dropout that are drawn at once.
_DRAWN = 64


class Tacotron2:
    """See `SpeechFamily`. Options: `speed`, `vocoder`."""

    def __init__(self, entry: Entry, folder: Path, device: str) -> None:
        """Raises `ModelUnavailable` for a checkpoint that does not fit, or a vocoder that is not there."""
        self.entry = entry
        self.revision = revision(folder)
        on = torch_device(entry, device)
        network, self._settings = read(entry, folder)
        self._network = network.to(on)
        self._speller = Speller(symbols_of(entry, folder, network.shape.symbols), name=entry.name)
        self._rate = self._settings.mel.sample_rate_hz
        if self._rate != entry.sample_rate_hz:
            raise ModelUnavailable(
                f"{entry.name}: the checkpoint speaks at {self._rate} Hz; set sample_rate_hz = {self._rate} "
                "in models.toml."
            )
        self._vocoders = Vocoders(entry, on, self._settings.mel)
        vocoder = self._vocoders.get(None)
        self.engine = f"torch/float32, {vocoder.kind} {vocoder.engine}"

    def speak(self, requests: Sequence[SpeakRequest], tick: Tick) -> list[Speech]:
        """See `SpeechFamily`. Raises `UnsupportedOption` for a voice or vocoder. Remarks name what it cannot say."""
        for request in requests:
            self._check_voice(request.voice)
            self._vocoders.get(request.options.get("vocoder"))
        passages = [
            _Passage(number, place, spelling, request.seed + place * _SEED_STEP * _ATTEMPTS)
            for number, request in enumerate(requests)
            for place, spelling in enumerate(self._speller.parts(request.text))
        ]
        taken = self._spoken(passages, tick)
        sounds = self._sounds(requests, passages, taken, tick)
        answers: list[Speech] = []
        for number, request in enumerate(requests):
            own = [place for place, passage in enumerate(passages) if passage.request == number]
            spoken = [(passages[place].spelling, taken[place][1], sounds[place]) for place in own]
            lost = any(taken[place][0].faults for place in own)
            answers.append(
                replace(
                    self._joined(spoken, request.speed),
                    faults=("attention",) if lost else (),
                    remarks=self._speller.remarks(request.text),
                )
            )
        return answers

    def close(self) -> None:
        """See `SpeechFamily`."""

    def _check_voice(self, voice: str) -> None:
        if voice not in ("", self.entry.name, self.entry.default_voice):
            raise UnsupportedOption(
                f"{self.entry.name} has one voice, {self.entry.name!r}, not {voice!r}.", field="voice"
            )

    def _spoken(self, passages: Sequence[_Passage], tick: Tick) -> list[tuple[Verdict, Utterance]]:
        """The best utterance of each passage and what is wrong with it; those with faults are tried again, all that are
        left at once."""
        best: dict[int, tuple[Verdict, Utterance]] = {}
        waiting = sorted(range(len(passages)), key=lambda place: len(passages[place].spelling.ids))
        for attempt in range(_ATTEMPTS):
            slots = max(1, self.entry.slots)
            for first in range(0, len(waiting), slots):
                several = waiting[first : first + slots]
                for place, said in zip(several, self._tried(several, passages, attempt, tick), strict=True):
                    verdict = judge(said.alignment, stopped=said.stopped, frames_per_s=self._frames_per_s)
                    if place not in best or verdict.rank < best[place][0].rank:
                        best[place] = verdict, said
            waiting = [place for place in waiting if best[place][0].faults]
        return [(verdict, self._cut(said)) for verdict, said in (best[place] for place in range(len(passages)))]

    def _tried(self, several: Sequence[int], passages: Sequence[_Passage], attempt: int, tick: Tick) -> list[Utterance]:
        seeds = [passages[place].seed + attempt * _SEED_STEP for place in several]
        said = self._network.speak(
            [passages[place].spelling.ids for place in several],
            SeededDropout(seeds, self._network.shape.prenet),
            tick,
            limits=[self._settings.max_frames] * len(several),
            threshold=self._settings.gate_threshold,
        )
        return [Utterance(each.mel.cpu(), each.alignment.cpu(), each.stopped) for each in said]

    def _cut(self, said: Utterance) -> Utterance:
        if said.stopped:
            return said
        end = end_of_speech(said.alignment, frames_per_s=self._frames_per_s)
        return Utterance(said.mel[:, :end], said.alignment[:end], stopped=False)

    def _sounds(
        self,
        requests: Sequence[SpeakRequest],
        passages: Sequence[_Passage],
        taken: Sequence[tuple[Verdict, Utterance]],
        tick: Tick,
    ) -> list[Samples]:
        sounds: dict[int, Samples] = {}
        for choice in {request.options.get("vocoder") for request in requests}:
            places = [
                place
                for place, passage in enumerate(passages)
                if requests[passage.request].options.get("vocoder") == choice
            ]
            mels = [at_speed(taken[place][1].mel, requests[passages[place].request].speed) for place in places]
            seeds = [passages[place].seed for place in places]
            sounds |= zip(places, self._vocoders.render(choice, mels, seeds, tick), strict=True)
        return [sounds[place] for place in range(len(passages))]

    def _joined(self, spoken: Sequence[tuple[Spelling, Utterance, Samples]], speed: float) -> Speech:
        silence = np.zeros(round(_BETWEEN_PARTS_S / speed * self._rate), np.int16)
        pieces: list[Samples] = []
        marks: list[WordMark] = []
        at = 0
        for spelling, said, sound in spoken:
            if pieces:
                pieces.append(silence)
                at += len(silence)
            # The mark at the end may have been added to the symbols; it belongs to no word.
            ends = at / self._rate + symbol_ends(said.alignment) / len(said.alignment) * (len(sound) / self._rate)
            marks += word_times(spelling.owners, ends.tolist())
            pieces.append(sound)
            at += len(sound)
        return Speech(np.concatenate(pieces) if pieces else np.zeros(0, np.int16), self._rate, tuple(marks))

    @property
    def _frames_per_s(self) -> float:
        return self._settings.mel.sample_rate_hz / self._settings.mel.hop


@dataclass(frozen=True, slots=True)
class _Passage:
    """A part of a request, as long as attention can follow."""

    request: int
    place: int
    spelling: Spelling
    seed: int


class SeededDropout:
    """Dropout as the model has it when it speaks, drawn for each row from its own seed: neighbours change nothing."""

    def __init__(self, seeds: Sequence[int], width: int) -> None:
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self._width = width
        self._drawn: dict[int, torch.Tensor] = {}

    def __call__(self, step: int, rows: Sequence[int]) -> torch.Tensor:
        """Factors (rows, 2, width) of a step, 0 or 2; steps come in order."""
        if step % _DRAWN == 0:
            shape = (_DRAWN, 2, self._width)
            self._drawn = {row: torch.randint(0, 2, shape, generator=self._generators[row]) * 2.0 for row in rows}
        return torch.stack([self._drawn[row][step % _DRAWN] for row in rows])


def at_speed(mel: torch.Tensor, speed: float) -> torch.Tensor:
    """A mel (bins, frames) with its frames nearer together or further apart: faster or slower at the same pitch."""
    frames = max(1, round(mel.shape[-1] / speed))
    if frames == mel.shape[-1]:
        return mel
    return functional.interpolate(mel[None], size=frames, mode="linear", align_corners=False)[0]
