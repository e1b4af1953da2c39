"""Maps times between a window and the recording: windows leave long pauses out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from pipelines.audio.sound_ends import SoundEnds
from pipelines.audio.windows import SampleRange

#: Seconds behind a seam in which nobody speaks: most of the padding around speech (pipelines/audio/windows.py).
_UNSPOKEN_S = 0.15
#: Least sound of a word behind a seam, in seconds and as a share of its sound before it: the vowel of "a" is longer,
#: and the first frame of the next word shorter.
_LEAST_SOUND_S, _LEAST_SHARE = 0.05, 0.25


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

    @property
    def end_s(self) -> float:
        """Where the window ends in the recording, in seconds."""
        return self._to_recording_s(len(self._ranges) - 1, self.length)

    def to_recording(self, start_s: float, end_s: float) -> tuple[float, float]:
        """A range of the window as one of the recording, in seconds rounded to milliseconds; it keeps both ends."""
        start, end = self._to_samples(start_s, end_s)
        return self._to_recording_s(self._range_of(start), start), self._to_recording_s(self._last_of(start, end), end)

    def word_to_recording(self, start_s: float, end_s: float, sound: SoundEnds | None = None) -> tuple[float, float]:
        """The times of a word, which never extends over a pause that was left out.

        A word that lies across a seam is put where it ends: models place the end of a word right, but let it
        begin where the word before ended. Only one without sound behind the seam was spoken before it; where `sound`
        (of the window) cannot tell, one that ends within the padding behind the seam, where nobody speaks yet.
        """
        start, end = self._to_samples(start_s, end_s)
        last = self._last_of(start, end)
        while last > self._range_of(start) and not self._is_spoken_behind(self._starts[last], start, end, sound):
            end = self._starts[last]
            last -= 1
            if sound is not None:
                end = max(start, round(sound.end_of(start / self._rate_hz, end / self._rate_hz) * self._rate_hz))
        start = max(start, self._starts[last])
        return self._to_recording_s(last, start), self._to_recording_s(last, end)

    def _is_spoken_behind(self, seam: int, start: int, end: int, sound: SoundEnds | None) -> bool:
        """Whether a word from sample `start` to `end` is spoken behind `seam`, which is between them."""
        rate_hz = self._rate_hz
        behind_s = None if sound is None else sound.measure_sound_s(seam / rate_hz, end / rate_hz)
        if sound is None or behind_s is None:
            return end - seam >= _UNSPOKEN_S * rate_hz
        before_s = sound.measure_sound_s(start / rate_hz, seam / rate_hz) or 0.0
        return behind_s >= max(_LEAST_SOUND_S, _LEAST_SHARE * before_s) or (before_s == 0.0 and behind_s > 0.0)

    def to_window(self, start_s: float, end_s: float) -> tuple[int, int]:
        """A range of the recording as samples [first, last) of the window, from which long pauses are missing."""
        first, last = round(start_s * self._rate_hz), round(end_s * self._rate_hz)
        return self._to_window_sample(first), self._to_window_sample(last)

    def _to_window_sample(self, sample: int) -> int:
        number = max(0, bisect_right([each.start for each in self._ranges], sample) - 1)
        found = self._ranges[number]
        return self._starts[number] + min(max(0, sample - found.start), found.length)

    def _to_samples(self, start_s: float, end_s: float) -> tuple[int, int]:
        """A range of the window in samples, within the window."""
        start = min(max(0, round(start_s * self._rate_hz)), self.length)
        return start, min(max(start, round(end_s * self._rate_hz)), self.length)

    def _last_of(self, start: int, end: int) -> int:
        """The number of the range in which [start, end) ends."""
        return self._range_of(max(start, end - 1))

    def _range_of(self, sample: int) -> int:
        return min(bisect_right(self._starts, sample) - 1, len(self._ranges) - 1)

    def _to_recording_s(self, number: int, sample: int) -> float:
        return round((self._ranges[number].start + sample - self._starts[number]) / self._rate_hz, 3)
