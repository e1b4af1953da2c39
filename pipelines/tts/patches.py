"""Applies the patches of single sentences of a finished book to its plan, so that only their chunks change.

Knows text segments and their numbers; nothing of jobs. Chunks keep the positions and sizes of the first plan whatever
the length of a new text, so that all other chunks stay equal to the byte and their parts can be reused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pipelines.errors import BadInput
from pipelines.requests import SpeechPatch
from pipelines.text.document import is_speakable
from pipelines.text.splitting.chunks import TextChunk
from pipelines.text.splitting.segment import TextSegment


class SentencePatches:
    """The patches of a job, by the number of the sentence in `marks.json`.

    Several patches of one sentence are merged, field by field; the later one wins.
    """

    def __init__(self, patches: Sequence[SpeechPatch]) -> None:
        self._pending: dict[int, SpeechPatch] = {}
        for patch in patches:
            earlier = self._pending.get(patch.sentence, patch)
            self._pending[patch.sentence] = earlier.model_copy(update=patch.model_dump(exclude_none=True))
        #: Segments of the chunks so far: the number of the next chunk's first sentence.
        self.segments = 0

    def apply(self, chunks: Iterable[TextChunk]) -> Iterator[tuple[int, TextChunk]]:
        """The number of each chunk's first sentence, and the chunk with its patches applied.

        Raises `BadInput` at the end if a patch names a sentence that does not exist.
        """
        for chunk in chunks:
            first, self.segments = self.segments, self.segments + len(chunk.segments)
            for number in [number for number in self._pending if first <= number < self.segments]:
                at = number - first
                chunk.segments[at] = _apply_patch(chunk.segments[at], self._pending.pop(number))
            yield first, chunk
        if self._pending:
            raise BadInput(
                f"There is no sentence {min(self._pending)}: the book has {self.segments}, "
                "and marks.json numbers them.",
                field="sentence",
            )


def _apply_patch(segment: TextSegment, patch: SpeechPatch) -> TextSegment:
    if not is_speakable(segment.text):
        raise BadInput(f"Sentence {patch.sentence} is a pause; there is nothing to say otherwise.", field="sentence")
    style = segment.style if patch.voice is None else replace(segment.style, voice=patch.voice)
    if patch.text is None:
        return replace(segment, style=style)
    # Spoken forms and marks refer to characters of the old text.
    return replace(segment, text=patch.text, style=style, spoken_forms=(), marks=())
