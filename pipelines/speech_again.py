"""Speaking the doubtful sentences of a chunk once more: with another seed, and in smaller pieces.

Knows pieces and takes; which sentences are doubtful is in the span, and who finds that out is speech_hearing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from .family import Speech, SpeechFamily, Tick
from .pipeline import Part, Sink, Sources, Span
from .requests import SynthesisRequest
from .rounds import round_of
from .speech_asking import Asked, Asking
from .speech_assembly import SpeechAssembly
from .speech_grades import graded
from .speech_hearing import listening
from .speech_part import SpeechPart, read_part, write_part
from .speech_references import recordings
from .speech_takes import Take, whole_take, with_takes
from .text.chunks import Piece, parts_of

#: More than the pieces of any chunk, so that no two takes of a job share a seed.
SEEDS_PER_CHUNK = 1 << 16
_SEEDS_PER_ROUND = 1 << 13
#: Shorter pieces than this have no melody; seconds of silence between two pieces of a sentence.
_LEAST_CHARACTERS = 40
_BREATH_S = 0.12


def speak_again(request: SynthesisRequest, span: Span, sources: Sources, family: SpeechFamily, sink: Sink) -> Part:
    """Another take of each sentence that `only` names. The last source is the part with what was heard."""
    started, nth = time.monotonic(), round_of(span)
    references = recordings(span, sources)  # first of all: a source is gone when the next one is asked for
    before = read_part(sources(len(span.inputs) + nth - 2))
    asking = Asking(request, family.entry, span.data["language"], references)
    only = frozenset(span.data["only"])
    takes: dict[int, Take] = {}
    for sentence in before.sentences:
        if sentence.piece not in only:
            continue
        piece = Piece.of(span.data["pieces"][sentence.piece])
        seed = span.idx * SEEDS_PER_CHUNK + nth * _SEEDS_PER_ROUND + sentence.piece
        assembly = SpeechAssembly(
            sample_rate_hz=before.sample_rate_hz, speed=request.speed, marks=any(s.words for s in before.sentences)
        )
        smaller = list(_smaller(piece, sentence.takes + 1))
        for part, asked, speech in spoken(smaller, asking, family, lambda: sink.progress(0.0), seed=seed):
            words = asked.spoken.written_marks(speech.marks) if asked and speech else ()
            assembly.add(part, speech, words, sentence.language)
        takes[sentence.piece] = whole_take(assembly.part(before.chapter), sentence)
    again = graded(with_takes(before, takes), by_listeners=request.quality)
    path = sink.directory / "part.bin"
    write_part(path, _warned(again, asking.warnings))
    follow_up = listening(request, span, family.entry.name)
    return Part(path, (follow_up,), time.monotonic() - started, duration_s=again.duration_s - before.duration_s)


def spoken(
    pieces: Sequence[Piece], asking: Asking, family: Any, tick: Tick, *, seed: int
) -> Iterator[tuple[Piece, Asked | None, Speech | None]]:
    """Pieces with what was asked for them and the answer; one call of the family for all that have words."""
    asked = [asking.asked(piece, seed + number) if piece.text else None for number, piece in enumerate(pieces)]
    requests = [one.request for one in asked if one]
    answers = iter(family.speak(requests, tick) if requests else [])
    for piece, one in zip(pieces, asked, strict=True):
        yield piece, one, next(answers) if one else None


def _smaller(piece: Piece, count: int) -> Iterator[Piece]:
    """About `count` pieces, cut at clauses or words, without the pause behind the last, which the part has already."""
    limit = max(_LEAST_CHARACTERS, -(-len(piece.text) // count))
    several = list(parts_of(piece, limit))
    for part in several[:-1]:
        yield replace(part, pause="none", silence_s=_BREATH_S)
    yield replace(several[-1], pause="none", silence_s=0.0)


def _warned(part: SpeechPart, warnings: Sequence[str]) -> SpeechPart:
    return replace(part, warnings=tuple(dict.fromkeys([*part.warnings, *warnings])))
