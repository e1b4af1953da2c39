"""pipelines/transcript/chunk_file.py: windows through a file, and the spans that locate them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.audio.vad import RATE_HZ
from pipelines.audio.windows import SampleRange, Window
from pipelines.pipeline import Span
from pipelines.rounds import round_of
from pipelines.transcript.chunk_file import ChunkWriter, read_chunk, span_for_all_windows, span_for_windows
from pipelines.transcript.window_span import WindowSpan
from tests.pipeline_runner import DirectorySink


def window(start_s: float, seconds: float, level: int) -> Window:
    start, length = round(start_s * RATE_HZ), round(seconds * RATE_HZ)
    return Window((SampleRange(start, length),), np.full(length, level, np.int16))


class OtherChannel:
    """A packer whose next window begins at 13 s at the earliest."""

    horizon = 13 * RATE_HZ


@pytest.fixture
def written(tmp_path: Path) -> tuple[list[Span], DirectorySink]:
    """Three windows of 4 s each in chunks of 10 s; the recording has 30 s."""
    sink = DirectorySink(tmp_path)
    writer = ChunkWriter(sink, 10.0)
    writer.add(0, iter([window(1.0, 4.0, 1), window(6.0, 4.0, 2), window(15.0, 4.0, 3)]), [OtherChannel()])  # type: ignore[list-item]
    return writer.finish(30.0), sink


def test_a_window_that_does_not_fit_begins_the_next_chunk(written: tuple[list[Span], DirectorySink]) -> None:
    spans, _ = written
    assert [len(WindowSpan.from_json(span.data).windows) for span in spans] == [2, 1]
    assert [WindowSpan.from_json(span.data).horizon_s for span in spans] == [13.0, None]


def test_units_of_all_spans_add_up_to_the_recording(written: tuple[list[Span], DirectorySink]) -> None:
    spans, _ = written
    assert sum(span.units for span in spans) == pytest.approx(30.0)
    assert spans[-1].end == 30.0


def test_windows_are_read_with_their_own_samples(written: tuple[list[Span], DirectorySink]) -> None:
    spans, sink = written
    windows = [each for span in spans for each in read_chunk(sink.out / span.inputs[0], span)]
    assert [set(each.samples) for each in windows] == [{1}, {2}, {3}]
    assert [each.seconds for each in windows] == [4.0] * 3
    assert len({each.seed for each in windows}) == 3


def test_span_of_a_later_round_has_the_chosen_windows_or_all(written: tuple[list[Span], DirectorySink]) -> None:
    spans, sink = written
    path = sink.out / spans[0].inputs[0]
    retry = span_for_windows(spans[0], [1])
    assert (round_of(retry), retry.units) == (2, 4.0)
    assert [each.number for each in read_chunk(path, retry)] == [1]
    whole = span_for_all_windows(retry)
    assert (round_of(whole), whole.units) == (3, 0.0)
    assert [each.number for each in read_chunk(path, whole)] == [0, 1]
