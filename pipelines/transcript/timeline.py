"""Where a moment of a window was in the recording: windows leave long pauses out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from pipelines.audio.windows import Piece


class Timeline:
    """Maps seconds in a window to seconds in the recording."""

    def __init__(self, pieces: Sequence[Piece], rate_hz: int) -> None:
        self._pieces = pieces
        self._rate_hz = rate_hz
        #: Sample of the window at which each piece begins.
        self._starts = [0, *accumulate(piece.length for piece in pieces)]

    @property
    def length(self) -> int:
        """Samples of the window."""
        return self._starts[-1]

    def between(self, start_s: float, end_s: float) -> tuple[float, float]:
        """The same stretch in the recording, in seconds rounded to milliseconds.

        Something short that lies across a left-out pause is put on the side that holds more of it: a word is never
        stretched over a pause. What begins and ends in the middle of different pieces keeps both ends.
        """
        start = min(max(0, round(start_s * self._rate_hz)), self.length)
        end = min(max(start, round(end_s * self._rate_hz)), self.length)
        first, last = self._piece_of(start), self._piece_of(max(start, end - 1))
        if last == first + 1 and end - start < 2 * self._rate_hz:
            seam = self._starts[last]
            if seam - start >= end - seam:
                last, end = first, seam
            else:
                first, start = last, seam
        return self._at(first, start), self._at(last, end)

    def inside(self, start_s: float, end_s: float) -> tuple[int, int]:
        """Samples [first, last) of the window for a stretch of the recording; what was left out counts for nothing."""
        return self._within(round(start_s * self._rate_hz)), self._within(round(end_s * self._rate_hz))

    def _within(self, sample: int) -> int:
        number = max(0, bisect_right([piece.start for piece in self._pieces], sample) - 1)
        piece = self._pieces[number]
        return self._starts[number] + min(max(0, sample - piece.start), piece.length)

    def _piece_of(self, sample: int) -> int:
        return min(bisect_right(self._starts, sample) - 1, len(self._pieces) - 1)

    def _at(self, piece: int, sample: int) -> float:
        return round((self._pieces[piece].start + sample - self._starts[piece]) / self._rate_hz, 3)
