"""Merges the parts of many chunks into one stream of segments, in flat memory.

Knows the order of spans and rounds; nothing of formats.
"""

from __future__ import annotations

import heapq
import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from pipelines.diarization.turns import DiarizationData
from pipelines.pipeline import Sources, Span
from pipelines.rounds import final_parts
from pipelines.transcript.part_file import RecognisedWindow, read_part
from pipelines.transcript.segment import TranscriptSegment
from pipelines.transcript.window_span import WindowSpan

#: A language that is detected with less confidence is not counted.
MIN_LANGUAGE_CONFIDENCE = 0.7


@dataclass
class WindowCounts:
    """Counts over all windows of a recording."""

    windows: int = 0
    #: Windows that a second model transcribed, and those of which its transcript was kept.
    retried: int = 0
    improved: int = 0
    #: Seconds of speech in all, and by detected language.
    seconds: float = 0.0
    detected_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, window: RecognisedWindow) -> None:
        """Count one window."""
        self.windows += 1
        self.retried += len(window.tried_models) > 1
        self.improved += window.model != window.tried_models[0]
        self.seconds += window.seconds
        if window.detected_language and (window.detected_confidence or 0.0) >= MIN_LANGUAGE_CONFIDENCE:
            self.detected_s[window.detected_language] += window.seconds


def merge_segments(
    spans: Iterable[Span],
    parts: Sources,
    counts: WindowCounts,
    *,
    split: bool,
    diarization: DiarizationData | None = None,
) -> Iterator[TranscriptSegment]:
    """All segments, ordered by time. A part of a later round replaces the earlier part of the same span.

    Channels may overlap: a segment is held until the span's `horizon_s`, before which no later segment begins, has
    passed it. With `split`, segments and words get the speaker "channel_1", "channel_2" … The windows are added to
    `counts`, and the parts' turns and known speakers to `diarization`.
    """
    waiting: list[tuple[float, int, int, TranscriptSegment]] = []
    order = itertools.count()
    for span, path in final_parts(spans, parts):
        part = read_part(path)
        if diarization is not None:
            diarization.add(part)
        for window in part.windows:
            counts.add(window)
            for segment in window.segments:
                named = _set_speaker(segment, f"channel_{segment.channel + 1}") if split else segment
                heapq.heappush(waiting, (segment.start, segment.channel, next(order), named))
        horizon_s = WindowSpan.from_json(span.data).horizon_s
        while waiting and horizon_s is not None and waiting[0][0] < horizon_s:
            yield heapq.heappop(waiting)[3]
    while waiting:
        yield heapq.heappop(waiting)[3]


def _set_speaker(segment: TranscriptSegment, speaker: str) -> TranscriptSegment:
    words = tuple(replace(word, speaker=speaker) for word in segment.words)
    return replace(segment, speaker=speaker, words=words)
