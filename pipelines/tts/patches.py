"""Sentences of a finished book that are to be said otherwise: changed in the plan, so that only their chunks differ.

Knows pieces and their numbers; nothing of jobs. Positions and sizes of chunks stay those of the first plan, whatever
the new text's length, so that every other chunk stays the same to the byte and its part can be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from pipelines.errors import BadInput
from pipelines.requests import SpeechPatch
from pipelines.text.document import is_speakable
from pipelines.text.splitting.chunks import Chunk, Piece


class Patches:
    """The changes of a job, by the number of the sentence in `marks.json`.

    Later ones of the same number count, each for what it gives: a new voice leaves the new text of an earlier one.
    """

    def __init__(self, patches: Sequence[SpeechPatch]) -> None:
        self._open: dict[int, SpeechPatch] = {}
        for patch in patches:
            earlier = self._open.get(patch.sentence, patch)
            self._open[patch.sentence] = earlier.model_copy(update=patch.model_dump(exclude_none=True))
        #: Pieces of the chunks so far: the number of the next chunk's first sentence.
        self.pieces = 0

    def applied(self, chunks: Iterable[Chunk]) -> Iterator[tuple[int, Chunk]]:
        """Each chunk with its changes, behind the number of its first sentence.

        Raises `BadInput` at the end where there is no sentence of a patch's number.
        """
        for chunk in chunks:
            first, self.pieces = self.pieces, self.pieces + len(chunk.pieces)
            for number in [number for number in self._open if first <= number < self.pieces]:
                place = number - first
                chunk.pieces[place] = _patched(chunk.pieces[place], self._open.pop(number))
            yield first, chunk
        if self._open:
            raise BadInput(
                f"There is no sentence {min(self._open)}: the book has {self.pieces}, and marks.json numbers them.",
                field="sentence",
            )


def _patched(piece: Piece, patch: SpeechPatch) -> Piece:
    if not is_speakable(piece.text):
        raise BadInput(f"Sentence {patch.sentence} is a pause; there is nothing to say otherwise.", field="sentence")
    style = piece.style if patch.voice is None else replace(piece.style, voice=patch.voice)
    if patch.text is None:
        return replace(piece, style=style)
    # Readings and marks lie at characters of the old text.
    return replace(piece, text=patch.text, style=style, readings=(), marks=())
