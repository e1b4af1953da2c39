"""Another model in the place of the one that a chunk was spoken by: one of the request's `retry_models`.

It says whole sentences, with the voice that was asked for where it has one of that name, else with its own. Knows what
of a request is for the first model alone; what it cannot say is a warning, for the take that is there stays.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipelines.errors import BadInput, UnsupportedOption
from pipelines.family import Recording, Samples, SpeechFamily, Tick
from pipelines.requests import SynthesisRequest
from pipelines.text.splitting.chunks import Piece
from pipelines.tts.part_file import SpeechPart, SpokenSentence
from pipelines.tts.renderer import Speaker
from pipelines.tts.renditions import Take
from pipelines.tts.request_builder import Asking

#: A voice is made so many times louder or softer at most, and no peak higher than this (−1 dB).
_MOST_GAIN, _PEAK = 4.0, 29_204.0


class StandIn:
    """`family`, for sentences of a chunk that another one spoke."""

    def __init__(
        self,
        request: SynthesisRequest,
        family: SpeechFamily,
        references: Mapping[str, Recording],
        before: SpeechPart,
        tick: Tick,
    ) -> None:
        """`references`: the recordings of enrolled voices, by voice. `before` is what was spoken and heard."""
        self._request = request
        self._level = _usual_level(before)
        self._family = family
        self._references = references if "reference" in family.entry.options else {}
        self._tick = tick
        self._warnings: dict[str, None] = {}

    @property
    def warnings(self) -> Sequence[str]:
        """What it could not say, and what it said otherwise than asked."""
        return list(self._warnings)

    def take(self, sentence: SpokenSentence, piece: Piece, *, seed: int) -> Take | None:
        """A further take of `sentence`, which `piece` is; None where this model cannot say it."""
        try:
            try:
                return self._take(self._request, sentence, piece, seed)
            except UnsupportedOption as error:
                if error.field != "voice":
                    raise
            own = self._request.model_copy(update={"voice": None, "cast": None})
            return self._take(own, sentence, replace(piece, style=replace(piece.style, voice=None)), seed)
        except BadInput as error:
            name = self._family.entry.name
            self._warnings[f"{name} was to speak {sentence.text[:80]!r} and cannot: {error.detail}"] = None
            return None

    def _take(self, request: SynthesisRequest, sentence: SpokenSentence, piece: Piece, seed: int) -> Take:
        # The first model's voice may have said what nobody wrote down: the language.
        asking = Asking(request, self._family.entry, sentence.language, self._references)
        speaker = Speaker(request, self._family, asking, self._tick)
        take = speaker.take(sentence, piece, limit=self._family.entry.chunk_characters, seed=seed)
        self._warnings |= dict.fromkeys(speaker.warnings)
        return _at_level(take, self._level)


def _level(samples: Samples) -> float:
    """The root of the mean power; 0 for silence."""
    return float(np.sqrt(np.square(samples, dtype=np.float64).mean())) if len(samples) else 0.0


def _usual_level(part: SpeechPart) -> float:
    """The level of the middle sentence of those that were understood; 0 where there is none."""
    heard = [each for each in part.audible if not each.is_doubtful]
    return statistics.median(_level(part.samples[each.start : each.end]) for each in heard) if heard else 0.0


def _at_level(take: Take, wanted: float) -> Take:
    """The take as loud as the sentences around it: voices of two models differ in that too."""
    level = _level(take.samples)
    if not level or not wanted:
        return take
    peak = float(np.abs(take.samples.astype(np.float64)).max())
    gain = min(max(wanted / level, 1 / _MOST_GAIN), _MOST_GAIN, max(1.0, _PEAK / peak))
    return replace(take, samples=np.rint(take.samples * gain).astype(np.int16))
