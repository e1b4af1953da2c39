"""Parts of many chunks as one stream of segments, in flat memory.

Knows the order of spans and rounds; nothing of formats.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

from pipelines.diarization.turns import Voices
from pipelines.pipeline import Sources, Span
from pipelines.rounds import last_rounds
from pipelines.transcript.part_file import HeardWindow, Segment, read_part

#: A model that is less sure of a language than this contradicts nobody.
SURE_OF_LANGUAGE = 0.7


@dataclass
class WindowTally:
    """Counts over all windows that a merge has read."""

    windows: int = 0
    #: Windows that a second model was asked about, and those where its words were kept.
    heard_again: int = 0
    improved: int = 0
    #: Seconds of speech, and of it by the language that a model was sure to hear.
    seconds: float = 0.0
    detected_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, window: HeardWindow) -> None:
        """Count one window."""
        self.windows += 1
        self.heard_again += len(window.asked) > 1
        self.improved += window.model != window.asked[0]
        self.seconds += window.seconds
        if window.detected_language and (window.detected_confidence or 0.0) >= SURE_OF_LANGUAGE:
            self.detected_s[window.detected_language] += window.seconds


def merged(
    spans: Iterable[Span], parts: Sources, tally: WindowTally, *, split: bool, voices: Voices | None = None
) -> Iterator[Segment]:
    """All segments, ordered by time. A part of a later round replaces the earlier part of the same span.

    Channels may overlap: a segment waits until the span's `horizon_s` says that none before it is still to come.
    With `split`, segments and words get the speaker "channel_1", "channel_2" … The turns and known
    voices that a speaker encoder left are added to `voices`.
    """
    waiting: list[tuple[float, int, int, Segment]] = []
    order = count()
    for span, path in last_rounds(spans, parts):
        windows = read_part(path)
        if voices is not None:
            voices.read(path)
        for window in windows:
            tally.add(window)
        for segment in (segment for window in windows for segment in window.segments):
            channel = segment.pop("channel", 0)
            if split:
                _name_speaker(segment, f"channel_{channel + 1}")
            heapq.heappush(waiting, (segment["start"], channel, next(order), segment))
        horizon_s = span.data.get("horizon_s")
        while waiting and horizon_s is not None and waiting[0][0] < horizon_s:
            yield heapq.heappop(waiting)[3]
    while waiting:
        yield heapq.heappop(waiting)[3]


def _name_speaker(segment: Segment, speaker: str) -> None:
    segment["speaker"] = speaker
    for word in segment["words"]:
        word["speaker"] = speaker
