"""Maps times between a window and the recording: windows leave long pauses out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from pipelines.audio.windows import SampleRange


class Timeline:
    """Maps seconds in a window to seconds in the recording."""

    def __init__(self, ranges: Sequence[SampleRange], rate_hz: int) -> None:
        self._ranges = ranges
        self._rate_hz = rate_hz
        #: Sample of the window at which each range begins.
        self._starts = [0, *accumulate(each.length for each in ranges)]

    @property
    def length(self) -> int:
        """Samples of the window."""
        return self._starts[-1]

    def to_recording(self, start_s: float, end_s: float) -> tuple[float, float]:
        """A range of the window as one of the recording, in seconds rounded to milliseconds.

        A range of less than two seconds across a pause that was left out is put on the side that holds more of it, so
        that no word extends over a pause. A longer one keeps both ends.
        """
        start = min(max(0, round(start_s * self._rate_hz)), self.length)
        end = min(max(start, round(end_s * self._rate_hz)), self.length)
        first, last = self._range_of(start), self._range_of(max(start, end - 1))
        if last == first + 1 and end - start < 2 * self._rate_hz:
            seam = self._starts[last]
            if seam - start >= end - seam:
                last, end = first, seam
            else:
                first, start = last, seam
        return self._to_recording_s(first, start), self._to_recording_s(last, end)

    def to_window(self, start_s: float, end_s: float) -> tuple[int, int]:
        """A range of the recording as samples [first, last) of the window, from which long pauses are missing."""
        first, last = round(start_s * self._rate_hz), round(end_s * self._rate_hz)
        return self._to_window_sample(first), self._to_window_sample(last)

    def _to_window_sample(self, sample: int) -> int:
        number = max(0, bisect_right([each.start for each in self._ranges], sample) - 1)
        found = self._ranges[number]
        return self._starts[number] + min(max(0, sample - found.start), found.length)

    def _range_of(self, sample: int) -> int:
        return min(bisect_right(self._starts, sample) - 1, len(self._ranges) - 1)

    def _to_recording_s(self, number: int, sample: int) -> float:
        return round((self._ranges[number].start + sample - self._starts[number]) / self._rate_hz, 3)
