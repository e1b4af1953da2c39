"""Fallback model: one of the request's `retry_models` in place of the model that synthesised a chunk.

It renders whole sentences, with the requested voice where it has one of that name, else with its own. What it cannot
render becomes a warning, and the present rendition is kept.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from pipelines.errors import BadInput, UnsupportedOption
from pipelines.family import Recording, Samples, SpeechFamily, Tick
from pipelines.requests import SynthesisRequest
from pipelines.text.pronunciation.lexicon import Lexicon
from pipelines.text.splitting.segment import TextSegment
from pipelines.tts.part_file import SpeechPart, SpokenSentence
from pipelines.tts.renderer import ChunkRenderer
from pipelines.tts.renditions import Rendition
from pipelines.tts.request_builder import SynthesisInputBuilder

#: Limits of the gain that adapts its level, and of the peak after it (−1 dB).
_MAX_GAIN, _MAX_PEAK = 4.0, 29_204.0


class FallbackModel:
    """`family`, for sentences of a chunk that another model synthesised."""

    def __init__(
        self,
        request: SynthesisRequest,
        family: SpeechFamily,
        references: Mapping[str, Recording],
        verified: SpeechPart,
        tick: Tick,
    ) -> None:
        """`references`: the recordings of enrolled voices, by voice. `verified`: the chunk's part."""
        self._request = request
        self._level = _median_level(verified)
        self._family = family
        self._references = references if "reference" in family.entry.options else {}
        self._tick = tick
        self._lexicon = Lexicon(request.lexicon or {}, tick)
        self._warnings: dict[str, None] = {}

    @property
    def warnings(self) -> Sequence[str]:
        """What could not be rendered, or not as requested."""
        return list(self._warnings)

    def render_sentence(self, sentence: SpokenSentence, segment: TextSegment, *, seed: int) -> Rendition | None:
        """A new rendition of `sentence`, whose text is `segment`; None where this model cannot render it."""
        try:
            try:
                return self._render(self._request, sentence, segment, seed)
            except UnsupportedOption as error:
                if error.field != "voice":
                    raise
            own_voice = self._request.model_copy(update={"voice": None, "cast": None})
            return self._render(own_voice, sentence, replace(segment, style=replace(segment.style, voice=None)), seed)
        except BadInput as error:
            name = self._family.entry.name
            self._warnings[f"{name} was to speak {sentence.text[:80]!r} and cannot: {error.detail}"] = None
            return None

    def _render(
        self, request: SynthesisRequest, sentence: SpokenSentence, segment: TextSegment, seed: int
    ) -> Rendition:
        # The language may be known only from the first model's voice.
        builder = SynthesisInputBuilder(request, self._family.entry, sentence.language, self._references, self._lexicon)
        renderer = ChunkRenderer(request, self._family, builder, self._tick)
        rendition = renderer.render_sentence(sentence, segment, limit=self._family.entry.chunk_characters, seed=seed)
        self._warnings |= dict.fromkeys(renderer.warnings)
        return _match_level(rendition, self._level)


def _level(samples: Samples) -> float:
    """The root mean square; 0 for silence."""
    return float(np.sqrt(np.square(samples, dtype=np.float64).mean())) if len(samples) else 0.0


def _median_level(part: SpeechPart) -> float:
    """The median level of the sentences that are not doubtful; 0 where there is none."""
    clear = [each for each in part.audible if not each.is_doubtful]
    return statistics.median(_level(part.samples[each.start : each.end]) for each in clear) if clear else 0.0


def _match_level(rendition: Rendition, target: float) -> Rendition:
    """The rendition at the level of the other sentences, within the limits."""
    level = _level(rendition.samples)
    if not level or not target:
        return rendition
    peak = float(np.abs(rendition.samples.astype(np.float64)).max())
    gain = min(max(target / level, 1 / _MAX_GAIN), _MAX_GAIN, max(1.0, _MAX_PEAK / peak))
    return replace(rendition, samples=np.rint(rendition.samples * gain).astype(np.int16))
