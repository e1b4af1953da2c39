"""pipelines/stt/merge.py: parts of many chunks as one stream."""

from __future__ import annotations

from pathlib import Path

from pipelines.pipeline import Span
from pipelines.stt.merge import WindowCounts, merge_segments
from pipelines.transcript.part_file import RecognisedWindow, RecognitionPart, write_part
from pipelines.transcript.segment import TranscriptSegment
from pipelines.transcript.window_span import WindowSpan
from tests.transcript_factories import make_segment as make_timed_segment
from tests.transcript_factories import make_word


def make_segment(start: float, *, channel: int = 0, text: str = "x") -> TranscriptSegment:
    return make_timed_segment(text, start, start + 1, make_word(text, start, start + 1), channel=channel)


class Parts:
    """Part files, and the order in which they were read."""

    def __init__(self, folder: Path, *parts: list[TranscriptSegment]) -> None:
        self.read: list[int] = []
        self._folder = folder
        for number, segments in enumerate(parts):
            window = RecognisedWindow(0, 10.0, "m", ("m",), tuple(segments))
            write_part(folder / str(number), RecognitionPart([window]))

    def __call__(self, k: int) -> Path:
        self.read.append(k)
        return self._folder / str(k)


def make_span(idx: int, horizon_s: float | None) -> Span:
    return Span(idx, 0, 0, 0, WindowSpan((), horizon_s).to_json())


def test_segments_come_in_order_and_parts_are_fetched_one_by_one(tmp_path: Path) -> None:
    parts = Parts(tmp_path, [make_segment(0), make_segment(2)], [make_segment(4)], [make_segment(6)])
    stream = merge_segments([make_span(0, 4), make_span(1, 6), make_span(2, None)], parts, WindowCounts(), split=False)
    assert next(stream).start == 0
    assert parts.read == [0]
    assert [segment.start for segment in stream] == [2, 4, 6]


def test_channels_that_overlap_are_merged_by_time_and_named(tmp_path: Path) -> None:
    parts = Parts(
        tmp_path,
        [make_segment(0, channel=0), make_segment(5, channel=0), make_segment(3, channel=1)],
        [make_segment(4, channel=1), make_segment(9, channel=0)],
    )
    segments = list(merge_segments([make_span(0, 4), make_span(1, None)], parts, WindowCounts(), split=True))
    assert [(segment.start, segment.speaker) for segment in segments] == [
        (0, "channel_1"),
        (3, "channel_2"),
        (4, "channel_2"),
        (5, "channel_1"),
        (9, "channel_1"),
    ]
    assert all(word.speaker == segment.speaker for segment in segments for word in segment.words)


def test_without_split_there_are_no_speakers(tmp_path: Path) -> None:
    (segment,) = merge_segments([make_span(0, None)], Parts(tmp_path, [make_segment(1)]), WindowCounts(), split=False)
    assert segment.speaker is None and segment.words[0].speaker is None


def test_a_later_round_replaces_the_part_of_its_span(tmp_path: Path) -> None:
    parts = Parts(
        tmp_path, [make_segment(0, text="wrong")], [make_segment(0, text="right")], [make_segment(3, text="next")]
    )
    spans = [make_span(0, 3), make_span(0, 3), make_span(1, None)]
    assert [segment.text for segment in merge_segments(spans, parts, WindowCounts(), split=False)] == [
        "right",
        "next",
    ]
    assert parts.read == [1, 2]


def test_windows_that_were_retried_are_counted(tmp_path: Path) -> None:
    once = RecognisedWindow(0, 10.0, "one", ("one",), (make_segment(0),))
    again = RecognisedWindow(1, 10.0, "one", ("one", "two"), (make_segment(1),))
    improved = RecognisedWindow(2, 10.0, "two", ("one", "two"), (make_segment(2),))
    write_part(tmp_path / "0", RecognitionPart([once, again, improved]))
    counts = WindowCounts()
    assert len(list(merge_segments([make_span(0, None)], lambda k: tmp_path / str(k), counts, split=False))) == 3
    assert (counts.windows, counts.retried, counts.improved) == (3, 2, 1)
