"""Parts of many chunks as one stream of segments, in flat memory.

Knows the order of spans and rounds; nothing of formats.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator
from itertools import count, groupby
from pathlib import Path
from typing import Any

from pipelines.pipeline import Sources, Span

Segment = dict[str, Any]


def merged(spans: Iterable[Span], parts: Sources, *, split: bool) -> Iterator[Segment]:
    """All segments, ordered by time. A part of a later round replaces the earlier part of the same span.

    Channels may overlap: a segment waits until the span's `horizon_s` says that none before it is still to come.
    With `split`, segments and words get the speaker "channel_1", "channel_2" …
    """
    waiting: list[tuple[float, int, int, Segment]] = []
    order = count()
    for span, segments in _heard(spans, parts):
        for segment in segments:
            channel = segment.pop("channel", 0)
            if split:
                _name_speaker(segment, f"channel_{channel + 1}")
            heapq.heappush(waiting, (segment["start"], channel, next(order), segment))
        horizon_s = span.data.get("horizon_s")
        while waiting and horizon_s is not None and waiting[0][0] < horizon_s:
            yield heapq.heappop(waiting)[3]
    while waiting:
        yield heapq.heappop(waiting)[3]


def _heard(spans: Iterable[Span], parts: Sources) -> Iterator[tuple[Span, list[Segment]]]:
    for _, rounds in groupby(enumerate(spans), key=lambda numbered: numbered[1].idx):
        *_, (k, span) = rounds
        path: Path = parts(k)
        yield span, json.loads(path.read_text(encoding="utf-8"))["segments"]


def _name_speaker(segment: Segment, speaker: str) -> None:
    segment["speaker"] = speaker
    for word in segment["words"]:
        word["speaker"] = speaker
