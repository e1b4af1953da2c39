"""Writes a stream of segments as transcript files, in each format that the request asks for.

Files grow as the segments come: memory does not grow with the recording, but for a Word document. Knows requests and
segments; nothing of single formats, chunks or models.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

from pipelines.pipeline import Sink
from pipelines.requests import TranscriptionRequest
from pipelines.transcript.segment import TranscriptSegment

from .registry import TRANSCRIPT_FORMATS
from .transcript_format import TranscriptWriter

#: Segments between two reports of progress.
_REPORT_EVERY = 50


def write_transcript(
    request: TranscriptionRequest, segments: Iterable[TranscriptSegment], duration_s: float, sink: Sink
) -> dict[str, Any]:
    """Write `transcript.<format>` for each format of the request.

    Returns `language`, `language_confidence` and `avg_confidence`, the mean over the words (over the segments where
    there are no words).
    """
    totals = _Totals()
    writers: dict[str, TranscriptWriter] = {}
    with ExitStack() as stack:
        for requested in dict.fromkeys(request.formats):
            path = sink.directory / f"transcript.{requested}"
            writers[requested] = TRANSCRIPT_FORMATS[requested].create(path, request)
            stack.callback(writers[requested].close)
        for number, segment in enumerate(segments):
            totals.add(segment)
            for writer in writers.values():
                writer.add(segment)
            if number % _REPORT_EVERY == 0:
                sink.progress(segment.end, duration_s)
        summary = totals.summarise(request)
        paths = {name: writer.finish(summary | {"duration_s": duration_s}) for name, writer in writers.items()}
    for name, file in paths.items():
        sink.put(f"transcript.{name}", file, content_type=TRANSCRIPT_FORMATS[name].content_type)
    return summary


class _Totals:
    """Sums over all segments."""

    def __init__(self) -> None:
        self._language_s: defaultdict[str, float] = defaultdict(float)
        self._weighted_confidence_s: defaultdict[str, float] = defaultdict(float)
        self._confidence = 0.0
        self._count = 0

    def add(self, segment: TranscriptSegment) -> None:
        if segment.language:
            seconds = segment.end - segment.start
            self._language_s[segment.language] += seconds
            self._weighted_confidence_s[segment.language] += seconds * (segment.language_confidence or 0.0)
        confidences = [word.confidence for word in segment.words] or [segment.confidence]
        self._confidence += sum(confidences)
        self._count += len(confidences)

    def summarise(self, request: TranscriptionRequest) -> dict[str, Any]:
        requested = None if request.language == "auto" else request.language
        language = max(self._language_s, key=lambda name: self._language_s[name], default=requested)
        seconds = self._language_s.get(language or "", 0.0)
        weighted_s = self._weighted_confidence_s.get(language or "", 0.0)
        return {
            "language": language,
            "language_confidence": round(weighted_s / seconds, 4) if seconds and weighted_s else None,
            "avg_confidence": round(self._confidence / self._count, 4) if self._count else None,
        }
