"""Speaking the doubtful sentences of a chunk once more: by the chunk's own model with another seed and in smaller
pieces, or by the next one.

Knows takes; which sentences are doubtful, and whose turn it is, is found out by hearing.py.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipelines.family import SpeechFamily
from pipelines.pipeline import Part, Sink, Sources, Span
from pipelines.reference_recordings import recordings
from pipelines.requests import SynthesisRequest
from pipelines.rounds import part_before
from pipelines.text.splitting.chunks import Piece
from pipelines.tts.part_file import SpokenSentence, read_part, write_part
from pipelines.tts.quality.repair import mended
from pipelines.tts.quality.scores import faulted, graded
from pipelines.tts.renderer import Speaker, seed_of
from pipelines.tts.renditions import Take, with_takes
from pipelines.tts.request_builder import Asking

from .fallback_model import StandIn
from .verification import listening, takes_by

#: Shorter pieces than this have no melody.
_LEAST_CHARACTERS = 40


def speak_again(request: SynthesisRequest, span: Span, sources: Sources, family: SpeechFamily, sink: Sink) -> Part:
    """Another take of each sentence that `only` names. The last source is the part with what was heard."""
    started = time.monotonic()
    references = recordings(span, sources)  # first of all: a source is gone when the next one is asked for
    before = read_part(sources(part_before(span)))
    if family.entry.name == span.data["speaker"]:
        asking = Asking(request, family.entry, span.data["language"], references)
        speaker: _Repetition | StandIn = _Repetition(Speaker(request, family, asking, lambda: sink.progress(0.0)))
    else:
        speaker = StandIn(request, family, references, before, lambda: sink.progress(0.0))
    takes: dict[int, Take] = {}
    for sentence in before.sentences:
        if sentence.piece in span.data["only"]:
            piece = Piece.of(span.data["pieces"][sentence.piece])
            take = speaker.take(sentence, piece, seed=seed_of(span, takes_by(span) - 1, sentence.piece))
            if take is not None:
                takes[sentence.piece] = take
    warnings = tuple(dict.fromkeys([*before.warnings, *speaker.warnings]))
    said = replace(with_takes(before, takes), warnings=warnings)
    again = graded(mended(faulted(said)), by_listeners=request.quality)
    path = sink.directory / "part.bin"
    write_part(path, again)
    return Part(
        path,
        (listening(request, span, span.data["speaker"], only=sorted(takes)),),
        time.monotonic() - started,
        _provenance(span, family),
        again.duration_s - before.duration_s,
    )


class _Repetition:
    """The model that spoke the chunk, asked for smaller pieces each time."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker

    @property
    def warnings(self) -> Sequence[str]:
        return self._speaker.warnings

    def take(self, sentence: SpokenSentence, piece: Piece, *, seed: int) -> Take:
        limit = max(_LEAST_CHARACTERS, -(-len(piece.text) // (sentence.takes + 1)))
        return self._speaker.take(sentence, piece, limit=limit, seed=seed)


def _provenance(span: Span, family: SpeechFamily) -> Mapping[str, str]:
    if family.entry.name == span.data["speaker"]:
        return {}  # the chunk's first round has told
    return {f"retry.{family.entry.name}": f"{family.revision}, {family.engine}"}
