"""Renders text segments of one chunk with one model: builds inputs, calls the family, assembles the audio.

Knows segments, seeds and assembly; nothing of why a sentence is rendered, or rendered again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipelines.family import LanguageChoice, SpeechFamily, Tick
from pipelines.pipeline import Span
from pipelines.requests import SynthesisRequest
from pipelines.text.splitting.segment import TextSegment, split_segment

from .assembly import PartAssembler
from .part_file import SpokenSentence
from .renditions import Rendition, join_rendition
from .request_builder import SynthesisInputBuilder

#: More than the segments of any chunk, and as many renditions of each: no two renditions of a job share a seed.
_SEEDS_PER_RENDITION, _MAX_RENDITIONS = 1 << 13, 8
#: The first rendition number of the immediate retries (quality/repair.py), after those of the verification rounds.
FIRST_IMMEDIATE_RETRY = 6
#: Seconds of silence between two parts of a sentence.
_PART_PAUSE_S = 0.12


def rendition_seed(span: Span, rendition: int, segment: int) -> int:
    """The seed of a segment of a chunk; `rendition` counts from 0, and there are 8 at most."""
    return (span.idx * _MAX_RENDITIONS + rendition) * _SEEDS_PER_RENDITION + segment


class ChunkRenderer:
    """Renders segments with `family`; `builder` makes its inputs."""

    def __init__(
        self, request: SynthesisRequest, family: SpeechFamily, builder: SynthesisInputBuilder, tick: Tick
    ) -> None:
        self._request = request
        self._family = family
        self._builder = builder
        self._tick = tick
        if isinstance(family, LanguageChoice):
            builder.ask_voices(family.speaks)

    @property
    def warnings(self) -> Sequence[str]:
        """What could not be spoken, or not as requested."""
        return self._builder.warnings

    def new_assembler(self) -> PartAssembler:
        """An empty assembler with the settings of the job."""
        return PartAssembler(
            sample_rate_hz=self._family.entry.sample_rate_hz,
            speed=self._builder.pause_speed,
            marks=self._request.speech_marks or self._request.read_along,
            model=self._family.entry.name,
        )

    def render(self, segments: Sequence[TextSegment], assembler: PartAssembler, *, seed: int) -> None:
        """Append segments and their pauses to `assembler`; one call of the family for all that have text."""
        prepared = []
        for number, segment in enumerate(segments):
            self._tick()
            prepared.append(self._builder.build(segment, seed + number) if segment.text else None)
        inputs = [each.input for each in prepared if each]
        results = iter(self._family.synthesise(inputs, self._tick) if inputs else [])
        for segment, each in zip(segments, prepared, strict=True):
            speech = next(results) if each else None
            self._builder.add_warnings(speech.warnings if speech else ())
            words = each.spoken.written_marks(speech.marks) if each and speech else ()
            language, speed = (each.language, each.input.speed) if each else ("", 1.0)
            spoken = each.spoken.text if each else None
            assembler.add(segment, speech, words, language, speed=speed, spoken=spoken)

    def render_sentence(
        self, sentence: SpokenSentence, segment: TextSegment, *, seed: int, limit: int | None = None
    ) -> Rendition:
        """A new rendition of `sentence`, whose text is `segment`, in parts of `limit` characters; None = whole."""
        assembler = self.new_assembler()
        self.render(_split(segment, limit or len(segment.text)), assembler, seed=seed)
        return join_rendition(assembler.part(chapter=0), sentence)


def _split(segment: TextSegment, limit: int) -> Sequence[TextSegment]:
    """The segment, cut at clauses or words, without the pause after it, which the part has already."""
    *several, last = split_segment(segment, limit)
    first = [replace(part, pause="none", silence_s=_PART_PAUSE_S) for part in several]
    return [*first, replace(last, pause="none", silence_s=0.0)]
