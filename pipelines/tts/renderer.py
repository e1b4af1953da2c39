"""A model that speaks pieces of one chunk: what it is asked, what it answers, and the takes that come of it.

Knows pieces, seeds and assemblies; nothing of why something is spoken, or spoken again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipelines.family import SpeechFamily, Tick
from pipelines.pipeline import Span
from pipelines.requests import SynthesisRequest
from pipelines.text.splitting.chunks import Piece, parts_of

from .assembly import SpeechAssembly
from .part_file import SpokenSentence
from .renditions import Take, whole_take
from .request_builder import Asking

#: More than the pieces of any chunk, and as many takes of each: no two takes of a job share a seed.
_SEEDS_PER_TAKE, _TAKES = 1 << 13, 8
#: The first of the takes that are made at once, behind those of the rounds (see hearing.py).
AT_ONCE = 6
#: Seconds of silence between two pieces of a sentence.
_BREATH_S = 0.12


def seed_of(span: Span, take: int, piece: int) -> int:
    """The seed of a piece of a chunk; takes count from 0, and there are 8 at most."""
    return (span.idx * _TAKES + take) * _SEEDS_PER_TAKE + piece


class Speaker:
    """`family`, asked by `asking`."""

    def __init__(self, request: SynthesisRequest, family: SpeechFamily, asking: Asking, tick: Tick) -> None:
        self._request = request
        self._family = family
        self._asking = asking
        self._tick = tick

    @property
    def warnings(self) -> Sequence[str]:
        """What could not be said, or was said otherwise than asked."""
        return self._asking.warnings

    def assembly(self) -> SpeechAssembly:
        """What collects the pieces that it says."""
        return SpeechAssembly(
            sample_rate_hz=self._family.entry.sample_rate_hz,
            speed=self._asking.pause_speed,
            marks=self._request.speech_marks or self._request.read_along,
            model=self._family.entry.name,
        )

    def say(self, pieces: Sequence[Piece], assembly: SpeechAssembly, *, seed: int) -> None:
        """Put pieces and their pauses behind what is in `assembly`; one call of the family for all that have words."""
        asked = [
            self._asking.asked(piece, seed + number) if piece.text else None for number, piece in enumerate(pieces)
        ]
        requests = [one.request for one in asked if one]
        answers = iter(self._family.speak(requests, self._tick) if requests else [])
        for piece, one in zip(pieces, asked, strict=True):
            speech = next(answers) if one else None
            self._asking.tell(speech.remarks if speech else ())
            words = one.spoken.written_marks(speech.marks) if one and speech else ()
            language, speed = (one.language, one.request.speed) if one else ("", 1.0)
            assembly.add(piece, speech, words, language, speed=speed)

    def take(self, sentence: SpokenSentence, piece: Piece, *, seed: int, limit: int | None = None) -> Take:
        """A further take of `sentence`, which `piece` is, in parts of at most `limit` characters; None = whole."""
        assembly = self.assembly()
        self.say(_parts(piece, limit or len(piece.text)), assembly, seed=seed)
        return whole_take(assembly.part(chapter=0), sentence)


def _parts(piece: Piece, limit: int) -> Sequence[Piece]:
    """The piece, cut at clauses or words, without the pause behind it, which the part has already."""
    *several, last = parts_of(piece, limit)
    breathing = [replace(part, pause="none", silence_s=_BREATH_S) for part in several]
    return [*breathing, replace(last, pause="none", silence_s=0.0)]
